//! The queue against a real broker: the conformance suite, and what only RabbitMQ does.
//!
//! The broker comes from `THREADKEEPER_TEST_AMQP_URL`. Each test has a prefix of its own and removes its queues, so the
//! tests run side by side.

mod beside_file;
mod broker;
mod conformance;
mod connections;
mod desk;
#[expect(dead_code, reason = "shared with the tests of the file, which use more of it")]
#[path = "../embedded/file.rs"]
mod file;
mod gate;
mod queues;
