//! The way into the queue.

use std::future::Future;

use shared::task::Task;

use crate::{Headers, QueueError};

/// Publishes tasks; cheap to share, many at the same time.
///
/// A new implementation passes the whole [`crate::conformance`] suite.
pub trait TaskPublisher: Send + Sync {
    /// Publishes one copy of `task`. `Ok` means that the queue has it and keeps it through a restart.
    ///
    /// # Errors
    /// When the queue did not say so in time. It may have the copy nevertheless; publishing again is harmless.
    fn publish(&self, task: &Task, headers: &Headers) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Whether a publish has a chance at present.
    ///
    /// # Errors
    /// What is wrong, and what to check.
    fn ready(&self) -> Result<(), String>;
}
