//! The threads: whose turn it is to be answered, and what was said before.
//!
//! A question that Slack delivered is kept by the broker; this crate keeps its *turn*. Any worker may hold a copy of any
//! question at any time; the store says which of them answers now, and gives it the thread's context.
//!
//! ```text
//! ingress:  register ──────────────► a number in the thread's turn list (order = Slack's ts)
//! worker:   claim ─► Run: answer ─► begin_post ─► post to Slack ─► finish     open → post → done, context + 2 entries
//!                 ├► Wait: another question is before it: park the copy
//!                 └► Twin, Done, Dead, Withdrawn: nothing to do
//!           renew while it answers; release when it cannot; bury when it gives up               open, post → dead
//! ```
//! Reading order: [`outcome`] (what can happen), [`store`] (the operations), [`turns`] (the rules of one thread as a pure
//! state machine), [`context`] (the JSON that is shared with other applications), [`epoch`] (when the store forgot), then
//! [`redis`] and its Lua scripts, which are the same rules as [`turns`], one script per operation. [`embedded`] keeps
//! [`turns`] in one file, for a process that tries the bot without any server.
//!
//! # Rules
//! * Only the head of the turn list may run: the question whose posting has begun, else the oldest. One owner at a time,
//!   by a lease on Redis' clock.
//! * A copy is a right to try. The question's state decides, and `finish` is a compare-and-set on it: the first record wins.
//! * Every operation is one step and safe to repeat when its answer was lost.
//! * There is no fallback to the process' memory: without Redis nothing is claimed. No configuration leads to [`embedded`].
//!
//! # Metrics
//! | name | labels | what |
//! |---|---|---|
//! | `threadkeeper_redis_connections` | `state` = `in_use`, `idle` | connections of the pool |
//! | `threadkeeper_redis_waiting` | | calls that wait for a connection |
//! | `threadkeeper_redis_retries_total` | `outcome` = `retried`, `recovered`, `failed` | retries after a timeout or a broken connection |
//! | `threadkeeper_redis_call_seconds` | `script` | one script's round trip |
//! | `threadkeeper_contexts_loaded_total` | | contexts given to a worker |
//! | `threadkeeper_contexts_saved_total` | | contexts written |
//! | `threadkeeper_unreadable_keys_total` | | keys that could not be read and were set aside |
//! | `threadkeeper_epochs_total` | `how` = `set`, `adopted` | losses of data in Redis that this process noticed |

pub mod conformance;
pub mod context;
pub mod embedded;
pub mod epoch;
pub mod error;
mod heartbeat;
pub mod outcome;
pub mod overview;
pub mod redis;
mod splice;
pub mod store;
pub mod turns;

pub use self::{
    embedded::EmbeddedThreads, epoch::Origin, error::ThreadError, heartbeat::keep_beating, redis::RedisThreads,
    store::ThreadStore,
};
