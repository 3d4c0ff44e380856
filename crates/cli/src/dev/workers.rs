//! The workers: responders that can be killed.

use std::sync::Arc;

use answers::AnyAnswerer;
use queue::EmbeddedQueue;
use responder::responder::{Bot, Dependencies, Ended, Responder};
use shared::config::Settings;
use threads::EmbeddedThreads;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// The span in which everything that a worker does is logged; its field is the worker's number.
pub(crate) const WORKER: &str = "worker";

/// What all workers work with.
pub(crate) struct Workers {
    settings: Settings,
    queue: EmbeddedQueue,
    store: Arc<EmbeddedThreads>,
    answerer: Arc<AnyAnswerer>,
    bot: Bot,
    dependencies: Dependencies,
    /// One for each, worker 1 first.
    killed: Vec<Notify>,
}

impl Workers {
    pub(crate) fn new(
        settings: Settings,
        count: u16,
        (queue, store): (EmbeddedQueue, Arc<EmbeddedThreads>),
        (answerer, bot): (Arc<AnyAnswerer>, Bot),
    ) -> Arc<Self> {
        let killed = (0..count).map(|_| Notify::new()).collect();
        Arc::new(Self { settings, queue, store, answerer, bot, dependencies: Dependencies::default(), killed })
    }

    /// Their numbers, from 1 on.
    pub(crate) fn numbers(&self) -> std::ops::RangeInclusive<usize> {
        1..=self.killed.len()
    }

    /// Worker `number` ends where it stands: it releases nothing, what it had in hand comes again, its lease runs out.
    pub(crate) fn kill(&self, number: usize) -> Result<(), String> {
        let place = number.checked_sub(1).and_then(|place| self.killed.get(place));
        place.map(Notify::notify_one).ok_or_else(|| format!("There is no worker {number}."))
    }

    /// Works as worker `number` until `stop`; a worker that is killed is replaced.
    pub(crate) async fn keep_working(self: Arc<Self>, number: usize, stop: CancellationToken) -> Result<(), Ended> {
        loop {
            let responder = Responder {
                consumer: self.queue.consumer(self.settings.responder.concurrency),
                store: Arc::clone(&self.store),
                answerer: Arc::clone(&self.answerer),
                bot: self.bot.clone(),
                dependencies: self.dependencies.clone(),
            };
            let working = responder.run(&self.settings, stop.clone());
            let name = format!("worker-{number}");
            let span = tracing::info_span!("worker", number, service = "responder", worker = name);
            tokio::select! {
                ended = working.instrument(span) => return ended,
                () = self.killed[number - 1].notified() => {
                    tracing::warn!(worker = number, "worker {number} was killed, another one starts in its place");
                }
            }
        }
    }
}
