//! What a failure of a language model means: for the next attempt, for the question, and for whoever has to act.

use std::{fmt, time::Duration};

use genai::webc;
use serde_json::Value;

use super::provider::Place;

/// A longer error code of a provider is not believed to be one.
const LONGEST_CODE: usize = 60;

/// The HTTP status for a request that is too large.
const TOO_LARGE: u16 = 413;

/// A model did not answer.
///
/// It never holds what a server wrote, except for its error code: servers repeat parts of a request in their messages, and a
/// client library puts URLs with keys into its own.
#[derive(Debug, thiserror::Error)]
#[error("language model {model}: {kind}{}", check.map_or(String::new(), |check| format!("; check {check}")))]
pub(crate) struct Failure {
    /// The model's name as configured.
    model: String,
    pub(crate) kind: Kind,
    /// How long its server asked to wait.
    pub(crate) retry_after: Option<Duration>,
    /// Whether it had begun to answer, if only with thoughts: then it is there.
    pub(crate) heard: bool,
    /// What whoever runs this should look at.
    check: Option<&'static str>,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No connection came about.
    Unreachable,
    /// The server said nothing for so long after the request.
    Silent(Duration),
    /// Too many requests, or too many tokens, in this minute.
    RateLimited,
    /// It asked to be left alone, or failed, a moment ago: it was not asked.
    Resting,
    /// The server failed with this HTTP status, or with an error in its stream (none).
    Server(Option<u16>),
    /// The key was refused.
    Unauthorised(u16),
    /// The account has no credit left.
    NoCredit,
    /// There is no such model, or nothing that speaks this protocol at the address.
    NotFound(u16),
    /// The request itself was refused, with the provider's code for the reason.
    Refused(u16, String),
    /// The provider's filter stopped the answer.
    Filtered,
    /// The answer is empty.
    Empty,
    /// All of `model.answer_tokens` went into thoughts.
    Spent,
    /// The stream ended before the answer did.
    Cut,
    /// The stream holds something that is no part of an answer.
    Malformed,
    /// Nothing more came for so long in the middle of the answer.
    Stalled(Duration),
    /// No time was left of `model.answer_timeout`.
    Late,
    /// The client library refused the request.
    Client,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => f.write_str("no connection to it"),
            Self::Silent(time) => write!(f, "not a word within {} s", time.as_secs_f32()),
            Self::RateLimited => f.write_str("it asks for fewer requests (HTTP 429)"),
            Self::Resting => f.write_str("left alone after its last failure"),
            Self::Server(Some(status)) => write!(f, "its server failed (HTTP {status})"),
            Self::Server(None) => f.write_str("its server failed while it wrote"),
            Self::Unauthorised(status) => write!(f, "the key was refused (HTTP {status})"),
            Self::NoCredit => f.write_str("its account has no credit left"),
            Self::NotFound(status) => write!(f, "no such model there (HTTP {status})"),
            Self::Refused(status, code) => write!(f, "it refuses this request (HTTP {status}, {code})"),
            Self::Filtered => f.write_str("its provider's filter stopped the answer"),
            Self::Empty => f.write_str("its answer is empty"),
            Self::Spent => f.write_str("it spent model.answer_tokens without an answer"),
            Self::Cut => f.write_str("the answer broke off"),
            Self::Malformed => f.write_str("what came is no answer in its protocol"),
            Self::Stalled(time) => write!(f, "nothing more came for {} s", time.as_secs_f32()),
            Self::Late => f.write_str("the answer took longer than model.answer_timeout"),
            Self::Client => f.write_str("the client library cannot write this request"),
        }
    }
}

impl Kind {
    /// A label of metrics.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Silent(_) => "silent",
            Self::RateLimited => "rate_limited",
            Self::Resting => "resting",
            Self::Server(_) => "server",
            Self::Unauthorised(_) => "unauthorised",
            Self::NoCredit => "no_credit",
            Self::NotFound(_) => "not_found",
            Self::Refused(..) => "refused",
            Self::Filtered => "filtered",
            Self::Empty => "empty",
            Self::Spent => "spent",
            Self::Cut => "cut",
            Self::Malformed => "malformed",
            Self::Stalled(_) => "stalled",
            Self::Late => "late",
            Self::Client => "client",
        }
    }

    /// Whether the same request may succeed in a moment.
    pub(crate) fn may_pass(&self) -> bool {
        !matches!(
            self,
            Self::Resting
                | Self::Unauthorised(_)
                | Self::NoCredit
                | Self::NotFound(_)
                | Self::Refused(..)
                | Self::Filtered
                | Self::Spent
                | Self::Late
                | Self::Client
        )
    }

    /// Whether another model may take what this one did not: it has another filter, another context window, other habits.
    fn may_pass_elsewhere(&self) -> bool {
        match self {
            Self::Refused(status, code) => *status == TOO_LARGE || code.contains("context_length"),
            Self::Client => false,
            _ => true,
        }
    }
}

impl Failure {
    /// Whether it is about this request, so that others need not wait: it was refused, or is so hard that a model which is
    /// there does not get to its end.
    pub(crate) fn is_the_questions(&self) -> bool {
        match self.kind {
            Kind::Refused(..) | Kind::Filtered | Kind::Empty | Kind::Spent | Kind::Client => true,
            Kind::Late | Kind::Stalled(_) => self.heard,
            _ => false,
        }
    }

    /// Whether the fallback is to be asked.
    pub(crate) fn may_pass_elsewhere(&self) -> bool {
        self.kind.may_pass_elsewhere()
    }

