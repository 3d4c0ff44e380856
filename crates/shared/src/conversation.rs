//! Which conversation a message belongs to, and so which context its answer knows.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{ids::ChannelId, ts::MessageTs};

/// One running conversation with one context.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conversation {
    /// A thread: the channel and the ts of its first message.
    Thread {
        /// The channel of the thread.
        channel: ChannelId,
        /// `thread_ts ?? ts`.
        root: MessageTs,
    },
    /// A direct-message channel as one running conversation (`context.direct_messages = channel`).
    DirectMessages {
        /// The direct-message channel, `D…`.
        channel: ChannelId,
    },
}

impl Conversation {
    /// The channel in which the answer goes.
    pub fn channel(&self) -> &ChannelId {
        match self {
            Self::Thread { channel, .. } | Self::DirectMessages { channel } => channel,
        }
    }

    /// The thread in which the answer is posted; none = at top level.
    pub fn thread_ts(&self) -> Option<MessageTs> {
        match self {
            Self::Thread { root, .. } => Some(*root),
            Self::DirectMessages { .. } => None,
        }
    }

    /// The Redis key of the context: `{prefix}slack_conv:{channel}:{thread_ts}`, the contract with other applications.
    pub fn context_key(&self, prefix: &str) -> String {
        format!("{prefix}{self}")
    }
}

impl fmt::Display for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thread { channel, root } => write!(f, "slack_conv:{channel}:{root}"),
            Self::DirectMessages { channel } => write!(f, "slack_conv:{channel}:dm"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_key_is_the_contract() {
        let channel = ChannelId::new("C0FFEE");
        let root = "1729636800.000100".parse().unwrap();
        let thread = Conversation::Thread { channel: channel.clone(), root };
        assert_eq!(thread.context_key(""), "slack_conv:C0FFEE:1729636800.000100");
        assert_eq!(Conversation::DirectMessages { channel }.context_key("a:"), "a:slack_conv:C0FFEE:dm");
    }
}
