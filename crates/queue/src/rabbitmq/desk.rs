//! An operator's desk: a connection that looks at the queues and moves single messages. It declares nothing, so a mistyped
//! prefix makes no queues.

use std::{future::Future, time::Duration};

use lapin::{
    Channel, Confirmation, Connection, ErrorKind,
    options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions},
    protocol::{AMQPErrorKind, AMQPSoftError},
    types::FieldTable,
};
use shared::{
    clock::Clock,
    config::Amqp,
    ids::{BurialId, ProcessId},
};

use super::{
    endpoint::Endpoint,
    properties,
    reading::{Letter, Reading},
    topology::{Topology, WORK},
};
use crate::{Headers, QueueError};

/// Longest time for one request to the broker.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// One connection of an operator.
pub struct Desk {
    connection: Connection,
    topology: Topology,
    clock: Clock,
}

/// A queue as the broker counts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Messages that nobody holds. AMQP does not tell how many are in a consumer's hand.
    pub ready: u32,
    /// Subscriptions, of all processes.
    pub consumers: u32,
}

impl Desk {
    /// Connects within `amqp.connect_timeout`.
    ///
    /// # Errors
    /// Each says what to check: unreachable, access refused, no such virtual host.
    pub async fn connect(amqp: &Amqp, waits_ms: &[u64], process: &ProcessId) -> Result<Self, QueueError> {
        let connection = Endpoint::new(amqp, process)?.connect("operator").await?;
        Ok(Self { connection, topology: Topology::new(&amqp.prefix, waits_ms), clock: Clock::System })
    }

    /// The names of the queues.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// How much is in a queue; none = there is no such queue.
    ///
    /// # Errors
    /// When the broker does not answer within 5 s, or the user may not look.
    pub async fn count(&self, queue: &str) -> Result<Option<Count>, QueueError> {
        // A channel of its own: the broker closes it when there is no such queue.
        let channel = self.channel(queue).await?;
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let found = answered(queue, channel.queue_declare(queue.into(), passive, FieldTable::default())).await?;
        match found {
            Ok(found) => Ok(Some(Count { ready: found.message_count(), consumers: found.consumer_count() })),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(failed(queue, &error)),
        }
    }

    /// Reads what lies in a queue, oldest first, and holds it until [`Reading::put_back`]: all of it, up to 65535 messages.
    ///
    /// # Errors
    /// When there is no such queue, somebody else consumes it, it holds more, or the broker does not answer.
    pub async fn read(&self, queue: &str) -> Result<Reading<'_>, QueueError> {
        Reading::begin(self, queue).await
    }

    /// Publishes a letter to `work` again, as a copy that reopens `burial` and no other, and waits for the broker's confirm.
    /// The letter itself stays where it is.
    ///
    /// # Errors
    /// When the broker did not confirm. It may have the copy nevertheless; publishing it again is harmless.
    pub async fn replay(&self, letter: &Letter, burial: &BurialId) -> Result<(), QueueError> {
        let queue = self.topology.work();
        let traceparent = letter.headers().traceparent.clone();
        let headers = Headers { replay: Some(burial.clone()), traceparent, ..Headers::first() };
        let properties = properties::properties(letter.message_id(), properties::encode(&headers), &self.clock);
        let channel = self.channel(&queue).await?;
        let publish = |error| QueueError::Publish { queue: queue.clone(), source: Box::new(error) };
        answered(&queue, channel.confirm_select(ConfirmSelectOptions::default())).await?.map_err(publish)?;
        let confirmed = async {
            let (exchange, options) = (self.topology.slack(), BasicPublishOptions::default());
            channel
                .basic_publish(exchange.as_str().into(), WORK.into(), options, letter.body(), properties)
                .await?
                .await
        };
        match tokio::time::timeout(REQUEST_TIMEOUT, confirmed).await {
            Ok(Ok(Confirmation::Ack(None))) => Ok(()),
            Ok(Ok(_)) => Err(QueueError::Refused { queue }),
            Ok(Err(error)) => Err(publish(error)),
            Err(_) => Err(QueueError::NotConfirmed { queue, after: REQUEST_TIMEOUT }),
        }
    }

    pub(super) async fn channel(&self, queue: &str) -> Result<Channel, QueueError> {
        answered(queue, self.connection.create_channel()).await?.map_err(|error| failed(queue, &error))
    }

    /// Closes the connection. What is still held goes back to its queue.
    pub async fn close(self) {
        // Whether the broker says goodbye changes nothing.
        drop(tokio::time::timeout(REQUEST_TIMEOUT, self.connection.close(200, "OK".into())).await);
    }
}

/// An answer of the broker about `queue`, in time.
pub(super) async fn answered<T>(queue: &str, asking: impl Future<Output = T>) -> Result<T, QueueError> {
    tokio::time::timeout(REQUEST_TIMEOUT, asking).await.map_err(|_| QueueError::Inspect {
        queue: queue.to_owned(),
        reason: format!("no answer from RabbitMQ within {} ms", REQUEST_TIMEOUT.as_millis()),
    })
}

pub(super) fn failed(queue: &str, error: &lapin::Error) -> QueueError {
    QueueError::Inspect { queue: queue.to_owned(), reason: error.to_string() }
}

/// `404 NOT_FOUND`: there is no such queue or exchange.
pub(super) fn is_missing(error: &lapin::Error) -> bool {
    matches!(error.kind(), ErrorKind::ProtocolError(broker)
        if matches!(broker.kind(), AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND)))
}
