//! The ingress: receives Slack's events and keeps them.
//!
//! ```text
//! POST /slack/events
//!   routes::events::receive     in-flight limit, body within its size and time
//!     slack::Verifier           signature over the raw bytes             -> 401
//!     slack::event::parse       our question, or a counted reason        -> 400 (no JSON), 200 (not for us)
//!     intake::Intake::keep      publish to `work`, wait for the confirm  -> 503: Slack retries
//!                               register: take a number in the thread    -> without Redis: 200 all the same, loudly
//!   200
//! ```
//!
//! A question is acknowledged only after the broker has confirmed that it keeps it. The number in the thread's order is
//! best effort: it keeps order, never the question.
//!
//! [`startup`] puts it together with RabbitMQ and Redis, from [`receiver`], which knows neither.
//!
//! | metric | labels | what |
//! |---|---|---|
//! | `threadkeeper_events_total` | `outcome`: `kept`, `filtered`, `url_verification`, `app_rate_limited`, or why it was refused | requests of Slack's |
//! | `threadkeeper_events_filtered_total` | `reason` | events that are no question |
//! | `threadkeeper_ack_seconds` | | from the request's head to our answer |
//! | `threadkeeper_unregistered_total` | | questions kept without a number in their thread; should be 0 |
//! | `threadkeeper_queue_messages` | `queue`: `work`, `wait`, `dead`, `unrouted` | messages ready in the queue; every ingress tells the same |
//! | `threadkeeper_queue_consumers` | | subscriptions to `work`: responders that take questions |
//! | `threadkeeper_redis_trouble` | `cause`: `unreachable`, `timeout`, `refused`, `out_of_memory`, `read_only`, `loading`, `other` | 1 while Redis cannot be used for this cause |

mod intake;
mod lookout;
pub mod receiver;
mod refusal;
mod routes;
pub mod startup;
