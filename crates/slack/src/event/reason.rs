//! Why an event is no question.

/// Why an event is no question. It is answered 200 and counted under [`as_str`](Self::as_str).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The bot's own message, or one that this app posted.
    OwnMessage,
    /// Another bot's message: two bots that answer each other never stop.
    BotMessage,
    /// A person's message that does not address the bot.
    NotAddressed,
    /// A message was changed; also sent when Slack unfurls a link.
    Edited,
    /// A message was deleted.
    Deleted,
    /// Somebody joined or left, a topic was set, and the like.
    ChannelNotice,
    /// A message that people do not see.
    Hidden,
    /// A kind of event that is not about messages.
    UnsupportedEvent,
    /// A kind of message that nobody asks with.
    UnsupportedSubtype,
    /// A mention alone: no text and no files.
    Empty,
    /// A question without a usable channel, timestamp, team or user: it can be neither answered nor recognised.
    Malformed,
}

impl Reason {
    /// A short name, for a metric's label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OwnMessage => "own_message",
            Self::BotMessage => "bot_message",
            Self::NotAddressed => "not_addressed",
            Self::Edited => "edited",
            Self::Deleted => "deleted",
            Self::ChannelNotice => "channel_notice",
            Self::Hidden => "hidden",
            Self::UnsupportedEvent => "unsupported_event",
            Self::UnsupportedSubtype => "unsupported_subtype",
            Self::Empty => "empty",
            Self::Malformed => "malformed",
        }
    }
}
