//! Takes deliveries and runs one task for each; stops taking them while Redis is away.

use std::{sync::Arc, time::Duration};

use answers::Answerer;
use queue::TaskConsumer;
use rand::{SeedableRng, rngs::StdRng};
use shared::{retry::Backoff, telemetry::chain};
use threads::{ThreadError, ThreadStore};
use tokio::task::{JoinError, JoinSet};

use crate::worker::{Ending, Worker};

/// Between two tries to write to a Redis that is away.
const PROBE_BACKOFF: Backoff = Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(2) };

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
    loop {
        tokio::select! {
            biased;
            () = worker.soft.cancelled() => break,
            Some(ended) = running.join_next() => {
                if let Some(error) = store_away(ended) {
                    wait_for_store(&mut consumer, &worker, &error).await;
                }
            }
            // The prefetch counts from the last subscription on; after a pause there may be more in hand.
            delivery = consumer.next(), if running.len() < concurrency => {
                let Some(delivery) = delivery else { return Err(Ended) };
                let worker = Arc::clone(&worker);
                running.spawn(async move { worker.handle(delivery).await });
            }
        }
    }
    consumer.pause().await;
    while let Some(ended) = running.join_next().await {
        store_away(ended);
    }
    Ok(())
}

/// The stream of deliveries ended by itself.
#[derive(Debug, thiserror::Error)]
#[error("the stream of deliveries ended although the process should run")]
pub(crate) struct Ended;

/// A panic in one question is a failure of that question: its delivery went back, and its attempt was counted.
fn store_away(ended: Result<Ending, JoinError>) -> Option<ThreadError> {
    match ended {
        Ok(Ending::Settled) => None,
        Ok(Ending::StoreAway(error)) => Some(error),
        Err(error) => {
            if error.is_panic() {
                metrics::counter!("threadkeeper_panics_total").increment(1);
                tracing::error!("a question's task panicked, the question is tried again: {error}");
            }
            None
        }
    }
}

/// Nothing is answered without Redis, and nothing is kept in this process instead: it stops consuming until a write
/// succeeds. A PING would succeed while Redis is out of memory.
async fn wait_for_store<C, S, A>(consumer: &mut C, worker: &Worker<S, A>, error: &ThreadError)
where
    C: TaskConsumer,
    S: ThreadStore,
{
    tracing::error!(
        "no work is taken, Redis cannot be used; questions wait in RabbitMQ, nothing is lost; check Redis: {}",
        chain(error)
    );
    consumer.pause().await;
    let mut random = StdRng::from_os_rng();
    for failure in 1.. {
        match worker.store.probe().await {
            Ok(()) => break,
            Err(error) => tracing::warn!("Redis still cannot be used (probe {failure}): {}", chain(&error)),
        }
        tokio::select! {
            () = tokio::time::sleep(PROBE_BACKOFF.delay(failure, &mut random)) => {}
            () = worker.soft.cancelled() => return,
        }
    }
    consumer.resume();
    tracing::info!("Redis can be used again, work is taken");
}
