//! Keeps a question: publish it, wait for the broker's confirm, take its number in the thread.

use std::{
    sync::Arc,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use queue::{Headers, TaskPublisher};
use service::traces;
use shared::{
    clock::Clock,
    task::{Question, Task},
    telemetry::{Alarm, chain, question_span},
};
use threads::{ThreadStore, epoch::EpochStamp, outcome::Registered};

use tracing::{Instrument as _, Span};

use crate::refusal::Refusal;

/// After so many failures in a row registering is skipped for [`SKIP`] at a time: a Redis that hangs must not cost
/// every request its timeout.
const FAILURES_BEFORE_SKIPPING: u32 = 3;
const SKIP: Duration = Duration::from_secs(1);

/// A question as it came in.
pub(crate) struct Received {
    /// What was asked.
    pub(crate) question: Question,
    /// Whether Slack says that it sends this event again.
    pub(crate) slack_retry: bool,
}

/// Keeps questions in a queue and numbers them in a store.
pub(crate) struct Intake<P, S> {
    publisher: P,
    store: Arc<S>,
    register_timeout: Duration,
    clock: Clock,
    /// Failures to register in a row.
    failures: AtomicU32,
    /// Registering is skipped until then, in ms since 1970.
    skip_until: AtomicU64,
    /// Questions that are not kept.
    refusing: Alarm,
    /// Questions that are kept without a number.
    unnumbered: Alarm,
}

impl<P: TaskPublisher, S: ThreadStore> Intake<P, S> {
    /// Keeps questions through `publisher`, numbers them in `store`.
    pub(crate) fn new(publisher: P, store: Arc<S>, register_timeout: Duration, clock: Clock) -> Self {
        let (failures, skip_until) = (AtomicU32::new(0), AtomicU64::new(0));
        let (refusing, unnumbered) = (Alarm::default(), Alarm::default());
        Self { publisher, store, register_timeout, clock, failures, skip_until, refusing, unnumbered }
    }

    /// Keeps one question; it is kept when this returns, numbered if the store could be reached.
    pub(crate) async fn keep(&self, received: Received) -> Result<(), Refusal> {
        let span = question_span(&received.question);
        self.keep_within_span(received).instrument(span).await
    }

    async fn keep_within_span(&self, received: Received) -> Result<(), Refusal> {
        let question = received.question;
        // Before the publish: a number is taken only in the epoch in which the request was published, else a turn whose
        // copy was acked long ago could block its thread.
        let stamp = self.store.stamp();
        let traceparent = traces::traceparent(&Span::current());
        let headers = Headers { slack_retry: received.slack_retry, traceparent, ..Headers::first() };
        let task = Task::Question(question);
        let Task::Question(question) = &task;

        let started = Instant::now();
        if let Err(error) = self.publisher.publish(&task, &headers).instrument(tracing::debug_span!("publish")).await {
            let cause = chain(&error);
            shared::error_once!(
                self.refusing,
                outcome = "not_kept",
                "question {}:{} is not kept, Slack is told to send it again; check RabbitMQ: {cause}",
                question.channel,
                question.ts,
            );
            return Err(Refusal::NotKept(cause));
        }
        if let Some(over) = self.refusing.clear() {
            let (seconds, times) = (over.lasted.as_secs(), over.times);
            tracing::info!(seconds, times, "questions are kept again after {seconds} s, {times} were not");
        }
        let numbered = self.register(question, stamp).instrument(tracing::debug_span!("register")).await;
        tracing::info!(
            slack.channel_id = %question.channel, slack.ts = %question.ts, copy = %headers.copy,
            slack_retry = received.slack_retry, numbered, duration_ms = millis(started.elapsed()), outcome = "kept",
            "question {}:{} kept", question.channel, question.ts,
        );
        Ok(())
    }

    /// Takes the question's number, and says whether it has one. Failing is loud and never fails the request: the copy in
    /// the broker is safe.
    async fn register(&self, question: &Question, stamp: EpochStamp) -> bool {
        let registering = self.store.register(&question.conversation, question.ts, stamp, None);
        let cause = if self.clock.millis() < self.skip_until.load(Ordering::Relaxed) {
            "skipped for a moment after several failures".to_owned()
        } else {
            match tokio::time::timeout(self.register_timeout, registering).await {
                Ok(Ok(Registered::OtherEpoch)) => "redis lost data a moment ago".to_owned(),
                Ok(Ok(_)) => {
                    self.failures.store(0, Ordering::Relaxed);
                    if let Some(over) = self.unnumbered.clear() {
                        let (seconds, times) = (over.lasted.as_secs(), over.times);
                        tracing::info!(
                            seconds,
                            times,
                            "questions get numbers again after {seconds} s, {times} got none"
                        );
                    }
                    return true;
                }
                Ok(Err(error)) => self.count_failure(chain(&error)),
                Err(_) => self.count_failure(format!("no answer within {} ms", self.register_timeout.as_millis())),
            }
        };
        metrics::counter!("threadkeeper_unregistered_total").increment(1);
        shared::error_once!(
            self.unnumbered,
            outcome = "unregistered",
            "question {}:{} is kept but has no number in its thread, its order is best effort; check Redis: {cause}",
            question.channel,
            question.ts,
        );
        false
    }

    fn count_failure(&self, cause: String) -> String {
        if self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= FAILURES_BEFORE_SKIPPING {
            let skip = u64::try_from(SKIP.as_millis()).unwrap_or(u64::MAX);
            self.skip_until.store(self.clock.millis() + skip, Ordering::Relaxed);
        }
        cause
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
