//! What becomes of a question that fails, and how its person hears of it.

use std::time::Duration;

use answers::Answerer;
use shared::{ids::BurialId, retry, task::Question, telemetry::chain};
use slack::{PostError, replies::RefusalKind};
use threads::{
    ThreadError, ThreadStore,
    outcome::{Attempt, Buried, Pace, Permit, State},
};

use crate::{
    decision::Decision,
    waiting::Reason,
    wording,
    worker::{Try, Worker},
};

/// Between two tries to tell a person, unless Slack says how long to wait.
const UNTOLD_PAUSE: Duration = Duration::from_secs(30);

/// Whether a person knows that the question was given up.
pub(crate) enum Told {
    /// They were told, or never can be.
    Settled,
    /// Not yet: again in so many ms.
    Later(u64),
}

/// Whether the same notice may be taken later. One whose outcome is unknown may stand there already, and is not posted
/// again.
fn is_passing(error: &PostError) -> bool {
    match error {
        PostError::NotPosted(_) | PostError::RateLimited { .. } => true,
        PostError::Refused(refusal) => matches!(refusal.kind, RefusalKind::Token | RefusalKind::Transient),
        _ => false,
    }
}

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
        let wait = retry::failed_question_wait(&self.delivery.waits, grant.attempts);
        let open = attempt.shown().leaves_it_open();
        let state = if open { State::Rest(Duration::from_millis(wait)) } else { State::Keep };
        self.release(attempt, state, Attempt::Keep).await?;
        Ok(Decision::Park(wait, Reason::AttemptFailed))
    }

    /// Buries a question that is kept in `dead`, so that its thread goes on, and tells its person.
    pub(crate) async fn bury(&self, question: &Question, reason: &str, attempts: u32) -> Result<Told, ThreadError> {
        match self.store.bury(&question.conversation, question.ts, &BurialId::random()).await? {
            Buried::Done | Buried::Withdrawn => Ok(Told::Settled),
            // The copy is claimed again in the new epoch; it is in `dead` already, which is harmless.
            Buried::OtherEpoch => Err(ThreadError::Epoch { key: question.conversation.to_string() }),
            Buried::Dead { burial, told } => {
                tracing::error!(
                    slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                    attempt = attempts, burial = %burial, outcome = "dead",
                    "question {}:{} was given up after {attempts} attempts and is kept in the queue `dead`: {reason}",
                    question.channel, question.ts,
                );
                match told {
                    Some(_) => Ok(Told::Settled),
                    None => self.tell(question, &burial, attempts).await,
                }
            }
        }
    }

    /// Tells the person that the question was given up; later, if Slack is away or busy. A notice that Slack will never
    /// take is not tried again: the question is kept, and the log says so.
    pub(crate) async fn tell(
        &self,
        question: &Question,
        burial: &BurialId,
        attempts: u32,
    ) -> Result<Told, ThreadError> {
        let text = wording::given_up(attempts);
        let pass = match self.dependencies.enter_slack() {
            Ok(pass) => pass,
            Err(left) if !self.is_past_telling(question) => {
                return Ok(Told::Later(retry::wait_at_least(&self.delivery.waits, left)));
            }
            Err(_) => {
                untold(question, "Slack is away");
                return Ok(Told::Settled);
            }
        };
        // Other copies of the question come while one worker tells; they look again when it has told, or failed to.
        let telling = Pace { interval: 2 * self.delivery.post_timeout, burst: 1 };
        if let Permit::Wait(wait) = self.store.permit(&format!("notice:{burial}"), telling).await? {
            return Ok(Told::Later(retry::wait_at_least(&self.delivery.waits, wait)));
        }
        let outcome = self.post_notice(question, &text).await?;
        pass.posted(&outcome);
        match outcome {
            Ok(ts) => {
                self.store.note_told(&question.conversation, question.ts, burial, ts).await?;
                Ok(Told::Settled)
            }
            Err(error) if !self.is_past_telling(question) && is_passing(&error) => {
                let wait = match &error {
                    PostError::RateLimited { retry_after } => *retry_after,
                    _ => UNTOLD_PAUSE,
                };
                tracing::warn!(
                    slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                    "the person who asked {}:{} cannot be told yet that it was given up: {}",
                    question.channel, question.ts, chain(&error),
                );
                Ok(Told::Later(retry::wait_at_least(&self.delivery.waits, wait)))
            }
            Err(error) => {
                untold(question, &chain(&error));
                Ok(Told::Settled)
            }
        }
    }

    /// Whether it is too late to tell: a question is given up after `delivery.give_up`, because Slack was away perhaps, and
    /// its person is told as soon as Slack is back, for as long again.
    fn is_past_telling(&self, question: &Question) -> bool {
        self.age(question) > 2 * self.delivery.give_up
    }
}

fn untold(question: &Question, reason: &str) {
    tracing::error!(
        slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
        "the person who asked {}:{} could not be told that it was given up; tell them, the question is in `dead`: {reason}",
        question.channel, question.ts,
    );
}
