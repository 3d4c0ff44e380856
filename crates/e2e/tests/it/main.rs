//! Tests with real processes and real servers. One binary, so that all of them share one broker.

#![expect(clippy::unwrap_used, reason = "clippy sees tests in functions marked as such, and not in what they call")]

mod processes;
mod servers;
