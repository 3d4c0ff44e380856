//! Makes one answer, unless what answers are made from is away.

use std::time::{Duration, Instant};

use answers::{AnswerError, Answerer, Blame, Request};
use queue::Delivery;
use shared::{task::Question, telemetry::chain};
use threads::{ThreadError, ThreadStore, outcome::KeptAnswer};
use tracing::Instrument as _;

use crate::{
    decision::Decision,
    dependency::Pass,
    lease::Held,
    rebuild::Memory,
    waiting::Reason,
    wording,
    worker::{Try, Worker},
};

/// After a failure of a dependency that is not known to be down yet.
pub(crate) const FIRST_PAUSE: Duration = Duration::from_secs(1);

impl<S: ThreadStore, A: Answerer> Worker<S, A> {
    /// Makes the answer under the lease and within its deadline, and posts it. `company` says who may run beside it, until
    /// the answer is made; what follows waits for Slack and Redis and must hold nobody up. None = claim again.
    pub(crate) async fn answer<C>(
        &self,
        delivery: &impl Delivery,
        attempt: &Try<'_>,
        memory: &Memory,
        company: C,
    ) -> Result<Option<Decision>, ThreadError> {
        let Try { question, grant, .. } = attempt;
        let pass = match self.dependencies.model.enter() {
            Ok(pass) => pass,
            Err(left) => return self.not_posted(attempt, left, Reason::ModelAway).await.map(Some),
        };
        let deadline = if grant.attempts > 1 { self.delivery.retry_deadline } else { self.delivery.answer_deadline };
        let rebuilt = memory.turns();
        let (draft, _shown) = answers::draft();
        let turns = rebuilt.as_deref().unwrap_or(grant.context.turns());
        let request = Request { question, turns, draft: &draft };
        let answering =
            tokio::time::timeout(deadline, self.answerer.answer(&request)).instrument(tracing::debug_span!("answer"));
        let started = Instant::now();
        let held = self.lease(attempt).hold(&self.soft, self.tell_meanwhile(question, answering)).await;
        metrics::histogram!("threadkeeper_answer_seconds").record(started.elapsed());
        drop(company);
        let (made, status_is_late) = match held {
            Held::Completed((Ok(made), late)) => (made, late),
            Held::Completed((Err(_), _)) => return self.no_answer_in_time(attempt, pass, deadline).await.map(Some),
            Held::Lost => return Ok(None),
            Held::Stopping => return self.hand_over(attempt).await,
        };
        match made {
            Ok(mut answer) => {
                pass.succeeded();
                if matches!(memory, Memory::Unreadable) {
                    answer.text.push_str(wording::UNREADABLE_THREAD);
                }
                log_step(question, "answer_made");
                let kept = KeptAnswer { answer, entries: grant.context.entries() };
                let decision = self.post(delivery, attempt, memory, &kept).await;
                if status_is_late {
                    self.clear_late_status(question).await;
                }
                decision
            }
            Err(error) => self.no_answer(attempt, pass, &error).await.map(Some),
        }
    }

    async fn no_answer(&self, attempt: &Try<'_>, pass: Pass<'_>, error: &AnswerError) -> Result<Decision, ThreadError> {
        let question = attempt.question;
        match error.blame() {
            Blame::Question => {
                // It was asked and it said no: it is there.
                pass.succeeded();
                self.fail(attempt, &chain(error)).await
            }
            Blame::Dependency => {
                let reason = chain(error);
                pass.failed(&reason);
                tracing::warn!(
                    slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                    "{}:{} waits, what answers are made from is away: {reason}", question.channel, question.ts,
                );
                let pause = self.dependencies.model.left().unwrap_or(FIRST_PAUSE);
                self.not_posted(attempt, pause, Reason::ModelAway).await
            }
        }
    }

    /// Silence may be the question's fault, unless it was asked to find out whether the dependency is back.
    async fn no_answer_in_time(
        &self,
        attempt: &Try<'_>,
        pass: Pass<'_>,
        deadline: Duration,
    ) -> Result<Decision, ThreadError> {
        let reason = format!("no answer within {} s", deadline.as_secs());
        if !pass.is_trial() {
            return self.fail(attempt, &reason).await;
        }
        pass.failed(&reason);
        self.not_posted(attempt, self.dependencies.model.left().unwrap_or(FIRST_PAUSE), Reason::ModelAway).await
    }
}

/// A step on the way to an answer, for whoever follows one question.
pub(crate) fn log_step(question: &Question, outcome: &'static str) {
    tracing::info!(
        slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(), outcome,
        "question {}:{}: {outcome}", question.channel, question.ts,
    );
}
