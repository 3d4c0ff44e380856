//! Something that answers depend on, behind its breaker: used, counted, and spoken about in one place, so that an outage is
//! one line in the log and not one for each question.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::breaker::{Breaker, Failed, Use};

/// A dependency and whether it can be used.
pub(crate) struct Dependency {
    /// Its name as a probe and as a metric's label.
    name: &'static str,
    /// What cannot be done while it is down.
    effect: &'static str,
    /// What a person can do about it.
    check: &'static str,
    known: Mutex<Known>,
}

struct Known {
    breaker: Breaker,
    /// Since when it cannot be used, and why.
    down: Option<(Instant, String)>,
}

impl Dependency {
    /// One that opens its breaker after `threshold` failures in a row; healthy until then.
    pub(crate) fn new(name: &'static str, effect: &'static str, check: &'static str, threshold: u32) -> Self {
        metrics::gauge!("threadkeeper_breaker_open", "dependency" => name).set(0.0);
        Self { name, effect, check, known: Mutex::new(Known { breaker: Breaker::new(threshold), down: None }) }
    }

    /// Its name as a probe.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Asks to use it.
    ///
    /// # Errors
    /// After how long to ask again.
    pub(crate) fn enter(&self) -> Result<Pass<'_>, Duration> {
        let used = self.known().breaker.enter(Instant::now())?;
        Ok(Pass { dependency: self, used, found: false })
    }

    /// After how long it may be used; none = now.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.known().breaker.left(Instant::now())
    }

    /// Whether it works as far as is known; if not, what is wrong with it.
    pub(crate) fn probe(&self) -> Result<(), String> {
        let known = self.known();
        match &known.down {
            Some((_, reason)) if known.breaker.is_open(Instant::now()) => {
                Err(format!("{}, questions wait: {reason}; check {}", self.effect, self.check))
            }
            _ => Ok(()),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn succeeded(&self) {
        let mut known = self.known();
        known.breaker.succeeded();
        let Some((since, _)) = known.down.take() else { return };
        let seconds = since.elapsed().as_secs();
        metrics::gauge!("threadkeeper_breaker_open", "dependency" => self.name).set(0.0);
        tracing::info!(
            dependency = self.name,
            outcome = "dependency_back",
            seconds,
            "`{}` can be used again after {seconds} s, waiting questions are answered",
            self.name
        );
    }

    fn failed(&self, used: Use, reason: &str) {
        let mut known = self.known();
        let failed = known.breaker.failed(used, Instant::now(), &mut rand::rng());
        match failed {
            Failed::Counted => return,
            Failed::Opened => {
                metrics::gauge!("threadkeeper_breaker_open", "dependency" => self.name).set(1.0);
                tracing::error!(
                    dependency = self.name,
                    outcome = "dependency_away",
                    "{}, `{}` cannot be used; questions wait and nothing is lost; check {}: {reason}",
                    self.effect,
                    self.name,
                    self.check,
                );
            }
            Failed::StillOpen => {}
        }
        let since = known.down.take().map_or_else(Instant::now, |(since, _)| since);
        known.down = Some((since, reason.to_owned()));
    }
}

/// The right to use a dependency once. Dropped without a finding, as when the process stops, it says nothing about it.
pub(crate) struct Pass<'a> {
    dependency: &'a Dependency,
    used: Use,
    found: bool,
}

impl Pass<'_> {
    /// Whether everybody else waits for the finding.
    pub(crate) fn is_trial(&self) -> bool {
        self.used == Use::Trial
    }

    /// It works.
    pub(crate) fn succeeded(mut self) {
        self.found = true;
        self.dependency.succeeded();
    }

    /// It does not work; `reason` is shown to operators.
    pub(crate) fn failed(mut self, reason: &str) {
        self.found = true;
        self.dependency.failed(self.used, reason);
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.used == Use::Trial && !self.found {
            self.dependency.known().breaker.abandoned(Instant::now());
        }
    }
}
