//! A tiny ingress that does as it is told and keeps what it got.

use std::{
    collections::VecDeque,
    net::TcpListener,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use serde_json::Value;
use tokio::task::JoinSet;

/// What the receiver does with one request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reaction {
    Status(u16),
    /// This status, and the wish not to be asked again.
    NoRetry(u16),
    Hang,
    Redirect,
}

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[derive(Default)]
struct Script {
    reactions: Mutex<VecDeque<Reaction>>,
    received: Mutex<Vec<Received>>,
}

pub(crate) struct Receiver {
    pub(crate) url: String,
    script: Arc<Script>,
    handle: ServerHandle,
    running: JoinSet<std::io::Result<()>>,
}

impl Receiver {
    /// Does `reactions` one after the other, then answers 200.
    pub(crate) fn new(reactions: &[Reaction]) -> Self {
        let script =
            Arc::new(Script { reactions: Mutex::new(reactions.iter().copied().collect()), ..Script::default() });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/slack/events", listener.local_addr().unwrap());
        let shared = web::Data::from(Arc::clone(&script));
        let server = HttpServer::new(move || App::new().app_data(shared.clone()).default_service(web::to(receive)))
            .workers(1)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run();
        let handle = server.handle();
        let mut running = JoinSet::new();
        running.spawn(server);
        Self { url, script, handle, running }
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.script.received.lock().unwrap().clone()
    }

    pub(crate) async fn stop(mut self) {
        self.handle.stop(false).await;
        self.running.join_next().await;
    }
}

async fn receive(script: web::Data<Script>, request: HttpRequest, body: String) -> HttpResponse {
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let challenge =
        serde_json::from_str::<Value>(&body).ok().and_then(|json| json["challenge"].as_str().map(str::to_owned));
    script.received.lock().unwrap().push(Received { headers, body });
    let reaction = script.reactions.lock().unwrap().pop_front().unwrap_or(Reaction::Status(200));
    match reaction {
        Reaction::Status(code) => HttpResponse::build(code.try_into().unwrap()).body(challenge.unwrap_or_default()),
        Reaction::NoRetry(code) => {
            HttpResponse::build(code.try_into().unwrap()).insert_header(("X-Slack-No-Retry", "1")).finish()
        }
        Reaction::Redirect => HttpResponse::TemporaryRedirect().insert_header(("Location", "/slack/events")).finish(),
        Reaction::Hang => {
            tokio::time::sleep(Duration::from_mins(10)).await;
            HttpResponse::Ok().finish()
        }
    }
}
