//! Time as a parameter, so that tests decide what time it is.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Wall-clock time for signatures and log lines. Order and leases never depend on it: they use Slack's `ts` and Redis'
/// clock.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands still until it is moved.
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// A clock at `millis` milliseconds since 1970 that only [`Clock::advance`] moves.
    pub fn manual(millis: u64) -> Self {
        Self::Manual(Arc::new(AtomicU64::new(millis)))
    }

    /// Milliseconds since 1970.
    pub fn millis(&self) -> u64 {
        match self {
            Self::System => {
                #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
                let now = SystemTime::now();
                let since = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
                u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
            }
            Self::Manual(millis) => millis.load(Ordering::SeqCst),
        }
    }

    /// Seconds since 1970.
    pub fn seconds(&self) -> u64 {
        self.millis() / 1000
    }

    /// Moves a manual clock forward; a system clock moves by itself.
    pub fn advance(&self, by: Duration) {
        if let Self::Manual(millis) = self {
            millis.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
        }
    }
}
