//! A simulated Slack workspace: the one stand-in for Slack of the whole project.
//!
//! A test (or `scripts/run-local`) starts a [`Playground`]; the bot under test gets its [`Playground::api_url`], its
//! token and its signing secret, and cannot tell it from Slack as far as it uses Slack. In reading order:
//!
//! 1. [`Options`]: who the workspace and the bot are, how events are retried, how pages are cut.
//! 2. [`Workspace`]: channels, people, messages, calls: plain state, behind one lock, with a counter of its changes.
//! 3. `furniture` and `person`: who is there, and what people do ([`Playground::say`], [`Playground::ask`], [`Playground::edit`] …). It changes the state
//!    and yields the [`Event`]s that Slack sends about it: a mention in a channel gives two.
//! 4. `delivery`: sends an event, signed ([`sign`]), to the ingresses in turn, with Slack's three seconds and three
//!    retries; the outcome is a [`Delivery`].
//!    `interaction` tells of pressed buttons, if somebody listens ([`Options::interactions_url`]).
//! 5. `api`: the Web API under `/api/METHOD`. It checks the arguments after Slack's reference, changes the state, and
//!    records every call; what the reference does not describe becomes a violation.
//! 6. `fault`: [`Rule`]s that say which calls meet which [`Fault`]: rate limits, hangs, cut connections, late effects.
//! 7. `control`: a few routes with which scripts speak as a person.
//! 8. `page`: the workspace in a browser ([`Playground::page_url`]), all of it in this binary. Beside the channels it shows
//!    the way of each question through the system, as far as that tells of its steps ([`Playground::step_log`]), and has
//!    buttons for what whoever runs the system hands over ([`Playground::set_controls`]).
//!
//! Tests wait with [`Playground::wait_for`], which is woken by changes; nothing sleeps and looks again.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), playground::PlaygroundError> {
//! use playground::{Options, Playground};
//! let slack = Playground::start(Options::default())?;
//! let (channel, ada) = (slack.channel("general"), slack.person("ada"));
//! let question = slack.mention(&channel, &ada, "how do I rotate keys?", None)?;
//! assert_eq!(question.events.len(), 2);
//! assert!(slack.answers_to(&channel, question.ts).is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! What it does not do: tasks and plans in streams, stopping a stream by its reader, views, the content of files (there are
//! names, types and sizes), menus and other inputs in messages, telling of a click on a button that is a link, answers by
//! `response_url`, Socket Mode, and Slack's own rewriting of text (a message is stored as it was sent).

mod api;
mod control;
mod controls;
mod delivery;
mod error;
mod event;
mod fault;
mod furniture;
mod interaction;
mod options;
mod page;
mod person;
mod playground;
mod signature;
mod site;
mod step_log;
mod tracking;
mod workspace;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use self::{
    api::Method,
    controls::Controls,
    delivery::{Attempt, Delivery, RetryReason},
    error::PlaygroundError,
    event::Event,
    fault::{Fault, Rule},
    interaction::Press,
    options::{Identity, Options},
    person::{Asked, Said},
    playground::Playground,
    signature::{SIGNATURE_HEADER, TIMESTAMP_HEADER, sign},
    step_log::StepLog,
    workspace::{
        ANSWER, Arguments, Author, Call, Channel, Ephemeral, File, Kind, Message, Metadata, NOTICE, Record, Stage,
        Step, Upload, Workspace,
    },
};

/// Locks, also after a panic elsewhere: that panic fails its own test already.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
