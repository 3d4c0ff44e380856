//! What Slack's Events API sends, read permissively: into a [`Question`], or the [`Reason`] why it is none.
//!
//! Slack adds fields, event types and block types without notice, and one field of an unexpected type must never cost
//! a question. So nothing is deserialised into a model of Slack's schema: the few fields that decide are looked up one
//! by one (`envelope.rs`), and a field of another type counts as missing. The order of the decisions is in `message.rs`.
//!
//! Source: <https://docs.slack.dev/apis/events-api>, <https://docs.slack.dev/reference/events/message>.

mod blocks;
mod envelope;
mod message;
mod reason;
mod text;

use serde_json::Value;
use shared::{
    config::DirectMessages,
    ids::{TeamId, UserId},
    task::Question,
};

use self::envelope::{Envelope, Fields};
pub use self::reason::Reason;
pub(crate) use self::{message::written_text, text::escape};

/// What the receiver knows and an event does not say.
#[derive(Debug, Clone)]
pub struct Reception<'a> {
    /// How top-level direct messages become conversations.
    pub direct_messages: DirectMessages,
    /// The bot's own user, from `auth.test`; needed only where events carry no `authorizations`.
    pub own_user: Option<&'a UserId>,
    /// When the event was received, in ms since 1970.
    pub received_ms: u64,
}

/// What one request body is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// Slack checks the URL; the answer is the challenge.
    UrlVerification {
        /// To be sent back as it is.
        challenge: String,
    },
    /// A person asks.
    Question(Box<Question>),
    /// Nothing to answer.
    Filtered(Reason),
    /// Slack holds events back: more than 30,000 in an hour for one workspace
    /// (<https://docs.slack.dev/reference/events/app_rate_limited>).
    RateLimited {
        /// The workspace.
        team: TeamId,
        /// The minute in which it began, in seconds since 1970; 0 if Slack did not say.
        minute_seconds: u64,
    },
}

/// A body that is no event at all. It is answered 400.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// Not JSON.
    #[error(
        "the request body is no JSON (line {line}, column {column}): check that only Slack's Events API posts here"
    )]
    NotJson {
        /// Where reading stopped.
        line: usize,
        /// Where reading stopped.
        column: usize,
    },
    /// JSON, but no object.
    #[error("the request body is JSON but no object: check that only Slack's Events API posts here")]
    NotAnObject,
}

/// What a message says, as a person reads it: Slack's notation resolved, mentions of `own_user` left out. The same
/// text that a question gets.
pub fn plain_text(written: &str, own_user: &UserId) -> String {
    text::to_plain(written, &[own_user.as_str()])
}

/// Reads one request body.
///
/// # Errors
/// When the body is no JSON object. Everything else, however strange, is [`Incoming::Filtered`].
pub fn parse(body: &[u8], reception: &Reception<'_>) -> Result<Incoming, EventError> {
    // serde_json's own message may quote the body, which is not to be logged.
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| EventError::NotJson { line: error.line(), column: error.column() })?;
    if !body.is_object() {
        return Err(EventError::NotAnObject);
    }
    Ok(match body.text("type") {
        Some("url_verification") => match body.text("challenge") {
            Some(challenge) => Incoming::UrlVerification { challenge: challenge.to_owned() },
            None => Incoming::Filtered(Reason::Malformed),
        },
        Some("app_rate_limited") => Incoming::RateLimited {
            team: TeamId::new(body.text("team_id").unwrap_or_default()),
            minute_seconds: body.get("minute_rate_limited").and_then(Value::as_u64).unwrap_or_default(),
        },
        // An inner event makes it one, whatever the outer type says.
        _ => match Envelope::of(&body) {
            Some(envelope) => match message::to_question(&envelope, reception) {
                Ok(question) => Incoming::Question(Box::new(question)),
                Err(reason) => Incoming::Filtered(reason),
            },
            None => Incoming::Filtered(Reason::UnsupportedEvent),
        },
    })
}
