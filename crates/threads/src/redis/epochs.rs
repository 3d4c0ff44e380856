//! Which epoch this process knows, and how it comes to another one.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use shared::{config, ids::ProcessId};

use super::{
    pool::{Call, Pool},
    reply::Reply,
    scripts,
};
use crate::{
    epoch::{EpochId, EpochStamp, Loss, Origin, Verdict, judge},
    error::ThreadError,
};

/// Tries to agree with other processes that notice the same loss; each try that fails means that another one succeeded.
const TRIES: u32 = 8;

/// What this process knows about the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Known {
    epoch: Option<EpochId>,
    /// The highest write counter that Redis acknowledged in this epoch.
    acknowledged: u64,
}

/// The epoch of this process; shared by all its calls.
#[derive(Debug)]
pub(super) struct Epochs {
    key: String,
    process: ProcessId,
    origin: Origin,
    clock_margin: Duration,
    settle: Duration,
    known: Mutex<Known>,
    /// Added to Redis' clock, in ms.
    clock_offset: AtomicI64,
    /// One task at a time looks what happened; the others then find it settled.
    settling: tokio::sync::Mutex<()>,
}

impl Epochs {
    pub(super) fn new(key: String, process: ProcessId, origin: Origin, delivery: &config::Delivery) -> Self {
        Self {
            key,
            process,
            origin,
            clock_margin: delivery.clock_margin,
            settle: delivery.settle,
            known: Mutex::default(),
            clock_offset: AtomicI64::new(0),
            settling: tokio::sync::Mutex::default(),
        }
    }

    pub(super) fn stamp(&self) -> EpochStamp {
        EpochStamp(self.known().epoch)
    }

    pub(super) fn advance_clock(&self, by: Duration) {
        self.clock_offset.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }

    /// The epoch for a call, and the four arguments that every script gets first. The first call ever finds the epoch.
    pub(super) async fn header(&self, pool: &Pool) -> Result<(EpochId, Vec<Vec<u8>>), ThreadError> {
        if self.known().epoch.is_none() {
            self.look_again(pool, None).await?;
        }
        let Known { epoch: Some(epoch), acknowledged } = self.known() else {
            return Err(ThreadError::Epoch { key: self.key.clone() });
        };
        let header = [self.process.to_string(), epoch.to_string(), acknowledged.to_string(), self.offset()];
        Ok((epoch, header.map(String::into_bytes).to_vec()))
    }

    /// Redis acknowledged a write that was counted in `epoch`.
    pub(super) fn acknowledged(&self, epoch: EpochId, counter: u64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.epoch == Some(epoch) {
            known.acknowledged = known.acknowledged.max(counter);
        }
    }

    /// A script refused the epoch it carried (`refused`), or none was known yet: finds out what happened, and settles it.
    pub(super) async fn look_again(&self, pool: &Pool, refused: Option<EpochId>) -> Result<(), ThreadError> {
        let _alone = self.settling.lock().await;
        let known = self.known().epoch;
        if known != refused {
            return Ok(()); // another task has settled it meanwhile
        }
        let mut found = self.replace(pool, "", None).await?;
        for _ in 0..TRIES {
            match judge(known, found.as_deref(), refused.is_some()) {
                Verdict::Same => return Ok(()),
                Verdict::Adopt(epoch) => {
                    self.adopt(epoch, known);
                    return Ok(());
                }
                Verdict::Lost(_) if known.is_none() && self.origin == Origin::Unseen => {
                    return Err(ThreadError::NoEpoch { key: self.key.clone() });
                }
                Verdict::Lost(loss) => {
                    let next = EpochId::after(known);
                    let seen = found.as_deref().unwrap_or_default().to_owned();
                    found = self.replace(pool, &seen, Some(next)).await?;
                    if found.as_deref() == Some(&next.to_string()) {
                        self.set(next, known, loss);
                        return Ok(());
                    }
                }
            }
        }
        Err(ThreadError::Epoch { key: self.key.clone() })
    }

    /// Puts `next` in the place of `seen` if that is still there; the epoch that is there afterwards. Without `next` it only
    /// looks.
    async fn replace(&self, pool: &Pool, seen: &str, next: Option<EpochId>) -> Result<Option<String>, ThreadError> {
        let first_start = self.origin == Origin::FirstStart && self.known().epoch.is_none() && seen.is_empty();
        let margin = if first_start { "-1".to_owned() } else { self.clock_margin.as_millis().to_string() };
        let next = next.map(|id| id.to_string()).unwrap_or_default();
        let arguments = [seen.to_owned(), next, self.offset(), margin, self.settle.as_millis().to_string()];
        for _ in 0..TRIES {
            let call = Call {
                script: &scripts::NEW_EPOCH,
                keys: vec![self.key.clone()],
                arguments: arguments.iter().map(|text| text.clone().into_bytes()).collect(),
                when_repeated: |_| (),
            };
            let mut reply = Reply::new("new_epoch", &self.key, pool.call(call).await?)?;
            reply.number()?;
            match reply.text()?.as_str() {
                "ok" => {
                    let found = reply.bytes()?.map(|id| String::from_utf8_lossy(&id).into_owned());
                    return Ok(found.filter(|id| !id.is_empty()));
                }
                "unreadable" => super::aside::set_aside(pool, &mut reply, self.offset()).await?,
                _ => return Err(reply.unexpected("an unknown kind")),
            }
        }
        Err(ThreadError::Unreadable { call: "new_epoch", key: self.key.clone() })
    }

    fn adopt(&self, epoch: EpochId, before: Option<EpochId>) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Known { epoch: Some(epoch), acknowledged: 0 };
        if before.is_none() {
            tracing::debug!(%epoch, "joined epoch {epoch}");
            return;
        }
        metrics::counter!("threadkeeper_epochs_total", "how" => "adopted").increment(1);
        tracing::warn!(
            %epoch,
            "redis lost data, and another process noticed: joined epoch {epoch}; open questions are looked up in slack before they are answered"
        );
    }

    fn set(&self, epoch: EpochId, before: Option<EpochId>, loss: Loss) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Known { epoch: Some(epoch), acknowledged: 0 };
        if before.is_none() && self.origin == Origin::FirstStart && loss == Loss::Gone {
            tracing::info!(%epoch, "first start: epoch {epoch}");
            return;
        }
        metrics::counter!("threadkeeper_epochs_total", "how" => "set").increment(1);
        let settle = self.settle.as_secs_f32();
        tracing::error!(
            %epoch,
            reason = loss.as_str(),
            "redis lost data ({}): set epoch {epoch}; for {settle} s nothing is answered, then open questions are looked up in slack before they are answered, and their contexts are rebuilt; check redis' persistence and failover",
            loss.as_str()
        );
    }

    pub(super) fn offset(&self) -> String {
        self.clock_offset.load(Ordering::SeqCst).to_string()
    }

    fn known(&self) -> Known {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
