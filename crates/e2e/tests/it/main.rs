//! The whole of Threadkeeper as people and operators meet it: several processes, a real RabbitMQ, a real Redis, a
//! simulated Slack. One binary, so that all tests share one broker.

#![expect(clippy::unwrap_used, reason = "clippy sees tests in functions marked as such, and not in what they call")]

mod contract;
mod dependencies;
mod failing_questions;
mod faults;
mod follow_ups;
mod incidents;
mod knowledge;
mod language_model;
mod memory;
mod one_answer;
mod operator;
mod order;
mod outages;
mod pacing;
mod processes;
mod refused_requests;
mod replays;
mod servers;
mod startup;
mod statuses;
mod telemetry;
mod timelines;
mod traces;
mod world;
