//! One struct per section. The doc comment of a field is its documentation for operators.

use std::{fmt::Display, net::SocketAddr, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};
use url::Url;

use super::{ConfigError, Secret, SecretUrl};

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn out_of_range(key: &'static str, value: impl Display, reason: &'static str) -> ConfigError {
    ConfigError::OutOfRange { key, value: value.to_string(), reason }
}

fn within(
    key: &'static str,
    value: u64,
    range: std::ops::RangeInclusive<u64>,
    reason: &'static str,
) -> Result<(), ConfigError> {
    if range.contains(&value) { Ok(()) } else { Err(out_of_range(key, value, reason)) }
}

fn positive(key: &'static str, value: Duration) -> Result<(), ConfigError> {
    if value.is_zero() { Err(out_of_range(key, humantime::format_duration(value), "more than 0s")) } else { Ok(()) }
}

/// The service that receives Slack's events.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ingress {
    /// Address of `/slack/*`, and of the health and metrics routes unless `admin_listen` is set. Port 0 = any free one.
    pub listen: SocketAddr,
    /// Address of `/livez`, `/readyz` and `/metrics` alone, so that only `/slack/*` is public. Default: `listen`.
    pub admin_listen: Option<SocketAddr>,
    /// Most requests in work at the same time; one more is answered 503, and Slack retries.
    pub max_in_flight: usize,
    /// Largest request body, in bytes; one more is answered 413.
    pub max_body_bytes: usize,
    /// A body that has not arrived by then is answered 408.
    #[serde(with = "humantime_serde")]
    pub body_timeout: Duration,
    /// Publish and the broker's confirm together; longer is answered 503, and Slack retries. Slack waits 3 s.
    #[serde(with = "humantime_serde")]
    pub publish_timeout: Duration,
    /// Taking a number in the thread's order; longer is answered 200 without a number, loudly.
    #[serde(with = "humantime_serde")]
    pub register_timeout: Duration,
}

impl Default for Ingress {
    fn default() -> Self {
        Self {
            listen: loopback(3000),
            admin_listen: None,
            max_in_flight: 512,
            max_body_bytes: 1 << 20,
            body_timeout: Duration::from_millis(1500),
            publish_timeout: Duration::from_millis(1500),
            register_timeout: Duration::from_millis(500),
        }
    }
}

impl Ingress {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        within("ingress.max_in_flight", self.max_in_flight as u64, 1..=100_000, "1 to 100000 requests")?;
        within("ingress.max_body_bytes", self.max_body_bytes as u64, 1024..=16 << 20, "1 KiB to 16 MiB")?;
        positive("ingress.body_timeout", self.body_timeout)?;
        positive("ingress.register_timeout", self.register_timeout)?;
        positive("ingress.publish_timeout", self.publish_timeout)?;
        if self.publish_timeout + self.register_timeout > Duration::from_millis(2500) {
            let both = humantime::format_duration(self.publish_timeout + self.register_timeout);
            return Err(out_of_range(
                "ingress.publish_timeout",
                format!("{both} together with ingress.register_timeout"),
                "at most 2.5s together: Slack gives up after 3 s and retries",
            ));
        }
        Ok(())
    }
}

/// The service that answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Responder {
    /// Address of `/livez`, `/readyz` and `/metrics`. Port 0 = any free one, which is logged.
    pub listen: SocketAddr,
    /// Questions answered at the same time by one process; also the broker's prefetch.
    pub concurrency: u16,
    /// After SIGTERM: how long answers that are being posted may take to complete.
    #[serde(with = "humantime_serde")]
    pub shutdown_timeout: Duration,
}

impl Default for Responder {
    fn default() -> Self {
        Self { listen: loopback(3001), concurrency: 16, shutdown_timeout: Duration::from_secs(30) }
    }
}

impl Responder {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        within("responder.concurrency", self.concurrency.into(), 1..=1000, "1 to 1000 questions at a time")?;
        positive("responder.shutdown_timeout", self.shutdown_timeout)
    }
}

