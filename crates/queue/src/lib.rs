//! Questions in the queue: publish with confirm, consume, park, dead-letter.
//!
//! The queue owns a question from the moment the ingress has published it until it is answered: a copy is acked only
//! after the effect. Copies may be too many, never too few; which of them runs is decided elsewhere.
//!
//! # How to read it
//! 1. The seam, which knows no broker: [`TaskPublisher`], [`TaskConsumer`], [`Delivery`], and the [`Headers`] that travel
//!    beside a task. A [`Delivery`] is owned: each of its ends (`ack`, `park`, `give_back`) consumes it, and one that is
//!    dropped is noticed and given back.
//! 2. [`conformance`]: what every queue has to do, as functions over the seam. An implementation passes all of them.
//! 3. [`rabbitmq`]: the broker. [`rabbitmq::Topology`] names the queues and says why each argument is as it is;
//!    [`rabbitmq::RabbitMq`] holds two supervised connections (one publishes, one consumes) and makes publishers and
//!    consumers from them.
//! 4. [`embedded`]: the same in one file, for a process that tries the bot without any server.
//!
//! ```text
//! publish --> exchange slack --work--> [work] --> consumer --> Delivery --ack--> gone
//!                  |    ^--wait.1000-------^ after 1 s  <-- park (confirmed publish, then ack)
//!                  |    ^--dead--> [dead]               <-- dead_letter
//!                  +-- not routable --> exchange slack.unrouted --> [unrouted], moved back by move_unrouted
//! ```
//!
//! # When something breaks
//! * **The connection**: the supervision connects again, without limit. A publish waits for it within its time, a consumer
//!   for as long as it takes. What was in hand comes again; its `ack` and `park` end with a log line or an error.
//! * **The broker's alarm** blocks the publishing connection: publishes fail with [`QueueError::Blocked`], consuming and
//!   acks go on, on the other connection.
//! * **A message that is no task** goes to the dead letters, alone and at once.
//!
//! # Metrics
//! | name | labels | meaning |
//! |---|---|---|
//! | `threadkeeper_publishes_total` | `outcome`: `confirmed`, `refused`, `not_confirmed`, `blocked`, `disconnected`, `failed` | publishes of any kind |
//! | `threadkeeper_publish_seconds` | | publish and confirm together |
//! | `threadkeeper_parks_total` | | copies put into a wait queue |
//! | `threadkeeper_dead_letters_total` | | questions put among the dead letters |
//! | `threadkeeper_undecodable_total` | | messages that are no task |
//! | `threadkeeper_deliveries_dropped_total` | | deliveries dropped unsettled; a bug |
//! | `threadkeeper_unrouted_moved_total` | | messages that were found in `unrouted` |
//! | `threadkeeper_broker_connected` | `purpose`: `publish`, `consume` | 1 while the connection is up |
//! | `threadkeeper_broker_connections_total` | `purpose` | connections made, the first one too |
//! | `threadkeeper_broker_connections_lost_total` | `purpose` | connections lost |
//! | `threadkeeper_subscriptions_lost_total` | | subscriptions that ended by themselves |

pub mod conformance;
mod consumer;
mod delivery;
pub mod embedded;
mod error;
mod headers;
mod publisher;
pub mod rabbitmq;

pub use consumer::TaskConsumer;
pub use delivery::{Delivery, Kept};
pub use embedded::EmbeddedQueue;
pub use error::QueueError;
pub use headers::Headers;
pub use publisher::TaskPublisher;
