//! The schema of what travels through the queue. Every variant carries its version; a message of an older version
//! stays readable, and a snapshot test holds each version's JSON still.

use serde::{Deserialize, Serialize};

use crate::{
    conversation::Conversation,
    ids::{ChannelId, EventId, EventKey, TeamId, UserId},
    ts::MessageTs,
};

/// One unit of work in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "schema")]
pub enum Task {
    /// A person asks, and gets one answer.
    #[serde(rename = "question.v1")]
    Question(Question),
}

/// A question that a person put to the bot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The workspace whose token posts the answer.
    pub team: TeamId,
    /// The Enterprise Grid organisation, for installations of a whole organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enterprise: Option<String>,
    /// The channel it was asked in; with `ts` the question's identity.
    pub channel: ChannelId,
    /// The message's timestamp; with `channel` the question's identity, and its place in the order of the thread.
    pub ts: MessageTs,
    /// Which context the question belongs to.
    pub conversation: Conversation,
    /// Who asks.
    pub user: UserId,
    /// Where it was asked.
    pub surface: Surface,
    /// What was asked: without the mention of the bot, unescaped.
    pub text: String,
    /// Files that came with it; named to the person, not read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<File>,
    /// Whether the channel is shared with another organisation (Slack Connect).
    #[serde(default)]
    pub externally_shared: bool,
    /// Slack's id of the event that brought it; for tracing only.
    pub event_id: EventId,
    /// When the ingress received it, in ms since 1970; for measuring only.
    pub received_ms: u64,
}

impl Question {
    /// The key under which the answer is found again in Slack.
    pub fn event_key(&self) -> EventKey {
        EventKey::of(&self.channel, &self.ts)
    }
}

/// Where a question was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Surface {
    /// In a public channel or one whose kind Slack did not say.
    Channel,
    /// In a private channel.
    Group,
    /// In a direct message with the bot.
    DirectMessage,
    /// In a direct message of several people.
    GroupDirectMessage,
}

/// A file that came with a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Slack's id of the file, `F…`.
    pub id: String,
    /// Its name, if Slack told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its media type, if Slack told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mimetype: Option<String>,
    /// Its size in bytes, if Slack told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question() -> Question {
        let channel = ChannelId::new("C0FFEE");
        let root = "1729636800.000100".parse().unwrap();
        Question {
            team: TeamId::new("T0TEAM"),
            enterprise: Some("E0GRID".to_owned()),
            channel: channel.clone(),
            ts: "1729636805.000200".parse().unwrap(),
            conversation: Conversation::Thread { channel, root },
            user: UserId::new("U0ASKS"),
            surface: Surface::Channel,
            text: "how do I rotate keys?".to_owned(),
            files: vec![File {
                id: "F0FILE".to_owned(),
                name: Some("keys.txt".to_owned()),
                mimetype: Some("text/plain".to_owned()),
                size: Some(120),
            }],
            externally_shared: false,
            event_id: EventId::new("Ev0EVENT"),
            received_ms: 1_729_636_805_123,
        }
    }

    #[test]
    fn question_v1_keeps_its_form_in_the_queue() {
        insta::assert_json_snapshot!(Task::Question(question()));
    }

    #[test]
    fn question_v1_as_first_released_is_still_read() {
        let json = include_str!("snapshots/question.v1.json");
        assert_eq!(serde_json::from_str::<Task>(json).unwrap(), Task::Question(question()));
    }

    #[test]
    fn an_unknown_schema_is_an_error_that_names_it() {
        let error = serde_json::from_str::<Task>(r#"{"schema":"question.v9"}"#).unwrap_err().to_string();
        assert!(error.contains("question.v9"), "{error}");
    }
}
