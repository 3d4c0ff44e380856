//! Who the simulated workspace is, and how it behaves.

use std::time::Duration;

use shared::{
    clock::Clock,
    config::Secret,
    ids::{TeamId, UserId},
};

/// Slack waits this long for a 2xx (<https://docs.slack.dev/apis/events-api>).
const ACK_TIMEOUT: Duration = Duration::from_secs(3);

/// The largest page of conversations.replies (<https://docs.slack.dev/reference/methods/conversations.replies>).
const LARGEST_PAGE: usize = 1000;

/// The ids that Slack gave the workspace and the bot's app.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The workspace, `T…`.
    pub team: TeamId,
    /// The app, `A…`; each event and each message of the bot carries it.
    pub app: String,
    /// The bot as a member, `U…`: what people mention.
    pub bot_user: UserId,
    /// The bot as an author, `B…`.
    pub bot: String,
    /// The bot's name; people type `@name` to mention it.
    pub bot_name: String,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            team: TeamId::new("T0PLAYGRND"),
            app: "A0KEEPER".to_owned(),
            bot_user: UserId::new("U0KEEPER"),
            bot: "B0KEEPER".to_owned(),
            bot_name: "threadkeeper".to_owned(),
        }
    }
}

impl Identity {
    /// The text that mentions the bot: `<@U…>`.
    pub fn mention(&self) -> String {
        format!("<@{}>", self.bot_user)
    }
}

/// How a playground is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// The address to listen on, without the port. A loopback address, unless a container needs another.
    pub host: String,
    /// The port to listen on; 0 = any free one.
    pub port: u16,
    /// Workspace and bot.
    pub identity: Identity,
    /// The one token that the Web API accepts.
    pub bot_token: Secret,
    /// The secret that signs events.
    pub signing_secret: Secret,
    /// Where events are delivered, in turn. [`crate::Playground::deliver_events_to`] changes it later.
    pub event_urls: Vec<String>,
    /// Where the app is told of pressed buttons; none = nowhere.
    pub interactions_url: Option<String>,
    /// Whether the bot's own posts, edits and deletions come back as events, as they do in Slack.
    pub echo_own_messages: bool,
    /// Whether calls that Slack's reference does not describe are recorded as violations.
    pub strict: bool,
    /// How long an ingress may take to acknowledge an event. Slack: 3 s.
    pub ack_timeout: Duration,
    /// What the waits before retries are divided by; 1 = Slack's 0 s, 60 s and 300 s.
    pub time_scale: f64,
    /// The largest page of conversations.replies and .history, in messages; small ones show that a client pages.
    pub page_limit: usize,
    /// Decides event ids and client message ids.
    pub seed: u64,
    /// What time it is: for message timestamps and signatures.
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 0,
            identity: Identity::default(),
            bot_token: Secret::new("xoxb-playground"),
            signing_secret: Secret::new("playground-signing-secret"),
            event_urls: Vec::new(),
            interactions_url: None,
            echo_own_messages: true,
            strict: true,
            ack_timeout: ACK_TIMEOUT,
            time_scale: 1.0,
            page_limit: LARGEST_PAGE,
            seed: 0,
            clock: Clock::System,
        }
    }
}
