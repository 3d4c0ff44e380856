//! Logs and metrics of a process.
//!
//! One JSON object per line, or text where a person looks at a terminal. ERROR = a person must act; WARN = something
//! went wrong and the service deals with it; INFO = a step of a question, or of the process; DEBUG = what only a developer
//! wants to know. What concerns every question while something is away is an ERROR once, see [`Alarm`]. A log line never
//! holds message text, names of people, or secrets.
//!
//! Whatever is logged about a question is logged in its span, [`question_span`], whose fields every JSON line carries.

mod alarm;
mod lines;
mod question;

use std::io::{self, IsTerminal};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{FilterExt as _, filter_fn},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

pub use self::{
    alarm::{Alarm, Cleared},
    question::question_span,
};
use self::{lines::Lines, question::QUESTION};
use crate::{
    config::{Log, LogFormat},
    counters,
    ids::ProcessId,
};

/// Who logs: the fields `service` and `worker` of every JSON line.
#[derive(Debug, Clone)]
pub struct Origin {
    /// `ingress`, `responder`, …
    pub service: &'static str,
    /// This process, one of several of its service.
    pub worker: ProcessId,
}

impl Origin {
    /// A new process of `service`.
    pub fn of_service(service: &'static str) -> Self {
        Self { service, worker: ProcessId::for_service(service) }
    }
}

/// Telemetry that cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TelemetryError {
    /// The filter is not understood.
    #[error("option `log.filter` (RUST_LOG) = `{filter}` is not possible: {reason}")]
    Filter {
        /// The filter as configured.
        filter: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Something has set up logs or metrics before.
    #[error("telemetry was set up before: {0}")]
    Twice(String),
}

/// Buckets of every `*_seconds` histogram: from a Redis script (0.2 ms) to an answer's deadline (120 s).
const SECONDS: [f64; 16] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 120.0];

/// The metrics of this process, in Prometheus' text form.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// All metrics as text, <https://prometheus.io/docs/instrumenting/exposition_formats/>.
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }
}

/// Sets up logs on standard output, and metrics.
///
/// # Errors
/// When the filter is not understood, or when it was set up before.
pub fn init(log: &Log, origin: &Origin) -> Result<Metrics, TelemetryError> {
    init_observed(log, origin, None::<tracing_subscriber::layer::Identity>)
}

/// As [`init`], and `observer` sees every span and event too, whatever `log` filters: it brings a filter of its own.
///
/// # Errors
/// As [`init`].
pub fn init_observed<L>(log: &Log, origin: &Origin, observer: L) -> Result<Metrics, TelemetryError>
where
    L: Layer<Registry> + Send + Sync,
{
    let registry = tracing_subscriber::registry().with(observer).with(output(log, origin)?);
    registry.try_init().map_err(|error| TelemetryError::Twice(error.to_string()))?;
    metrics()
}

/// What is written, and how. The span of a question is there for its fields, so no filter takes it away from JSON lines; text
/// for people, who read the identifier in the message, goes without it.
fn output<S>(log: &Log, origin: &Origin) -> Result<Box<dyn Layer<S> + Send + Sync>, TelemetryError>
where
    S: tracing::Subscriber + for<'span> tracing_subscriber::registry::LookupSpan<'span> + Send + Sync,
{
    // The language model's client logs what servers say about a request, which may repeat its text.
    let filter = EnvFilter::try_new(format!("{},genai=off", log.filter))
        .map_err(|error| TelemetryError::Filter { filter: log.filter.clone(), reason: error.to_string() })?;
    let pretty = match log.format {
        LogFormat::Auto => io::stdout().is_terminal(),
        LogFormat::Json => false,
        LogFormat::Pretty => true,
    };
    Ok(if pretty {
        let without = filter.and(filter_fn(|metadata| metadata.name() != QUESTION));
        fmt::layer().with_target(false).with_filter(without).boxed()
    } else {
        let with = filter.or(filter_fn(|metadata| metadata.name() == QUESTION));
        Lines::new(origin, io::stdout).with_filter(with).boxed()
    })
}

fn metrics() -> Result<Metrics, TelemetryError> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|error| TelemetryError::Twice(error.to_string()))?;
    counters::start_at_zero();
    Ok(Metrics(recorder))
}

/// An error with all its causes, for one log line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Many libraries repeat their cause in their own text.
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
