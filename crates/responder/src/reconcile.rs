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
    found::{Found, found},
    post::Visible,
    rebuild::Memory,
    shown::Draft,
    waiting::Reason,
    worker::{Try, Worker},
};

/// Slack refuses to show threads, as it does for every question while the bot lacks its history scopes.
pub(crate) static NO_HISTORY: Alarm = Alarm::new();

/// What Slack shows of an answer.
pub(crate) enum Trace {
    /// It is there.
    Posted { ts: Vec<MessageTs>, text: String },
    /// Some messages of the kept answer are there, which [`Shown`](crate::shown::Shown) knows now.
    Partly,
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
        let (key, kept) = (question.event_key(), grant.kept.as_ref());
        let own = match self.own_messages(question).await {
            Ok(own) => own,
            Err(error) => return self.cannot_tell(attempt, &error),
        };
        if let Found::All { ts, text } = found(&own, &key, kept) {
            return Trace::Posted { ts, text };
        }
        tokio::time::sleep(self.delivery.reconcile_pause).await;
        let own = match self.own_messages(question).await {
            Ok(own) => own,
            Err(error) => return self.cannot_tell(attempt, &error),
        };
        let trace = match found(&own, &key, kept) {
            Found::All { ts, text } => return Trace::Posted { ts, text },
            Found::Some(parts) => {
                attempt.shown().parts = parts;
                Trace::Partly
            }
            Found::Nothing => Trace::Absent,
        };
        if let Err(error) = self.find_draft(attempt, &own).await {
            tracing::warn!(
                slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                "the message that shows the beginning of the answer to {}:{} is not noted: {}",
                question.channel, question.ts, chain(&error),
            );
            return Trace::Unknown { wait: Duration::ZERO };
        }
        trace
    }

    /// A stream was announced, and nobody knows its message: the attempt goes on in it, if it is there. If there are more the
    /// clean-up removes the others.
    async fn find_draft(&self, attempt: &Try<'_>, own: &[Seen]) -> Result<(), ThreadError> {
        let question = attempt.question;
        if !attempt.shown().in_doubt {
            return Ok(());
        }
        let streams = self.store.streams(&question.conversation, question.ts).await?;
        let drafts = self.drafts(question, own, streams.own.as_ref(), &streams.others);
        if let Some(ts) = drafts.into_iter().min() {
            self.note_draft(attempt, Some(ts)).await?;
            let mut shown = attempt.shown();
            shown.draft = Some(Draft { ts, stream: None });
            shown.in_doubt = false;
        }
        Ok(())
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

    /// All own messages in Slack from this question on, in its conversation.
    pub(crate) async fn own_messages(&self, question: &Question) -> Result<Vec<Seen>, CallError> {
        let seen = match &question.conversation {
            Conversation::Thread { channel, root } => {
                self.read(self.replies.thread(channel, *root, question.ts)).await?
            }
            Conversation::DirectMessages { channel } => self.read(self.replies.history(channel, question.ts)).await?,
        };
        let identity = self.identity().await?;
        Ok(seen.into_iter().filter(|seen| seen.is_by(identity)).collect())
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
        (ts, text): (Vec<MessageTs>, String),
    ) -> Result<Option<Decision>, ThreadError> {
        metrics::counter!("threadkeeper_reconciled_total").increment(1);
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
