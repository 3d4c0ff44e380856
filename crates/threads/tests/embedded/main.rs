//! The embedded store: the suite that every store passes, what only a file does, and random sequences beside Redis.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

mod beside_redis;
mod laboratory;
#[expect(dead_code, reason = "the Redis side is shared with its own tests, which use more of it")]
#[path = "../redis/laboratory.rs"]
mod redis_laboratory;
mod reopening;
#[expect(dead_code, reason = "the Redis side is shared with its own tests, which use more of it")]
#[path = "../redis/server.rs"]
mod server;

use laboratory::EmbeddedLaboratory;

threads::conformance!(EmbeddedLaboratory::new());