/// The store of contexts and turns.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// Where Redis is: `redis://` or `rediss://` (TLS). Set by `REDIS_URL`.
    pub url: Option<SecretUrl>,
    /// Connections of one process.
    pub max_connections: u32,
    /// Opening one connection, TLS and authentication included.
    #[serde(with = "humantime_serde")]
    pub connect_timeout: Duration,
    /// One command's answer; also the longest wait for a free connection.
    #[serde(with = "humantime_serde")]
    pub socket_timeout: Duration,
    /// A connection idle for longer is checked by a PING before it is used.
    #[serde(with = "humantime_serde")]
    pub health_check_interval: Duration,
    /// Retries after a timeout or a broken connection, each on another connection.
    pub max_retries: u32,
    /// Put before every key, the context's too.
    pub key_prefix: String,
}

impl Default for Redis {
    fn default() -> Self {
        Self {
            url: None,
            max_connections: 10,
            connect_timeout: Duration::from_secs(5),
            socket_timeout: Duration::from_secs(5),
            health_check_interval: Duration::from_secs(30),
            max_retries: 2,
            key_prefix: String::new(),
        }
    }
}

impl Redis {
    /// Where Redis is.
    ///
    /// # Errors
    /// When `REDIS_URL` is not set: there is no memory to fall back to.
    pub fn url(&self) -> Result<&SecretUrl, ConfigError> {
        self.url.as_ref().ok_or(ConfigError::Missing {
            variable: "REDIS_URL",
            hint: "the Redis that keeps the threads, redis://user:password@host:6379/0, or rediss:// for TLS",
        })
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if let Some(url) = &self.url
            && !matches!(url.scheme().as_str(), "redis" | "rediss")
        {
            return Err(out_of_range("redis.url", url, "a redis:// or rediss:// URL"));
        }
        within("redis.max_connections", self.max_connections.into(), 1..=1000, "1 to 1000 connections")?;
        within("redis.max_retries", self.max_retries.into(), 0..=10, "0 to 10 retries")?;
        if self.key_prefix.contains(['{', '}']) {
            return Err(out_of_range("redis.key_prefix", &self.key_prefix, "no braces: they choose the cluster slot"));
        }
        positive("redis.connect_timeout", self.connect_timeout)?;
        positive("redis.socket_timeout", self.socket_timeout)
    }
}

/// What a context keeps.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// How long a thread is remembered after its last question.
    #[serde(with = "humantime_serde")]
    pub ttl: Duration,
    /// Most entries kept; each question and each answer is one. The oldest go first.
    pub max_turns: usize,
    /// Largest size of a context, in bytes of JSON. The oldest entries go first.
    pub max_bytes: usize,
    /// Top-level direct messages: `thread` = each is a thread of its own (the agent view); `channel` = one running
    /// conversation per direct-message channel, answered at top level (a classic bot).
    pub direct_messages: DirectMessages,
}

impl Default for Context {
    fn default() -> Self {
        Self {
            ttl: Duration::from_hours(1),
            max_turns: 400,
            max_bytes: 256 * 1024,
            direct_messages: DirectMessages::Thread,
        }
    }
}

impl Context {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.ttl < Duration::from_secs(1) {
            return Err(out_of_range("context.ttl", humantime::format_duration(self.ttl), "at least 1s"));
        }
        within("context.max_turns", self.max_turns as u64, 2..=100_000, "2 to 100000 entries")?;
        within("context.max_bytes", self.max_bytes as u64, 1024..=64 << 20, "1 KiB to 64 MiB")
    }
}

/// How top-level direct messages become conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DirectMessages {
    /// Each top-level message is its own thread.
    Thread,
    /// The whole channel is one conversation.
    Channel,
}

/// The broker of questions.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amqp {
    /// Where RabbitMQ is: `amqp://` or `amqps://` (TLS). Set by `AMQP_URL`.
    pub url: Option<SecretUrl>,
    /// Put before the name of every queue and exchange.
    pub prefix: String,
    /// Opening a connection, TLS and authentication included.
    #[serde(with = "humantime_serde")]
    pub connect_timeout: Duration,
    /// Two missed heartbeats are a dead connection.
    #[serde(with = "humantime_serde")]
    pub heartbeat: Duration,
}

impl Default for Amqp {
    fn default() -> Self {
        Self {
            url: None,
            prefix: String::new(),
            connect_timeout: Duration::from_secs(5),
            heartbeat: Duration::from_secs(10),
        }
    }
}

