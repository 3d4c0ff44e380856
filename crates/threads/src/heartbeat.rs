//! The write of an idle process, by which lost writes are noticed soon.

use std::{convert::Infallible, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::ThreadStore;

/// Between two heartbeats. A Redis that lost data is noticed within this time by every process, idle or not.
const PERIOD: Duration = Duration::from_secs(1);

/// Writes once a second until `stop`. A heartbeat that fails is no news: probes and calls say that the store is away.
///
/// # Errors
/// Never.
pub async fn keep_beating<S: ThreadStore>(store: Arc<S>, stop: CancellationToken) -> Result<(), Infallible> {
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(PERIOD) => {}
        }
        if let Err(error) = store.heartbeat().await {
            tracing::debug!("no heartbeat: {error}");
        }
    }
}
