//! Keeps to Slack's rate limits before Slack says so, together with all other workers.

use std::time::{Duration, Instant};

use answers::Answerer;
use shared::{config::Pacing, ids::ChannelId};
use threads::{
    ThreadError, ThreadStore,
    outcome::{Pace, Permit},
};

use crate::worker::Worker;

/// "chat.postMessage generally allows posting one message per second per channel", with short bursts
/// (<https://docs.slack.dev/apis/web-api/rate-limits>).
const PER_CHANNEL: Pace = Pace { interval: Duration::from_secs(1), burst: 4 };

/// A permit that comes later than this is not waited for: the worker is free for other threads meanwhile.
const PATIENCE: Duration = Duration::from_secs(2);

impl<S: ThreadStore, A: Answerer> Worker<S, A> {
    /// Waits for a permit to post in a channel; the time to come back after, if there is none soon.
    pub(crate) async fn permit(&self, channel: &ChannelId) -> Result<Permit, ThreadError> {
        if self.pacing == Pacing::Off {
            return Ok(Permit::Granted);
        }
        let asked = Instant::now();
        loop {
            match self.store.permit(&lane(channel), PER_CHANNEL).await? {
                Permit::Wait(wait) if asked.elapsed() + wait <= PATIENCE => tokio::time::sleep(wait).await,
                permit => {
                    metrics::histogram!("threadkeeper_permit_wait_seconds").record(asked.elapsed());
                    return Ok(permit);
                }
            }
        }
    }

    /// Slack asked to wait: tells the other workers.
    pub(crate) async fn hold_posts(&self, channel: &ChannelId, retry_after: Duration) -> Result<(), ThreadError> {
        match self.pacing {
            Pacing::Off => Ok(()),
            Pacing::On => self.store.hold(&lane(channel), PER_CHANNEL, retry_after).await,
        }
    }
}

fn lane(channel: &ChannelId) -> String {
    format!("chat.postMessage:{channel}")
}
