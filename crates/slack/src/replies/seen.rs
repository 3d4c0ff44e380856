//! A message as Slack shows it to us.

use serde_json::Value;
use shared::{
    ids::{EventKey, TeamId, UserId},
    ts::MessageTs,
};

use super::{Identity, Metadata, Part};
use crate::event::written_text;

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
    /// The name of the app that wrote it.
    pub app_name: Option<String>,
    /// The workspace of whoever wrote it.
    pub team: Option<TeamId>,
    /// What it says, in Slack's notation; of a message without text, as monitoring apps send them, what its blocks or attachments
    /// say.
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
    /// Which message of the answer it is.
    pub part: Option<Part>,
    /// The answer's name; another version gave none.
    pub answer: Option<String>,
}

impl Seen {
    /// Whether it was written with the token of `identity`. Metadata alone proves nothing: any app may copy it.
    pub fn is_by(&self, identity: &Identity) -> bool {
        let same_user = self.user.as_ref() == Some(&identity.user);
        same_user || (self.bot_id.is_some() && self.bot_id == identity.bot_id)
    }

    /// Whether a person or an app said it; else it is what Slack itself wrote (<https://docs.slack.dev/reference/events/message>).
    pub fn is_said(&self) -> bool {
        matches!(self.subtype.as_deref(), None | Some("file_share" | "thread_broadcast" | "me_message" | "bot_message"))
    }

    /// Which message of an answer to `question` it is; none = of no answer to it.
    pub fn part_of_answer_to(&self, question: &EventKey) -> Option<Part> {
        self.mark_about(Metadata::ANSWER, question)?.part
    }

    /// Whether it shows an answer to `question` that is not finished.
    pub fn is_draft_for(&self, question: &EventKey) -> bool {
        self.mark_about(Metadata::DRAFT, question).is_some()
    }

    fn mark_about(&self, event_type: &str, question: &EventKey) -> Option<&Mark> {
        let mark = self.mark.as_ref()?;
        let is_about = mark.event_type == event_type && mark.event_key.as_deref() == Some(question.as_str());
        is_about.then_some(mark)
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
            app_name: text("username")
                .or_else(|| message.pointer("/bot_profile/name").and_then(Value::as_str).map(str::to_owned)),
            team: ["user_team", "team", "source_team"].into_iter().find_map(text).map(TeamId::new),
            text: written_text(message).into_owned(),
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
            part: text("/event_payload/part").and_then(|part| Part::read(&part)),
            answer: text("/event_payload/answer"),
        })
    }
}
