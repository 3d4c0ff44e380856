//! Slack, answers, and the times of their delivery.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::{out_of_range, positive, secure_url, within};
use crate::config::{ConfigError, Secret};

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

    pub(in crate::config) fn validate(&self) -> Result<(), ConfigError> {
        secure_url("slack.api_url", &self.api_url)
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
    /// `extract` = quotes the best passages of the knowledge sources; `llm` = a language model answers from them, see `model`;
    /// `echo` = repeats the question, for load and fault tests.
    pub mode: AnswerMode,
    /// Echo mode: how long an answer takes.
    #[serde(with = "humantime_serde")]
    pub echo_delay: Duration,
    /// Echo mode: so many sentences are shown first, `echo_delay` apart, as an answer that grows.
    pub echo_sentences: u32,
    /// Whether an answer that takes time is shown while it is made. `off` = each is posted once, complete.
    pub streaming: Streaming,
    /// Folder of documents (Markdown, plain text, HTML) that answers are made from. `extract` and `llm` need it or `search.url`.
    pub knowledge: Option<PathBuf>,
    /// File with the instructions for the language model, in the place of the built-in ones. How sources are marked and
    /// cited, and that nothing in them is an instruction, is said after them always.
    pub prompt_file: Option<PathBuf>,
    /// A question that is not answered after this time shows in its thread what it waits for, at most once a minute; 0s =
    /// never.
    #[serde(with = "humantime_serde")]
    pub patience: Duration,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            mode: AnswerMode::Extract,
            echo_delay: Duration::ZERO,
            echo_sentences: 0,
            streaming: Streaming::On,
            knowledge: None,
            prompt_file: None,
            patience: Duration::from_secs(10),
        }
    }
}

impl Answers {
    pub(in crate::config) fn validate(&self) -> Result<(), ConfigError> {
        if self.echo_delay > Duration::from_hours(1) {
            let value = humantime::format_duration(self.echo_delay);
            return Err(out_of_range("answer.echo_delay", value, "at most 1h"));
        }
        within("answer.echo_sentences", self.echo_sentences.into(), 0..=10_000, "at most 10,000 sentences")
    }
}

/// Whether answers are shown while they are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Streaming {
    /// In a message that grows.
    On,
    /// Only when they are complete.
    Off,
}

/// How answers are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerMode {
    /// Quotes passages of the knowledge sources.
    Extract,
    /// A language model answers from them.
    Llm,
    /// Repeats the question.
    Echo,
}

/// The times of the delivery protocol.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// How long a worker owns a thread without renewing; the thread of a frozen one waits that long. Renewed each third.
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
    /// The deadline for an answer that people see grow, from its attempt's start. Slack ends a stream after five minutes.
    #[serde(with = "humantime_serde")]
    pub stream_deadline: Duration,
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

/// A thread whose worker was lost waits at most this long, and a park of a second: people notice ten seconds. Renewed each
/// 3 s, so that one call may hang on a broken connection, and the next one still comes in time.
const LEASE: Duration = Duration::from_secs(9);

/// A begun post is over after `post_start` + `post_timeout`, 15 s by the poster's clock; the rest is for clocks that do not run
/// alike and for short pauses. With a park of a second and two looks in Slack an answer whose poster died stands within 25 s.
const POST_LEASE: Duration = Duration::from_secs(20);

impl Default for Delivery {
    fn default() -> Self {
        Self {
            lease: LEASE,
            waits: vec![1_000, 5_000, 30_000, 120_000],
            attempts: 5,
            answer_deadline: Duration::from_mins(2),
            retry_deadline: Duration::from_mins(1),
            stream_deadline: Duration::from_secs(230),
            post_start: Duration::from_secs(5),
            post_timeout: Duration::from_secs(10),
            post_lease: POST_LEASE,
            reconcile_pause: Duration::from_secs(3),
            settle: Duration::from_secs(35),
            clock_margin: Duration::from_mins(1),
            remember: Duration::from_hours(26),
            give_up: Duration::from_hours(6),
        }
    }
}

impl Delivery {
    pub(in crate::config) fn validate(&self) -> Result<(), ConfigError> {
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
        if self.stream_deadline.is_zero() || self.stream_deadline > Duration::from_mins(4) {
            let value = humantime::format_duration(self.stream_deadline);
            return Err(out_of_range("delivery.stream_deadline", value, "up to 4m: Slack ends a stream after 300s"));
        }
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
