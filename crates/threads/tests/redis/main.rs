//! The store in Redis, against private servers.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

mod contract;
mod epochs;
mod faults;
mod laboratory;
mod model;
mod server;
mod unreadable;

use laboratory::RedisLaboratory;

threads::conformance!(RedisLaboratory::start().await);
