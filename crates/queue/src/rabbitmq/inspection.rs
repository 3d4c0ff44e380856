//! Looking at the queues, and emptying the one that must be empty.

use lapin::{
    Channel,
    options::{BasicAckOptions, BasicGetOptions, QueueDeclareOptions},
    types::FieldTable,
};

use super::{
    link::Link,
    publisher::{Message, RabbitPublisher},
    topology::{Topology, WORK},
};
use crate::QueueError;

/// How many messages are ready where. Those that are in a worker's hand do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Depths {
    /// Questions that no worker has taken yet.
    pub work: u32,
    /// Parked questions, by wait queue in ms.
    pub waits: Vec<(u64, u32)>,
    /// Questions that were given up.
    pub dead: u32,
    /// Messages that could not be routed; should be 0.
    pub unrouted: u32,
    /// Subscriptions to `work`, of all processes.
    pub consumers: u32,
}

impl Depths {
    /// Whether no question is under way: none waits, in work or parked, and nobody consumes, so none is in a worker's hand.
    pub fn nothing_is_under_way(&self) -> bool {
        self.consumers == 0 && self.work == 0 && self.unrouted == 0 && self.waits.iter().all(|(_, parked)| *parked == 0)
    }
}

/// What a passive declare tells about one queue.
struct Count {
    messages: u32,
    consumers: u32,
}

pub(super) async fn depths(link: &Link, topology: &Topology) -> Result<Depths, QueueError> {
    let channel = channel(link, &topology.work()).await?;
    let work = count(&channel, &topology.work()).await?;
    let mut waits = Vec::with_capacity(topology.waits_ms().len());
    for &wait_ms in topology.waits_ms() {
        waits.push((wait_ms, count(&channel, &topology.wait(wait_ms)).await?.messages));
    }
    Ok(Depths {
        work: work.messages,
        waits,
        dead: count(&channel, &topology.dead()).await?.messages,
        unrouted: count(&channel, &topology.unrouted()).await?.messages,
        consumers: work.consumers,
    })
}

/// Moves what is in `unrouted` to `work`, oldest first, and says how many. What arrives meanwhile is left for the next
/// time.
pub(super) async fn move_unrouted(link: &Link, publisher: &RabbitPublisher) -> Result<u32, QueueError> {
    let (unrouted, work) = (publisher.topology().unrouted(), publisher.topology().work());
    let failed = |error: lapin::Error| QueueError::Inspect { queue: unrouted.clone(), reason: error.to_string() };
    let channel = channel(link, &unrouted).await?;
    // So that a message that comes straight back is not moved for ever.
    let present = count(&channel, &unrouted).await?.messages;
    let mut moved = 0;
    while moved < present {
        let got = channel.basic_get(unrouted.as_str().into(), BasicGetOptions::default()).await.map_err(failed)?;
        let Some(message) = got else { break };
        // On an error the channel is dropped, and the message is where it was.
        let copy =
            Message { key: WORK, queue: work.clone(), properties: message.properties.clone(), body: &message.data };
        publisher.send(&copy).await?;
        message.ack(BasicAckOptions::default()).await.map_err(failed)?;
        moved += 1;
    }
    if moved > 0 {
        tracing::warn!(moved, "{moved} messages found in `{unrouted}` were moved to `{work}`");
        metrics::counter!("threadkeeper_unrouted_moved_total").increment(moved.into());
    }
    Ok(moved)
}

async fn channel(link: &Link, queue: &str) -> Result<Channel, QueueError> {
    let failed = |reason: String| QueueError::Inspect { queue: queue.to_owned(), reason };
    let connection = link.connected().await.ok_or_else(|| failed("the connection is closed for good".to_owned()))?;
    connection.create_channel().await.map_err(|error| failed(error.to_string()))
}

async fn count(channel: &Channel, queue: &str) -> Result<Count, QueueError> {
    let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let found = channel
        .queue_declare(queue.into(), passive, FieldTable::default())
        .await
        .map_err(|error| QueueError::Inspect { queue: queue.to_owned(), reason: error.to_string() })?;
    Ok(Count { messages: found.message_count(), consumers: found.consumer_count() })
}
