//! When the people of a thread were last told that a question of theirs waits.

use std::time::Duration;

use shared::conversation::Conversation;

use super::{Argument, RedisThreads, SET_ASIDE_TRIES, aside, pool::Call, reply::Reply, scripts};
use crate::error::ThreadError;

impl RedisThreads {
    /// Notes that they are told now, if they were not told within `every`; forgets it if `remembered` is zero. Whether it
    /// did.
    pub(super) async fn waiting(
        &self,
        conversation: &Conversation,
        every: Duration,
        remembered: Duration,
    ) -> Result<bool, ThreadError> {
        let key = self.keys.waiting(conversation);
        for _ in 0..SET_ASIDE_TRIES {
            let call = Call {
                script: &scripts::WAITING,
                keys: vec![key.clone()],
                arguments: vec![every.argument(), remembered.argument(), self.epochs.offset().into_bytes()],
                when_repeated: |_| (),
            };
            let mut reply = Reply::new("waiting", &key, self.pool.call(call).await?)?;
            reply.number()?;
            match reply.text()?.as_str() {
                "yes" => return Ok(true),
                "no" => return Ok(false),
                "unreadable" => aside::set_aside(&self.pool, &mut reply, self.epochs.offset()).await?,
                _ => return Err(reply.unexpected("an unknown kind")),
            }
        }
        Err(ThreadError::Unreadable { call: "waiting", key })
    }
}
