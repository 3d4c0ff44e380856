//! What can go wrong between this process and the queue.

use std::time::Duration;

use lapin::{
    ErrorKind,
    protocol::{AMQPErrorKind, AMQPSoftError},
};
use shared::config::{ConfigError, SecretUrl};

/// A queue that could not be reached, or that did not take over a message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueueError {
    /// No broker is configured.
    #[error(transparent)]
    NotConfigured(ConfigError),
    /// The URL is no AMQP URL.
    #[error(
        "AMQP_URL `{url}` is no AMQP URL: {reason}; expected amqp://user:password@host:5672/%2f, or amqps:// for TLS"
    )]
    Url {
        /// The URL, without its password.
        url: SecretUrl,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing answers there, or not in time.
    #[error(
        "RabbitMQ at `{url}` cannot be reached: {reason}; check host and port of AMQP_URL, that the broker runs, and the network between"
    )]
    Unreachable {
        /// The URL, without its password.
        url: SecretUrl,
        /// The transport's own words, or the timeout.
        reason: String,
        /// The client's error; none after a timeout.
        #[source]
        source: Option<Box<lapin::Error>>,
    },
    /// The broker does not know this user with this password.
    #[error(
        "RabbitMQ at `{url}` refused access: check user and password of AMQP_URL (special characters are percent-encoded); `guest` may connect from the broker's own machine only"
    )]
    AccessRefused {
        /// The URL, without its password.
        url: SecretUrl,
        /// The client's error.
        #[source]
        source: Box<lapin::Error>,
    },
    /// The virtual host does not exist, or this user may not use it.
    #[error(
        "RabbitMQ at `{url}` has no virtual host `{vhost}` for this user: check the path of AMQP_URL (the default host `/` is written /%2f), or create it: rabbitmqctl add_vhost, rabbitmqctl set_permissions"
    )]
    NoVirtualHost {
        /// The URL, without its password.
        url: SecretUrl,
        /// The virtual host that was asked for.
        vhost: String,
        /// The client's error.
        #[source]
        source: Box<lapin::Error>,
    },
    /// A queue or an exchange exists with other arguments; AMQP's reply code 406.
    #[error(
        "`{name}` exists in RabbitMQ in another form: {broker} (received = wanted here, current = found there); nothing was changed. Empty and delete it, or choose another `amqp.prefix`"
    )]
    OtherForm {
        /// The queue or exchange.
        name: String,
        /// The broker's own words: argument, wanted (received) and found (current) value.
        broker: String,
        /// The client's error.
        #[source]
        source: Box<lapin::Error>,
    },
    /// A queue or an exchange could not be declared.
    #[error(
        "`{name}` could not be declared in RabbitMQ: {source}; check that the queue's node runs (rabbitmqctl list_queues name state) and that the user may configure, write and read it (rabbitmqctl list_permissions)"
    )]
    Declare {
        /// The queue or exchange.
        name: String,
        /// The client's error.
        #[source]
        source: Box<lapin::Error>,
    },
    /// There was no connection for as long as the message could wait.
    #[error("nothing was published to `{queue}`: no connection to RabbitMQ within {} ms ({cause})", after.as_millis())]
    Disconnected {
        /// Where the message was to go.
        queue: String,
        /// How long it waited.
        after: Duration,
        /// Why there is no connection.
        cause: String,
    },
    /// The broker takes no messages at present: its memory or disk alarm is on.
    #[error(
        "nothing was published to `{queue}`: RabbitMQ blocks publishing ({reason}); free memory or disk of the broker, see rabbitmqctl status"
    )]
    Blocked {
        /// Where the message was to go.
        queue: String,
        /// The broker's own words.
        reason: String,
    },
    /// The broker did not confirm in time. It may have the message nevertheless.
    #[error("publishing to `{queue}` was not confirmed by RabbitMQ within {} ms", after.as_millis())]
    NotConfirmed {
        /// Where the message was to go.
        queue: String,
        /// How long publish and confirm took together.
        after: Duration,
    },
    /// The broker refused the message: the queue is full, or cannot store it.
    #[error("RabbitMQ refused a message for `{queue}` (basic.nack): check the queue's length limit and its members")]
    Refused {
        /// Where the message was to go.
        queue: String,
    },
    /// The channel broke before the broker confirmed. It may have the message nevertheless.
    #[error("publishing to `{queue}` failed: {source}")]
    Publish {
        /// Where the message was to go.
        queue: String,
        /// The client's error.
        #[source]
        source: Box<lapin::Error>,
    },
    /// No wait queue has this time.
    #[error("no wait queue of {wait_ms} ms: `delivery.waits` has {known:?}")]
    UnknownWait {
        /// The time that was asked for, in ms.
        wait_ms: u64,
        /// The times there are, in ms.
        known: Vec<u64>,
    },
    /// A task that cannot be written as JSON.
    #[error("a task for `{queue}` could not be written as JSON: {source}")]
    Encode {
        /// Where the message was to go.
        queue: String,
        /// What serde says.
        #[source]
        source: serde_json::Error,
    },
    /// The data file could not be read or written; it wrote nothing.
    #[error("the data file failed: {source}; check the space on its disk and who may write it")]
    File {
        /// What the database said.
        #[source]
        source: Box<redb::Error>,
    },
    /// What the data file holds is of another version of the program.
    #[error(
        "copy {number} in the data file cannot be read: {source}; it is of another version: start with an empty data folder"
    )]
    Foreign {
        /// The number of the copy.
        number: u64,
        /// What serde says.
        #[source]
        source: serde_json::Error,
    },
    /// A question about the queues was not answered.
    #[error("`{queue}` could not be examined: {reason}")]
    Inspect {
        /// The queue.
        queue: String,
        /// What failed.
        reason: String,
    },
}

impl QueueError {
    /// Whether a queue exists and is not usable yet, because another process declares it at this moment or its node
    /// starts: `404 NOT_FOUND - home node '…' of durable queue '…' is down or inaccessible`, in answer to a declaration.
    pub(crate) fn is_not_settled(&self) -> bool {
        let Self::Declare { source, .. } = self else { return false };
        matches!(source.kind(), ErrorKind::ProtocolError(broker)
            if matches!(broker.kind(), AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND)))
    }

    /// Whether waiting may help: the broker is away, or does not answer. Everything else needs a person.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}
