//! What can go wrong in the stand-in itself. What the stand-in tells the bot is [`crate::api`]'s matter.

use shared::{
    ids::{ChannelId, UserId},
    ts::MessageTs,
};

/// A failure of the playground, or a test's wish that it cannot fulfil.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlaygroundError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: choose another port, or 0 for a free one")]
    Listen {
        /// The address that was wanted.
        address: String,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The server's thread or runtime cannot be started.
    #[error("cannot start the playground's server thread: is the machine out of threads or file descriptors?")]
    Thread(#[source] std::io::Error),
    /// The HTTP client that delivers events cannot be built.
    #[error("cannot build the client that delivers events: is a TLS provider installed?")]
    Client(#[source] reqwest::Error),
    /// Nobody opened this channel.
    #[error("no channel {0} in the playground: open it with `channel`, `direct_messages` or `open_channel` first")]
    NoChannel(ChannelId),
    /// Nobody of this id is in the workspace.
    #[error("no person {0} in the playground: add them with `person` or `add_person` first")]
    NoPerson(UserId),
    /// There is no such message.
    #[error("no message {ts} in channel {channel} of the playground: was it deleted, or never said?")]
    NoMessage {
        /// The channel that was looked in.
        channel: ChannelId,
        /// The message that was looked for.
        ts: MessageTs,
    },
    /// There is no such button.
    #[error("no button {action_id} in block {block_id} of message {ts} in channel {channel}: was the message updated?")]
    NoButton {
        /// The block that was looked in.
        block_id: String,
        /// The button that was looked for.
        action_id: String,
        /// The message's channel.
        channel: ChannelId,
        /// The message.
        ts: MessageTs,
    },
    /// There is no interactions URL.
    #[error("nobody listens to this button yet: the playground was started without an interactions URL")]
    NobodyListens,
    /// An ingress does not verify its URL.
    #[error("{url} did not repeat the challenge of url_verification: it said {answer}")]
    Unverified {
        /// The events URL that was asked.
        url: String,
        /// Status and body, or why there was none.
        answer: String,
    },
    /// The awaited condition did not come true.
    #[error("waited {timeout_ms} ms in vain for {what}; the workspace holds {seen}")]
    NotSeen {
        /// What was waited for.
        what: String,
        /// How long, in ms.
        timeout_ms: u128,
        /// What there is instead, in numbers.
        seen: String,
    },
}
