//! What both services do alike: [`run`] reads the command line and the configuration, sets up telemetry and ends with
//! the right exit code; [`admin`] serves `/livez`, `/readyz` and `/metrics`.

pub mod admin;
pub mod bind;
mod command;

pub use command::{Process, run};
