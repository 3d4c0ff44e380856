//! Keys that cannot be read are moved out of the way and kept for a while: one bad key never stops a worker.

use super::{
    pool::{Call, Pool},
    reply::Reply,
    scripts,
};
use crate::error::ThreadError;

/// How long an unreadable key is kept for a person to look at, in ms: 26 h, over the next working day.
const KEPT_MS: u64 = 26 * 3600 * 1000;

/// Moves the key away that a script found unreadable: the rest of its reply is the key, the type it should have, and the
/// value in question or nothing. `clock_offset` in ms.
pub(super) async fn set_aside(pool: &Pool, reply: &mut Reply, clock_offset: String) -> Result<(), ThreadError> {
    let (key, wanted) = (reply.text()?, reply.text()?);
    let value = reply.bytes()?;
    move_away(pool, &key, &wanted, value, clock_offset).await
}

/// Moves `key` away if it is not of the type `wanted`, or if it still holds `value`.
pub(super) async fn move_away(
    pool: &Pool,
    key: &str,
    wanted: &str,
    value: Option<Vec<u8>>,
    clock_offset: String,
) -> Result<(), ThreadError> {
    let mut arguments = vec![wanted.into(), KEPT_MS.to_string().into_bytes(), clock_offset.into_bytes()];
    arguments.extend(value);
    let call = Call { script: &scripts::SET_ASIDE, keys: vec![key.to_owned()], arguments, when_repeated: |_| () };
    let mut reply = Reply::new("set_aside", key, pool.call(call).await?)?;
    reply.number()?;
    reply.text()?;
    let Some(name) = reply.bytes()? else { return Ok(()) };
    let name = String::from_utf8_lossy(&name).into_owned();
    metrics::counter!("threadkeeper_unreadable_keys_total").increment(1);
    tracing::error!(
        key,
        kept_as = name,
        "{key} cannot be read (expected: {wanted}); it is kept as {name} for 26 h and the work goes on without it; find out who wrote it"
    );
    Ok(())
}
