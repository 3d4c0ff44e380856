//! Questions in the queue: publish with confirm, consume, park, dead-letter.

pub mod conformance;
mod consumer;
mod delivery;
mod error;
mod headers;
mod publisher;
pub mod rabbitmq;

pub use consumer::TaskConsumer;
pub use delivery::{Delivery, Kept};
pub use error::QueueError;
pub use headers::Headers;
pub use publisher::TaskPublisher;