    pub(crate) fn new(place: &Place, kind: Kind) -> Self {
        let check = match kind {
            Kind::Unreachable | Kind::Unauthorised(_) => Some(place.provider.options()),
            Kind::NotFound(_) => Some("model.name, model.fallback and the base URL"),
            Kind::NoCredit => Some("the account at the provider"),
            Kind::Refused(..) => Some("model.context_tokens, and what the model takes"),
            Kind::Spent => Some("model.answer_tokens: raise it, hidden reasoning counts"),
            _ => None,
        };
        Self { model: place.name.clone(), kind, retry_after: None, heard: false, check }
    }

    /// Reads the client library's error.
    pub(crate) fn read(place: &Place, error: genai::Error) -> Self {
        let retry_after = error.headers().and_then(retry_after);
        let (kind, retry_after) = match error {
            genai::Error::HttpError { status, body, headers, .. } => {
                (of_status(status.as_u16(), &body), self::retry_after(&headers))
            }
            genai::Error::WebModelCall { webc_error, .. } | genai::Error::WebAdapterCall { webc_error, .. } => {
                (of_call(&webc_error), retry_after)
            }
            genai::Error::WebStream { error, .. } => return Self::read_stream(place, error),
            genai::Error::ChatResponse { body, .. } => (of_stream_error(&body), None),
            genai::Error::StreamParse { .. }
            | genai::Error::NoChatResponse { .. }
            | genai::Error::InvalidJsonResponseElement { .. }
            | genai::Error::ChatResponseGeneration { .. } => (Kind::Malformed, None),
            _ => (Kind::Client, None),
        };
        Self { retry_after, ..Self::new(place, kind) }
    }

    /// Within a stream the library wraps its own errors once more.
    fn read_stream(place: &Place, error: genai::BoxError) -> Self {
        let error = match error.downcast::<genai::Error>() {
            Ok(own) => return Self::read(place, *own),
            Err(other) => other,
        };
        let kind = match error.downcast_ref::<reqwest::Error>() {
            Some(error) => of_transport(error),
            None => Kind::Malformed,
        };
        Self::new(place, kind)
    }
}

fn of_transport(error: &reqwest::Error) -> Kind {
    if error.is_connect() || error.is_request() { Kind::Unreachable } else { Kind::Cut }
}

fn of_call(error: &webc::Error) -> Kind {
    match error {
        webc::Error::ResponseFailedStatus { status, body, .. } => of_status(status.as_u16(), body),
        webc::Error::Reqwest(error) => of_transport(error),
        _ => Kind::Malformed,
    }
}

fn of_status(status: u16, body: &str) -> Kind {
    let code = code(&serde_json::from_str(body).unwrap_or_default());
    match status {
        429 | 402 if status == 402 || code.contains("quota") => Kind::NoCredit,
        429 => Kind::RateLimited,
        401 | 403 => Kind::Unauthorised(status),
        300..=399 | 404 | 405 => Kind::NotFound(status),
        // Asked too early, or at the same time as another.
        408 | 409 | 425 => Kind::Server(Some(status)),
        400..=499 => Kind::Refused(status, code),
        _ => Kind::Server(Some(status)),
    }
}

/// An error that comes as part of a stream, after HTTP status 200.
fn of_stream_error(body: &Value) -> Kind {
    let code = code(body);
    let says = |words: &[&str]| words.iter().any(|word| code.contains(word));
    match () {
        () if says(&["content_filter", "safety"]) => Kind::Filtered,
        () if says(&["invalid_request", "context_length"]) => Kind::Refused(200, code),
        () if says(&["rate_limit", "overloaded"]) => Kind::RateLimited,
        () => Kind::Server(None),
    }
}

/// The provider's word for an error, if it looks like one: `error.code`, `error.type` or `error.status`.
fn code(body: &Value) -> String {
    let error = body.get("error").unwrap_or(body);
    let words = ["code", "type", "status"].iter().filter_map(|key| error.get(key)?.as_str());
    let is_code = |word: &&str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        !word.is_empty() && word.len() <= LONGEST_CODE && word.chars().all(plain)
    };
    words.filter(is_code).map(str::to_lowercase).next().unwrap_or_else(|| "no code".to_owned())
}

/// `Retry-After` in seconds; its other form, a date, is for pages and no provider sends it.
fn retry_after(headers: &reqwest::header::HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok();
    let milliseconds = text("retry-after-ms").and_then(|text| text.trim().parse().ok()).map(Duration::from_millis);
    let seconds = || text("retry-after")?.trim().parse::<f64>().ok();
    milliseconds.or_else(|| Duration::try_from_secs_f64(seconds()?).ok())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(400, r#"{"error":{"code":"context_length_exceeded"}}"#, Kind::Refused(400, "context_length_exceeded".into()))]
    #[case(401, "{}", Kind::Unauthorised(401))]
    #[case(404, "<html>", Kind::NotFound(404))]
    #[case(429, r#"{"error":{"code":"rate_limit_exceeded"}}"#, Kind::RateLimited)]
    #[case(429, r#"{"error":{"code":"insufficient_quota"}}"#, Kind::NoCredit)]
    #[case(503, "", Kind::Server(Some(503)))]
    #[case(529, r#"{"error":{"type":"overloaded_error"}}"#, Kind::Server(Some(529)))]
    fn a_status_says_whose_fault_it_is(#[case] status: u16, #[case] body: &str, #[case] kind: Kind) {
        assert_eq!(of_status(status, body), kind);
    }

    #[test]
    fn what_a_server_wrote_is_never_repeated() {
        let body = r#"{"error":{"code":"the question was: where is the key sk-hush?","message":"sk-hush"}}"#;
        assert_eq!(of_status(400, body), Kind::Refused(400, "no code".to_owned()));
    }
}
