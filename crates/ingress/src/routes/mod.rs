//! The routes that Slack calls.

pub(crate) mod body;
pub(crate) mod events;
