//! Makes one answer, unless what answers are made from is away.

use std::time::{Duration, Instant};

use answers::{AnswerError, Answerer, Blame, Request};
use queue::Delivery;
use shared::{task::Question, telemetry::chain};
use threads::{
    ThreadError, ThreadStore,
    outcome::{KeptAnswer, Noted},
};
use tracing::Instrument as _;

use crate::{
    decision::Decision,
    dependency::Pass,
    parts,
    rebuild::Memory,
    stream::Made,
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
        let rebuilt = memory.turns();
        let (draft, drafts) = answers::draft();
        let turns = rebuilt.as_deref().unwrap_or(grant.context.turns());
        let request = Request { question, turns, heard: memory.heard(), draft: &draft };
        let started = Instant::now();
        let answering = std::pin::pin!(self.answerer.answer(&request).instrument(tracing::debug_span!("answer")));
        let made = self.make(attempt, drafts, answering).await;
        metrics::histogram!("threadkeeper_answer_seconds").record(started.elapsed());
        drop(company);
        let (made, status_is_late) = match made? {
            (Made::Ended(made), late) => (made, late),
            (Made::TooLate(deadline), _) => return self.no_answer_in_time(attempt, pass, deadline).await.map(Some),
            (Made::Lost, _) => return Ok(None),
            (Made::Stopping, _) => return self.hand_over(attempt).await,
            (Made::InDoubt(error), _) => return self.post_failed(delivery, attempt, error).await,
        };
        match made {
            Ok(mut answer) => {
                pass.succeeded();
                if matches!(memory, Memory::Unreadable) {
                    answer.text.push_str(wording::UNREADABLE_THREAD);
                }
                log_step(question, "answer_made");
                let parts = parts::of(&answer);
                let kept = KeptAnswer { answer, entries: grant.context.entries(), parts };
                let decision = self.post(delivery, attempt, memory, &kept).await;
                if status_is_late {
                    self.clear_late_status(question).await;
                }
                decision
            }
            Err(error) => self.no_answer(attempt, pass, &error).await.map(Some),
        }
    }

    /// Another worker may have the thread: its draft is no longer touched. Which message it is may be news in another epoch.
    pub(crate) async fn leave_draft(
        &self,
        delivery: &impl Delivery,
        attempt: &Try<'_>,
    ) -> Result<Option<Decision>, ThreadError> {
        let draft = attempt.shown().draft.as_ref().map(|draft| draft.ts);
        if draft.is_some() && self.note_draft(attempt, draft).await? == Noted::Decided {
            // Should the broker not take it, the copy stays and finds the question decided.
            if self.leave_sweep(delivery, attempt.question).await.is_err() {
                return Ok(Some(Decision::GiveBack("sweep_not_left")));
            }
        }
        Ok(None)
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
