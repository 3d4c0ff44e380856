//! Says once what goes wrong again and again.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// While it goes on it is said again after this time: often enough to be seen, and no flood.
const REMIND_AFTER: Duration = Duration::from_mins(1);

/// Something that goes wrong for every question while it lasts. The first time is an ERROR, and one a minute after that; the
/// others are WARNs about their question.
///
/// ```
/// let alarm = shared::telemetry::Alarm::default();
/// assert!(alarm.raise());
/// assert!(!alarm.raise());
/// assert_eq!(alarm.clear().map(|over| over.times), Some(2));
/// assert!(alarm.clear().is_none());
/// ```
#[derive(Debug, Default)]
pub struct Alarm(Mutex<Option<Raised>>);

/// Logs as an ERROR what an [`Alarm`] has to tell a person now, and as a WARN what it has told already: an outage that concerns
/// a thousand questions is one ERROR. Fields and message are those of `tracing::error!`.
#[macro_export]
macro_rules! error_once {
    ($alarm:expr, $($line:tt)+) => {
        if $alarm.raise() { tracing::error!($($line)+) } else { tracing::warn!($($line)+) }
    };
}

#[derive(Debug)]
struct Raised {
    since: Instant,
    said: Instant,
    times: u64,
}

/// An alarm that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cleared {
    /// How long it lasted.
    pub lasted: Duration,
    /// How often it was raised.
    pub times: u64,
}

impl Alarm {
    /// One that has not been raised, as in `static ALARM: Alarm = Alarm::new()`.
    pub const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// It went wrong; whether a person must be told now.
    pub fn raise(&self) -> bool {
        self.raise_at(Instant::now())
    }

    /// It went well; what is over, if anything was wrong.
    pub fn clear(&self) -> Option<Cleared> {
        self.raised().take().map(|raised| Cleared { lasted: raised.since.elapsed(), times: raised.times })
    }

    fn raise_at(&self, now: Instant) -> bool {
        let mut raised = self.raised();
        let Some(raised) = &mut *raised else {
            *raised = Some(Raised { since: now, said: now, times: 1 });
            return true;
        };
        raised.times += 1;
        let again = now.saturating_duration_since(raised.said) >= REMIND_AFTER;
        if again {
            raised.said = now;
        }
        again
    }

    fn raised(&self) -> MutexGuard<'_, Option<Raised>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_told_once_a_minute() {
        let (alarm, start) = (Alarm::default(), Instant::now());
        let told = (0..180).filter(|second| alarm.raise_at(start + Duration::from_secs(*second))).count();
        assert_eq!(told, 3);
    }

    #[test]
    fn after_it_was_over_it_is_news_again() {
        let alarm = Alarm::default();
        assert!(alarm.raise() && !alarm.raise());
        assert_eq!(alarm.clear().map(|over| over.times), Some(2));
        assert!(alarm.raise());
    }
}
