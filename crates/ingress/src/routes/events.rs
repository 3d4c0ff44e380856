//! `POST /slack/events`: the way of one event from Slack's request to the answer 200.

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, web};
use queue::TaskPublisher;
use shared::{clock::Clock, config::DirectMessages};
use slack::{
    event::{Incoming, Reception},
    signature::Verifier,
};
use threads::ThreadStore;
use tokio::sync::Semaphore;
use tracing::Instrument as _;

use super::body::{self, BodyLimits};
use crate::{
    intake::{Intake, Received},
    refusal::Refusal,
};

/// What the route works with.
pub(crate) struct Events<P, S> {
    pub(crate) verifier: Verifier,
    pub(crate) intake: Intake<P, S>,
    pub(crate) clock: Clock,
    pub(crate) direct_messages: DirectMessages,
    pub(crate) limits: BodyLimits,
    pub(crate) in_flight: Semaphore,
    pub(crate) max_in_flight: usize,
}

/// Answers one request of Slack's, and counts how.
pub(crate) async fn receive<P, S>(
    request: HttpRequest,
    payload: web::Payload,
    events: web::Data<Events<P, S>>,
) -> HttpResponse
where
    P: TaskPublisher + 'static,
    S: ThreadStore + 'static,
{
    let started = Instant::now();
    let answer = events.accept(&request, payload).instrument(tracing::debug_span!("receive")).await;
    metrics::histogram!("threadkeeper_ack_seconds").record(started.elapsed());
    match answer {
        Ok(accepted) => {
            metrics::counter!("threadkeeper_events_total", "outcome" => accepted.label).increment(1);
            HttpResponse::Ok().body(accepted.body)
        }
        Err(refusal) => {
            metrics::counter!("threadkeeper_events_total", "outcome" => refusal.label()).increment(1);
            if !matches!(refusal, Refusal::NotKept(_)) {
                tracing::warn!(outcome = refusal.label(), "request refused: {refusal}");
            }
            HttpResponse::from_error(refusal)
        }
    }
}

/// An event that is answered 200.
struct Accepted {
    label: &'static str,
    body: String,
}

impl Accepted {
    fn quietly(label: &'static str) -> Self {
        Self { label, body: String::new() }
    }
}

impl<P: TaskPublisher, S: ThreadStore> Events<P, S> {
    async fn accept(&self, request: &HttpRequest, payload: web::Payload) -> Result<Accepted, Refusal> {
        let _place = self.in_flight.try_acquire().map_err(|_| Refusal::Busy { limit: self.max_in_flight })?;
        let body = body::read(payload, self.limits).await?;
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        tracing::debug_span!("verify").in_scope(|| {
            self.verifier.verify(
                header("x-slack-request-timestamp"),
                header("x-slack-signature"),
                &body,
                self.clock.seconds(),
            )
        })?;
        let received_ms = self.clock.millis();
        let reception = Reception { direct_messages: self.direct_messages, own_user: None, received_ms };
        let incoming = tracing::debug_span!("parse")
            .in_scope(|| slack::event::parse(&body, &reception))
            .map_err(|error| Refusal::NotAnEvent(error.to_string()))?;
        match incoming {
            Incoming::UrlVerification { challenge } => Ok(Accepted { label: "url_verification", body: challenge }),
            Incoming::Filtered(reason) => {
                tracing::debug!(reason = reason.as_str(), "event filtered: {}", reason.as_str());
                metrics::counter!("threadkeeper_events_filtered_total", "reason" => reason.as_str()).increment(1);
                Ok(Accepted::quietly("filtered"))
            }
            Incoming::RateLimited { .. } => {
                tracing::error!(
                    "Slack holds events back: more than 30,000 in an hour. Subscribe to fewer message events, see \
                     https://docs.slack.dev/apis/events-api/#rate-limiting"
                );
                Ok(Accepted::quietly("app_rate_limited"))
            }
            Incoming::Question(question) => {
                let slack_retry = header("x-slack-retry-num").is_some();
                self.intake.keep(Received { question: *question, slack_retry }).await?;
                Ok(Accepted::quietly("kept"))
            }
        }
    }
}
