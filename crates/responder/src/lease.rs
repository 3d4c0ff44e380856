//! Holds a thread's lease while something runs.

use std::{
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use shared::{conversation::Conversation, ids::OwnerId, telemetry::chain, ts::MessageTs};
use threads::{ThreadStore, outcome::Renewed};
use tokio_util::sync::CancellationToken;

/// A thread that this attempt owns for a while.
pub(crate) struct Lease<'a, S> {
    pub(crate) store: &'a S,
    pub(crate) conversation: &'a Conversation,
    pub(crate) ts: MessageTs,
    pub(crate) owner: &'a OwnerId,
    pub(crate) duration: Duration,
    /// When it was granted or last renewed, by this process' clock; kept from one [`hold`](Self::hold) to the next.
    pub(crate) renewed_at: &'a Mutex<Instant>,
}

/// How something that ran under a lease ended.
pub(crate) enum Held<T> {
    /// It completed, and the lease was held all the time.
    Completed(T),
    /// The lease was lost, or could not be renewed in time: another worker may own the thread.
    Lost,
    /// The process is stopping.
    Stopping,
}

impl<S: ThreadStore> Lease<'_, S> {
    /// Runs `work` and renews the lease meanwhile. Drops `work` when the lease is lost or `stop` is cancelled.
    pub(crate) async fn hold<T>(&self, stop: &CancellationToken, work: impl Future<Output = T>) -> Held<T> {
        tokio::select! {
            biased;
            () = stop.cancelled() => Held::Stopping,
            done = work => Held::Completed(done),
            () = self.keep_renewing() => Held::Lost,
        }
    }

    /// Renews each third of the lease; a call that takes longer than a third is given up and asked again, on another
    /// connection. Returns when the lease is lost, or when the whole of it has passed by the monotonic clock since the last
    /// renewal: another worker may own the thread. Stopping earlier would save nothing, since Redis refuses the post of who
    /// has lost the thread.
    async fn keep_renewing(&self) {
        let third = self.duration / 3;
        let mut asked_at = self.renewed_at();
        loop {
            tokio::time::sleep_until((asked_at + third).into()).await;
            asked_at = Instant::now();
            let renewing = self.store.renew(self.conversation, self.ts, self.owner, self.duration);
            match tokio::time::timeout(third, renewing).await {
                Ok(Ok(Renewed::Ok)) => *self.locked() = asked_at,
                Ok(Ok(lost)) => {
                    metrics::counter!("threadkeeper_leases_lost_total").increment(1);
                    tracing::warn!(slack.channel_id = %self.conversation.channel(), slack.ts = %self.ts, outcome = ?lost, "lease of {} lost ({lost:?})", self.conversation);
                    return;
                }
                Ok(Err(error)) => {
                    tracing::warn!(slack.channel_id = %self.conversation.channel(), slack.ts = %self.ts, "lease of {} not renewed: {}", self.conversation, chain(&error));
                }
                Err(_) => {
                    let (channel, ts) = (self.conversation.channel(), self.ts);
                    tracing::warn!(slack.channel_id = %channel, slack.ts = %ts, "lease of {channel}:{ts} not renewed in time");
                }
            }
            if self.renewed_at().elapsed() >= self.duration {
                metrics::counter!("threadkeeper_leases_lost_total").increment(1);
                return;
            }
        }
    }

    fn renewed_at(&self) -> Instant {
        *self.locked()
    }

    fn locked(&self) -> MutexGuard<'_, Instant> {
        self.renewed_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
