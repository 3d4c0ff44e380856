//! Looks in Slack whether an earlier attempt has posted, before anything is posted again.

use std::time::Duration;

use answers::Answerer;
use queue::Delivery;
use shared::{
    conversation::Conversation,
    retry,
    task::Question,
    telemetry::{Alarm, chain},
    ts::MessageTs,
};
use slack::{
    CallError,
    replies::{Identity, RefusalKind, Seen},
};
use threads::{
    ThreadError, ThreadStore,
    outcome::{Attempt, Previous, State},
};

use crate::{
    decision::Decision,
    post::Visible,
    rebuild::Memory,
    waiting::Reason,
    worker::{Try, Worker},
};

/// An answer is one message: part 1 of 1.
pub(crate) const WHOLE: &str = "1/1";

/// Slack refuses to show threads, as it does for every question while the bot lacks its history scopes.
pub(crate) static NO_HISTORY: Alarm = Alarm::new();

/// What Slack shows of an answer.
pub(crate) enum Trace {
    /// It is there.
    Posted { ts: MessageTs, text: String },
    /// Two complete reads did not find it, and no earlier attempt can still be posting.
    Absent,
    /// Slack could not be asked, or it is too early to say.
    Unknown { wait: Duration },
    /// Slack will never show it: there is nobody to answer.
    Unreadable { reason: String },
}

impl<S: ThreadStore, A: Answerer> Worker<S, A> {
    /// Reads the thread twice, because `conversations.replies` lags behind a post; the first read comes when the earlier
    /// attempt's time to post is over.
    pub(crate) async fn look_for_answer(&self, attempt: &Try<'_>) -> Trace {
        let Try { question, grant, .. } = attempt;
        let posting = self.delivery.post_start + self.delivery.post_timeout;
        if let Previous::Posting { ago } = grant.previous
            && let Some(wait) = posting.checked_sub(ago).filter(|left| !left.is_zero())
        {
            return Trace::Unknown { wait };
        }
        for read in 1..=2 {
            if read == 2 {
                tokio::time::sleep(self.delivery.reconcile_pause).await;
            }
            match self.own_answers(question).await {
                Ok(own) => {
                    if let Some(seen) = own.into_iter().min_by_key(|seen| seen.ts) {
                        return Trace::Posted { ts: seen.ts, text: seen.text };
                    }
                }
                Err(error) => return self.cannot_tell(attempt, &error),
            }
        }
        Trace::Absent
    }

    fn cannot_tell(&self, attempt: &Try<'_>, error: &CallError) -> Trace {
        let question = attempt.question;
        if let CallError::Refused { refusal, .. } = error
            && refusal.kind == RefusalKind::Channel
        {
            return Trace::Unreadable { reason: format!("Slack refuses the channel: {}", refusal.error) };
        }
        if self.is_given_up(question, attempt.replayed) {
            let reason = format!("Slack did not show for delivery.give_up whether it was answered: {error}");
            return Trace::Unreadable { reason };
        }
        let cause = chain(error);
        if matches!(error, CallError::Refused { .. }) {
            shared::error_once!(
                NO_HISTORY,
                slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                "Slack does not show whether {}:{} was answered already, it waits; give the bot its history scopes: \
                 {cause}", question.channel, question.ts,
            );
        } else {
            tracing::warn!(
                slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                "cannot tell yet whether {}:{} was answered already, it waits: {cause}", question.channel, question.ts,
            );
        }
        let wait = match error {
            CallError::RateLimited { retry_after, .. } => *retry_after,
            _ => Duration::from_secs(30),
        };
        Trace::Unknown { wait }
    }

    /// All messages in Slack that answer this question.
    pub(crate) async fn own_answers(&self, question: &Question) -> Result<Vec<Seen>, CallError> {
        let seen = match &question.conversation {
            Conversation::Thread { channel, root } => {
                self.read(self.replies.thread(channel, *root, question.ts)).await?
            }
            Conversation::DirectMessages { channel } => self.read(self.replies.history(channel, question.ts)).await?,
        };
        let identity = self.identity().await?;
        let key = question.event_key();
        Ok(seen.into_iter().filter(|seen| seen.is_by(identity) && seen.is_answer_to(&key, WHOLE)).collect())
    }

    /// Who the bot is: metadata alone proves nothing, any app of the workspace may copy it.
    pub(crate) async fn identity(&self) -> Result<&Identity, CallError> {
        self.identity.get_or_try_init(|| self.replies.auth_test()).await
    }

    /// Records a message that an earlier attempt has posted.
    pub(crate) async fn adopt(
        &self,
        delivery: &impl Delivery,
        attempt: &Try<'_>,
        memory: &Memory,
        (ts, text): (MessageTs, String),
    ) -> Result<Option<Decision>, ThreadError> {
        metrics::counter!("threadkeeper_reconciled_total").increment(1);
        // The answer that was kept is the answer; Slack's rendering only where nothing was kept.
        let text = attempt.grant.kept.as_ref().map_or(text, |kept| kept.answer.text.clone());
        self.finish(delivery, attempt, memory, Visible { ts, text: &text, outcome: "adopted" }).await
    }

    /// Puts the question off with its state as it is, so that the next attempt looks in Slack if this one had to.
    pub(crate) async fn look_again_later(
        &self,
        attempt: &Try<'_>,
        wait: Duration,
        reason: Reason,
    ) -> Result<Decision, ThreadError> {
        self.release(attempt, State::Keep, Attempt::Back).await?;
        Ok(Decision::Park(retry::wait_at_least(&self.delivery.waits, wait), reason))
    }

    /// A dependency is known to be away: nothing is asked of it before it may be tried again. What an earlier attempt may have
    /// posted is looked for then.
    pub(crate) async fn wait_for(
        &self,
        attempt: &Try<'_>,
        left: Duration,
        reason: Reason,
    ) -> Result<Decision, ThreadError> {
        match attempt.grant.previous {
            Previous::Open => self.not_posted(attempt, left, reason).await,
            _ => match self.waited_too_long(attempt, reason) {
                Some(given_up) => Ok(given_up),
                None => self.look_again_later(attempt, left, reason).await,
            },
        }
    }

    /// Reads from Slack, and takes note of what that says about Slack.
    pub(crate) async fn read<T>(&self, reading: impl Future<Output = Result<T, CallError>>) -> Result<T, CallError> {
        let pass = self.dependencies.enter_slack().ok();
        let outcome = reading.await;
        if let Some(pass) = pass {
            pass.read(&outcome);
        }
        outcome
    }
}
