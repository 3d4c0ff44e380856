//! Reading a queue without changing it.
//!
//! One consumer takes all that is there and acks nothing; when its channel closes the broker puts everything back, in its old
//! order, before what came meanwhile (in a queue with a delivery limit, which `dead` has; behind it in one without). A part
//! of a queue cannot be read without a change: what was read once and put back stands in a line of its own, and the part
//! goes to the end of that line (measured on 3.10.8). `basic.get` with a nack does the same, message by message.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use futures_util::StreamExt;
use lapin::{
    Channel,
    message::Delivery,
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};
use shared::task::Task;

use super::{
    desk::{Desk, REQUEST_TIMEOUT, answered, failed},
    properties::{self, Buried},
};
use crate::{Headers, QueueError};

/// What the broker has counted and does not deliver within this time is not there any more.
const QUIET: Duration = Duration::from_secs(2);

/// Between two looks whether the broker has put everything back.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Messages of one queue, held by this process. Dropped without [`Reading::put_back`] they go back with the connection.
pub struct Reading<'d> {
    desk: &'d Desk,
    channel: Channel,
    queue: String,
    letters: Vec<Letter>,
    removed: AtomicU32,
    total: u32,
}

/// One message, as it lies in its queue.
pub struct Letter {
    message: Delivery,
    task: Result<Task, String>,
    headers: Headers,
    buried: Buried,
}

impl Letter {
    fn of(message: Delivery) -> Self {
        let fields = message.properties.headers().as_ref();
        let (headers, buried) = (properties::decode(fields), properties::burial(fields));
        let task = serde_json::from_slice(&message.data).map_err(|error| error.to_string());
        Self { message, task, headers, buried }
    }

    /// The task.
    ///
    /// # Errors
    /// When the message is none; what is wrong with it.
    pub fn task(&self) -> Result<&Task, &str> {
        self.task.as_ref().map_err(String::as_str)
    }

    /// What travels beside it.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// Why it was given up; none = it does not say so.
    pub fn reason(&self) -> Option<&str> {
        self.buried.reason.as_deref()
    }

    /// After how many attempts.
    pub fn attempts(&self) -> Option<u32> {
        self.buried.attempts
    }

    /// When it was given up, ms since 1970.
    pub fn given_up_ms(&self) -> Option<u64> {
        self.buried.at_ms
    }

    /// The message as it was published.
    pub fn body(&self) -> &[u8] {
        &self.message.data
    }

    /// Slack's event id.
    pub fn message_id(&self) -> &str {
        self.message.properties.message_id().as_ref().map_or("", |id| id.as_str())
    }
}

impl<'d> Reading<'d> {
    pub(super) async fn begin(desk: &'d Desk, queue: &str) -> Result<Self, QueueError> {
        let examined = |reason: &str| QueueError::Inspect { queue: queue.to_owned(), reason: reason.to_owned() };
        let count = desk.count(queue).await?.ok_or_else(|| {
            examined("there is no such queue; check amqp.prefix, and that a responder has run with this configuration")
        })?;
        if count.consumers > 0 {
            return Err(examined(
                "somebody else is reading it at this moment (each would see a part); try again when they have ended",
            ));
        }
        let channel = desk.channel(queue).await?;
        let reading = Self {
            desk,
            channel,
            queue: queue.to_owned(),
            letters: Vec::new(),
            removed: AtomicU32::new(0),
            total: count.ready,
        };
        match u16::try_from(count.ready) {
            Ok(0) => Ok(reading),
            Ok(all) => reading.take(all).await,
            Err(_) => Err(examined(
                "it holds more than 65535 messages, the most that one consumer holds, and a part cannot be read without a \
                 change of their order",
            )),
        }
    }

    async fn take(mut self, wanted: u16) -> Result<Self, QueueError> {
        let (channel, queue) = (&self.channel, self.queue.as_str());
        // What comes later is not sent: it would be put back before what is there.
        let qos = channel.basic_qos(wanted, BasicQosOptions { global: false });
        answered(queue, qos).await?.map_err(|error| failed(queue, &error))?;
        let consume =
            channel.basic_consume(queue.into(), "".into(), BasicConsumeOptions::default(), FieldTable::default());
        let mut messages = answered(queue, consume).await?.map_err(|error| failed(queue, &error))?;
        while self.letters.len() < usize::from(wanted) {
            match tokio::time::timeout(QUIET, messages.next()).await {
                Ok(Some(Ok(message))) => self.letters.push(Letter::of(message)),
                Ok(Some(Err(error))) => return Err(failed(queue, &error)),
                Ok(None) | Err(_) => break,
            }
        }
        Ok(self)
    }

    /// What was read, oldest first.
    pub fn letters(&self) -> &[Letter] {
        &self.letters
    }

    /// How many the queue held; when it was counted; more than were read, if somebody took some.
    pub fn total(&self) -> u32 {
        self.total
    }

    /// Removes a letter from its queue for good.
    ///
    /// # Errors
    /// When it could not be removed; it is still there.
    pub async fn remove(&self, letter: &Letter) -> Result<(), QueueError> {
        let acked = answered(&self.queue, letter.message.acker.ack(BasicAckOptions::default())).await?;
        acked.map_err(|error| failed(&self.queue, &error))?;
        self.removed.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Gives everything back that was not removed, and waits until it is in its queue again, so that whoever reads next
    /// sees all of it.
    ///
    /// # Errors
    /// When the broker does not answer; it puts everything back with the connection then.
    pub async fn put_back(self) -> Result<(), QueueError> {
        let removed = self.removed.load(Ordering::Relaxed);
        let held = u32::try_from(self.letters.len()).unwrap_or(u32::MAX).saturating_sub(removed);
        let closed = answered(&self.queue, self.channel.close(200, "OK".into())).await?;
        closed.map_err(|error| failed(&self.queue, &error))?;
        let back = async {
            loop {
                // Another reader would find the one that has just ended, or a part.
                let there = |count: super::Count| count.ready >= held && count.consumers == 0;
                if self.desk.count(&self.queue).await?.is_none_or(there) {
                    return Ok(());
                }
                tokio::time::sleep(BETWEEN_LOOKS).await;
            }
        };
        tokio::time::timeout(REQUEST_TIMEOUT, back).await.unwrap_or(Ok(()))
    }
}
