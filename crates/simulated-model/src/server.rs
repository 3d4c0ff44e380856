//! The routes.

use std::{convert::Infallible, pin::Pin, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Data},
};
use futures_util::{Stream, StreamExt as _, stream};
use serde_json::json;

use crate::{
    quoting,
    reply::{Ending, Refusal, Reply, Speech},
    request::Request,
    simulated_model::State,
    wire,
};

/// What is written is sent within this time; a connection that breaks takes along what is not.
const FLUSHED: Duration = Duration::from_millis(50);

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.route("/v1/chat/completions", web::post().to(complete)).route("/v1/models", web::get().to(models));
}

async fn models() -> HttpResponse {
    HttpResponse::Ok().json(json!({"object": "list", "data": [{"id": "simulated", "object": "model"}]}))
}

async fn complete(http: HttpRequest, body: Bytes, state: Data<State>) -> HttpResponse {
    let key = http.headers().get("authorization").and_then(|value| value.to_str().ok());
    let key = key.and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned);
    let request = match Request::read(&body, key) {
        Ok(request) => request,
        Err(reason) => {
            tracing::warn!("a request that is none: {reason}");
            return HttpResponse::BadRequest().json(wire::error("invalid_request_error", "invalid_request"));
        }
    };
    match state.reply_to(&request) {
        Reply::Refuses(refusal) => refuse(&refusal),
        Reply::Hangs => std::future::pending().await,
        Reply::Says(speech) => speak(&request, speech).await,
        Reply::Quotes => {
            let text = quoting::answer(&request);
            speak(&request, Speech { text, pause: state.pause, ending: Ending::Complete }).await
        }
    }
}

fn refuse(refusal: &Refusal) -> HttpResponse {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = if status.is_server_error() { "server_error" } else { "invalid_request_error" };
    let mut response = HttpResponse::build(status);
    if let Some(seconds) = refusal.retry_after {
        response.insert_header(("retry-after", seconds.to_string()));
    }
    response.json(wire::error(kind, &refusal.code))
}

async fn speak(request: &Request, speech: Speech) -> HttpResponse {
    if request.stream {
        return HttpResponse::Ok().content_type("text/event-stream").streaming(events(request, &speech));
    }
    tokio::time::sleep(speech.pause).await;
    match speech.ending {
        Ending::Silence => std::future::pending().await,
        Ending::Malformed => HttpResponse::Ok().content_type("application/json").body("{\"choices\": [{"),
        Ending::Cut | Ending::Unfinished | Ending::Error => {
            HttpResponse::InternalServerError().json(wire::error("server_error", "simulated_failure"))
        }
        Ending::Complete => HttpResponse::Ok().json(wire::completion(request, &speech.text, "stop")),
        Ending::TooLong => HttpResponse::Ok().json(wire::completion(request, &speech.text, "length")),
        Ending::Filtered => HttpResponse::Ok().json(wire::completion(request, "", "content_filter")),
    }
}

/// A connection that breaks: what a stream yields to end without its last chunk.
#[derive(Debug, thiserror::Error)]
#[error("the simulated model breaks the connection")]
struct Broken;

type Events = Pin<Box<dyn Stream<Item = Result<Bytes, Broken>>>>;

fn events(request: &Request, speech: &Speech) -> Events {
    let pause = speech.pause;
    let said = speech.pieces().into_iter().map(|piece| wire::piece(&request.model, &piece));
    let pieces: Vec<String> = said.collect();
    let spoken = stream::iter(pieces).then(move |piece| later(pause, piece)).map(Ok::<_, Infallible>);
    let opening = stream::iter([wire::opening(&request.model)]).map(Ok::<_, Infallible>);
    let sent = opening.chain(spoken).map(|event| event.map(Bytes::from).map_err(|never| match never {}));
    sent.chain(ending(request, speech)).boxed_local()
}

/// Breaks when what was said has left the server's buffers.
async fn breaking() -> Result<Bytes, Broken> {
    tokio::time::sleep(FLUSHED).await;
    Err(Broken)
}

async fn later(pause: Duration, piece: String) -> String {
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    piece
}

fn ending(request: &Request, speech: &Speech) -> Events {
    let finished = |reason: &str| {
        let mut last = vec![wire::closing(&request.model, reason)];
        last.extend(request.wants_usage().then(|| wire::usage_chunk(request, &speech.text)));
        last.push(wire::event("[DONE]"));
        last
    };
    let last = match speech.ending {
        Ending::Complete => finished("stop"),
        Ending::TooLong => finished("length"),
        Ending::Filtered => finished("content_filter"),
        Ending::Unfinished => Vec::new(),
        Ending::Malformed => vec![wire::event("{\"id\":\"chatcmpl-simulated\",\"choices\":[{\"del")],
        Ending::Error => vec![wire::event(&wire::error("server_error", "simulated_failure").to_string())],
        Ending::Cut => return stream::once(breaking()).boxed_local(),
        Ending::Silence => return stream::pending().boxed_local(),
    };
    stream::iter(last.into_iter().map(|event| Ok(Bytes::from(event)))).boxed_local()
}
