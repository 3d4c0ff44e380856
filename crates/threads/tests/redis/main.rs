//! The store in Redis, against private servers.

mod server;
