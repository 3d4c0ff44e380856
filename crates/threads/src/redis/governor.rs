//! Permits for calls to Slack, shared by all workers.

use std::time::Duration;

use super::{Argument, RedisThreads, SET_ASIDE_TRIES, aside, pool::Call, reply::Reply, scripts};
use crate::{
    error::ThreadError,
    outcome::{Pace, Permit},
};

impl RedisThreads {
    /// Takes a permit, or holds the lane if `hold` is not zero.
    pub(super) async fn govern(&self, lane: &str, pace: Pace, hold: Duration) -> Result<Permit, ThreadError> {
        let key = self.keys.governor(lane);
        let burst = u64::from(pace.burst.max(1));
        for _ in 0..SET_ASIDE_TRIES {
            let call = Call {
                script: &scripts::PERMIT,
                keys: vec![key.clone()],
                arguments: vec![
                    pace.interval.argument(),
                    burst.argument(),
                    self.epochs.offset().into_bytes(),
                    hold.argument(),
                ],
                when_repeated: |_| (),
            };
            let mut reply = Reply::new("permit", &key, self.pool.call(call).await?)?;
            reply.number()?;
            match reply.text()?.as_str() {
                "granted" => return Ok(Permit::Granted),
                "wait" => return Ok(Permit::Wait(Duration::from_millis(reply.number()?))),
                "unreadable" => aside::set_aside(&self.pool, &mut reply, self.epochs.offset()).await?,
                _ => return Err(reply.unexpected("an unknown kind")),
            }
        }
        Err(ThreadError::Unreadable { call: "permit", key })
    }
}
