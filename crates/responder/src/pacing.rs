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

/// `chat.startStream` and `chat.stopStream` are of Tier 2, 20 and more a minute for a workspace
/// (<https://docs.slack.dev/apis/web-api/rate-limits>). Slack counts a minute, so half of it may come at once.
const STREAMS: Pace = Pace { interval: Duration::from_secs(3), burst: 10 };

/// `chat.appendStream` is of Tier 4, 100 and more a minute.
const APPENDS: Pace = Pace { interval: Duration::from_millis(600), burst: 50 };

/// `chat.update` is of Tier 3, 50 and more a minute.
const UPDATES: Pace = Pace { interval: Duration::from_millis(1200), burst: 25 };

/// A permit that comes later than this is not waited for: the worker is free for other threads meanwhile.
const PATIENCE: Duration = Duration::from_secs(2);

impl<S: ThreadStore, A: Answerer> Worker<S, A> {
    /// Waits for a permit to post in a channel; the time to come back after, if there is none soon.
    pub(crate) async fn permit(&self, channel: &ChannelId) -> Result<Permit, ThreadError> {
        self.wait_for_permit(&lane(channel), PER_CHANNEL).await
    }

    /// The same, to complete the message of a draft: as a stream, or by a change.
    pub(crate) async fn permit_completion(&self, is_stream: bool) -> Result<Permit, ThreadError> {
        let (lane, pace) = if is_stream { (STOP_LANE, STREAMS) } else { (UPDATE_LANE, UPDATES) };
        self.wait_for_permit(lane, pace).await
    }

    async fn wait_for_permit(&self, lane: &str, pace: Pace) -> Result<Permit, ThreadError> {
        if self.pacing == Pacing::Off {
            return Ok(Permit::Granted);
        }
        let asked = Instant::now();
        loop {
            match self.store.permit(lane, pace).await? {
                Permit::Wait(wait) if asked.elapsed() + wait <= PATIENCE => tokio::time::sleep(wait).await,
                permit => {
                    metrics::histogram!("threadkeeper_permit_wait_seconds").record(asked.elapsed());
                    return Ok(permit);
                }
            }
        }
    }

    /// Whether the message of a draft may be begun now, as a stream or as a post.
    pub(crate) async fn may_begin(&self, channel: &ChannelId, is_stream: bool) -> Result<bool, ThreadError> {
        let (lane, pace) = if is_stream { (START_LANE.to_owned(), STREAMS) } else { (lane(channel), PER_CHANNEL) };
        self.is_permitted(&lane, pace).await
    }

    /// Whether a draft may be added to now. What is not added now is added later, so a store that is away is no failure.
    pub(crate) async fn may_add(&self, is_stream: bool) -> bool {
        let (lane, pace) = if is_stream { (APPEND_LANE, APPENDS) } else { (UPDATE_LANE, UPDATES) };
        self.is_permitted(lane, pace).await.unwrap_or(false)
    }

    async fn is_permitted(&self, lane: &str, pace: Pace) -> Result<bool, ThreadError> {
        Ok(self.pacing == Pacing::Off || self.store.permit(lane, pace).await? == Permit::Granted)
    }

    /// Slack asked to begin no streams for a while: tells the other workers.
    pub(crate) async fn hold_streams(&self, retry_after: Duration) -> Result<(), ThreadError> {
        match self.pacing {
            Pacing::Off => Ok(()),
            Pacing::On => self.store.hold(START_LANE, STREAMS, retry_after).await,
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

/// The lanes of methods that Slack counts for the whole workspace.
const START_LANE: &str = "chat.startStream";
const APPEND_LANE: &str = "chat.appendStream";
const STOP_LANE: &str = "chat.stopStream";
const UPDATE_LANE: &str = "chat.update";

fn lane(channel: &ChannelId) -> String {
    format!("chat.postMessage:{channel}")
}
