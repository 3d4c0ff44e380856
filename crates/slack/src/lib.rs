//! Both directions of Slack: signed events in, replies out.
//!
//! # In
//! The ingress receives a request and asks two questions of this crate:
//! 1. [`signature::Verifier::verify`]: does it come from Slack? Checked over the raw bytes, before anything is read.
//! 2. [`event::parse`]: is it a question? Read permissively, into a [`Question`](shared::task::Question) or the
//!    [`Reason`](event::Reason) why it is none. Only a body that is no JSON object is an error.
//!
//! # Out
//! The responder posts with [`replies::Replies`], a client for one bot token. What matters most about a failed post is
//! whether the message may stand in the channel all the same, and [`PostError`] says exactly that:
//!
//! | outcome | is it posted? | what to do |
//! |---|---|---|
//! | a [`MessageTs`](shared::ts::MessageTs) | yes | record it |
//! | [`PostError::NotPosted`] | no: the request was never written | later, the same again |
//! | [`PostError::RateLimited`] | no | the same again after the given time |
//! | [`PostError::Refused`] | no: Slack says why | see [`RefusalKind`](replies::RefusalKind) |
//! | [`PostError::Unknown`] | perhaps | look for it with [`thread`](replies::Replies::thread) first, by its [`Metadata`](replies::Metadata) |
//!
//! The judgement itself, and why no library below repeats a request, is in `replies/verdict.rs`.
//!
//! An answer's Markdown is cut into messages, and keeps from notifying anybody, in [`markdown`].
//!
//! # Metrics
//! | name | kind | labels | what |
//! |---|---|---|---|
//! | `threadkeeper_slack_calls_total` | counter | `method` (`chat.postMessage`, …), `outcome` (`ok`, `not_sent`, `rate_limited`, `refused`, `unknown`) | calls of the Web API; each page of a reading is one |
//! | `threadkeeper_slack_call_seconds` | histogram | `method` | from the start of a call to Slack's whole answer, or its failure |
//!
//! Nothing here logs: who makes a call knows what it was for, and says so once. No error shows a message's text or the
//! token.

pub mod app;
pub mod error;
pub mod event;
pub mod markdown;
pub mod replies;
pub mod signature;

pub use error::{CallError, Doubt, PostError, SlackError};
