//! Why a request is not accepted, as the status that Slack sees.

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use slack::signature::SignatureError;

/// A request that is not accepted. Nothing of it has reached the queue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Refusal {
    /// The signature is missing, malformed, stale or wrong.
    #[error("signature refused: {0}")]
    Signature(#[from] SignatureError),
    /// The body is no JSON object.
    #[error("the body is not an event: {0}")]
    NotAnEvent(String),
    /// The body is larger than `ingress.max_body_bytes`.
    #[error("the body is larger than {limit} bytes (ingress.max_body_bytes)")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The body did not arrive in time.
    #[error("the body did not arrive within {limit_ms} ms (ingress.body_timeout)")]
    TooSlow {
        /// The limit in ms.
        limit_ms: u128,
    },
    /// The connection broke in the middle of the body.
    #[error("the body broke off")]
    BrokenOff,
    /// Too many requests are in work.
    #[error("{limit} requests are in work already (ingress.max_in_flight)")]
    Busy {
        /// The limit in requests.
        limit: usize,
    },
    /// The broker did not confirm that it keeps the question.
    #[error("the question is not kept: {0}")]
    NotKept(String),
}

impl Refusal {
    /// A bounded label for metrics.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Signature(_) => "signature",
            Self::NotAnEvent(_) => "not_an_event",
            Self::TooLarge { .. } => "too_large",
            Self::TooSlow { .. } => "too_slow",
            Self::BrokenOff => "broken_off",
            Self::Busy { .. } => "busy",
            Self::NotKept(_) => "not_kept",
        }
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Signature(_) => StatusCode::UNAUTHORIZED,
            Self::NotAnEvent(_) | Self::BrokenOff => StatusCode::BAD_REQUEST,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::Busy { .. } | Self::NotKept(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The body names the kind of refusal only: who sends forged requests learns nothing.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).body(format!("{}\n", self.label()))
    }
}
