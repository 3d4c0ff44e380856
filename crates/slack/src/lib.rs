//! Both directions of Slack.
pub mod error;
pub mod event;
pub mod replies;
pub mod signature;

pub use error::{CallError, Doubt, PostError, SlackError};
