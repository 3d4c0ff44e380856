//! The way out of the queue.

use std::future::Future;

use crate::Delivery;

/// Takes tasks out of the queue, each as a [`Delivery`] that the caller owns until it settles it.
///
/// A new implementation passes the whole [`crate::conformance`] suite.
pub trait TaskConsumer: Send {
    /// What is handed out.
    type Delivery: Delivery;

    /// The next delivery. Waits through reconnections for as long as it takes, and for ever while paused. `None` after
    /// [`TaskConsumer::stop`]; before it only when the connection's supervision is dead, which nothing can heal.
    ///
    /// Cancel safe: dropping the future loses nothing, so it may stand in a `select!`.
    fn next(&mut self) -> impl Future<Output = Option<Self::Delivery>> + Send;

    /// Stops consuming, and gives back what was sent ahead but nobody has taken. Deliveries in hand stay valid.
    fn pause(&mut self) -> impl Future<Output = ()> + Send;

    /// Consumes again after [`TaskConsumer::pause`], from the next [`TaskConsumer::next`] on.
    fn resume(&mut self);

    /// Pauses for good: from now on there is no next delivery.
    fn stop(&mut self) -> impl Future<Output = ()> + Send;

    /// Whether deliveries come, or would come but for a pause.
    ///
    /// # Errors
    /// What is wrong, and what to check.
    fn ready(&self) -> Result<(), String>;
}
