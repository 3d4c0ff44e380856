//! What answers depend on besides Redis and RabbitMQ, each behind its breaker: asked, counted, and spoken about in one
//! place, so that an outage is one line in the log and not one for each question.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use shared::telemetry::chain;
use slack::{
    CallError, PostError,
    replies::{Refusal, RefusalKind},
};

use crate::breaker::{Breaker, Failed, Use};

/// A model or a Slack that fails this often in a row is down for everybody. One failure may be one connection's; with
/// more than three a quiet night's single question would wait for minutes before somebody is told.
const FAILURES_IN_A_ROW: u32 = 3;

/// What Slack says about a token holds for every call.
const ONE_REFUSAL: u32 = 1;

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

/// All of them, for the workers and for the probes.
#[derive(Clone)]
pub struct Dependencies {
    /// What answers are made from.
    pub(crate) model: Arc<Dependency>,
    /// Slack as a place to post to.
    pub(crate) slack: Arc<Dependency>,
    /// Slack's consent to our token.
    pub(crate) token: Arc<Dependency>,
}

impl Dependencies {
    /// All of them, taken for healthy.
    pub fn new() -> Self {
        let dependency = |name, effect, check, threshold| Arc::new(Dependency::new(name, effect, check, threshold));
        Self {
            model: dependency(
                "model",
                "no answers are made",
                "what answers are made from (answer.mode, answer.knowledge)",
                FAILURES_IN_A_ROW,
            ),
            slack: dependency(
                "slack",
                "no answers are posted",
                "the network, SLACK_API_URL and Slack's status page",
                FAILURES_IN_A_ROW,
            ),
            token: dependency(
                "slack_token",
                "no answers are posted",
                "SLACK_BOT_TOKEN, the app's scopes and its installation",
                ONE_REFUSAL,
            ),
        }
    }

    /// Each of them.
    pub(crate) fn each(&self) -> [Arc<Dependency>; 3] {
        [&self.slack, &self.token, &self.model].map(Arc::clone)
    }

    /// Asks to call Slack.
    ///
    /// # Errors
    /// After how long to ask again.
    pub(crate) fn enter_slack(&self) -> Result<SlackPass<'_>, Duration> {
        Ok(SlackPass { slack: self.slack.enter()?, token: self.token.enter()? })
    }

    /// After how long Slack may be called; none = now.
    pub(crate) fn slack_left(&self) -> Option<Duration> {
        self.slack.left().max(self.token.left())
    }

    /// Whether Slack is not known to take messages.
    pub(crate) fn slack_is_down(&self) -> bool {
        self.slack.probe().is_err() || self.token.probe().is_err()
    }
}

impl Dependency {
    fn new(name: &'static str, effect: &'static str, check: &'static str, threshold: u32) -> Self {
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

    fn succeeded(&self) {
        let mut known = self.known();
        known.breaker.succeeded();
        let Some((since, _)) = known.down.take() else { return };
        let seconds = since.elapsed().as_secs();
        metrics::gauge!("threadkeeper_breaker_open", "dependency" => self.name).set(0.0);
        tracing::info!(
            dependency = self.name,
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

/// The right to call Slack once.
pub(crate) struct SlackPass<'a> {
    slack: Pass<'a>,
    token: Pass<'a>,
}

impl SlackPass<'_> {
    /// What a post, or a change of a message, says about Slack and the token. A refusal for another reason, and a wish for
    /// fewer posts, is a sign of life.
    pub(crate) fn posted<T>(self, outcome: &Result<T, PostError>) {
        match outcome {
            Ok(_) => {
                self.slack.succeeded();
                self.token.succeeded();
            }
            Err(error @ (PostError::NotPosted(_) | PostError::Unknown(_))) => self.slack.failed(&chain(error)),
            Err(error @ PostError::Refused(Refusal { kind: RefusalKind::Transient, .. })) => {
                self.slack.failed(&chain(error));
            }
            Err(error @ PostError::Refused(Refusal { kind: RefusalKind::Token, .. })) => {
                self.slack.succeeded();
                self.token.failed(&chain(error));
            }
            Err(PostError::Refused(Refusal { kind: RefusalKind::Channel | RefusalKind::Content, .. })) => {
                self.slack.succeeded();
                self.token.succeeded();
            }
            Err(_) => self.slack.succeeded(),
        }
    }

    /// What a read says about Slack: nothing if it succeeded, since Slack may show messages and take none.
    pub(crate) fn read<T>(self, outcome: &Result<T, CallError>) {
        if let Err(error @ (CallError::NotSent { .. } | CallError::Unknown { .. })) = outcome {
            self.slack.failed(&chain(error));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use slack::Doubt;

    use super::*;

    fn refused(kind: RefusalKind) -> Result<(), PostError> {
        Err(PostError::Refused(Refusal { error: "some_word".to_owned(), kind }))
    }

    fn unknown() -> Result<(), PostError> {
        Err(PostError::Unknown(Doubt::Status(503)))
    }

    fn post(dependencies: &Dependencies, outcome: &Result<(), PostError>) {
        dependencies.enter_slack().ok().expect("Slack may be called").posted(outcome);
    }

    #[test]
    fn a_probe_names_what_is_wrong_while_the_breaker_is_open() {
        let dependencies = Dependencies::new();
        for _ in 0..FAILURES_IN_A_ROW {
            assert_eq!(dependencies.slack.probe(), Ok(()));
            post(&dependencies, &unknown());
        }
        let wrong = dependencies.slack.probe().unwrap_err();
        assert!(wrong.contains("HTTP status 503") && wrong.contains("SLACK_API_URL"), "{wrong}");
        assert_eq!((dependencies.token.probe(), dependencies.model.probe()), (Ok(()), Ok(())));
        assert!(dependencies.enter_slack().is_err());
    }

    #[test]
    fn one_refused_token_is_enough_and_says_that_slack_is_there() {
        let dependencies = Dependencies::new();
        post(&dependencies, &unknown());
        post(&dependencies, &unknown());
        post(&dependencies, &refused(RefusalKind::Token));
        assert!(dependencies.token.probe().is_err());
        assert_eq!(dependencies.slack.probe(), Ok(()));
        assert!(dependencies.slack_left().is_some());
    }

    #[test]
    fn refused_channels_and_texts_and_a_busy_slack_are_no_outage() {
        let dependencies = Dependencies::new();
        let busy = Err(PostError::RateLimited { retry_after: Duration::from_secs(1) });
        for outcome in [refused(RefusalKind::Channel), refused(RefusalKind::Content), busy] {
            for _ in 0..=FAILURES_IN_A_ROW {
                post(&dependencies, &outcome);
            }
        }
        assert_eq!(dependencies.slack_left(), None);
    }

    #[test]
    fn failed_reads_count_and_successful_ones_prove_nothing_about_posts() {
        let dependencies = Dependencies::new();
        let failed: Result<(), _> =
            Err(CallError::Unknown { method: "conversations.replies", doubt: Doubt::Status(503) });
        for outcome in [&failed, &Ok(()), &failed, &Ok(()), &failed] {
            dependencies.enter_slack().ok().expect("Slack may be called").read(outcome);
        }
        assert!(dependencies.slack.probe().is_err());
    }

    #[test]
    fn a_success_ends_the_outage() {
        let dependencies = Dependencies::new();
        post(&dependencies, &refused(RefusalKind::Token));
        dependencies.token.succeeded();
        assert_eq!(dependencies.token.probe(), Ok(()));
        post(&dependencies, &Ok(()));
    }
}
