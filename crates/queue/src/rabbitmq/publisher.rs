//! Publishing with confirms.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use lapin::{
    BasicProperties, Channel, Confirmation,
    options::{BasicPublishOptions, ConfirmSelectOptions},
};
use shared::{clock::Clock, retry::Backoff, task::Task};
use tokio::sync::Mutex;

use super::{
    link::Link,
    properties,
    topology::{Topology, WORK},
};
use crate::{Headers, QueueError, TaskPublisher};

/// How often queues are declared again that another service is declaring at the same moment: 1.5 s at most in all.
const DECLARED_AGAIN: u32 = 4;

/// Publishes to RabbitMQ and waits for its confirm. Clones share one channel, on which many publishes are under way at
/// the same time.
#[derive(Clone)]
pub struct RabbitPublisher {
    shared: Arc<PublishingChannel>,
    timeout: Duration,
}

/// The channel that all publishers of a process share, and what opens it again.
pub(super) struct PublishingChannel {
    pub(super) link: Arc<Link>,
    pub(super) topology: Topology,
    pub(super) clock: Clock,
    channel: Mutex<Option<Channel>>,
}

impl PublishingChannel {
    pub(super) fn new(link: Arc<Link>, topology: Topology, clock: Clock) -> Self {
        Self { link, topology, clock, channel: Mutex::new(None) }
    }

    /// The open channel, or a new one on the present connection, on which the topology is declared first. None = the
    /// supervision has ended.
    pub(super) async fn get(&self) -> Result<Option<Channel>, QueueError> {
        let mut slot = self.channel.lock().await;
        let mut not_settled = 0;
        loop {
            let Some(connection) = self.link.publishable().await else { return Ok(None) };
            if let Some(channel) = slot.as_ref().filter(|channel| channel.status().connected()) {
                return Ok(Some(channel.clone()));
            }
            match self.open(&connection).await {
                Ok(channel) => {
                    *slot = Some(channel.clone());
                    return Ok(Some(channel));
                }
                // The connection went away under it: wait for the next one.
                Err(error) if !connection.status().connected() => {
                    tracing::debug!("a channel to publish on was lost while it was opened: {error}");
                }
                // Refused on its channel only, which is closed now: another one asks again.
                Err(error) if error.is_not_settled() && not_settled < DECLARED_AGAIN => {
                    not_settled += 1;
                    tracing::info!("a queue is not ready in RabbitMQ yet, declaring again ({not_settled}): {error}");
                    let delay = Backoff::RECONNECT.delay(not_settled, &mut rand::rng());
                    tokio::time::sleep(delay).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn open(&self, connection: &lapin::Connection) -> Result<Channel, QueueError> {
        let failed = |error| QueueError::Publish { queue: self.topology.slack(), source: Box::new(error) };
        let channel = connection.create_channel().await.map_err(failed)?;
        self.topology.declare(&channel).await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await.map_err(failed)?;
        Ok(channel)
    }
}

/// A message on its way.
pub(super) struct Message<'a> {
    /// The routing key within the exchange.
    pub(super) key: &'a str,
    /// The queue's name, for errors.
    pub(super) queue: String,
    pub(super) properties: BasicProperties,
    pub(super) body: &'a [u8],
}

impl RabbitPublisher {
    pub(super) fn new(shared: Arc<PublishingChannel>, timeout: Duration) -> Self {
        Self { shared, timeout }
    }

    pub(super) fn topology(&self) -> &Topology {
        &self.shared.topology
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Publishes, and waits until the broker has the message; one timeout over all of it.
    #[tracing::instrument(name = "queue.publish", level = "debug", skip_all, fields(queue = message.queue))]
    pub(super) async fn send(&self, message: &Message<'_>) -> Result<(), QueueError> {
        let started = Instant::now();
        let outcome = match tokio::time::timeout(self.timeout, self.publish_once(message)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.too_late(&message.queue)),
        };
        metrics::histogram!("threadkeeper_publish_seconds").record(started.elapsed());
        metrics::counter!("threadkeeper_publishes_total", "outcome" => outcome_label(&outcome)).increment(1);
        outcome
    }

    async fn publish_once(&self, message: &Message<'_>) -> Result<(), QueueError> {
        let queue = || message.queue.clone();
        let failed = |error| QueueError::Publish { queue: queue(), source: Box::new(error) };
        let Some(channel) = self.shared.get().await? else {
            let cause = "the connection is closed for good".to_owned();
            return Err(QueueError::Disconnected { queue: queue(), after: Duration::ZERO, cause });
        };
        // Not `mandatory`: with several messages under way the client library gives a returned message to the wrong
        // one. What cannot be routed goes to the alternate exchange instead.
        let confirm = channel
            .basic_publish(
                self.shared.topology.slack().as_str().into(),
                message.key.into(),
                BasicPublishOptions::default(),
                message.body,
                message.properties.clone(),
            )
            .await
            .map_err(failed)?;
        match confirm.await.map_err(failed)? {
            Confirmation::Ack(None) => Ok(()),
            Confirmation::Ack(Some(_)) | Confirmation::Nack(_) | Confirmation::NotRequested => {
                Err(QueueError::Refused { queue: queue() })
            }
        }
    }

    fn too_late(&self, queue: &str) -> QueueError {
        let (queue, after) = (queue.to_owned(), self.timeout);
        if let Some(cause) = self.shared.link.down() {
            QueueError::Disconnected { queue, after, cause }
        } else if let Some(reason) = self.shared.link.blocked() {
            QueueError::Blocked { queue, reason }
        } else {
            QueueError::NotConfirmed { queue, after }
        }
    }
}

impl TaskPublisher for RabbitPublisher {
    async fn publish(&self, task: &Task, headers: &Headers) -> Result<(), QueueError> {
        let queue = self.topology().work();
        let body = serde_json::to_vec(task).map_err(|source| QueueError::Encode { queue: queue.clone(), source })?;
        let headers = properties::encode(headers);
        let properties = properties::properties(properties::message_id(task), headers, self.clock());
        self.send(&Message { key: WORK, queue, properties, body: &body }).await
    }

    fn ready(&self) -> Result<(), String> {
        if let Some(cause) = self.shared.link.down() {
            return Err(format!("no connection to RabbitMQ to publish on: {cause}"));
        }
        match self.shared.link.blocked() {
            Some(reason) => Err(format!("RabbitMQ takes no messages at present: {reason}")),
            None => Ok(()),
        }
    }
}

fn outcome_label(outcome: &Result<(), QueueError>) -> &'static str {
    match outcome {
        Ok(()) => "confirmed",
        Err(QueueError::Refused { .. }) => "refused",
        Err(QueueError::NotConfirmed { .. }) => "not_confirmed",
        Err(QueueError::Blocked { .. }) => "blocked",
        Err(QueueError::Disconnected { .. }) => "disconnected",
        Err(_) => "failed",
    }
}
