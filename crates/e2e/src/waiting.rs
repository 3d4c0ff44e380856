//! Waiting for something that another process does.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use crate::HarnessError;

/// The first pause between two looks; most conditions are true within a few milliseconds.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// The longest pause between two looks: short against every timeout, cheap for the machine.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// Asks `look` until it gives a value, with growing pauses, and returns that value.
///
/// Other processes do not wake us, so this polls; it is the only place of the harness that does. Log lines of a service
/// are waited for without polling: [`Service::wait_for_log`](crate::Service::wait_for_log).
///
/// # Errors
/// [`HarnessError::TimedOut`] naming `what`, when it gave none within `timeout`. It looks at least twice.
pub async fn eventually<T, L, F>(what: impl Into<String>, timeout: Duration, mut look: L) -> Result<T, HarnessError>
where
    L: FnMut() -> F,
    F: Future<Output = Option<T>>,
{
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let late = start.elapsed() >= timeout;
        // A look that hangs is cut off at the deadline, and repeated once, shortly.
        let left = timeout.saturating_sub(start.elapsed()).max(LONGEST_PAUSE);
        if let Ok(Some(value)) = tokio::time::timeout(left, look()).await {
            return Ok(value);
        }
        if late {
            return Err(HarnessError::TimedOut { what: what.into(), waited: start.elapsed() });
        }
        tokio::time::sleep(pause.min(timeout.saturating_sub(start.elapsed()))).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
