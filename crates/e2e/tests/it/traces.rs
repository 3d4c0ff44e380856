//! Traces: one question through all services, as an OpenTelemetry collector receives it.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::TcpListener,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{App, HttpResponse, HttpServer, dev::ServerHandle, web};
use opentelemetry_proto::tonic::{collector::trace::v1::ExportTraceServiceRequest, trace::v1::Span};
use prost::Message as _;
use tokio::task::JoinSet;

use crate::world::{PATIENCE, World, echo};

/// A collector: keeps each span it is told, with the service that told it.
struct Collector {
    url: String,
    spans: Spans,
    server: ServerHandle,
    _serving: JoinSet<std::io::Result<()>>,
}

type Spans = Arc<Mutex<Vec<(String, Span)>>>;

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let spans = Spans::default();
        let kept = web::Data::new(Arc::clone(&spans));
        let app = move || App::new().app_data(kept.clone()).route("/v1/traces", web::post().to(take));
        let server = HttpServer::new(app).workers(1).disable_signals().listen(listener).expect("it listens").run();
        let (handle, mut serving) = (server.handle(), JoinSet::new());
        serving.spawn(server);
        Self { url, spans, server: handle, _serving: serving }
    }

    fn spans(&self) -> Vec<(String, Span)> {
        self.spans.lock().unwrap().clone()
    }
}

async fn take(body: web::Bytes, spans: web::Data<Spans>) -> HttpResponse {
    let Ok(told) = ExportTraceServiceRequest::decode(body) else { return HttpResponse::BadRequest().finish() };
    for resource in told.resource_spans {
        let attributes = resource.resource.map(|resource| resource.attributes).unwrap_or_default();
        let service = attributes.iter().find(|attribute| attribute.key == "service.name");
        let service = service.map(|service| format!("{:?}", service.value)).unwrap_or_default();
        let service = if service.contains("ingress") { "ingress" } else { "responder" };
        let told = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
        spans.lock().unwrap().extend(told.map(|span| (service.to_owned(), span)));
    }
    HttpResponse::Ok().content_type("application/x-protobuf").body(Vec::new())
}

/// A trace as a tree of names, each with its service.
fn tree(spans: &[(String, Span)], parent: &[u8], depth: usize, lines: &mut Vec<String>) {
    let mut children: Vec<_> = spans.iter().filter(|(_, span)| span.parent_span_id == parent).collect();
    children.sort_by_key(|(_, span)| span.start_time_unix_nano);
    for (service, span) in children {
        let took = (span.end_time_unix_nano - span.start_time_unix_nano) / 1000;
        lines.push(format!("{}{service} {} {took}", "  ".repeat(depth), span.name));
        tree(spans, &span.span_id, depth + 1, lines);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_one_trace_from_slacks_request_over_the_queue_to_the_reply() {
    let collector = Collector::start();
    let world = World::start_with(|stack| {
        let stack = stack.ingresses(1).responders(2).scaled_times();
        stack.env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url).env("OTEL_BSP_SCHEDULE_DELAY", "200")
    })
    .await;
    let channel = world.slack.channel("general");
    let asked = world.ask(&channel, "who keeps the xylophone", None).await;
    world.assert_one_answer_each(&[(&asked, echo("who keeps the xylophone", 1))]).await;

    // Of the mention's two events and their copies, the trace of the one that was answered.
    let whole = e2e::eventually("the whole trace", PATIENCE, || async {
        let mut traces = BTreeMap::<Vec<u8>, Vec<(String, Span)>>::new();
        for (service, span) in collector.spans() {
            traces.entry(span.trace_id.clone()).or_default().push((service, span));
        }
        traces.into_values().find(|spans| {
            let names: BTreeSet<_> =
                spans.iter().map(|(service, span)| (service.as_str(), span.name.as_str())).collect();
            let ingress = ["receive", "verify", "parse", "question", "publish", "register"];
            let responder = ["question", "claim", "answer", "post", "finish"];
            ingress.iter().all(|name| names.contains(&("ingress", *name)))
                && responder.iter().all(|name| names.contains(&("responder", *name)))
        })
    })
    .await
    .unwrap_or_else(|error| panic!("{error}: {:#?}\n{}", collector.spans(), world.logs()));
    let mut lines = Vec::new();
    tree(&whole, &[], 0, &mut lines);
    println!("{}", lines.join("\n"));
    // Every span hangs on Slack's request: what the responder did on the question as it was published.
    assert_eq!(lines.len(), whole.len(), "spans without a parent: {whole:#?}");
    assert!(lines[0].starts_with("ingress receive"), "{lines:#?}");
    assert!(lines.iter().any(|line| line.starts_with("    responder question")), "{lines:#?}");
    assert!(!format!("{whole:?}").contains("xylophone"), "a trace tells what was asked: {whole:#?}");
    let keys = format!("{whole:?}");
    assert!(keys.contains("event_key") && keys.contains(channel.as_str()), "{whole:#?}");
    collector.server.stop(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_is_said_once_and_harms_no_answer() {
    // Nobody listens where somebody did.
    let gone = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let world = World::start_with(|stack| {
        let stack = stack.ingresses(1).responders(1).scaled_times();
        let stack = stack.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{gone}"));
        stack.env("OTEL_BSP_SCHEDULE_DELAY", "100")
    })
    .await;
    let channel = world.slack.channel("general");
    let complains = |line: &e2e::LogLine| line.field("outcome") == Some(&"traces_lost".into());
    let mut root = None;
    for number in 1..=5 {
        let text = format!("question {number}");
        let asked = world.ask(&channel, &text, root).await;
        root = root.or(Some(asked.ts));
        world.assert_one_answer_each(&[(&asked, echo(&text, number))]).await;
    }
    let responder = &world.stack.responders[0];
    let line = responder.wait_for_log("that traces are lost", PATIENCE, complains).await.expect("it says so");
    assert_eq!(line.level(), Some("WARN"));
    responder.terminate();
    responder.wait_exit(Duration::from_secs(20)).await.expect("it leaves all the same");
    assert_eq!(responder.log().iter().filter(|line| complains(line)).count(), 1, "{}", world.logs());
}
