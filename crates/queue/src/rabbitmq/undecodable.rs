//! Messages that are no task: kept among the dead letters at once, each alone, while the consumer goes on.

use std::sync::Arc;

use lapin::{Channel, message::Delivery};
use shared::retry::Backoff;

use super::{
    delivery::{Settlement, settle},
    properties::{self, Death},
    publisher::{Message, RabbitPublisher},
    topology::DEAD,
};

/// Publishes the raw body to `dead`, then acks; in a task of its own, so that nothing waits for it. Should the process
/// end before, the message is delivered again.
pub(super) fn bury_in_background(
    message: Delivery,
    error: &serde_json::Error,
    channel: &Arc<Channel>,
    publisher: &RabbitPublisher,
) {
    let (channel, publisher) = (Arc::clone(channel), publisher.clone());
    let reason = format!("no task: {error}");
    let id = message.properties.message_id().as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string);
    tracing::error!(
        message_id = id,
        bytes = message.data.len(),
        "message {id} is no task and goes to the dead letters: {error}; was it published by a newer version, or by hand?"
    );
    metrics::counter!("threadkeeper_undecodable_total").increment(1);
    #[expect(clippy::disallowed_methods, reason = "it ends by itself, and the message comes again if it does not")]
    tokio::spawn(async move {
        bury(&message, &id, &reason, &publisher).await;
        drop(channel);
    });
}

async fn bury(message: &Delivery, id: &str, reason: &str, publisher: &RabbitPublisher) {
    let mut headers = message.properties.headers().clone().unwrap_or_default();
    properties::mark_dead(&mut headers, &Death { reason, attempts: 0 }, publisher.clock());
    let dead = Message {
        key: DEAD,
        queue: publisher.topology().dead(),
        properties: properties::properties(id, headers, publisher.clock()),
        body: &message.data,
    };
    let mut attempt = 0;
    // When its channel is gone, the message is in the queue again, and comes to somebody else.
    while message.acker.usable() {
        match publisher.send(&dead).await {
            Ok(()) => return settle(&message.acker, Settlement::Ack, id).await,
            Err(error) => {
                attempt += 1;
                tracing::warn!(message_id = id, attempt, "message {id} is not yet among the dead letters: {error}");
                let delay = Backoff::RECONNECT.delay(attempt, &mut rand::rng());
                tokio::time::sleep(delay).await;
            }
        }
    }
}
