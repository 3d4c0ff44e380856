//! One struct per section. The doc comment of a field is its documentation for operators.

mod answering;
mod dead_letters;
mod knowledge;
mod language_model;
mod services;
mod stores;

use std::{fmt::Display, time::Duration};

pub use self::{
    answering::{AnswerMode, Answers, Delivery, Pacing, Slack, Streaming},
    dead_letters::DeadLetters,
    knowledge::Search,
    language_model::LanguageModel,
    services::{Ingress, Log, LogFormat, Responder, Telemetry},
    stores::{Amqp, Context, DirectMessages, Redis},
};
use url::Url;

use super::{ConfigError, SecretUrl};

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

/// A URL that tokens are sent to: https, or http towards this machine; without a password, which would be printed.
fn secure_url(key: &'static str, text: &str) -> Result<(), ConfigError> {
    let refused = |reason| Err(out_of_range(key, "(not shown)", reason));
    let Ok(url) = Url::parse(text) else { return refused("a URL, like https://example.com/path") };
    if !url.username().is_empty() || url.password().is_some() {
        return refused("a URL without a user and a password: tokens have an option of their own");
    }
    let local = SecretUrl::parse(text).is_ok_and(|url| url.is_local());
    match url.scheme() {
        "https" => Ok(()),
        "http" if local => Ok(()),
        "http" => refused("https: tokens would cross the network readable; http only towards this machine"),
        _ => refused("an https:// URL"),
    }
}
