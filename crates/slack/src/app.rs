//! What the app has to be on Slack's side: `deploy/slack/manifest.yaml` says the same, and a test compares.

/// The path that Slack posts events to.
pub const EVENTS_PATH: &str = "/slack/events";

/// A permission of the bot's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Slack's name for it (<https://docs.slack.dev/reference/scopes>).
    pub name: &'static str,
    /// What does not work without, as a person reads it.
    pub reason: &'static str,
}

/// The scopes that the bot needs; the methods called are in [`replies`](crate::replies), the events read in
/// [`event`](crate::event).
pub const SCOPES: [Scope; 6] = [
    Scope { name: "chat:write", reason: "post answers, show what a question waits for" },
    Scope { name: "app_mentions:read", reason: "be told of mentions" },
    Scope { name: "im:history", reason: "be told of direct messages, read them again after a loss" },
    Scope {
        name: "channels:history",
        reason: "look whether an answer is there before it posts again, rebuild a thread (public channels)",
    },
    Scope { name: "groups:history", reason: "the same in private channels" },
    Scope { name: "mpim:history", reason: "the same in direct messages of several people" },
];
