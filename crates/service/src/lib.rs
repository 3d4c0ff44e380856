//! What both services do alike: [`run`] reads the command line and the configuration, sets up telemetry and ends with
//! the right exit code; [`admin`] serves `/livez`, `/readyz` and `/metrics`; [`traces`] tells the way of questions to a collector.

pub mod admin;
pub mod bind;
mod command;
mod healthcheck;
pub mod traces;

pub use command::{Process, run};

/// The version of this build, with its commit: `0.1.0 (b1946ac92492)`.
pub const VERSION: &str = env!("THREADKEEPER_VERSION");
