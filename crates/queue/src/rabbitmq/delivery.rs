//! A copy of a task that RabbitMQ has lent to this process.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;
use lapin::{
    Acker, Channel,
    options::{BasicAckOptions, BasicNackOptions},
};
use shared::task::Task;

use super::{
    properties::{self, Death},
    publisher::{Message, RabbitPublisher},
    topology::DEAD,
};
use crate::{Delivery, Headers, Kept, QueueError};

/// Longest time for handing an ack to the socket. After it the copy counts as not acked, and comes again.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(5);

/// A copy of a task in hand.
///
/// Dropped without being settled it is given back: at once by a nack in the background, or by the end of its channel
/// if that is gone.
pub struct RabbitDelivery(Box<Lent>);

struct Lent {
    task: Task,
    headers: Headers,
    /// As it came, so that parking hands on what a newer version wrote.
    body: Vec<u8>,
    redelivered: bool,
    acker: Acker,
    publisher: RabbitPublisher,
    settled: bool,
    /// Keeps the channel open: it closes with its last user, and an ack is good on its own channel only.
    _channel: Arc<Channel>,
}

/// How a delivery ends at the broker.
#[derive(Debug, Clone, Copy)]
pub(super) enum Settlement {
    Ack,
    GiveBack,
}

impl RabbitDelivery {
    /// `message`, which holds `task`.
    pub(super) fn new(
        task: Task,
        message: lapin::message::Delivery,
        channel: &Arc<Channel>,
        publisher: &RabbitPublisher,
    ) -> Self {
        Self(Box::new(Lent {
            task,
            headers: properties::decode(message.properties.headers().as_ref()),
            body: message.data,
            redelivered: message.redelivered,
            acker: message.acker,
            publisher: publisher.clone(),
            settled: false,
            _channel: Arc::clone(channel),
        }))
    }
}

impl Lent {
    fn event_id(&self) -> &str {
        properties::message_id(&self.task)
    }

    async fn settle(&mut self, settlement: Settlement) {
        self.settled = true;
        settle(&self.acker, settlement, properties::message_id(&self.task)).await;
    }

    async fn park(&self, wait_ms: u64, sweep: bool) -> Result<(), QueueError> {
        let topology = self.publisher.topology();
        let key = topology.wait_key(wait_ms)?;
        let headers = properties::encode(&self.headers.parked(sweep));
        let message = Message {
            key: &key,
            queue: topology.wait(wait_ms),
            properties: properties::properties(self.event_id(), headers, self.publisher.clock()),
            body: &self.body,
        };
        self.publisher.send(&message).await?;
        metrics::counter!("threadkeeper_parks_total").increment(1);
        Ok(())
    }

    async fn bury(&self, reason: &str, attempts: u32) -> Result<(), QueueError> {
        let mut headers = properties::encode(&self.headers.buried());
        properties::mark_dead(&mut headers, &Death { reason, attempts }, self.publisher.clock());
        let message = Message {
            key: DEAD,
            queue: self.publisher.topology().dead(),
            properties: properties::properties(self.event_id(), headers, self.publisher.clock()),
            body: &self.body,
        };
        self.publisher.send(&message).await?;
        metrics::counter!("threadkeeper_dead_letters_total").increment(1);
        Ok(())
    }
}

/// Tells the broker how a message ended. A lost connection is logged: the copy comes again.
pub(super) async fn settle(acker: &Acker, settlement: Settlement, message_id: &str) {
    let telling = async {
        match settlement {
            Settlement::Ack => acker.ack(BasicAckOptions::default()).await,
            Settlement::GiveBack => acker.nack(BasicNackOptions { requeue: true, multiple: false }).await,
        }
    };
    let why = match tokio::time::timeout(SETTLE_TIMEOUT, telling).await {
        Ok(Ok(true)) => return,
        Ok(Ok(false)) => "its channel is gone".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("not sent within {} ms", SETTLE_TIMEOUT.as_millis()),
    };
    tracing::warn!(
        slack.event_id = message_id, settlement = ?settlement,
        "{settlement:?} of {message_id} did not reach RabbitMQ ({why}): the copy comes again, which is harmless"
    );
}

impl Delivery for RabbitDelivery {
    fn task(&self) -> &Task {
        &self.0.task
    }

    fn headers(&self) -> &Headers {
        &self.0.headers
    }

    fn fresh(&self) -> bool {
        !self.0.redelivered && self.0.headers.parks == 0
    }

    fn returned(&self) -> bool {
        self.0.redelivered
    }

    async fn ack(mut self) {
        self.0.settle(Settlement::Ack).await;
    }

    async fn park(self, wait_ms: u64, sweep: bool) -> Result<(), Kept<Self>> {
        match self.0.park(wait_ms, sweep).await {
            Ok(()) => {
                self.ack().await;
                Ok(())
            }
            Err(error) => Err(Kept { delivery: self, error }),
        }
    }

    async fn republish(&self, wait_ms: u64, sweep: bool) -> Result<(), QueueError> {
        self.0.park(wait_ms, sweep).await
    }

    async fn dead_letter(self, reason: &str, attempts: u32) -> Result<Self, Kept<Self>> {
        match self.0.bury(reason, attempts).await {
            Ok(()) => Ok(self),
            Err(error) => Err(Kept { delivery: self, error }),
        }
    }

    async fn give_back(mut self) {
        self.0.settle(Settlement::GiveBack).await;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        metrics::counter!("threadkeeper_deliveries_dropped_total").increment(1);
        // The first poll hands the nack to the client's own task; nothing has to wait for it here.
        let nack = self.acker.nack(BasicNackOptions { requeue: true, multiple: false }).now_or_never();
        let event_id = self.event_id();
        tracing::warn!(
            slack.event_id = event_id, nack = ?nack,
            "delivery of {event_id} was dropped unsettled: it is given back to the queue"
        );
    }
}
