//! The queue in a file: the suite that every queue passes, and what only a file does.

#![expect(clippy::unwrap_used, reason = "a test fails where its surroundings do")]

mod conformance;
mod file;
mod reopening;
