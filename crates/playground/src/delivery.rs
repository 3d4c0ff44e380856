//! Delivering events as Slack does: signed, within three seconds, with three retries
//! (<https://docs.slack.dev/apis/events-api/#error-handling>).

use std::{
    fmt,
    sync::Mutex,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use reqwest::{Client, StatusCode, redirect::Policy};
use serde_json::{Value, json};
use shared::{clock::Clock, config::Secret, ids::EventId};
use url::form_urlencoded;

use crate::{
    error::PlaygroundError,
    event::Event,
    locked,
    options::Options,
    signature::{SIGNATURE_HEADER, TIMESTAMP_HEADER, sign},
};

/// Slack's waits before its retries 1, 2 and 3 ("nearly immediately", after 1 minute, after 5 minutes).
const RETRY_WAITS: [Duration; 3] = [Duration::ZERO, Duration::from_mins(1), Duration::from_mins(5)];

/// Slack follows this many redirects.
const REDIRECTS: usize = 2;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// Why Slack delivers an event again: `X-Slack-Retry-Reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryReason {
    /// No answer within three seconds.
    HttpTimeout,
    /// More than two redirects.
    TooManyRedirects,
    /// Refused, or closed before an answer.
    ConnectionFailed,
    /// An answer that is not 2xx.
    HttpError,
    /// Anything else.
    UnknownError,
}

impl RetryReason {
    /// The header's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HttpTimeout => "http_timeout",
            Self::TooManyRedirects => "too_many_redirects",
            Self::ConnectionFailed => "connection_failed",
            Self::HttpError => "http_error",
            Self::UnknownError => "unknown_error",
        }
    }

    fn of(error: &reqwest::Error) -> Self {
        if error.is_timeout() {
            Self::HttpTimeout
        } else if error.is_redirect() {
            Self::TooManyRedirects
        } else if error.is_connect() || error.is_request() {
            Self::ConnectionFailed
        } else {
            Self::UnknownError
        }
    }
}

impl fmt::Display for RetryReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One attempt to deliver an event.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The ingress that was asked.
    pub url: String,
    /// The status it answered with, or why there was none.
    pub answer: Result<u16, RetryReason>,
    /// How long it took.
    pub took: Duration,
}

impl Attempt {
    /// Whether the ingress took the event.
    pub fn is_acked(&self) -> bool {
        matches!(self.answer, Ok(200..=299))
    }

    fn retry_reason(&self) -> RetryReason {
        match self.answer {
            Ok(_) => RetryReason::HttpError,
            Err(reason) => reason,
        }
    }
}

/// How an event was delivered, with all its retries.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The event.
    pub event_id: EventId,
    /// Its type.
    pub kind: String,
    /// The attempts in order, one to four.
    pub attempts: Vec<Attempt>,
    /// From the first attempt to the end of the last one, waits included.
    pub took: Duration,
}

impl Delivery {
    /// Whether an ingress took the event in the end.
    pub fn is_acked(&self) -> bool {
        self.attempts.last().is_some_and(Attempt::is_acked)
    }

    /// The status of each attempt; none where there was no answer.
    pub fn statuses(&self) -> Vec<Option<u16>> {
        self.attempts.iter().map(|attempt| attempt.answer.ok()).collect()
    }

    /// From the first attempt to the acknowledgement, if there was one.
    pub fn time_to_ack(&self) -> Option<Duration> {
        self.is_acked().then_some(self.took)
    }

