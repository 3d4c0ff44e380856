//! A message as Slack shows it to us.

use serde_json::Value;
use shared::{
    ids::{EventKey, UserId},
    ts::MessageTs,
};

use super::{Identity, Metadata};

/// A message that was read from a thread or a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its timestamp.
    pub ts: MessageTs,
    /// The thread it stands in, if any.
    pub thread_ts: Option<MessageTs>,
    /// Who wrote it.
    pub user: Option<UserId>,
    /// The bot that wrote it, `B…`.
    pub bot_id: Option<String>,
    /// The app that wrote it, `A…`.
    pub app_id: Option<String>,
    /// What it says, in Slack's notation.
    pub text: String,
    /// Its metadata, if it has some.
    pub mark: Option<Mark>,
    /// The kind of message, if it is not a plain one.
    pub subtype: Option<String>,
}

/// A message's metadata, as far as it is of our form; another app's lacks key and part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// `threadkeeper_answer` and the like.
    pub event_type: String,
    /// The question's key.
    pub event_key: Option<String>,
    /// Which part of the answer, `1/1`.
    pub part: Option<String>,
}

impl Seen {
    /// Whether it was written with the token of `identity`. Metadata alone proves nothing: any app may copy it.
    pub fn is_by(&self, identity: &Identity) -> bool {
        let same_user = self.user.as_ref() == Some(&identity.user);
        same_user || (self.bot_id.is_some() && self.bot_id == identity.bot_id)
    }

    /// Whether it is marked as part `part` of the answer to `question`.
    pub fn is_answer_to(&self, question: &EventKey, part: &str) -> bool {
        self.mark.as_ref().is_some_and(|mark| {
            mark.event_type == Metadata::ANSWER
                && mark.event_key.as_deref() == Some(question.as_str())
                && mark.part.as_deref() == Some(part)
        })
    }

    /// Reads a message; one without a timestamp is none.
    pub(super) fn read(message: &Value) -> Option<Self> {
        let text = |key: &str| message.get(key).and_then(Value::as_str).map(str::to_owned);
        let timestamp = |key: &str| message.get(key).and_then(Value::as_str).and_then(|ts| ts.parse().ok());
        Some(Self {
            ts: timestamp("ts")?,
            thread_ts: timestamp("thread_ts"),
            user: text("user").map(UserId::new),
            bot_id: text("bot_id"),
            app_id: text("app_id"),
            text: text("text").unwrap_or_default(),
            mark: message.get("metadata").and_then(Mark::read),
            subtype: text("subtype"),
        })
    }
}

impl Mark {
    fn read(metadata: &Value) -> Option<Self> {
        let text = |path: &str| metadata.pointer(path).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            event_type: text("/event_type")?,
            event_key: text("/event_payload/event_key"),
            part: text("/event_payload/part"),
        })
    }
}
