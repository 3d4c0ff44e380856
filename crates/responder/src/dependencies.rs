//! What answers depend on besides Redis and RabbitMQ, each behind its own breaker.

use std::{sync::Arc, time::Duration};

use shared::telemetry::chain;
use slack::{
    CallError, PostError,
    replies::{Refusal, RefusalKind},
};

use crate::dependency::{Dependency, Pass};

/// A model or a Slack that fails this often in a row is down for everybody. One failure may be one connection's; with
/// more than three a quiet night's single question would wait for minutes before somebody is told.
const FAILURES_IN_A_ROW: u32 = 3;

/// What Slack says about a token holds for every call.
const ONE_REFUSAL: u32 = 1;

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

impl Default for Dependencies {
    /// All of them, taken for healthy.
    fn default() -> Self {
        let dependency = |name, effect, check, threshold| Arc::new(Dependency::new(name, effect, check, threshold));
        Self {
            model: dependency(
                "model",
                "no answers are made",
                "what answers are made from (answer.mode, answer.knowledge, and in llm mode model.name, its key and its provider)",
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
}

impl Dependencies {
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
            Ok(_) | Err(PostError::Refused(Refusal { kind: RefusalKind::Channel | RefusalKind::Content, .. })) => {
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
        match dependencies.enter_slack() {
            Ok(pass) => pass.posted(outcome),
            Err(left) => panic!("Slack may not be called for {left:?}"),
        }
    }

    #[test]
    fn a_probe_names_what_is_wrong_while_the_breaker_is_open() {
        let dependencies = Dependencies::default();
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
        let dependencies = Dependencies::default();
        post(&dependencies, &unknown());
        post(&dependencies, &unknown());
        post(&dependencies, &refused(RefusalKind::Token));
        assert!(dependencies.token.probe().is_err());
        assert_eq!(dependencies.slack.probe(), Ok(()));
        assert!(dependencies.slack_left().is_some());
    }

    #[test]
    fn refused_channels_and_texts_and_a_busy_slack_are_no_outage() {
        let dependencies = Dependencies::default();
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
        let dependencies = Dependencies::default();
        let failed: Result<(), _> =
            Err(CallError::Unknown { method: "conversations.replies", doubt: Doubt::Status(503) });
        for outcome in [&failed, &Ok(()), &failed, &Ok(()), &failed] {
            match dependencies.enter_slack() {
                Ok(pass) => pass.read(outcome),
                Err(left) => panic!("Slack may not be called for {left:?}"),
            }
        }
        assert!(dependencies.slack.probe().is_err());
    }

    #[test]
    fn a_success_ends_the_outage() {
        let dependencies = Dependencies::default();
        post(&dependencies, &refused(RefusalKind::Token));
        dependencies.token.succeeded();
        assert_eq!(dependencies.token.probe(), Ok(()));
        post(&dependencies, &Ok(()));
    }
}
