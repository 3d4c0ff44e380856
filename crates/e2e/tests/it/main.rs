//! The whole of Threadkeeper as people and operators meet it: several processes, a real RabbitMQ, a real Redis, a
//! simulated Slack.

mod contract;
mod failing_questions;
mod follow_ups;
mod one_answer;
mod order;
mod outages;
mod refused_requests;
mod startup;
mod world;
