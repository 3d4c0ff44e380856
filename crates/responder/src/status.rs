//! Tells people who wait what for: a status line in their thread, which Slack shows as `<bot> <status>`.
//!
//! Nothing depends on it: a question is never answered later or otherwise because a status could not be shown.

use std::{
    future::Future,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use answers::{Answerer, DraftReader};
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

/// A step that is over within this time is not shown: its status would only flicker.
const A_GLANCE: Duration = Duration::from_millis(300);

/// What an answer is made from is searched, then a model thinks: with two statuses an answer of 2,000 tokens costs twelve calls.
const MOST_STEPS: usize = 2;

/// One call: as long as the shortest usual wait queue, so that it is over when the question comes back from there.
const CALL_TIMEOUT: Duration = Duration::from_secs(1);

/// After a call that failed this process tries none for so long.
const REST: Duration = Duration::from_mins(1);

/// Whether this process shows statuses.
pub(crate) struct Statuses {
    /// `answer.patience`; zero = none are shown.
    patience: Duration,
    failed: Mutex<Option<Instant>>,
    /// Answers are made in steps that are shown at once: then young questions have statuses too.
    steps: AtomicBool,
}

impl Statuses {
    /// Shows statuses of questions that are older than `patience`; none at all if it is zero.
    pub(crate) fn new(patience: Duration) -> Self {
        Self { patience, failed: Mutex::new(None), steps: AtomicBool::new(false) }
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

    /// Runs `work`, which makes the answer, and says in the thread what is being done where `drafts` tell, and that it is
    /// being made once it takes longer than the person's patience. Also whether such a status may be on its way and appear
    /// after the answer.
    pub(crate) async fn tell_meanwhile<T>(
        &self,
        question: &Question,
        mut drafts: DraftReader,
        work: impl Future<Output = T>,
    ) -> (T, bool) {
        let calling = AtomicUsize::new(0);
        let tell_steps = async {
            let mut said = None;
            for _ in 0..MOST_STEPS {
                let status = loop {
                    tokio::time::sleep(A_GLANCE).await;
                    match wording::step(drafts.now().step) {
                        status @ Some(_) if status != said => break status,
                        _ if !drafts.changed().await => std::future::pending::<()>().await,
                        _ => {}
                    }
                };
                said = status;
                calling.fetch_add(1, Ordering::Relaxed);
                self.show_step(question, status.unwrap_or_default()).await;
                calling.fetch_sub(1, Ordering::Relaxed);
            }
            std::future::pending::<()>().await;
        };
        let tell = async {
            let patience = self.statuses.patience;
            tokio::time::sleep(patience.saturating_sub(self.age(question)).max(patience.min(A_MOMENT))).await;
            loop {
                calling.fetch_add(1, Ordering::Relaxed);
                self.show(question, wording::WORKING).await;
                calling.fetch_sub(1, Ordering::Relaxed);
                tokio::time::sleep(AT_MOST_EVERY).await;
            }
        };
        tokio::select! {
            biased;
            done = work => (done, calling.load(Ordering::Relaxed) > 0),
            _ = async { tokio::join!(tell, tell_steps) }, if self.can_show(question) => unreachable!("telling never ends"),
        }
    }

    /// The question ended without a new message of ours, which would take the status away.
    pub(crate) async fn clear_status(&self, question: &Question) {
        let early = self.age(question) < self.statuses.patience && !self.statuses.steps.load(Ordering::Relaxed);
        if !self.can_show(question) || early || self.cannot_call() {
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

    /// Shows what is being done for an answer. It is remembered, so that it is taken away however the question ends.
    async fn show_step(&self, question: &Question, status: &str) {
        if !self.can_show(question) || self.cannot_call() {
            return;
        }
        self.statuses.steps.store(true, Ordering::Relaxed);
        match self.store.note_waiting(&question.conversation, Duration::ZERO, SLACK_SHOWS_IT_FOR).await {
            Ok(_) => self.set_status(question, status, "shown").await,
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
