//! The queue against a real broker: the conformance suite, and what only RabbitMQ does.
//!
//! The broker comes from `THREADKEEPER_TEST_AMQP_URL`. Each test has a prefix of its own and removes its queues, so the
//! tests run side by side.

mod broker;
mod conformance;
mod connections;
mod gate;
mod queues;