    pub(crate) fn to_json(&self) -> Value {
        let attempts: Vec<Value> = self
            .attempts
            .iter()
            .map(|attempt| {
                json!({"url": attempt.url, "status": attempt.answer.ok(),
                       "failure": attempt.answer.err().map(RetryReason::as_str),
                       "took_ms": millis(attempt.took)})
            })
            .collect();
        json!({"event_id": self.event_id, "type": self.kind, "acked": self.is_acked(), "attempts": attempts})
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What is told while an event is delivered.
#[derive(Debug)]
pub(crate) enum News<'a> {
    /// An attempt begins.
    Sending,
    /// An attempt has ended.
    Attempted(&'a Attempt),
    /// The next attempt comes after this time.
    Waiting(Duration),
}

/// Delivers events to the ingresses.
pub(crate) struct Sender {
    client: Client,
    secret: Secret,
    clock: Clock,
    waits: [Duration; 3],
    urls: Mutex<Vec<String>>,
    turn: AtomicUsize,
}

impl Sender {
    pub(crate) fn new(options: &Options) -> Result<Self, PlaygroundError> {
        shared::lifecycle::install_tls_provider();
        let client = Client::builder()
            .timeout(options.ack_timeout)
            .redirect(Policy::limited(REDIRECTS))
            .no_proxy()
            // A connection per event: none outlives the runtime it was made on, and a dead ingress is seen as such.
            .pool_max_idle_per_host(0)
            .build()
            .map_err(PlaygroundError::Client)?;
        Ok(Self {
            client,
            secret: options.signing_secret.clone(),
            clock: options.clock.clone(),
            waits: RETRY_WAITS.map(|wait| wait.div_f64(options.time_scale)),
            urls: Mutex::new(options.event_urls.clone()),
            turn: AtomicUsize::new(0),
        })
    }

    pub(crate) fn set_urls(&self, urls: Vec<String>) {
        *locked(&self.urls) = urls;
    }

    /// The ingress whose turn it is; none = there is no ingress.
    fn next_url(&self) -> Option<String> {
        let urls = locked(&self.urls);
        if urls.is_empty() {
            return None;
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        urls.get(turn % urls.len()).cloned()
    }

    /// Whether there is anybody to deliver to.
    pub(crate) fn has_urls(&self) -> bool {
        !locked(&self.urls).is_empty()
    }

    /// Delivers an event to `only` this URL, or to all in turn (another one for each attempt), until it is taken or
    /// Slack would give up; `tell` hears of it meanwhile.
    pub(crate) async fn deliver(&self, event: &Event, only: Option<&str>, tell: impl Fn(News<'_>)) -> Delivery {
        let begun = Instant::now();
        let mut attempts: Vec<Attempt> = Vec::new();
        for retry in 0..=RETRY_WAITS.len() {
            let mut headers = Vec::new();
            if let (Some(last), Some(wait)) = (attempts.last(), retry.checked_sub(1).and_then(|n| self.waits.get(n))) {
                headers.push(("X-Slack-Retry-Num", retry.to_string()));
                headers.push(("X-Slack-Retry-Reason", last.retry_reason().to_string()));
                tell(News::Waiting(*wait));
                tokio::time::sleep(*wait).await;
            }
            let Some(url) = only.map(ToOwned::to_owned).or_else(|| self.next_url()) else { break };
            tell(News::Sending);
            let (attempt, may_retry) = self.attempt(url, &event.body, headers).await;
            tell(News::Attempted(&attempt));
            let acked = attempt.is_acked();
            attempts.push(attempt);
            if acked || !may_retry {
                break;
            }
        }
        let took = begun.elapsed();
        Delivery { event_id: event.id.clone(), kind: event.kind.clone(), attempts, took }
    }

    /// Sends an event that was taken before once more, as Slack does when it did not see the answer; whether it was taken.
    pub(crate) async fn repeat(&self, event: &Event, tell: impl Fn(News<'_>)) -> bool {
        let Some(url) = self.next_url() else { return false };
        let reason = RetryReason::HttpTimeout.to_string();
        let headers = vec![("X-Slack-Retry-Num", "1".to_owned()), ("X-Slack-Retry-Reason", reason)];
        let (attempt, _) = self.attempt(url, &event.body, headers).await;
        tell(News::Attempted(&attempt));
        attempt.is_acked()
    }

    async fn attempt(&self, url: String, body: &str, headers: Vec<(&'static str, String)>) -> (Attempt, bool) {
        let begun = Instant::now();
        let (answer, may_retry) = match self.send(&url, JSON, body, headers).await {
            Ok(response) => {
                // Honoured on failures only, for this one event.
                let no_retry = response.headers().get("x-slack-no-retry").is_some_and(|value| value == "1");
                (Ok(response.status().as_u16()), !no_retry)
            }
            Err(error) => (Err(RetryReason::of(&error)), true),
        };
        (Attempt { url, answer, took: begun.elapsed() }, may_retry)
    }

    /// Tells the app of what a person pressed: once, and it has as much time as for an event.
    pub(crate) async fn interact(&self, url: &str, payload: &str) -> Attempt {
        let body = form_urlencoded::Serializer::new(String::new()).append_pair("payload", payload).finish();
        let begun = Instant::now();
        let answer = self.send(url, FORM, &body, Vec::new()).await;
        let answer = answer.map(|response| response.status().as_u16()).map_err(|error| RetryReason::of(&error));
        Attempt { url: url.to_owned(), answer, took: begun.elapsed() }
    }

    async fn send(
        &self,
        url: &str,
        content_type: &str,
        body: &str,
        headers: Vec<(&'static str, String)>,
    ) -> Result<reqwest::Response, reqwest::Error> {
        let seconds = self.clock.seconds();
        let mut request = self
            .client
            .post(url)
            .header("Content-Type", content_type)
            .header("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
            .header(TIMESTAMP_HEADER, seconds.to_string())
            .header(SIGNATURE_HEADER, sign(&self.secret, seconds, body.as_bytes()));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.body(body.to_owned()).send().await
    }

    /// Asks an ingress to repeat a challenge, as Slack does before it accepts an events URL
    /// (<https://docs.slack.dev/reference/events/url_verification>).
    pub(crate) async fn verify(&self, url: &str, challenge: &str) -> Result<(), PlaygroundError> {
        let unverified = |answer: String| PlaygroundError::Unverified { url: url.to_owned(), answer };
        let body = json!({"token": "deprecated", "challenge": challenge, "type": "url_verification"}).to_string();
        let response = self.send(url, JSON, &body, Vec::new()).await.map_err(|error| unverified(error.to_string()))?;
        let status = response.status();
        let answer = response.text().await.map_err(|error| unverified(error.to_string()))?;
        // As plain text, as JSON or as a form.
        let repeated = answer.trim() == challenge
            || answer.trim() == format!("challenge={challenge}")
            || serde_json::from_str::<Value>(&answer).is_ok_and(|json| json["challenge"] == challenge);
        if status == StatusCode::OK && repeated { Ok(()) } else { Err(unverified(format!("{status}: {answer}"))) }
    }
}
