//! Traces: the way of a question as spans, from Slack's request over the queue to the reply, told to an OpenTelemetry
//! collector. Off unless `telemetry.otlp_endpoint` is set; then a span costs what a disabled log line does.
//!
//! A question's trace goes through the queue in its header `traceparent`: whichever process takes the copy continues it. The
//! conventional variables of OpenTelemetry for sampling (`OTEL_TRACES_SAMPLER`), batching and headers are kept to.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use async_trait::async_trait;
use opentelemetry::{
    propagation::TextMapPropagator as _,
    trace::{TraceContextExt as _, TracerProvider as _},
};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    propagation::TraceContextPropagator,
    trace::{SdkTracerProvider, SpanData, SpanExporter},
};
use shared::{config::Telemetry, telemetry::Origin};
use tokio::runtime::Handle;
use tracing::{Span, level_filters::LevelFilter};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{Layer, Registry, filter::filter_fn};

/// The header of the W3C trace context (<https://www.w3.org/TR/trace-context/>).
const TRACEPARENT: &str = "traceparent";

/// Spans of these crates are steps of a question; those of libraries are not.
const OURS: [&str; 3] = ["ingress", "responder", "shared"];

/// One call to the collector. It happens beside the answers and holds none of them up.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);

/// At the end of the process: spans that are still to be told get this long.
const LAST_EXPORT: Duration = Duration::from_secs(2);

/// Tells spans to a collector, until it is ended.
pub(crate) struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Tells spans of `origin` to the collector, by tasks on the runtime that this is called on; none if none is configured.
    pub(crate) fn from_config(telemetry: &Telemetry, origin: &Origin) -> anyhow::Result<Option<Self>> {
        let Some(endpoint) = &telemetry.otlp_endpoint else { return Ok(None) };
        let client = reqwest::Client::builder().timeout(EXPORT_TIMEOUT).build().context("no HTTP client for traces")?;
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(Client { client, runtime: Handle::current() })
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .build()
            .with_context(|| format!("traces cannot be sent to `{endpoint}` (telemetry.otlp_endpoint)"))?;
        let resource = Resource::builder()
            .with_service_name(format!("threadkeeper-{}", origin.service))
            .with_attribute(opentelemetry::KeyValue::new("service.instance.id", origin.worker.to_string()))
            .build();
        let exporter = Quiet { exporter, endpoint: endpoint.clone(), failing: Arc::default() };
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
        Ok(Some(Self { provider }))
    }

    /// What turns our spans into those that are told. Log lines stay where they are.
    pub(crate) fn layer(&self) -> impl Layer<Registry> + Send + Sync + use<> {
        let ours = filter_fn(|metadata| {
            metadata.is_span() && OURS.contains(&metadata.target().split("::").next().unwrap_or_default())
        });
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("threadkeeper"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_filter(ours.with_max_level_hint(LevelFilter::DEBUG))
    }

    /// Tells what is still to be told. Whether it succeeds has been said already.
    pub(crate) fn end(self) {
        self.provider.shutdown_with_timeout(LAST_EXPORT).ok();
    }
}

/// The trace of `span` as it travels with a copy; none if there are no traces.
pub fn traceparent(span: &Span) -> Option<String> {
    let context = span.context();
    if !context.span().span_context().is_valid() {
        return None;
    }
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&context, &mut carrier);
    carrier.remove(TRACEPARENT)
}

/// Makes `span`, which nobody has entered yet, part of the trace that a copy brought. A header that is none is passed over.
pub fn continue_trace(span: &Span, traceparent: Option<&str>) {
    let Some(traceparent) = traceparent else { return };
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    let context = TraceContextPropagator::new().extract(&carrier);
    if let Err(error) = span.set_parent(context) {
        tracing::debug!("the trace `{traceparent}` is not continued: {error}");
    }
}

/// Says once that spans cannot be told, and once that they can again.
#[derive(Debug)]
struct Quiet<E> {
    exporter: E,
    endpoint: String,
    failing: Arc<AtomicBool>,
}

impl<E: SpanExporter> SpanExporter for Quiet<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let told = self.exporter.export(batch).await;
        let endpoint = &self.endpoint;
        match &told {
            Ok(()) if self.failing.swap(false, Ordering::Relaxed) => {
                tracing::info!(outcome = "traces_back", "traces reach {endpoint} again");
            }
            Err(error) if !self.failing.swap(true, Ordering::Relaxed) => tracing::warn!(
                outcome = "traces_lost",
                "traces do not reach {endpoint}, answers are not affected; check telemetry.otlp_endpoint: {error}"
            ),
            _ => {}
        }
        told
    }

    fn shutdown(&self) -> OTelSdkResult {
        self.exporter.shutdown()
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// The HTTP client of the tree. Batches are sent by a thread without a runtime, so calls run on that of the service.
#[derive(Debug)]
struct Client {
    client: reqwest::Client,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (client, request) = (self.client.clone(), reqwest::Request::try_from(request)?);
        let answer = self.runtime.spawn(async move {
            let answer = client.execute(request).await?;
            let status = answer.status();
            Ok::<_, reqwest::Error>((status, answer.bytes().await?))
        });
        let (status, body) = answer.await??;
        Ok(Response::builder().status(status).body(body)?)
    }
}
