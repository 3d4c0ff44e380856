//! Reads a request's body within its size and its time.

use std::time::Duration;

use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt;

use crate::refusal::Refusal;

/// Bounds on a request's body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimits {
    /// Largest size in bytes.
    pub(crate) bytes: usize,
    /// Longest time from the first to the last byte. actix bounds the time of the head only.
    pub(crate) time: Duration,
}

/// Reads the whole body.
pub(crate) async fn read(mut payload: Payload, limits: BodyLimits) -> Result<Bytes, Refusal> {
    let all = async {
        let mut body = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| Refusal::BrokenOff)?;
            if body.len() + chunk.len() > limits.bytes {
                return Err(Refusal::TooLarge { limit: limits.bytes });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    match tokio::time::timeout(limits.time, all).await {
        Ok(read) => read,
        Err(_) => Err(Refusal::TooSlow { limit_ms: limits.time.as_millis() }),
    }
}
