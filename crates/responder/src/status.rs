//! Tells people who wait what for: a status line in their thread, which Slack shows as `<bot> <status>`.
//!
//! Nothing depends on it: a question is never answered later or otherwise because a status could not be shown.

use std::{
    future::Future,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use answers::Answerer;
use shared::{task::Question, telemetry::chain};
use slack::CallError;
use threads::ThreadStore;

use crate::{waiting::Reason, wording, worker::Worker};

/// People of one thread are told at most once in this time, by all workers together. Below the time after which Slack takes
/// a status away, so that it is renewed before.
const AT_MOST_EVERY: Duration = Duration::from_mins(1);

/// After this time Slack has taken a status away by itself
/// (<https://docs.slack.dev/reference/methods/assistant.threads.setStatus>).
const SLACK_SHOWS_IT_FOR: Duration = Duration::from_mins(2);

/// An answer that is made within this time needs no status, however long its question had waited before.
const A_MOMENT: Duration = Duration::from_secs(1);

/// One call: as long as the shortest usual wait queue, so that it is over when the question comes back from there.
const CALL_TIMEOUT: Duration = Duration::from_secs(1);

/// After a call that failed this process tries none for so long.
const REST: Duration = Duration::from_mins(1);

/// Whether this process shows statuses.
pub(crate) struct Statuses {
    /// `answer.patience`; zero = none are shown.
    patience: Duration,
    failed: Mutex<Option<Instant>>,
}

impl Statuses {
    /// Shows statuses of questions that are older than `patience`; none at all if it is zero.
    pub(crate) fn new(patience: Duration) -> Self {
        Self { patience, failed: Mutex::new(None) }
    }

    fn are_resting(&self) -> bool {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|failed| failed.elapsed() < REST)
    }

    /// Takes note of a call's outcome, and complains about the first failure after a success.
    fn note(&self, question: &Question, outcome: &Result<(), CallError>, done: &'static str) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let label = if outcome.is_ok() { done } else { "failed" };
        metrics::counter!("threadkeeper_statuses_total", "outcome" => label).increment(1);
        let (channel, ts) = (&question.channel, question.ts);
        match outcome {
            Ok(()) => *failed = None,
            Err(error) if failed.replace(Instant::now()).is_none() => tracing::warn!(
                slack.channel_id = %channel, slack.ts = %ts, event_key = %question.event_key(),
                "people are not told what they wait for, Slack shows no status in the thread of {channel}:{ts}; answers are \
                 not affected; tried again each minute: {}", chain(error),
            ),
            Err(error) => tracing::debug!("Slack still shows no status ({channel}:{ts}): {}", chain(error)),
        }
    }
}

impl<S: ThreadStore, A: Answerer> Worker<S, A> {
    /// A copy was put into a wait queue for `wait`: says what the question waits for, as soon as it is certain that it will
    /// not be answered within its person's patience. Nobody sees it again before the wait is over.
    pub(crate) async fn tell_why_it_waits(&self, question: &Question, reason: Reason, wait: Duration) {
        if self.age(question) + wait >= self.statuses.patience
            && let Some(status) = wording::status(reason)
        {
            self.show(question, &status).await;
        }
    }

    /// Runs `work`, which makes the answer, and says so in the thread once it takes longer than the person's patience. Also
    /// whether such a status may be on its way and appear after the answer.
    pub(crate) async fn tell_meanwhile<T>(&self, question: &Question, work: impl Future<Output = T>) -> (T, bool) {
        let calling = AtomicBool::new(false);
        let tell = async {
            let patience = self.statuses.patience;
            tokio::time::sleep(patience.saturating_sub(self.age(question)).max(patience.min(A_MOMENT))).await;
            loop {
                calling.store(true, Ordering::Relaxed);
                self.show(question, wording::WORKING).await;
                calling.store(false, Ordering::Relaxed);
                tokio::time::sleep(AT_MOST_EVERY).await;
            }
        };
        tokio::select! {
            biased;
            done = work => (done, calling.load(Ordering::Relaxed)),
            () = tell, if self.can_show(question) => unreachable!("telling never ends"),
        }
    }

    /// The question ended without a new message of ours, which would take the status away.
    pub(crate) async fn clear_status(&self, question: &Question) {
        if !self.can_show(question) || self.age(question) < self.statuses.patience || self.cannot_call() {
            return;
        }
        match self.store.forget_waiting(&question.conversation).await {
            Ok(true) => self.set_status(question, "", "cleared").await,
            Ok(false) => {}
            Err(error) => tracing::debug!("the status of {} goes by itself: {}", question.conversation, chain(&error)),
        }
    }

    /// Takes away a status that was on its way when the answer was posted.
    pub(crate) async fn clear_late_status(&self, question: &Question) {
        self.set_status(question, "", "cleared").await;
    }

    async fn show(&self, question: &Question, status: &str) {
        if !self.can_show(question) || self.cannot_call() {
            return;
        }
        match self.store.note_waiting(&question.conversation, AT_MOST_EVERY, SLACK_SHOWS_IT_FOR).await {
            Ok(true) => self.set_status(question, status, "shown").await,
            Ok(false) => {}
            Err(error) => tracing::debug!("no status for {}: {}", question.conversation, chain(&error)),
        }
    }

    /// A status stands in a thread; a direct-message channel that is one running conversation has none.
    fn can_show(&self, question: &Question) -> bool {
        !self.statuses.patience.is_zero() && question.conversation.thread_ts().is_some()
    }

    fn cannot_call(&self) -> bool {
        self.statuses.are_resting() || self.dependencies.slack_is_down()
    }

    async fn set_status(&self, question: &Question, status: &str, done: &'static str) {
        let Some(root) = question.conversation.thread_ts() else { return };
        let outcome = self.replies.set_status(&question.channel, root, status, CALL_TIMEOUT).await;
        if outcome.is_ok() {
            tracing::info!(
                slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                status, "status of the thread of {}:{} {done}", question.channel, question.ts,
            );
        }
        self.statuses.note(question, &outcome, done);
    }
}
