//! RabbitMQ and Redis as private servers of a test.

mod queues;
mod rabbitmq;
mod redis;

use std::time::Duration;

use tokio::sync::OnceCell;

pub use self::{
    queues::QueueDepth,
    rabbitmq::RabbitMq,
    redis::{Backup, Redis, RedisBuilder},
};
use crate::HarnessError;

/// The broker that all tests of this process share; the first one starts it, the reaper ends it.
///
/// Each test has a prefix of its own. A test that stops the broker starts its own one.
///
/// # Errors
/// As [`RabbitMq::start`].
pub async fn shared_broker() -> Result<&'static RabbitMq, HarnessError> {
    static BROKER: OnceCell<RabbitMq> = OnceCell::const_new();
    BROKER.get_or_try_init(RabbitMq::start).await
}

/// The longest time a server may take to start. RabbitMQ needs 4 to 5 s on an idle machine with two cores; tests run in
/// parallel on a busy one.
const START_TIMEOUT: Duration = Duration::from_secs(90);

/// The longest time a server may take to end by itself when it is asked to.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
