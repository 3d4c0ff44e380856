//! Logs and metrics of a process.
//!
//! One JSON object per line, or text where a person looks at a terminal. ERROR = a person must act; WARN = something
//! went wrong and the service deals with it; INFO = a step of a question, or of the process. A log line never holds
//! message text, names of people, or secrets.

use std::io::{self, IsTerminal};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer, Registry, fmt, layer::SubscriberExt, registry::LookupSpan, util::SubscriberInitExt,
};

use crate::{
    config::{Log, LogFormat},
    counters,
};

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
pub fn init(log: &Log) -> Result<Metrics, TelemetryError> {
    let registry = tracing_subscriber::registry().with(filter(log)?).with(lines(log));
    registry.try_init().map_err(|error| TelemetryError::Twice(error.to_string()))?;
    metrics()
}

/// As [`init`], and `observer` sees every event too, whatever `log` filters: it brings a filter of its own.
///
/// # Errors
/// As [`init`].
pub fn init_observed<L>(log: &Log, observer: L) -> Result<Metrics, TelemetryError>
where
    L: Layer<Registry> + Send + Sync,
{
    let registry = tracing_subscriber::registry().with(observer).with(lines(log).with_filter(filter(log)?));
    registry.try_init().map_err(|error| TelemetryError::Twice(error.to_string()))?;
    metrics()
}

fn filter(log: &Log) -> Result<EnvFilter, TelemetryError> {
    // The language model's client logs what servers say about a request, which may repeat its text.
    EnvFilter::try_new(format!("{},genai=off", log.filter))
        .map_err(|error| TelemetryError::Filter { filter: log.filter.clone(), reason: error.to_string() })
}

fn lines<S>(log: &Log) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let pretty = match log.format {
        LogFormat::Auto => io::stdout().is_terminal(),
        LogFormat::Json => false,
        LogFormat::Pretty => true,
    };
    if pretty {
        fmt::layer().with_target(false).boxed()
    } else {
        fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false).boxed()
    }
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
