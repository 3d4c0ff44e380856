//! The queue in a file: the suite that every queue passes, and what only a file does.

mod conformance;
mod file;
mod reopening;
