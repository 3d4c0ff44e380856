//! The playground as its users see it: over HTTP.

#![expect(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod bot;
mod control;
mod events;
mod faults;
mod files;
mod interactions;
mod page;
mod receiver;
mod streams;
mod waiting;
mod web_api;
