//! What can go wrong with a call to Slack.

use std::{error::Error, time::Duration};

use crate::replies::Refusal;

/// Any cause below our own errors.
type Source = Box<dyn Error + Send + Sync + 'static>;

/// A client that cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SlackError {
    /// The API's address is no URL.
    #[error("SLACK_API_URL `{url}` is no URL: write it like https://slack.com/api")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        #[source]
        source: url::ParseError,
    },
    /// The token cannot stand in a header.
    #[error("SLACK_BOT_TOKEN is empty or has a space or line break in it: copy it again from the app's page")]
    Token,
    /// No certificates to check Slack's by.
    #[error("this machine has no root certificates to check Slack's by: install the package ca-certificates")]
    RootCertificates(#[source] std::io::Error),
}

/// A call that did not succeed, by what it means for what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The request was not written to any connection: nothing happened.
    #[error("{method} was not sent: check the network, DNS and SLACK_API_URL")]
    NotSent {
        /// The Web API's method.
        method: &'static str,
        /// What broke.
        #[source]
        source: Source,
    },
    /// Slack wants fewer calls: nothing happened.
    #[error("{method} was refused for {} s: too many calls", retry_after.as_secs())]
    RateLimited {
        /// The Web API's method.
        method: &'static str,
        /// Slack's `Retry-After`.
        retry_after: Duration,
    },
    /// Slack says no: nothing happened.
    #[error("{method} was refused, {refusal}")]
    Refused {
        /// The Web API's method.
        method: &'static str,
        /// Slack's reason.
        refusal: Refusal,
    },
    /// It may have happened.
    #[error("nobody knows whether {method} was executed")]
    Unknown {
        /// The Web API's method.
        method: &'static str,
        /// Why it is not known.
        #[source]
        doubt: Doubt,
    },
}

impl CallError {
    /// A short name, for a metric's label.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NotSent { .. } => "not_sent",
            Self::RateLimited { .. } => "rate_limited",
            Self::Refused { .. } => "refused",
            Self::Unknown { .. } => "unknown",
        }
    }
}

/// Why it is not known whether a call was executed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Doubt {
    /// No answer within the call's timeout.
    #[error("no answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// The connection broke after the request was begun.
    #[error("the connection broke after the request was begun")]
    Broken(#[source] Source),
    /// Another status than 200 and 429.
    #[error("HTTP status {0}")]
    Status(u16),
    /// Slack failed, perhaps after it had done its work.
    #[error("Slack failed on the way: `{0}`")]
    Failed(String),
    /// An answer that cannot be understood.
    #[error("an answer that cannot be understood: {0}")]
    Unreadable(&'static str),
}

/// A message that is not known to be posted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostError {
    /// Not posted: the request was not written to any connection.
    #[error("the message was not posted, Slack was not reached: check the network, DNS and SLACK_API_URL")]
    NotPosted(#[source] Source),
    /// Not posted: Slack wants fewer messages.
    #[error("the message was not posted, Slack wants {} s without messages", retry_after.as_secs())]
    RateLimited {
        /// Slack's `Retry-After`.
        retry_after: Duration,
    },
    /// Not posted: Slack says no.
    #[error("the message was not posted, Slack refused it, {0}")]
    Refused(Refusal),
    /// Perhaps posted: look for it in Slack before posting again.
    #[error("nobody knows whether the message was posted")]
    Unknown(#[source] Doubt),
}

impl From<CallError> for PostError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::NotSent { source, .. } => Self::NotPosted(source),
            CallError::RateLimited { retry_after, .. } => Self::RateLimited { retry_after },
            CallError::Refused { refusal, .. } => Self::Refused(refusal),
            CallError::Unknown { doubt, .. } => Self::Unknown(doubt),
        }
    }
}
