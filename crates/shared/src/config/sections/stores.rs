//! What the services keep their work in: Redis, what a context holds, RabbitMQ.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{out_of_range, positive, within};
use crate::config::{ConfigError, SecretUrl};

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

    pub(in crate::config) fn validate(&self) -> Result<(), ConfigError> {
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
    pub(in crate::config) fn validate(&self) -> Result<(), ConfigError> {
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
    /// Two missed heartbeats are a dead connection: a frozen worker or a lost machine keeps its questions until then.
    #[serde(with = "humantime_serde")]
    pub heartbeat: Duration,
}

/// The shortest time that RabbitMQ's documentation calls safe against false alarms
/// (<https://www.rabbitmq.com/docs/heartbeats#false-positives>). The broker gives a silent worker's questions to others after two
/// to three of it.
const HEARTBEAT: Duration = Duration::from_secs(5);

impl Default for Amqp {
    fn default() -> Self {
        Self { url: None, prefix: String::new(), connect_timeout: Duration::from_secs(5), heartbeat: HEARTBEAT }
    }
}

impl Amqp {
    pub(in crate::config) fn validate(&self) -> Result<(), ConfigError> {
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
