//! The store in Redis, against private servers.

mod contract;
mod epochs;
mod faults;
mod laboratory;
mod model;
mod server;
mod unreadable;

use laboratory::RedisLaboratory;

threads::conformance!(RedisLaboratory::start().await);
