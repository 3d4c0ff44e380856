//! What the page may do with the system behind the simulated Slack.

use std::{fmt, sync::Arc, time::Duration};

/// Does something; `Ok` is one sentence for the person who pressed the button, `Err` says why it could not be done.
type Act<T> = Arc<dyn Fn(T) -> Result<String, String> + Send + Sync>;

/// What whoever runs the services lets the page do with them. A button is shown only for what was handed over. The acts
/// are called on a thread that may block.
#[derive(Clone, Default)]
pub struct Controls {
    workers: usize,
    kill_worker: Option<Act<usize>>,
    stop_store: Option<Act<Duration>>,
}

impl Controls {
    /// So many workers answer; they are numbered from 1.
    pub fn of_workers(workers: usize) -> Self {
        Self { workers, ..Self::default() }
    }

    /// Ends a worker of this number abruptly, as a crash does.
    #[must_use]
    pub fn on_kill_worker(mut self, act: impl Fn(usize) -> Result<String, String> + Send + Sync + 'static) -> Self {
        self.kill_worker = Some(Arc::new(act));
        self
    }

    /// Makes the store unreachable for a while; returns at once.
    #[must_use]
    pub fn on_stop_store(mut self, act: impl Fn(Duration) -> Result<String, String> + Send + Sync + 'static) -> Self {
        self.stop_store = Some(Arc::new(act));
        self
    }

    /// How many workers there are.
    pub fn workers(&self) -> usize {
        self.workers
    }

    pub(crate) fn kill_worker(&self) -> Option<Act<usize>> {
        self.kill_worker.clone()
    }

    pub(crate) fn stop_store(&self) -> Option<Act<Duration>> {
        self.stop_store.clone()
    }
}

impl fmt::Debug for Controls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Controls")
            .field("workers", &self.workers)
            .field("kill_worker", &self.kill_worker.is_some())
            .field("stop_store", &self.stop_store.is_some())
            .finish()
    }
}
