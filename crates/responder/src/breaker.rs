//! A breaker: after a few failures in a row nobody asks a dependency that is down, but for one trial now and then.

use std::time::{Duration, Instant};

use rand::Rng;
use shared::retry::Backoff;

/// Between two trials. At most 30 s, so that a waiting question, parked for the next longer wait queue, comes soon after
/// the dependency is back.
const TRIALS: Backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(30) };

/// While a question waits somebody tries within this time. Longer without a try: nobody needs the dependency here, and
/// whether it still is down is not known.
const UNTRIED: Duration = Duration::from_mins(1);

/// Whether a dependency may be used. Time is a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Breaker {
    /// It opens after so many failures in a row.
    threshold: u32,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Everybody may use it.
    Closed { failures: u32 },
    /// Nobody may before this time; then one may try.
    Open { trials: u32, until: Instant },
    /// Somebody is trying; the others come again after a pause.
    HalfOpen { trials: u32, pause: Duration },
}

/// How somebody may use the dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// As usual.
    Normal,
    /// As the only one, who finds out whether it works again.
    Trial,
}

/// What a failure did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failed {
    /// Not enough in a row; the dependency stays in use.
    Counted,
    /// The breaker is open from now on.
    Opened,
    /// It was open before.
    StillOpen,
}

impl Breaker {
    /// A closed one that opens after `threshold` failures in a row.
    pub(crate) fn new(threshold: u32) -> Self {
        Self { threshold, state: State::Closed { failures: 0 } }
    }

    /// Asks to use the dependency now.
    ///
    /// # Errors
    /// After how long to ask again.
    pub(crate) fn enter(&mut self, now: Instant) -> Result<Use, Duration> {
        if let Some(left) = self.left(now) {
            return Err(left);
        }
        let State::Open { trials, .. } = self.state else { return Ok(Use::Normal) };
        self.state = State::HalfOpen { trials, pause: TRIALS.ceiling(trials) };
        Ok(Use::Trial)
    }

    /// After how long [`enter`](Self::enter) may succeed; none = now.
    pub(crate) fn left(&self, now: Instant) -> Option<Duration> {
        match self.state {
            State::Closed { .. } => None,
            State::Open { until, .. } => Some(until.saturating_duration_since(now)).filter(|left| !left.is_zero()),
            State::HalfOpen { pause, .. } => Some(pause),
        }
    }

    /// Whether the dependency is known to be down.
    pub(crate) fn is_open(&self, now: Instant) -> bool {
        match self.state {
            State::Closed { .. } => false,
            State::Open { until, .. } => now < until + UNTRIED,
            State::HalfOpen { .. } => true,
        }
    }

    /// It was used and it works.
    pub(crate) fn succeeded(&mut self) {
        self.state = State::Closed { failures: 0 };
    }

    /// It was used and failed.
    pub(crate) fn failed(&mut self, used: Use, now: Instant, random: &mut impl Rng) -> Failed {
        let mut open = |trials: u32| State::Open { trials, until: now + TRIALS.delay(trials, random) };
        match (self.state, used) {
            (State::Closed { failures }, _) if failures + 1 < self.threshold => {
                self.state = State::Closed { failures: failures + 1 };
                Failed::Counted
            }
            (State::Closed { .. }, _) => {
                self.state = open(1);
                Failed::Opened
            }
            (State::HalfOpen { trials, .. }, Use::Trial) => {
                self.state = open(trials.saturating_add(1));
                Failed::StillOpen
            }
            // Begun before the breaker opened: says nothing new.
            (State::Open { .. } | State::HalfOpen { .. }, _) => Failed::StillOpen,
        }
    }

