//! One struct per section. The doc comment of a field is its documentation for operators.

mod answering;
mod dead_letters;
mod services;
mod stores;

use std::{fmt::Display, time::Duration};

pub use self::{
    answering::{AnswerMode, Answers, Delivery, Pacing, Slack},
    dead_letters::DeadLetters,
    services::{Ingress, Log, LogFormat, Responder, Telemetry},
    stores::{Amqp, Context, DirectMessages, Redis},
};
use super::ConfigError;

fn out_of_range(key: &'static str, value: impl Display, reason: &'static str) -> ConfigError {
    ConfigError::OutOfRange { key, value: value.to_string(), reason }
}

fn within(
    key: &'static str,
    value: u64,
    range: std::ops::RangeInclusive<u64>,
    reason: &'static str,
) -> Result<(), ConfigError> {
    if range.contains(&value) { Ok(()) } else { Err(out_of_range(key, value, reason)) }
}

fn positive(key: &'static str, value: Duration) -> Result<(), ConfigError> {
    if value.is_zero() { Err(out_of_range(key, humantime::format_duration(value), "more than 0s")) } else { Ok(()) }
}
