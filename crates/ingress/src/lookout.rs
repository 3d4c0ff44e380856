//! Looks at the queues and at Redis, for the metrics that wake people. The ingress does it, because it lives without
//! responders and without Redis, and has something to tell then.

use std::{convert::Infallible, sync::Arc, time::Duration};

use queue::rabbitmq::{Depths, RabbitMq};
use threads::{RedisThreads, ThreadError, ThreadStore as _};
use tokio_util::sync::CancellationToken;

/// Prometheus usually scrapes each 15 s. A look costs the broker one passive declare for each queue, and Redis one write.
const INTERVAL: Duration = Duration::from_secs(5);

/// Every value of the label `cause`.
const CAUSES: [&str; 7] = ["unreachable", "timeout", "refused", "out_of_memory", "read_only", "loading", "other"];

/// Looks until `stop`.
///
/// # Errors
/// None: what cannot be seen is a value of its own.
pub(crate) async fn keep_looking(
    broker: Arc<RabbitMq>,
    store: Arc<RedisThreads>,
    stop: CancellationToken,
) -> Result<(), Infallible> {
    loop {
        // A connection that the broker's alarm blocks would not answer either.
        let depths = if broker.ready().is_ok() { broker.depths().await.ok() } else { None };
        tell_depths(depths.as_ref());
        tell_trouble(store.probe().await.err().as_ref());
        if tokio::time::timeout(INTERVAL, stop.cancelled()).await.is_ok() {
            return Ok(());
        }
    }
}

/// One of the numbers of a look.
type Number = fn(&Depths) -> u32;

/// What is not known is no number: comparisons with NaN are false, so a broker that is away fires its own alert only.
fn tell_depths(depths: Option<&Depths>) {
    let number = |count: Number| depths.map_or(f64::NAN, |depths| f64::from(count(depths)));
    let queues: [(&str, Number); 4] = [
        ("work", |depths| depths.work),
        ("wait", |depths| depths.waits.iter().map(|(_, parked)| parked).sum()),
        ("dead", |depths| depths.dead),
        ("unrouted", |depths| depths.unrouted),
    ];
    for (queue, count) in queues {
        metrics::gauge!("threadkeeper_queue_messages", "queue" => queue).set(number(count));
    }
    metrics::gauge!("threadkeeper_queue_consumers").set(number(|depths| depths.consumers));
}

fn tell_trouble(error: Option<&ThreadError>) {
    let found = error.map(cause);
    for cause in CAUSES {
        let value = if found == Some(cause) { 1.0 } else { 0.0 };
        metrics::gauge!("threadkeeper_redis_trouble", "cause" => cause).set(value);
    }
}

/// What an operator would do something else about.
fn cause(error: &ThreadError) -> &'static str {
    match error {
        ThreadError::Unreachable { .. } => "unreachable",
        ThreadError::Timeout { .. } | ThreadError::Busy { .. } => "timeout",
        ThreadError::Refused { .. } | ThreadError::NotPermitted { .. } => "refused",
        ThreadError::OutOfMemory { .. } => "out_of_memory",
        ThreadError::ReadOnly { .. } => "read_only",
        ThreadError::Loading { .. } => "loading",
        _ => "other",
    }
}
