//! Takes deliveries and runs one task for each; stops taking them while Redis is away.

use std::{
    ops::ControlFlow,
    sync::Arc,
    time::{Duration, Instant},
};

use answers::Answerer;
use queue::{Delivery as _, TaskConsumer};
use rand::{SeedableRng, rngs::StdRng};
use shared::{
    retry::Backoff,
    task::Task,
    telemetry::{chain, question_span},
};
use threads::{ThreadError, ThreadStore};
use tokio::task::{JoinError, JoinSet};
use tracing::Instrument;

use crate::{decision::Ending, worker::Worker};

/// Between two tries to write to a Redis that is away.
const PROBE_BACKOFF: Backoff = Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(2) };

/// Failures that follow each other within this time belong to one outage.
const SAME_OUTAGE: Duration = Duration::from_secs(10);

/// Consumes until the process is told to stop, then waits for what was begun.
///
/// # Errors
/// When the consumer ends although the process should run.
pub(crate) async fn consume<C, S, A>(
    mut consumer: C,
    worker: Arc<Worker<S, A>>,
    concurrency: usize,
) -> Result<(), Ended>
where
    C: TaskConsumer,
    C::Delivery: 'static,
    S: ThreadStore + 'static,
    A: Answerer + 'static,
{
    let mut running = JoinSet::new();
    let mut outage = Outage::default();
    let mut ended_by_itself = false;
    loop {
        tokio::select! {
            biased;
            () = worker.soft.cancelled() => break,
            Some(ended) = running.join_next() => {
                if let Some((error, at)) = store_away(ended)
                    && outage.is_news(at)
                {
                    outage.wait_until_over(&mut consumer, &worker, &error).await;
                }
            }
            // The prefetch counts from the last subscription on; after a pause there may be more in hand.
            delivery = consumer.next(), if running.len() < concurrency => {
                let Some(delivery) = delivery else {
                    ended_by_itself = true;
                    break;
                };
                let worker = Arc::clone(&worker);
                let Task::Question(question) = delivery.task();
                let span = question_span(question);
                service::traces::continue_trace(&span, delivery.headers().traceparent.as_deref());
                running.spawn(async move { worker.handle(delivery).await }.instrument(span));
            }
        }
    }
    consumer.pause().await;
    while let Some(ended) = running.join_next().await {
        store_away(ended);
    }
    if ended_by_itself { Err(Ended) } else { Ok(()) }
}

/// The stream of deliveries ended by itself.
#[derive(Debug, thiserror::Error)]
#[error("the stream of deliveries ended although the process should run")]
pub struct Ended;

/// A panic in one question is a failure of that question: its delivery went back, and its attempt was counted.
fn store_away(ended: Result<Ending, JoinError>) -> Option<(ThreadError, Instant)> {
    match ended {
        Ok(Ending::Settled) => None,
        Ok(Ending::StoreAway { error, at }) => Some((error, at)),
        Err(error) => {
            if error.is_panic() {
                metrics::counter!("threadkeeper_panics_total").increment(1);
                tracing::error!("a question's task panicked, the question is tried again: {error}");
            }
            None
        }
    }
}

/// Redis could not be used, perhaps several times in a row.
#[derive(Default)]
struct Outage {
    /// When it was over the last time, and the how manieth in a row it was.
    last: Option<(Instant, u32)>,
}

impl Outage {
    /// Whether a failure at this time is of after the last outage: all questions in hand fail in one, and are no new one each.
    fn is_news(&self, at: Instant) -> bool {
        self.last.is_none_or(|(over, _)| at > over)
    }

    /// Nothing is answered without Redis, and nothing is kept in this process instead: it stops consuming until a write
    /// succeeds. A PING would succeed while Redis is out of memory.
    ///
    /// Calls that were under way when Redis went away fail one after another, some of them when it is back already; if
    /// writes fail and succeed in turn, the pauses grow.
    async fn wait_until_over<C, S, A>(&mut self, consumer: &mut C, worker: &Worker<S, A>, error: &ThreadError)
    where
        C: TaskConsumer,
        S: ThreadStore,
    {
        let in_a_row = self.last.filter(|(over, _)| over.elapsed() < SAME_OUTAGE).map_or(1, |(_, count)| count + 1);
        let mut random = StdRng::from_os_rng();
        if worker.store.probe().await.is_ok() {
            tracing::warn!("a call to Redis failed, and writes succeed: {}", chain(error));
        } else {
            tracing::error!(
                outcome = "redis_away",
                "no work is taken, Redis cannot be used; questions wait in RabbitMQ, nothing is lost; check Redis: {}",
                chain(error)
            );
            consumer.pause().await;
            for failure in 1.. {
                if pause(PROBE_BACKOFF.delay(failure, &mut random), worker).await.is_break() {
                    return;
                }
                match worker.store.probe().await {
                    Ok(()) => break,
                    Err(error) => tracing::warn!("Redis still cannot be used (probe {failure}): {}", chain(&error)),
                }
            }
            consumer.resume();
            tracing::info!(outcome = "redis_back", "Redis can be used again, work is taken");
        }
        if in_a_row > 1 && pause(PROBE_BACKOFF.delay(in_a_row, &mut random), worker).await.is_break() {
            return;
        }
        self.last = Some((Instant::now(), in_a_row));
    }
}

/// Waits, unless the process is told to stop.
async fn pause<S, A>(duration: Duration, worker: &Worker<S, A>) -> ControlFlow<()> {
    tokio::select! {
        () = tokio::time::sleep(duration) => ControlFlow::Continue(()),
        () = worker.soft.cancelled() => ControlFlow::Break(()),
    }
}
