//! Keeps a question: publish it, wait for the broker's confirm, take its number in the thread.

use std::{
    sync::Arc,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use queue::{Headers, TaskPublisher};
use shared::{
    clock::Clock,
    task::{Question, Task},
    telemetry::chain,
};
use threads::{ThreadStore, epoch::EpochStamp, outcome::Registered};

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
}

impl<P: TaskPublisher, S: ThreadStore> Intake<P, S> {
    /// Keeps questions through `publisher`, numbers them in `store`.
    pub(crate) fn new(publisher: P, store: Arc<S>, register_timeout: Duration, clock: Clock) -> Self {
        Self { publisher, store, register_timeout, clock, failures: AtomicU32::new(0), skip_until: AtomicU64::new(0) }
    }

    /// Keeps one question; it is kept when this returns, numbered if the store could be reached.
    pub(crate) async fn keep(&self, received: Received) -> Result<(), Refusal> {
        let question = received.question;
        // Before the publish: a number is taken only in the epoch in which the request was published, else a turn whose
        // copy was acked long ago could block its thread.
        let stamp = self.store.stamp();
        let headers = Headers { slack_retry: received.slack_retry, ..Headers::first() };
        let task = Task::Question(question);
        let Task::Question(question) = &task;

        let started = Instant::now();
        if let Err(error) = self.publisher.publish(&task, &headers).await {
            let cause = chain(&error);
            tracing::error!(
                slack.team_id = %question.team, slack.channel_id = %question.channel, slack.ts = %question.ts,
                slack.event_id = %question.event_id, event_key = %question.event_key(), slack_retry = received.slack_retry,
                outcome = "not_kept",
                "question {}:{} is not kept, Slack is told to send it again; check RabbitMQ: {cause}",
                question.channel, question.ts,
            );
            return Err(Refusal::NotKept(cause));
        }
        let numbered = self.register(question, stamp).await;
        tracing::info!(
            slack.team_id = %question.team, slack.channel_id = %question.channel, slack.ts = %question.ts,
            slack.event_id = %question.event_id, event_key = %question.event_key(), copy = %headers.copy,
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
                    return true;
                }
                Ok(Err(error)) => self.count_failure(chain(&error)),
                Err(_) => self.count_failure(format!("no answer within {} ms", self.register_timeout.as_millis())),
            }
        };
        metrics::counter!("threadkeeper_unregistered_total").increment(1);
        tracing::error!(
            slack.channel_id = %question.channel, slack.ts = %question.ts, slack.event_id = %question.event_id,
            event_key = %question.event_key(), outcome = "unregistered",
            "question {}:{} is kept but has no number in its thread, its order is best effort; check Redis: {cause}",
            question.channel, question.ts,
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
