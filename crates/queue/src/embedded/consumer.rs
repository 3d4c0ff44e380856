//! Taking copies out of the lines.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
};

use super::{
    EmbeddedQueue,
    delivery::{EmbeddedDelivery, InHand},
    lines::Found,
};
use crate::TaskConsumer;

/// Takes questions out of an [`EmbeddedQueue`].
pub struct EmbeddedConsumer {
    queue: EmbeddedQueue,
    prefetch: u16,
    in_hand: Arc<AtomicU16>,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Consuming,
    Paused,
    Stopped,
}

impl EmbeddedConsumer {
    pub(super) fn new(queue: EmbeddedQueue, prefetch: u16) -> Self {
        Self { queue, prefetch: prefetch.max(1), in_hand: Arc::default(), phase: Phase::Consuming }
    }
}

impl TaskConsumer for EmbeddedConsumer {
    type Delivery = EmbeddedDelivery;

    async fn next(&mut self) -> Option<EmbeddedDelivery> {
        match self.phase {
            Phase::Consuming => {}
            Phase::Paused => std::future::pending().await,
            Phase::Stopped => return None,
        }
        loop {
            let mut changed = pin!(self.queue.0.changed.notified());
            // Before looking, so that no change in between is missed.
            changed.as_mut().enable();
            let mut comes_back = None;
            if self.in_hand.load(Ordering::SeqCst) < self.prefetch {
                match self.queue.lines().take() {
                    Found::Copy(copy) => {
                        return Some(EmbeddedDelivery::new(*copy, InHand::one_more(&self.in_hand, &self.queue)));
                    }
                    Found::Nothing { until } => comes_back = until,
                }
            }
            let in_time = async {
                match comes_back {
                    Some(until) => tokio::time::sleep_until(until.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = changed => {}
                () = in_time => {}
            }
        }
    }

    /// Nothing is ever sent ahead, so there is nothing to give back.
    async fn pause(&mut self) {
        if self.phase == Phase::Consuming {
            self.phase = Phase::Paused;
        }
    }

    fn resume(&mut self) {
        if self.phase == Phase::Paused {
            self.phase = Phase::Consuming;
        }
    }

    async fn stop(&mut self) {
        self.phase = Phase::Stopped;
    }

    fn ready(&self) -> Result<(), String> {
        if self.phase == Phase::Stopped { Err("stopped".to_owned()) } else { Ok(()) }
    }
}