impl Amqp {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if let Some(url) = &self.url
            && !matches!(url.scheme().as_str(), "amqp" | "amqps")
        {
            return Err(out_of_range("amqp.url", url, "an amqp:// or amqps:// URL"));
        }
        positive("amqp.connect_timeout", self.connect_timeout)?;
        if self.heartbeat < Duration::from_secs(1) {
            let value = humantime::format_duration(self.heartbeat);
            return Err(out_of_range("amqp.heartbeat", value, "at least 1s"));
        }
        Ok(())
    }

    /// Where RabbitMQ is.
    ///
    /// # Errors
    /// When `AMQP_URL` is not set.
    pub fn url(&self) -> Result<&SecretUrl, ConfigError> {
        self.url.as_ref().ok_or(ConfigError::Missing {
            variable: "AMQP_URL",
            hint: "the RabbitMQ that keeps the questions, amqp://user:password@host:5672/%2f, or amqps:// for TLS",
        })
    }
}

/// Slack's side.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slack {
    /// Bot token, `xoxb-…`; needed by the responder. Set by `SLACK_BOT_TOKEN`.
    pub bot_token: Option<Secret>,
    /// Signing secret of the app; needed by the ingress. Set by `SLACK_SIGNING_SECRET`.
    pub signing_secret: Option<Secret>,
    /// Slack's Web API. Set by `SLACK_API_URL`; http only towards this machine.
    pub api_url: String,
    /// Whether Slack's rate limits are kept to before it says so. `off` for load tests against a stand-in.
    pub pacing: Pacing,
}

impl Default for Slack {
    fn default() -> Self {
        Self { bot_token: None, signing_secret: None, api_url: "https://slack.com/api".to_owned(), pacing: Pacing::On }
    }
}

impl Slack {
    /// The bot token.
    ///
    /// # Errors
    /// When `SLACK_BOT_TOKEN` is not set.
    pub fn bot_token(&self) -> Result<&Secret, ConfigError> {
        self.bot_token.as_ref().ok_or(ConfigError::Missing {
            variable: "SLACK_BOT_TOKEN",
            hint: "the app's page on api.slack.com, `OAuth & Permissions`, `Bot User OAuth Token` (xoxb-…)",
        })
    }

    /// The signing secret.
    ///
    /// # Errors
    /// When `SLACK_SIGNING_SECRET` is not set.
    pub fn signing_secret(&self) -> Result<&Secret, ConfigError> {
        self.signing_secret.as_ref().ok_or(ConfigError::Missing {
            variable: "SLACK_SIGNING_SECRET",
            hint: "the app's page on api.slack.com, `Basic Information`, `Signing Secret`",
        })
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let refused = |reason| Err(out_of_range("slack.api_url", &self.api_url, reason));
        let Ok(url) = Url::parse(&self.api_url) else { return refused("a URL, like https://slack.com/api") };
        let local = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        match url.scheme() {
            "https" => Ok(()),
            "http" if local => Ok(()),
            "http" => refused("https: tokens would cross the network readable; http only towards this machine"),
            _ => refused("an https:// URL"),
        }
    }
}

/// Whether the client keeps to Slack's rate limits by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pacing {
    /// Calls wait for a permit.
    On,
    /// Calls go out at once.
    Off,
}

/// How answers are made.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// `extract` = quotes the best passages of the knowledge folder; `echo` = repeats the question, for load and fault
    /// tests.
    pub mode: AnswerMode,
    /// Echo mode: how long an answer takes.
    #[serde(with = "humantime_serde")]
    pub echo_delay: Duration,
    /// Folder of Markdown files that answers are made from; needed by `extract`.
    pub knowledge: Option<PathBuf>,
}

impl Default for Answers {
    fn default() -> Self {
        Self { mode: AnswerMode::Extract, echo_delay: Duration::ZERO, knowledge: None }
    }
}

impl Answers {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.echo_delay > Duration::from_hours(1) {
            let value = humantime::format_duration(self.echo_delay);
            return Err(out_of_range("answer.echo_delay", value, "at most 1h"));
        }
        Ok(())
    }
}

/// How answers are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerMode {
    /// Quotes passages of the knowledge folder.
    Extract,
    /// Repeats the question.
    Echo,
}