    /// A trial ended without a finding: another one may begin at once.
    pub(crate) fn abandoned(&mut self, now: Instant) {
        if let State::HalfOpen { trials, .. } = self.state {
            self.state = State::Open { trials, until: now };
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    fn fail(breaker: &mut Breaker, used: Use, now: Instant) -> Failed {
        breaker.failed(used, now, &mut StdRng::seed_from_u64(7))
    }

    /// An open breaker, and the time at which it may be tried.
    fn opened(now: Instant) -> (Breaker, Instant) {
        let mut breaker = Breaker::new(1);
        assert_eq!(fail(&mut breaker, Use::Normal, now), Failed::Opened);
        let left = breaker.left(now).expect("it is open");
        (breaker, now + left)
    }

    #[test]
    fn it_opens_after_so_many_failures_in_a_row_and_a_success_begins_anew() {
        let (mut breaker, now) = (Breaker::new(3), Instant::now());
        for _ in 0..2 {
            assert_eq!(fail(&mut breaker, Use::Normal, now), Failed::Counted);
            assert_eq!(fail(&mut breaker, Use::Normal, now), Failed::Counted);
            assert_eq!(breaker.enter(now), Ok(Use::Normal));
            breaker.succeeded();
        }
        fail(&mut breaker, Use::Normal, now);
        fail(&mut breaker, Use::Normal, now);
        assert_eq!(fail(&mut breaker, Use::Normal, now), Failed::Opened);
        assert!(breaker.is_open(now));
        assert!(breaker.enter(now).is_err());
    }

    #[test]
    fn one_at_a_time_tries_when_the_pause_is_over() {
        let start = Instant::now();
        let (mut breaker, then) = opened(start);
        assert!(breaker.enter(start).is_err());
        assert_eq!(breaker.enter(then), Ok(Use::Trial));
        assert!(breaker.enter(then + Duration::from_mins(10)).is_err(), "another one while the trial is under way");
    }

    #[test]
    fn a_trial_that_succeeds_closes_it_and_one_that_fails_opens_it_for_longer() {
        let start = Instant::now();
        let (mut breaker, mut then) = opened(start);
        let mut pauses = vec![then - start];
        for _ in 0..9 {
            assert_eq!(breaker.enter(then), Ok(Use::Trial));
            assert_eq!(fail(&mut breaker, Use::Trial, then), Failed::StillOpen);
            let pause = breaker.left(then).expect("it is open");
            pauses.push(pause);
            then += pause;
        }
        assert!(pauses[1] > pauses[0] && pauses[9] > pauses[1] && pauses[9] <= TRIALS.longest, "{pauses:?}");
        assert_eq!(breaker.enter(then), Ok(Use::Trial));
        assert!(breaker.is_open(then));
        breaker.succeeded();
        assert!(!breaker.is_open(then));
        assert_eq!(breaker.enter(then), Ok(Use::Normal));
    }

    #[test]
    fn a_trial_without_a_finding_leaves_the_place_to_another() {
        let (mut breaker, then) = opened(Instant::now());
        assert_eq!(breaker.enter(then), Ok(Use::Trial));
        breaker.abandoned(then);
        assert!(breaker.is_open(then));
        assert_eq!(breaker.enter(then), Ok(Use::Trial));
    }

    #[test]
    fn one_that_nobody_has_tried_for_long_is_not_known_to_be_down() {
        let (mut breaker, then) = opened(Instant::now());
        assert!(breaker.is_open(then));
        assert!(!breaker.is_open(then + UNTRIED));
        assert_eq!(breaker.enter(then + UNTRIED), Ok(Use::Trial));
        assert!(breaker.is_open(then + UNTRIED));
    }

    #[test]
    fn a_use_that_began_before_it_opened_neither_lengthens_the_pause_nor_ends_the_trial() {
        let (mut breaker, then) = opened(Instant::now());
        let before = breaker;
        assert_eq!(fail(&mut breaker, Use::Normal, then), Failed::StillOpen);
        assert_eq!(breaker, before);
        assert_eq!(breaker.enter(then), Ok(Use::Trial));
        let trying = breaker;
        assert_eq!(fail(&mut breaker, Use::Normal, then), Failed::StillOpen);
        assert_eq!(breaker, trying);
    }
}
