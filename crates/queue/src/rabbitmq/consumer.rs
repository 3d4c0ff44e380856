//! Consuming `work`, through reconnections.

use std::{mem, sync::Arc, time::Duration};

use futures_util::{StreamExt, future::BoxFuture};
use lapin::{
    Channel, Connection, Consumer,
    options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};
use shared::retry::Backoff;

use super::{
    delivery::{RabbitDelivery, Settlement, settle},
    link::Link,
    publisher::RabbitPublisher,
    undecodable,
};
use crate::{QueueError, TaskConsumer};

/// Longest time for one request to the broker: subscribing, cancelling.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Takes questions out of `work`.
///
/// Dropped without [`TaskConsumer::stop`], what was sent ahead returns to the queue when the last delivery in hand is
/// settled.
pub struct RabbitConsumer {
    subscribing: Subscribing,
    phase: Phase,
}

enum Phase {
    Idle,
    Subscribing(BoxFuture<'static, Option<Subscription>>),
    Consuming(Subscription),
    Paused,
    Stopped,
}

/// What it takes to subscribe.
#[derive(Clone)]
struct Subscribing {
    link: Arc<Link>,
    publisher: RabbitPublisher,
    /// Most unsettled deliveries of one subscription, 1 to 65535.
    prefetch: u16,
}

struct Subscription {
    channel: Arc<Channel>,
    stream: Consumer,
}

impl RabbitConsumer {
    pub(super) fn new(link: Arc<Link>, publisher: RabbitPublisher, prefetch: u16) -> Self {
        // 0 would mean without limit.
        Self { subscribing: Subscribing { link, publisher, prefetch: prefetch.max(1) }, phase: Phase::Idle }
    }

    async fn leave(&mut self, then: Phase) {
        if let Phase::Consuming(subscription) = mem::replace(&mut self.phase, then) {
            subscription.give_back_the_rest().await;
        }
    }
}

impl TaskConsumer for RabbitConsumer {
    type Delivery = RabbitDelivery;

    async fn next(&mut self) -> Option<RabbitDelivery> {
        loop {
            match &mut self.phase {
                Phase::Stopped => return None,
                Phase::Paused => std::future::pending().await,
                // Kept in the phase, so that a `next` that is dropped and called again goes on where it was.
                Phase::Idle => self.phase = Phase::Subscribing(Box::pin(self.subscribing.clone().until_it_works())),
                Phase::Subscribing(subscribing) => {
                    self.phase = match subscribing.await {
                        Some(subscription) => Phase::Consuming(subscription),
                        None => Phase::Stopped,
                    };
                }
                Phase::Consuming(subscription) => match subscription.stream.next().await {
                    // Its channel has died while it waited here: the broker has it again, and so has somebody else soon.
                    Some(Ok(message)) if !message.acker.usable() => {}
                    Some(Ok(message)) => {
                        let (channel, publisher) = (&subscription.channel, &self.subscribing.publisher);
                        match serde_json::from_slice(&message.data) {
                            Ok(task) => return Some(RabbitDelivery::new(task, message, channel, publisher)),
                            Err(error) => undecodable::bury_in_background(message, &error, channel, publisher),
                        }
                    }
                    outcome @ (Some(Err(_)) | None) => {
                        let queue = subscription.stream.queue();
                        // Without an error when the queue was deleted.
                        let cause = outcome
                            .and_then(Result::err)
                            .map_or_else(|| "cancelled by the broker".to_owned(), |error| error.to_string());
                        tracing::warn!(queue = %queue, cause, "consuming `{queue}` ended ({cause}): subscribing again");
                        metrics::counter!("threadkeeper_subscriptions_lost_total").increment(1);
                        self.phase = Phase::Idle;
                    }
                },
            }
        }
    }

    async fn pause(&mut self) {
        if !matches!(self.phase, Phase::Stopped) {
            self.leave(Phase::Paused).await;
        }
    }

    fn resume(&mut self) {
        if matches!(self.phase, Phase::Paused) {
            self.phase = Phase::Idle;
        }
    }

    async fn stop(&mut self) {
        self.leave(Phase::Stopped).await;
    }

    fn ready(&self) -> Result<(), String> {
        if let Some(cause) = self.subscribing.link.down() {
            return Err(format!("no connection to RabbitMQ to consume on: {cause}"));
        }
        match &self.phase {
            Phase::Paused => Ok(()),
            Phase::Consuming(subscription) if subscription.channel.status().connected() => Ok(()),
            Phase::Consuming(_) => Err("the subscription's channel is closed".to_owned()),
            Phase::Idle | Phase::Subscribing(_) => Err("not subscribed yet".to_owned()),
            Phase::Stopped => Err("stopped".to_owned()),
        }
    }
}

impl Subscribing {
    /// None = the supervision of the connection has ended.
    async fn until_it_works(self) -> Option<Subscription> {
        let queue = self.publisher.topology().work();
        let mut attempt: u32 = 0;
        loop {
            let connection = self.link.connected().await?;
            attempt = attempt.saturating_add(1);
            let error = match tokio::time::timeout(REQUEST_TIMEOUT, self.once(&connection, &queue)).await {
                Ok(Ok(subscription)) => {
                    tracing::info!(
                        queue,
                        prefetch = self.prefetch,
                        "consuming `{queue}`, at most {} unsettled",
                        self.prefetch
                    );
                    return Some(subscription);
                }
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("no answer within {} ms", REQUEST_TIMEOUT.as_millis()),
            };
            tracing::warn!(queue, attempt, "subscribing to `{queue}` failed (attempt {attempt}): {error}");
            let delay = Backoff::RECONNECT.delay(attempt, &mut rand::rng());
            tokio::time::sleep(delay).await;
        }
    }

    async fn once(&self, connection: &Connection, queue: &str) -> Result<Subscription, QueueError> {
        let failed = |error: lapin::Error| QueueError::Inspect { queue: queue.to_owned(), reason: error.to_string() };
        let channel = connection.create_channel().await.map_err(failed)?;
        // Also after the queue was deleted under the consumer: it is made anew.
        self.publisher.topology().declare(&channel).await?;
        // Before consuming, because what is sent earlier does not count against it.
        channel.basic_qos(self.prefetch, BasicQosOptions { global: false }).await.map_err(failed)?;
        let stream = channel
            .basic_consume(queue.into(), "".into(), BasicConsumeOptions::default(), FieldTable::default())
            .await
            .map_err(failed)?;
        Ok(Subscription { channel: Arc::new(channel), stream })
    }
}

impl Subscription {
    /// Cancels, then requeues what was sent ahead, oldest first, which keeps its order in the queue.
    async fn give_back_the_rest(mut self) {
        let cancelled = self.channel.basic_cancel(self.stream.tag(), BasicCancelOptions::default());
        match tokio::time::timeout(REQUEST_TIMEOUT, cancelled).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return tracing::debug!("the subscription was gone before it was cancelled: {error}"),
            Err(_) => {
                return tracing::warn!("RabbitMQ did not answer basic.cancel: what was sent ahead comes back later");
            }
        }
        let mut given_back = 0_u32;
        while let Some(Ok(message)) = self.stream.next().await {
            let id = message.properties.message_id().as_ref().map_or("", |id| id.as_str());
            settle(&message.acker, Settlement::GiveBack, id).await;
            given_back += 1;
        }
        tracing::info!(given_back, "stopped consuming: {given_back} deliveries sent ahead were given back");
    }
}
