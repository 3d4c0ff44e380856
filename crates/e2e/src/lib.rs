//! The test harness: a private RabbitMQ and Redis, the real binaries, and faults.
//!
//! In reading order:
//!
//! 1. [`stack::Stack`] is what a test starts: ingresses and responders as real processes, a Redis of its own, and a
//!    queue prefix of its own on the one broker that all tests of a run share.
//! 2. [`process::Service`] is one of those processes: its log lines, its readiness, the signals it is sent.
//! 3. [`servers::RabbitMq`] and [`servers::Redis`] are the servers: own ports, own folder, killed and restarted on the
//!    same data.
//! 4. [`waiting::eventually`] is the one way to wait for something outside the test's process.
//! 5. [`ledger::Ledger`] keeps book on questions under load, and [`verdict::Verdict`] judges afterwards whether each was
//!    answered once, in order, knowing the turns before it.
//! 6. [`attack::attack`] does it all at random: load, kills, freezes, and a Slack that misbehaves.
//! 7. [`reaper`] makes sure that nothing outlives the test, however the test ends.
//!
//! The servers need no root and no container: they are the distribution's programs, started as plain processes.
//! Everything listens on 127.0.0.1 only.
//!
//! ```no_run
//! # async fn test() -> Result<(), e2e::HarnessError> {
//! use std::time::Duration;
//! let stack = e2e::Stack::builder("http://127.0.0.1:4000/api").ingresses(2).responders(3).build().await?;
//! stack.responders[0].kill();
//! stack.redis.restart().await?;
//! stack.settled(Duration::from_secs(10)).await?;
//! # Ok(()) }
//! ```
//!
//! The binary `e2e-keeper` starts the same servers for scripts, and holds them until its standard input is closed.

mod child;
mod error;
mod folder;
mod port;
mod python;

pub mod attack;
pub mod gate;
pub mod ledger;
pub mod process;
pub mod reaper;
pub mod servers;
pub mod stack;
pub mod timeline;
pub mod verdict;
pub mod waiting;

pub use self::{
    error::HarnessError,
    gate::Gate,
    ledger::{Ledger, Manner, whole},
    process::{Exit, LogLine, Service, ServiceBuilder},
    python::python,
    servers::{RabbitMq, Redis},
    stack::{BOT_TOKEN, SIGNING_SECRET, Stack, StackBuilder},
    verdict::{Promise, Verdict},
    waiting::eventually,
};
