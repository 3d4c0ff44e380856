//! One copy of a task in a worker's hand.

use std::{fmt, future::Future};

use shared::task::Task;

use crate::{Headers, QueueError};

/// One copy of a task that the queue has lent to this process.
///
/// It is settled exactly once, by a method that consumes it. One that is dropped without is counted
/// (`threadkeeper_deliveries_dropped_total`), logged, and goes back to the queue.
pub trait Delivery: Send + Sync + Sized {
    /// The task.
    fn task(&self) -> &Task;

    /// What travelled beside it.
    fn headers(&self) -> &Headers;

    /// Whether this copy comes for the first time: neither redelivered by the broker nor ever parked.
    fn fresh(&self) -> bool;

    /// Whether the broker has delivered this very copy before: whoever held it then has lost it, or gave it back. A copy that
    /// comes from a wait queue is another one.
    fn returned(&self) -> bool;

    /// Removes the copy: its work is done. If the connection is lost the copy comes again, which is harmless.
    fn ack(self) -> impl Future<Output = ()> + Send;

    /// Puts the copy aside for `wait_ms` milliseconds (one of `delivery.waits`); it comes back with one more park.
    /// `sweep` marks the copy as one that only looks for late answers.
    ///
    /// # Errors
    /// When the queue did not take the parked copy; the delivery is handed back.
    fn park(self, wait_ms: u64, sweep: bool) -> impl Future<Output = Result<(), Kept<Self>>> + Send;

    /// Leaves one more copy, to come in `wait_ms` milliseconds (one of `delivery.waits`), while this one stays in
    /// hand.
    ///
    /// # Errors
    /// When the queue did not take it.
    fn republish(&self, wait_ms: u64, sweep: bool) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Keeps a copy among the dead letters, with the reason and the number of attempts. The delivery itself is handed
    /// back: the caller buries the question first, and then acks.
    ///
    /// # Errors
    /// When the queue did not take the dead copy; the delivery is handed back in the error too.
    fn dead_letter(self, reason: &str, attempts: u32) -> impl Future<Output = Result<Self, Kept<Self>>> + Send;

    /// Gives the copy back, for any worker, at once.
    fn give_back(self) -> impl Future<Output = ()> + Send;
}

/// A delivery that is still in hand because it could not be put elsewhere.
pub struct Kept<D> {
    /// The delivery, to be settled otherwise.
    pub delivery: D,
    /// What failed.
    pub error: QueueError,
}

impl<D> fmt::Debug for Kept<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<D> fmt::Display for Kept<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the delivery is kept: {}", self.error)
    }
}

impl<D> std::error::Error for Kept<D> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}
