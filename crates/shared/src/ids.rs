//! Newtypes for the identifiers that travel, so that a channel is never passed where a team is wanted.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ts::MessageTs;

macro_rules! string_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps an identifier as it came from outside.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

string_id! {
    /// A Slack workspace, `T…`. It selects the bot token; it is no part of a question's identity.
    TeamId
}
string_id! {
    /// A Slack channel, group or direct message: `C…`, `G…` or `D…`.
    ChannelId
}
string_id! {
    /// A Slack member, `U…` or `W…`.
    UserId
}
string_id! {
    /// Slack's id of one event, `Ev…`. The same on Slack's retries, another for the twin of the same message; used to
    /// trace, never to recognise a question.
    EventId
}
string_id! {
    /// One published copy of a question: random, set by the ingress at each publish.
    CopyId
}
string_id! {
    /// One grant of a thread to a worker: random, fresh for each claim.
    OwnerId
}
string_id! {
    /// One running process, for logs and write counters: `ingress-4f2a…`.
    ProcessId
}
string_id! {
    /// The record of one question that was given up.
    BurialId
}

macro_rules! random_id {
    ($name:ident) => {
        impl $name {
            /// A new random identifier.
            pub fn random() -> Self {
                Self(uuid::Uuid::new_v4().simple().to_string())
            }
        }
    };
}

random_id!(CopyId);
random_id!(OwnerId);
random_id!(BurialId);

impl ProcessId {
    /// A new identifier for this process of `service`.
    pub fn for_service(service: &str) -> Self {
        let random = uuid::Uuid::new_v4().simple().to_string();
        Self(format!("{service}-{}", &random[..8]))
    }
}

/// A question's identity in Slack's message metadata: the first 16 bytes of SHA-256 of `channel:ts`, in hex.
///
/// It names the question without telling anything about it: message metadata can be read by other apps of the
/// workspace (<https://docs.slack.dev/messaging/message-metadata>).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventKey(String);

impl EventKey {
    /// Wraps a key as it came from outside.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The key of the message `ts` in `channel`.
    pub fn of(channel: &ChannelId, ts: &MessageTs) -> Self {
        let digest = Sha256::digest(format!("{channel}:{ts}"));
        Self(hex::encode(&digest[..16]))
    }

    /// The key as 32 lower-case hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names an answer by its texts, so that the parts of two answers are never taken for one: 16 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AnswerName(String);

impl AnswerName {
    /// The name of the answer that consists of these messages.
    pub fn of(parts: &[&str]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        Self(hex::encode(&digest.finalize()[..8]))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_key_is_the_first_half_of_sha256_over_channel_and_ts() {
        let key = EventKey::of(&ChannelId::new("C1"), &"1729636800.000100".parse().unwrap());
        // printf 'C1:1729636800.000100' | sha256sum | cut -c1-32
        assert_eq!(key.as_str(), "bba23a7a468ab38cfaba1d259670326c");
    }

    #[test]
    fn answers_are_told_apart_by_where_their_parts_end() {
        assert_eq!(AnswerName::of(&["a", "b"]), AnswerName::of(&["a", "b"]));
        assert_ne!(AnswerName::of(&["a", "b"]), AnswerName::of(&["ab"]));
    }

    #[test]
    fn random_ids_differ() {
        assert_ne!(OwnerId::random(), OwnerId::random());
    }
}
