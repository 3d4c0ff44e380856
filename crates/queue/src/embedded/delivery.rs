//! A copy of a task that the file has lent to a worker.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use shared::task::Task;

use super::{
    EmbeddedQueue,
    file::{self, Place, Stored},
    lines::Copy,
};
use crate::{Delivery, Headers, Kept, QueueError};

/// A copy of a task in hand. Dropped without being settled it is given back at once.
pub struct EmbeddedDelivery(Box<Lent>);

struct Lent {
    /// None = settled.
    copy: Option<Copy>,
    in_hand: InHand,
}

/// Counts as one unsettled delivery of its consumer while it lives.
pub(super) struct InHand {
    count: Arc<AtomicU16>,
    queue: EmbeddedQueue,
}

impl InHand {
    pub(super) fn one_more(count: &Arc<AtomicU16>, queue: &EmbeddedQueue) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self { count: Arc::clone(count), queue: queue.clone() }
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::SeqCst);
        // After it was counted: its consumer may take another one now.
        self.queue.0.changed.notify_waiters();
    }
}

impl EmbeddedDelivery {
    pub(super) fn new(copy: Copy, in_hand: InHand) -> Self {
        Self(Box::new(Lent { copy: Some(copy), in_hand }))
    }

    fn queue(&self) -> &EmbeddedQueue {
        &self.0.in_hand.queue
    }

    fn copy(&self) -> &Copy {
        self.0.copy.as_ref().expect("a delivery is used before it is settled")
    }

    /// What the file says of this copy, elsewhere.
    fn stored(&self, place: Place, headers: Headers) -> Result<Stored, QueueError> {
        Stored::new(place, headers, &self.copy().task)
    }

    /// Moves the copy aside, in one step.
    fn put_aside(&mut self, wait_ms: u64, sweep: bool) -> Result<(), QueueError> {
        let queue = self.queue().clone();
        let headers = self.copy().headers.parked(sweep);
        let stored = self.stored(queue.wait(wait_ms)?, headers.clone())?;
        let number = self.copy().number;
        file::write(&queue.0.database, |copies| copies.put(number, &stored))?;
        if let Some(copy) = self.0.copy.take() {
            let copy = Copy { headers, redelivered: false, ..copy };
            queue.change(|lines| lines.put_aside(copy, Duration::from_millis(wait_ms)));
        }
        metrics::counter!("threadkeeper_parks_total").increment(1);
        Ok(())
    }

    fn keep_dead(&self, reason: String, attempts: u32) -> Result<(), QueueError> {
        let queue = self.queue();
        let copy = self.copy();
        queue.add(Place::Dead { reason, attempts }, copy.headers.buried(), copy.task.clone())?;
        metrics::counter!("threadkeeper_dead_letters_total").increment(1);
        Ok(())
    }
}

impl Delivery for EmbeddedDelivery {
    fn task(&self) -> &Task {
        &self.copy().task
    }

    fn headers(&self) -> &Headers {
        &self.copy().headers
    }

    fn fresh(&self) -> bool {
        !self.copy().redelivered && self.copy().headers.parks == 0
    }

    fn returned(&self) -> bool {
        self.copy().redelivered
    }

    async fn ack(mut self) {
        let queue = self.queue().clone();
        queue
            .blocking(move |queue| {
                let number = self.copy().number;
                if let Err(error) = file::write(&queue.0.database, |copies| copies.remove(number)) {
                    tracing::warn!("copy {number} could not be removed, it comes again, which is harmless: {error}");
                }
                self.0.copy = None;
            })
            .await;
    }

    async fn park(mut self, wait_ms: u64, sweep: bool) -> Result<(), Kept<Self>> {
        let queue = self.queue().clone();
        queue.blocking(move |_| self.put_aside(wait_ms, sweep).map_err(|error| Kept { delivery: self, error })).await
    }

    async fn republish(&self, wait_ms: u64, sweep: bool) -> Result<(), QueueError> {
        let place = self.queue().wait(wait_ms)?;
        let (headers, task) = (self.headers().parked(sweep), self.task().clone());
        self.queue().blocking(move |queue| queue.add(place, headers, task)).await
    }

    async fn dead_letter(self, reason: &str, attempts: u32) -> Result<Self, Kept<Self>> {
        let (queue, reason) = (self.queue().clone(), reason.to_owned());
        queue
            .blocking(move |_| match self.keep_dead(reason, attempts) {
                Ok(()) => Ok(self),
                Err(error) => Err(Kept { delivery: self, error }),
            })
            .await
    }

    async fn give_back(mut self) {
        if let Some(copy) = self.0.copy.take() {
            self.queue().lines().give_back(copy);
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(copy) = self.copy.take() {
            metrics::counter!("threadkeeper_deliveries_dropped_total").increment(1);
            tracing::warn!("copy {} was dropped unsettled: it is given back to the queue", copy.number);
            self.in_hand.queue.lines().give_back(copy);
        }
    }
}
