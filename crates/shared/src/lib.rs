//! What every Threadkeeper service shares: the schema of what travels ([`task`], [`turn`], [`answer`]), identities
//! ([`ids`], [`ts`], [`conversation`]), the [`retry`] policy, the [`clock`], [`config`]uration, [`telemetry`],
//! [`health`] and the [`lifecycle`] of a process.
//!
//! Nothing in here knows RabbitMQ, Redis, HTTP or Slack's API; the crates that do depend on this one and never on
//! each other.

pub mod answer;
pub mod clock;
pub mod config;
pub mod conversation;
pub mod counters;
pub mod health;
pub mod ids;
pub mod lifecycle;
pub mod retry;
pub mod task;
pub mod telemetry;
pub mod ts;
pub mod turn;