/// The times of the delivery protocol.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// How long a worker owns a thread without renewing; a dead worker's thread waits that long. Renewed each third.
    #[serde(with = "humantime_serde")]
    pub lease: Duration,
    /// The wait queues' times in ms, ascending. A queue is named after its time: other times are other queues.
    pub waits: Vec<u64>,
    /// Attempts at a question before it is given up and kept in `dead`.
    pub attempts: u32,
    /// The first attempt's deadline for an answer.
    #[serde(with = "humantime_serde")]
    pub answer_deadline: Duration,
    /// Later attempts' deadline for an answer.
    #[serde(with = "humantime_serde")]
    pub retry_deadline: Duration,
    /// After posting was announced in Redis: the call to Slack starts within this time, or not at all.
    #[serde(with = "humantime_serde")]
    pub post_start: Duration,
    /// One call to Slack, from start to answer.
    #[serde(with = "humantime_serde")]
    pub post_timeout: Duration,
    /// The lease while posting; after it another worker looks in Slack whether the answer is there.
    #[serde(with = "humantime_serde")]
    pub post_lease: Duration,
    /// The second look in Slack comes at least this long after the first: `conversations.replies` lags behind.
    #[serde(with = "humantime_serde")]
    pub reconcile_pause: Duration,
    /// After Redis lost data: how long claims wait, so that waiting questions take their places again.
    #[serde(with = "humantime_serde")]
    pub settle: Duration,
    /// After Redis lost data: how far clocks of Slack and Redis may be apart.
    #[serde(with = "humantime_serde")]
    pub clock_margin: Duration,
    /// How long an answered question is remembered, against late copies. Slack's delayed events come up to 24 h late.
    #[serde(with = "humantime_serde")]
    pub remember: Duration,
    /// A question that a broken dependency kept from being answered is given up after this time.
    #[serde(with = "humantime_serde")]
    pub give_up: Duration,
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(30),
            waits: vec![1_000, 5_000, 30_000, 120_000],
            attempts: 5,
            answer_deadline: Duration::from_mins(2),
            retry_deadline: Duration::from_mins(1),
            post_start: Duration::from_secs(5),
            post_timeout: Duration::from_secs(10),
            post_lease: Duration::from_secs(30),
            reconcile_pause: Duration::from_secs(3),
            settle: Duration::from_secs(35),
            clock_margin: Duration::from_mins(1),
            remember: Duration::from_hours(26),
            give_up: Duration::from_hours(6),
        }
    }
}

impl Delivery {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.lease < Duration::from_millis(300) {
            let value = humantime::format_duration(self.lease);
            return Err(out_of_range("delivery.lease", value, "at least 300ms: it is renewed each third"));
        }
        let ascending = self.waits.windows(2).all(|pair| pair[0] < pair[1]);
        if self.waits.is_empty() || self.waits[0] < 10 || !ascending {
            let value = format!("{:?}", self.waits);
            return Err(out_of_range("delivery.waits", value, "one or more times in ms, ascending, from 10"));
        }
        within("delivery.attempts", self.attempts.into(), 1..=100, "1 to 100 attempts")?;
        positive("delivery.answer_deadline", self.answer_deadline)?;
        positive("delivery.retry_deadline", self.retry_deadline)?;
        positive("delivery.post_timeout", self.post_timeout)?;
        if self.post_lease < self.post_start + self.post_timeout {
            let value = humantime::format_duration(self.post_lease);
            return Err(out_of_range(
                "delivery.post_lease",
                value,
                "at least delivery.post_start + delivery.post_timeout: an answer could still be on its way to Slack",
            ));
        }
        if self.remember < Duration::from_mins(1) {
            let value = humantime::format_duration(self.remember);
            return Err(out_of_range("delivery.remember", value, "at least 1m, against Slack's retries"));
        }
        Ok(())
    }
}

/// What is logged, and how.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Levels by crate, as in `info,queue=debug`. Set by `RUST_LOG`. The RabbitMQ client's and the HTTP server's own lines repeat ours.
    pub filter: String,
    /// `auto` = text on a terminal, else JSON lines.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info,lapin=off,actix_server=warn".to_owned(), format: LogFormat::Auto }
    }
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Text on a terminal, else JSON lines.
    Auto,
    /// One JSON object per line.
    Json,
    /// For people.
    Pretty,
}
