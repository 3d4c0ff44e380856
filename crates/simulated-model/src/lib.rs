//! A simulated language model: a server that speaks OpenAI's protocol, for tests and for trying `answer.mode = llm` without a
//! key. It understands nothing; what it says is scripted.
//!
//! In reading order:
//!
//! 1. [`Reply`] is what becomes of one request: a [`Speech`] in pieces with pauses and an [`Ending`], a refusal, silence.
//!    A reply that nobody scripted quotes the sources of the request, with citations ([`Reply::Quotes`]).
//! 2. [`SimulatedModel`] is the running server: a test tells it what to reply next, and reads which [`Request`]s came.
//! 3. `server` and `wire` write what a real server writes (<https://platform.openai.com/docs/api-reference/chat>): `data:`
//!    lines, a first chunk with the role, one chunk for each piece, the usage when it was asked for, `[DONE]`.
//!
//! ```
//! use simulated_model::{Reply, SimulatedModel};
//! let model = SimulatedModel::start("127.0.0.1:0")?;
//! model.next(Reply::refuses(429).after_seconds(1));
//! model.next(Reply::says("Press the red button. [1]"));
//! assert!(model.base_url().ends_with("/v1"));
//! # Ok::<(), simulated_model::SimulatedModelError>(())
//! ```

mod error;
mod quoting;
mod reply;
mod request;
mod server;
mod simulated_model;
mod wire;

pub use self::{
    error::SimulatedModelError,
    reply::{Ending, Refusal, Reply, Speech},
    request::Request,
    simulated_model::SimulatedModel,
};
