//! The queue in one file, for one process: `threadkeeper dev`, where somebody tries the bot without any server.
//!
//! It behaves as [`crate::rabbitmq`] does: a publish returns when the copy is on disk, a copy leaves the file only by its
//! ack, and whatever was in a worker's hand when the process died comes again. Reading order: `file` (what is kept),
//! `lines` (who comes next), this module, `delivery`, `consumer`.
//!
//! It differs in two things, both on the safe side: after a restart every copy counts as redelivered, also one that no worker
//! had seen; and parking is one step, not a publish and an ack. The services cannot be configured to use it: they name
//! RabbitMQ in their `startup.rs`.

mod consumer;
mod delivery;
mod file;
mod lines;

use std::{
    fmt,
    panic::resume_unwind,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use redb::Database;
use shared::{clock::Clock, task::Task};
use tokio::sync::Notify;

pub use self::{consumer::EmbeddedConsumer, delivery::EmbeddedDelivery};
use self::{
    file::{Place, Stored},
    lines::{Copy, Lines},
};
use crate::{Headers, QueueError, TaskPublisher};

/// The queue in a data file. Cheap to clone; all clones are one queue, and publishers of it.
#[derive(Clone)]
pub struct EmbeddedQueue(Arc<Inner>);

struct Inner {
    database: Arc<Database>,
    clock: Clock,
    waits_ms: Vec<u64>,
    lines: Mutex<Lines>,
    /// Something may be taken now that could not before.
    changed: Notify,
}

impl EmbeddedQueue {
    /// The queue in `database`, which no other process has open and which may be shared with the threads. `waits_ms` are
    /// the times for which copies can be put aside, in ms. Blocks while it reads the file.
    ///
    /// # Errors
    /// When the file cannot be read or written, or is of another version.
    pub fn open(database: Arc<Database>, waits_ms: &[u64], clock: Clock) -> Result<Self, QueueError> {
        let lines = file::write(&database, |copies| {
            let all = copies.all()?;
            let mut lines = Lines::beginning_at(all.last().map_or(0, |(number, _)| *number));
            let mut waiting = Vec::new();
            for (number, stored) in all {
                let task: Task = match serde_json::from_str(stored.task.get()) {
                    Ok(task) => task,
                    Err(_) if matches!(stored.place, Place::Dead { .. }) => continue,
                    Err(error) => {
                        metrics::counter!("threadkeeper_undecodable_total").increment(1);
                        tracing::error!("copy {number} is no task and goes to the dead letters: {error}");
                        let place = Place::Dead { reason: format!("no task: {error}"), attempts: 0 };
                        copies.put(number, &Stored { place, ..stored })?;
                        continue;
                    }
                };
                let copy = Copy { number, position: 0, task, headers: stored.headers, redelivered: true };
                match stored.place {
                    Place::Work => lines.append(copy),
                    // Never longer than the wait itself, whatever became of the machine's clock.
                    Place::Wait { until, wait_ms } => {
                        waiting.push((until.saturating_sub(clock.millis()).min(wait_ms), copy));
                    }
                    Place::Dead { .. } => {}
                }
            }
            for (wait_ms, copy) in waiting {
                lines.put_aside(copy, Duration::from_millis(wait_ms));
            }
            Ok(lines)
        })?;
        let waits_ms = waits_ms.to_vec();
        Ok(Self(Arc::new(Inner { database, clock, waits_ms, lines: Mutex::new(lines), changed: Notify::new() })))
    }

    /// A consumer with at most `prefetch` unsettled deliveries.
    pub fn consumer(&self, prefetch: u16) -> EmbeddedConsumer {
        EmbeddedConsumer::new(self.clone(), prefetch)
    }

    /// Whether no question is under way: none is ready and none is put aside. For the moment after opening, when nobody has
    /// one in hand.
    pub fn nothing_is_under_way(&self) -> bool {
        self.lines().are_empty()
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the lines, and wakes whoever may take something now.
    fn change<T>(&self, change: impl FnOnce(&mut Lines) -> T) -> T {
        let changed = change(&mut self.lines());
        self.0.changed.notify_waiters();
        changed
    }

    fn wait(&self, wait_ms: u64) -> Result<Place, QueueError> {
        if !self.0.waits_ms.contains(&wait_ms) {
            return Err(QueueError::UnknownWait { wait_ms, known: self.0.waits_ms.clone() });
        }
        Ok(Place::Wait { until: self.0.clock.millis() + wait_ms, wait_ms })
    }

    /// Stores one more copy.
    fn add(&self, place: Place, headers: Headers, task: Task) -> Result<(), QueueError> {
        let number = self.lines().number();
        let stored = Stored::new(place, headers, &task)?;
        file::write(&self.0.database, |copies| copies.put(number, &stored))?;
        let copy = Copy { number, position: 0, task, headers: stored.headers, redelivered: false };
        match stored.place {
            Place::Work => self.change(|lines| lines.append(copy)),
            Place::Wait { wait_ms, .. } => {
                self.change(|lines| lines.put_aside(copy, Duration::from_millis(wait_ms)));
            }
            Place::Dead { .. } => {}
        }
        Ok(())
    }

    /// Runs `work`, which may block, beside the asynchronous tasks. It runs to its end even if nobody waits any more.
    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce(&Self) -> T + Send + 'static) -> T {
        let queue = self.clone();
        match tokio::task::spawn_blocking(move || work(&queue)).await {
            Ok(done) => done,
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            // The runtime is ending, and nobody is told anything any more.
            Err(_) => std::future::pending().await,
        }
    }
}

impl TaskPublisher for EmbeddedQueue {
    async fn publish(&self, task: &Task, headers: &Headers) -> Result<(), QueueError> {
        let (task, headers) = (task.clone(), headers.clone());
        let published = self.blocking(move |queue| queue.add(Place::Work, headers, task)).await;
        let outcome = if published.is_ok() { "confirmed" } else { "failed" };
        metrics::counter!("threadkeeper_publishes_total", "outcome" => outcome).increment(1);
        published
    }

    fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}

impl fmt::Debug for EmbeddedQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedQueue").field("waits_ms", &self.0.waits_ms).finish_non_exhaustive()
    }
}
