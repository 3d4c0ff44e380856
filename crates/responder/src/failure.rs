//! What becomes of a question that fails, and how its person hears of it.

use answers::Answerer;
use shared::{answer::Format, ids::BurialId, retry, task::Question};
use slack::replies::{Metadata, Post};
use threads::{
    ThreadError, ThreadStore,
    outcome::{Attempt, Buried, State},
};

use crate::{
    wording,
    worker::{Decision, Try, Worker},
};

impl<S: ThreadStore, A: Answerer> Worker<S, A> {
    /// An attempt at the question failed: again later, or given up after the last one.
    pub(crate) async fn fail(&self, attempt: &Try<'_>, reason: &str) -> Result<Decision, ThreadError> {
        let Try { question, grant, .. } = attempt;
        if grant.attempts >= self.delivery.attempts {
            return Ok(Decision::GiveUp { reason: reason.to_owned(), attempts: grant.attempts });
        }
        tracing::warn!(
            slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
            attempt = grant.attempts, outcome = "attempt_failed",
            "attempt {} of {} at {}:{} failed: {reason}",
            grant.attempts, self.delivery.attempts, question.channel, question.ts,
        );
        self.release(attempt, State::Open, Attempt::Keep).await?;
        Ok(Decision::Park(retry::failed_question_wait(&self.delivery.waits, grant.attempts), "attempt_failed"))
    }

    /// Buries a question that is kept in `dead`, so that its thread goes on, and tells its person.
    pub(crate) async fn bury(&self, question: &Question, attempts: u32) -> Result<(), ThreadError> {
        match self.store.bury(&question.conversation, question.ts, &BurialId::random()).await? {
            Buried::Done | Buried::Withdrawn => Ok(()),
            // The copy is claimed again in the new epoch; it is in `dead` already, which is harmless.
            Buried::OtherEpoch => Err(ThreadError::Epoch { key: question.conversation.to_string() }),
            Buried::Dead(burial) => {
                tracing::error!(
                    slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                    attempt = attempts, burial = %burial, outcome = "dead",
                    "question {}:{} was given up after {attempts} attempts and is kept in the queue `dead`; look there \
                     for the reason (header x-error)", question.channel, question.ts,
                );
                self.tell(question, &burial, attempts).await
            }
        }
    }

    /// Tells the person that the question was given up. A notice that cannot be posted is not tried for ever: the
    /// question is kept and logged, and Slack refuses or is away.
    pub(crate) async fn tell(&self, question: &Question, burial: &BurialId, attempts: u32) -> Result<(), ThreadError> {
        let notice = Post {
            channel: &question.channel,
            thread_ts: question.conversation.thread_ts(),
            text: &wording::given_up(attempts),
            format: Format::Plain,
            metadata: Metadata::notice(&question.event_key()),
        };
        match self.replies.post(&notice).await {
            Ok(ts) => self.store.note_told(&question.conversation, question.ts, burial, ts).await,
            Err(error) => {
                tracing::error!(
                    slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                    "the person who asked {}:{} could not be told that it was given up: {error}",
                    question.channel, question.ts,
                );
                Ok(())
            }
        }
    }
}
