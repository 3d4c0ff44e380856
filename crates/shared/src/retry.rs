//! The one retry policy: how long to wait before the next attempt, as a pure function.

use std::time::Duration;

use rand::Rng;

/// Exponential backoff with full jitter, bounded.
///
/// Attempt 1 waits up to `first`, attempt 2 up to twice that, and so on up to `longest`. Full jitter (a random share of
/// the delay) keeps many processes that lost the same server from coming back at the same moment
/// (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The longest possible wait before the second attempt.
    pub first: Duration,
    /// The longest possible wait before any attempt.
    pub longest: Duration,
}

impl Backoff {
    /// For connections to a server that will be back: 100 ms, doubling, at most 5 s.
    pub const RECONNECT: Self = Self { first: Duration::from_millis(100), longest: Duration::from_secs(5) };

    /// The upper bound of the wait after `attempt` failed attempts (1 = the first one failed).
    pub fn ceiling(self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }

    /// The wait after `attempt` failed attempts: between half of the ceiling and the ceiling.
    pub fn delay(self, attempt: u32, random: &mut impl Rng) -> Duration {
        self.ceiling(attempt).mul_f64(random.random_range(0.5..=1.0))
    }
}

/// The waits of a question that failed, by how often it failed: 5 s, 30 s, 30 s, then 120 s.
///
/// `waits` are the wait queues' times in ms, ascending; the answer is one of them. A person who asked during a short
/// disturbance is answered soon, and one poison question costs its thread about nine minutes at most.
pub fn failed_question_wait(waits: &[u64], attempt: u32) -> u64 {
    let place = match attempt {
        0 | 1 => 1,
        2 | 3 => 2,
        _ => 3,
    };
    waits.get(place).or(waits.last()).copied().unwrap_or(1000)
}

/// How long a question that is not at the head of its thread is parked, by how many are before it.
///
/// `waits` are the wait queues' times in ms, ascending. Up to 3 before it: the shortest; up to 30, up to 300, more: the
/// next ones. The further back, the rarer it asks, so that 500 open questions of one thread cost about 24 messages a
/// second.
pub fn turn_wait(waits: &[u64], before: u64) -> u64 {
    let place = match before {
        0..=3 => 0,
        4..=30 => 1,
        31..=300 => 2,
        _ => 3,
    };
    waits.get(place).or(waits.last()).copied().unwrap_or(1000)
}

/// The shortest of `waits` (ms, ascending) that is at least `wanted`, or the longest there is.
pub fn wait_at_least(waits: &[u64], wanted: Duration) -> u64 {
    let wanted = u64::try_from(wanted.as_millis()).unwrap_or(u64::MAX);
    waits.iter().copied().find(|wait| *wait >= wanted).or(waits.last().copied()).unwrap_or(1000)
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};
    use rstest::rstest;

    use super::*;

    const WAITS: [u64; 4] = [1_000, 5_000, 30_000, 120_000];

    #[test]
    fn backoff_doubles_up_to_its_bound() {
        let ceilings: Vec<u128> = (1..=8).map(|n| Backoff::RECONNECT.ceiling(n).as_millis()).collect();
        assert_eq!(ceilings, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(Backoff::RECONNECT.ceiling(u32::MAX), Duration::from_secs(5));
    }

    #[test]
    fn jitter_stays_between_half_and_all_of_the_ceiling() {
        let mut random = StdRng::seed_from_u64(7);
        for attempt in 1..100 {
            let (delay, ceiling) =
                (Backoff::RECONNECT.delay(attempt, &mut random), Backoff::RECONNECT.ceiling(attempt));
            assert!(delay >= ceiling / 2 && delay <= ceiling, "{delay:?} after {attempt} attempts");
        }
    }

    #[rstest]
    #[case(1, 5_000)]
    #[case(2, 30_000)]
    #[case(3, 30_000)]
    #[case(4, 120_000)]
    #[case(9, 120_000)]
    fn a_failed_question_waits_longer_each_time(#[case] attempt: u32, #[case] wait: u64) {
        assert_eq!(failed_question_wait(&WAITS, attempt), wait);
    }

    #[rstest]
    #[case(1, 1_000)]
    #[case(3, 1_000)]
    #[case(4, 5_000)]
    #[case(30, 5_000)]
    #[case(300, 30_000)]
    #[case(5_000, 120_000)]
    fn a_question_further_back_asks_more_rarely(#[case] before: u64, #[case] wait: u64) {
        assert_eq!(turn_wait(&WAITS, before), wait);
    }

    #[rstest]
    #[case(0, 1_000)]
    #[case(1_001, 5_000)]
    #[case(999_999, 120_000)]
    fn a_retry_after_is_rounded_up_to_a_wait_queue(#[case] wanted: u64, #[case] wait: u64) {
        assert_eq!(wait_at_least(&WAITS, Duration::from_millis(wanted)), wait);
    }

    #[test]
    fn one_wait_queue_is_enough() {
        assert_eq!(turn_wait(&[200], 1_000), 200);
        assert_eq!(failed_question_wait(&[200], 4), 200);
        assert_eq!(wait_at_least(&[200], Duration::from_secs(9)), 200);
    }
}
