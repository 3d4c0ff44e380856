//! Times as people read them.

use std::time::{Duration, UNIX_EPOCH};

/// A moment in UTC, `2026-11-25 01:02:03`; ms since 1970.
pub(crate) fn timestamp(ms: u64) -> String {
    let moment = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_millis(ms)).to_string();
    moment.replace('T', " ").trim_end_matches('Z').to_owned()
}

/// How long ago a moment was, both in ms since 1970. Clocks of two machines may differ: the future is now.
pub(crate) fn ago(moment_ms: u64, now_ms: u64) -> String {
    duration(Duration::from_millis(now_ms.saturating_sub(moment_ms)))
}

/// A duration in its two largest units: `3d 4h`, `5m 12s`, `340ms`.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes, seconds) {
        (0, 0, 0, 0) => format!("{}ms", duration.as_millis()),
        (0, 0, 0, seconds) => format!("{seconds}s"),
        (0, 0, minutes, seconds) => format!("{minutes}m {}s", seconds % 60),
        (0, hours, minutes, _) => format!("{hours}h {minutes}m"),
        (days, hours, ..) => format!("{days}d {hours}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_in_their_two_largest_units() {
        let told = [340, 1_000, 59_999, 60_000, 312_000, 3_600_000, 90_000_000, 864_000_000];
        let told = told.map(|ms| duration(Duration::from_millis(ms)));
        assert_eq!(told, ["340ms", "1s", "59s", "1m 0s", "5m 12s", "1h 0m", "1d 1h", "10d 0h"]);
    }

    #[test]
    fn moments_are_told_in_utc() {
        assert_eq!(timestamp(1_729_636_805_123), "2024-10-22 22:40:05");
        assert_eq!(ago(5_000, 3_000), "0ms");
    }
}
