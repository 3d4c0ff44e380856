//! A dead letter as it is told.

use queue::rabbitmq;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use shared::{
    ids::EventKey,
    task::{Question, Task},
};

use crate::terminal::timestamp;

/// How many hex digits of an id are shown: enough for any number of letters that a person deals with.
const SHOWN_DIGITS: usize = 10;

/// Fewest digits by which a letter may be named.
const FEWEST_DIGITS: usize = 4;

/// What is told of a letter.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// The question's event key, which its log lines carry; of a message that is no task, the hash of its body.
    pub(super) key: EventKey,
    /// The question, or what is wrong with the message.
    pub(super) question: Result<Question, String>,
    pub(super) event_id: String,
    pub(super) reason: String,
    pub(super) attempts: Option<u32>,
    /// Ms since 1970.
    pub(super) given_up_ms: Option<u64>,
}

impl Told {
    pub(super) fn of(letter: &rabbitmq::Letter) -> Self {
        let question = letter.task().map(|Task::Question(question)| question.clone());
        let key = match &question {
            Ok(question) => question.event_key(),
            Err(_) => EventKey::new(hex::encode(&Sha256::digest(letter.body())[..16])),
        };
        Self {
            key,
            question: question.map_err(str::to_owned),
            event_id: letter.message_id().to_owned(),
            reason: letter.reason().unwrap_or("not said").to_owned(),
            attempts: letter.attempts(),
            given_up_ms: letter.given_up_ms(),
        }
    }

    /// The id under which operators name it.
    pub(super) fn id(&self) -> &str {
        &self.key.as_str()[..SHOWN_DIGITS.min(self.key.as_str().len())]
    }

    /// Whether `name` names it: the first digits of its id, `channel:ts`, or the address of the question in Slack.
    pub(super) fn is_named(&self, name: &str) -> bool {
        if name.len() >= FEWEST_DIGITS && self.key.as_str().starts_with(&name.to_ascii_lowercase()) {
            return true;
        }
        let Ok(question) = &self.question else { return false };
        name == self.place() || name.contains(&format!("/archives/{}/{}", question.channel, permalink(question)))
    }

    /// `channel:ts`.
    pub(super) fn place(&self) -> String {
        self.question.as_ref().map_or_else(|_| "-".to_owned(), |q| format!("{}:{}", q.channel, q.ts))
    }

    /// The question's text, or its size, where nobody asked to see it.
    pub(super) fn text(&self, shown: bool) -> String {
        match &self.question {
            Ok(question) if shown => question.text.clone(),
            Ok(question) => format!(
                "{} words, {} characters (--text shows them)",
                question.text.split_whitespace().count(),
                question.text.chars().count()
            ),
            Err(error) => format!("no task: {error}"),
        }
    }

    pub(super) fn json(&self, with_text: bool) -> Value {
        let moment = |ms: Option<u64>| ms.map(|ms| timestamp(ms).replace(' ', "T") + "Z");
        let mut value = json!({
            "id": self.id(),
            "event_key": self.key,
            "event_id": self.event_id,
            "reason": self.reason,
            "attempts": self.attempts,
            "given_up": moment(self.given_up_ms),
            "given_up_ms": self.given_up_ms,
        });
        match &self.question {
            Ok(question) => {
                value["channel"] = json!(question.channel);
                value["ts"] = json!(question.ts);
                value["conversation"] = json!(question.conversation.to_string());
                value["team"] = json!(question.team);
                value["user"] = json!(question.user);
                value["received"] = json!(moment(Some(question.received_ms)));
                value["received_ms"] = json!(question.received_ms);
                value["text_characters"] = json!(question.text.chars().count());
                if with_text {
                    value["text"] = json!(question.text);
                }
            }
            Err(error) => value["no_task"] = json!(error),
        }
        value
    }
}

/// The last part of a message's address in Slack: `p` and the timestamp without its point.
fn permalink(question: &Question) -> String {
    format!("p{}", question.ts.to_string().replace('.', ""))
}

#[cfg(test)]
pub(super) mod tests {
    use shared::{
        conversation::Conversation,
        ids::{ChannelId, EventId, TeamId, UserId},
        task::Surface,
    };

    use super::*;

    pub(in super::super) fn told(second: u64, reason: &str) -> Told {
        let channel = ChannelId::new("C0FFEE");
        let root = "1729636800.000100".parse().unwrap();
        let ts = format!("{}.000200", 1_729_636_800 + second).parse().unwrap();
        let question = Question {
            team: TeamId::new("T0TEAM"),
            enterprise: None,
            channel: channel.clone(),
            ts,
            conversation: Conversation::Thread { channel, root },
            user: UserId::new("U0ASKS"),
            surface: Surface::Channel,
            text: "how do I rotate the keys?".to_owned(),
            files: Vec::new(),
            externally_shared: false,
            event_id: EventId::new("Ev0EVENT"),
            received_ms: (1_729_636_800 + second) * 1000 + 400,
        };
        Told {
            key: question.event_key(),
            question: Ok(question),
            event_id: "Ev0EVENT".to_owned(),
            reason: reason.to_owned(),
            attempts: Some(5),
            given_up_ms: Some((1_729_636_800 + second + 560) * 1000),
        }
    }

    #[test]
    fn a_letter_is_named_by_its_id_its_place_or_its_address_in_slack() {
        let told = told(5, "r");
        let key = told.key.as_str().to_owned();
        for name in [
            told.id(),
            &key,
            &key[..4],
            &key.to_uppercase(),
            "C0FFEE:1729636805.000200",
            "https://acme.slack.com/archives/C0FFEE/p1729636805000200?thread_ts=1729636800.000100",
        ] {
            assert!(told.is_named(name), "{name}");
        }
        for name in [&key[..3], "", "C0FFEE:1729636805.000201", "ffffffffff"] {
            assert!(!told.is_named(name), "{name}");
        }
    }

    #[test]
    fn text_is_told_only_on_request() {
        let told = told(5, "r");
        assert!(told.text(true).contains("rotate") && told.json(true).to_string().contains("rotate"));
        assert!(!told.text(false).contains("rotate") && !told.json(false).to_string().contains("rotate"));
    }
}
