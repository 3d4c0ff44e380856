//! What a call comes to.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{
    HttpResponse,
    body::{BodySize, MessageBody},
    http::{StatusCode, header},
    web::Bytes,
};
use serde_json::{Value, json};

use crate::event::Event;

/// A call that was executed and refused, with Slack's error code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) &'static str);

/// A call that was executed.
#[derive(Debug)]
pub(crate) struct Done {
    /// The answer's fields, without `ok`.
    pub(crate) fields: Value,
    /// The events that follow from it.
    pub(crate) events: Vec<Event>,
}

impl Done {
    /// A call that changed nothing that others are told about.
    pub(crate) fn quiet(fields: Value) -> Self {
        Self { fields, events: Vec::new() }
    }
}

/// `{"ok": true, …}`.
pub(crate) fn accepted(mut fields: Value) -> HttpResponse {
    let mut body = json!({"ok": true});
    if let (Some(body), Some(fields)) = (body.as_object_mut(), fields.as_object_mut()) {
        body.append(fields);
    }
    HttpResponse::Ok().json(body)
}

/// `{"ok": false, "error": …}`; HTTP 200, as Slack does.
pub(crate) fn refused(error: &str) -> HttpResponse {
    HttpResponse::Ok().json(json!({"ok": false, "error": error}))
}

/// HTTP 429 (<https://docs.slack.dev/apis/web-api/rate-limits>).
pub(crate) fn rate_limited(seconds: u64) -> HttpResponse {
    HttpResponse::TooManyRequests()
        .insert_header((header::RETRY_AFTER, seconds.to_string()))
        .json(json!({"ok": false, "error": "ratelimited"}))
}

/// Another status with a text that is no JSON.
pub(crate) fn status(code: u16) -> HttpResponse {
    let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(code).content_type("text/plain; charset=utf-8").body("upstream failure")
}

/// A page for people with status 200.
pub(crate) fn html() -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body("<!DOCTYPE html><title>Slack</title>We'll be back")
}

/// Closes the connection without a byte of an answer.
///
/// A body that fails before its first byte makes actix' HTTP/1 dispatcher end with an error, and it has not flushed the
/// head by then: the client sees the connection end where an answer should begin.
pub(crate) fn cut() -> HttpResponse {
    HttpResponse::Ok().body(Cut)
}

struct Cut;

impl MessageBody for Cut {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::ConnectionReset))))
    }
}

/// Never answers; the connection stays open until the client or the playground closes it.
pub(crate) async fn silence() -> HttpResponse {
    match std::future::pending::<Infallible>().await {}
}
