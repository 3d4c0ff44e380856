//! The queue in RabbitMQ.

mod consumer;
mod delivery;
mod desk;
mod endpoint;
mod examination;
mod inspection;
mod link;
mod properties;
mod publisher;
mod reading;
mod topology;
mod undecodable;

use std::{
    future::Future,
    sync::{Arc, OnceLock},
    time::Duration,
};

use shared::{clock::Clock, config::Amqp, ids::ProcessId, telemetry};

pub use consumer::RabbitConsumer;
pub use delivery::RabbitDelivery;
pub use desk::{Count, Desk};
pub use examination::Standing;
pub use inspection::Depths;
pub use publisher::RabbitPublisher;
pub use reading::{Letter, Reading};
pub use topology::Topology;

use self::{
    endpoint::Endpoint,
    link::{Link, Purpose},
    publisher::PublishingChannel,
};
use crate::{QueueError, TaskPublisher};

/// Longest time for [`RabbitMq::depths`].
const INSPECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest time for one message of [`RabbitMq::move_unrouted`].
const MOVE_TIMEOUT: Duration = Duration::from_secs(5);

/// The broker: two supervised connections, the topology, and the publishers and consumers made from them.
///
/// Publishing and consuming have a connection each; the second one is opened when it is first needed, so a process that
/// only publishes has one.
pub struct RabbitMq {
    endpoint: Endpoint,
    publishing: Arc<PublishingChannel>,
    consume: OnceLock<Arc<Link>>,
}

impl RabbitMq {
    /// Connects once within `amqp.connect_timeout` and declares the topology, with one wait queue for each of
    /// `waits_ms` (milliseconds). From then on the connection is kept up without limit.
    ///
    /// # Errors
    /// Each says what to check: unreachable, access refused, no such virtual host, a queue that exists in another form.
    pub async fn connect(amqp: &Amqp, waits_ms: &[u64], process: &ProcessId) -> Result<Self, QueueError> {
        let endpoint = Endpoint::new(amqp, process)?;
        let link = Link::connect(&endpoint, Purpose::Publish).await?;
        let rabbit = Self::new(endpoint, link, Topology::new(&amqp.prefix, waits_ms));
        rabbit.declare().await?;
        Ok(rabbit)
    }

    /// As [`RabbitMq::connect`], but a broker that cannot be reached is no error: it is logged, and tried again in the
    /// background for as long as it takes. The first attempt is waited for.
    ///
    /// # Errors
    /// What waiting cannot heal: access refused, no such virtual host, a queue that exists in another form.
    pub async fn connect_lazily(amqp: &Amqp, waits_ms: &[u64], process: &ProcessId) -> Result<Self, QueueError> {
        match Self::connect(amqp, waits_ms, process).await {
            Err(error) if error.is_unreachable() => {
                let reason = telemetry::chain(&error);
                tracing::error!("starting without RabbitMQ, nothing can be taken in until it is there: {reason}");
                let endpoint = Endpoint::new(amqp, process)?;
                let link = Link::connect_later(&endpoint, Purpose::Publish);
                Ok(Self::new(endpoint, link, Topology::new(&amqp.prefix, waits_ms)))
            }
            outcome => outcome,
        }
    }

    fn new(endpoint: Endpoint, link: Link, topology: Topology) -> Self {
        let publishing = Arc::new(PublishingChannel::new(Arc::new(link), topology, Clock::System));
        Self { endpoint, publishing, consume: OnceLock::new() }
    }

    async fn declare(&self) -> Result<(), QueueError> {
        let limit = self.endpoint.connect_timeout();
        let unreachable =
            |reason: String| QueueError::Unreachable { url: self.endpoint.url().clone(), reason, source: None };
        match tokio::time::timeout(limit, self.publishing.get()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(unreachable(format!("the queues were not declared within {} ms", limit.as_millis()))),
        }
    }

    /// A publisher whose publish and confirm together take at most `timeout`.
    pub fn publisher(&self, timeout: Duration) -> RabbitPublisher {
        RabbitPublisher::new(Arc::clone(&self.publishing), timeout)
    }

    /// A consumer of `work` with at most `prefetch` unsettled deliveries. Parking and dead-lettering are publishes, and
    /// take at most `publish_timeout` each. Must be called within a runtime.
    pub fn consumer(&self, prefetch: u16, publish_timeout: Duration) -> RabbitConsumer {
        RabbitConsumer::new(Arc::clone(self.consume()), self.publisher(publish_timeout), prefetch)
    }

    fn consume(&self) -> &Arc<Link> {
        self.consume.get_or_init(|| Arc::new(Link::connect_later(&self.endpoint, Purpose::Consume)))
    }

    /// The names of the queues.
    pub fn topology(&self) -> &Topology {
        &self.publishing.topology
    }

    /// Whether both connections are up (the second only if it is needed) and the broker takes messages.
    ///
    /// # Errors
    /// What is wrong, and what to check.
    pub fn ready(&self) -> Result<(), String> {
        self.publisher(Duration::ZERO).ready()?;
        match self.consume.get().and_then(|link| link.down()) {
            Some(cause) => Err(format!("no connection to RabbitMQ to consume on: {cause}")),
            None => Ok(()),
        }
    }

    /// How many messages are ready in each queue.
    ///
    /// # Errors
    /// When the broker does not answer within 5 s, or a queue is missing.
    pub async fn depths(&self) -> Result<Depths, QueueError> {
        self.answered(&self.topology().work(), inspection::depths(&self.publishing.link, self.topology())).await
    }

    /// Moves what could not be routed back to `work`, and says how many messages. For a responder that has declared the
    /// topology: what was missing is there now.
    ///
    /// # Errors
    /// When the broker does not answer; what was not moved is still there.
    pub async fn move_unrouted(&self) -> Result<u32, QueueError> {
        inspection::move_unrouted(self.consume(), &self.publisher(MOVE_TIMEOUT)).await
    }

    async fn answered<T>(
        &self,
        queue: &str,
        asking: impl Future<Output = Result<T, QueueError>>,
    ) -> Result<T, QueueError> {
        tokio::time::timeout(INSPECT_TIMEOUT, asking).await.unwrap_or_else(|_| {
            let reason = format!("no answer from RabbitMQ within {} ms", INSPECT_TIMEOUT.as_millis());
            Err(QueueError::Inspect { queue: queue.to_owned(), reason })
        })
    }

    /// Closes both connections and waits until they are closed; the last step of a process. Deliveries still in hand
    /// return to the queue; publishers and consumers made from it are of no more use.
    pub async fn close(&self) {
        if let Some(link) = self.consume.get() {
            link.close().await;
        }
        self.publishing.link.close().await;
    }
}
