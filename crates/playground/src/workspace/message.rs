//! One message, and how Slack shows it.

use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use shared::{
    answer::Format,
    ids::{ChannelId, EventKey, UserId},
    ts::MessageTs,
};

use super::File;
use crate::options::Identity;

/// The metadata type of an answer.
pub const ANSWER: &str = "threadkeeper_answer";

/// The metadata type of a notice: the bot tells a person that a question was given up, or that something is down.
pub const NOTICE: &str = "threadkeeper_notice";

/// Who wrote a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Author {
    /// A person.
    Person(UserId),
    /// The bot under test.
    Bot,
}

/// What an app attached to its message (<https://docs.slack.dev/messaging/message-metadata>).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// Which kind of payload this is.
    pub event_type: String,
    /// The payload.
    pub event_payload: Map<String, Value>,
}

impl Metadata {
    /// Whether this says that the message belongs to the question `key`.
    pub fn is_about(&self, key: &EventKey) -> bool {
        self.event_key() == Some(key.as_str())
    }

    /// The key of the question that it names.
    pub(crate) fn event_key(&self) -> Option<&str> {
        self.event_payload.get("event_key").and_then(Value::as_str)
    }

    fn to_json(&self) -> Value {
        json!({"event_type": self.event_type, "event_payload": self.event_payload})
    }
}

/// A message of the workspace.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Message {
    /// Where it was written; with `ts` its identity.
    pub channel: ChannelId,
    /// When; unique in its channel.
    pub ts: MessageTs,
    /// The root of the thread it replies to; none = at top level.
    pub thread_ts: Option<MessageTs>,
    /// Who wrote it.
    pub author: Author,
    /// The text exactly as it was sent: Slack's own escapes and `<…>` forms, or Markdown.
    pub text: String,
    /// Whether `text` came as `text` (plain) or as `markdown_text`.
    pub format: Format,
    /// Structured content, if any was sent.
    pub blocks: Option<Value>,
    /// What its author shared with it.
    #[serde(default)]
    pub files: Vec<File>,
    /// What the app attached.
    pub metadata: Option<Metadata>,
    /// When it was last edited.
    pub edited: Option<MessageTs>,
    /// Whether it was deleted; kept so that a test can see what there was.
    pub deleted: bool,
    /// Whether a reply is shown in the channel too.
    pub broadcast: bool,
    /// Until when, in ms since 1970, the bot can go on with it (chat.startStream); none = it is finished.
    pub streaming_until: Option<u64>,
    /// When it was sent, for measuring.
    #[serde(skip, default = "Instant::now")]
    pub sent_at: Instant,
    /// From when on conversations.replies and .history show it.
    #[serde(skip, default = "Instant::now")]
    pub(crate) readable_from: Instant,
}

/// What a thread's root shows of its replies.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    pub(crate) count: usize,
    pub(crate) latest: Option<MessageTs>,
}

impl Message {
    /// Whether the bot wrote it.
    pub fn is_by_bot(&self) -> bool {
        self.author == Author::Bot
    }

    /// Whether this person wrote it.
    pub(crate) fn is_by(&self, person: &UserId) -> bool {
        matches!(&self.author, Author::Person(user) if user == person)
    }

    /// Whether its metadata is of this type.
    pub fn is_a(&self, event_type: &str) -> bool {
        self.metadata.as_ref().is_some_and(|metadata| metadata.event_type == event_type)
    }

    /// Whether its metadata names the question `key`.
    pub fn is_about(&self, key: &EventKey) -> bool {
        self.metadata.as_ref().is_some_and(|metadata| metadata.is_about(key))
    }

    /// The thread it stands in: its root's ts, or its own.
    pub fn root(&self) -> MessageTs {
        self.thread_ts.unwrap_or(self.ts)
    }

    /// The message object of Slack's answers and events (<https://docs.slack.dev/reference/events/message>).
    pub(crate) fn to_json(
        &self,
        identity: &Identity,
        replies: &Replies,
        root_author: Option<&str>,
        with_metadata: bool,
    ) -> Value {
        let mut shown = Map::new();
        let mut put = |key: &str, value: Value| shown.insert(key.to_owned(), value);
        put("type", json!("message"));
        match &self.author {
            Author::Person(user) => {
                put("user", json!(user));
            }
            Author::Bot => {
                put("user", json!(identity.bot_user));
                put("bot_id", json!(identity.bot));
                put("app_id", json!(identity.app));
                put(
                    "bot_profile",
                    json!({"id": identity.bot, "app_id": identity.app, "name": identity.bot_name,
                           "team_id": identity.team, "deleted": false}),
                );
            }
        }
        put("text", json!(self.text));
        put("ts", json!(self.ts));
        put("team", json!(identity.team));
        if let Some(blocks) = &self.blocks {
            put("blocks", blocks.clone());
        }
        if let (Author::Person(user), false) = (&self.author, self.files.is_empty()) {
            put("subtype", json!("file_share"));
            let files: Vec<Value> = self.files.iter().map(|file| file.to_json(self, user, identity)).collect();
            put("files", json!(files));
            put("upload", json!(false));
            put("display_as_bot", json!(false));
        }
        if self.broadcast {
            put("subtype", json!("thread_broadcast"));
        }
        if let Some(root) = self.thread_ts {
            put("thread_ts", json!(root));
            if let Some(author) = root_author {
                put("parent_user_id", json!(author));
            }
        } else if replies.count > 0 {
            put("thread_ts", json!(self.ts));
            put("reply_count", json!(replies.count));
            put("latest_reply", json!(replies.latest));
        }
        if let Some(edited) = self.edited {
            let by = match &self.author {
                Author::Person(user) => user,
                Author::Bot => &identity.bot_user,
            };
            put("edited", json!({"user": by, "ts": edited}));
        }
        if let (true, Some(metadata)) = (with_metadata, &self.metadata) {
            put("metadata", metadata.to_json());
        }
        Value::Object(shown)
    }
}
