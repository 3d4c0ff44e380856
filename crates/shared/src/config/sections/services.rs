//! The services: where they listen, how much they take, what they log.

use std::{net::SocketAddr, time::Duration};

use serde::{Deserialize, Serialize};

use super::{out_of_range, positive, within};
use crate::config::ConfigError;

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// The service that receives Slack's events.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ingress {
    /// Address of `/slack/*`, and of the health and metrics routes unless `admin_listen` is set. Port 0 = any free one.
    pub listen: SocketAddr,
    /// Address of `/livez`, `/readyz` and `/metrics` alone, so that only `/slack/*` is public. Default: `listen`.
    pub admin_listen: Option<SocketAddr>,
    /// Most requests in work at the same time; one more is answered 503, and Slack retries.
    pub max_in_flight: usize,
    /// Largest request body, in bytes; one more is answered 413.
    pub max_body_bytes: usize,
    /// A body that has not arrived by then is answered 408.
    #[serde(with = "humantime_serde")]
    pub body_timeout: Duration,
    /// Publish and the broker's confirm together; longer is answered 503, and Slack retries. Slack waits 3 s.
    #[serde(with = "humantime_serde")]
    pub publish_timeout: Duration,
    /// Taking a number in the thread's order; longer is answered 200 without a number, loudly.
    #[serde(with = "humantime_serde")]
    pub register_timeout: Duration,
}

impl Default for Ingress {
    fn default() -> Self {
        Self {
            listen: loopback(3000),
            admin_listen: None,
            max_in_flight: 512,
            max_body_bytes: 1 << 20,
            body_timeout: Duration::from_millis(1500),
            publish_timeout: Duration::from_millis(1500),
            register_timeout: Duration::from_millis(500),
        }
    }
}

impl Ingress {
    pub(in crate::config) fn validate(&self) -> Result<(), ConfigError> {
        within("ingress.max_in_flight", self.max_in_flight as u64, 1..=100_000, "1 to 100000 requests")?;
        within("ingress.max_body_bytes", self.max_body_bytes as u64, 1024..=16 << 20, "1 KiB to 16 MiB")?;
        positive("ingress.body_timeout", self.body_timeout)?;
        positive("ingress.register_timeout", self.register_timeout)?;
        positive("ingress.publish_timeout", self.publish_timeout)?;
        if self.publish_timeout + self.register_timeout > Duration::from_millis(2500) {
            let both = humantime::format_duration(self.publish_timeout + self.register_timeout);
            return Err(out_of_range(
                "ingress.publish_timeout",
                format!("{both} together with ingress.register_timeout"),
                "at most 2.5s together: Slack gives up after 3 s and retries",
            ));
        }
        Ok(())
    }
}

/// The service that answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Responder {
    /// Address of `/livez`, `/readyz` and `/metrics`. Port 0 = any free one, which is logged.
    pub listen: SocketAddr,
    /// Questions answered at the same time by one process; also the broker's prefetch.
    pub concurrency: u16,
    /// After SIGTERM: how long answers that are being posted may take to complete.
    #[serde(with = "humantime_serde")]
    pub shutdown_timeout: Duration,
}

impl Default for Responder {
    fn default() -> Self {
        Self { listen: loopback(3001), concurrency: 16, shutdown_timeout: Duration::from_secs(30) }
    }
}

impl Responder {
    pub(in crate::config) fn validate(&self) -> Result<(), ConfigError> {
        within("responder.concurrency", self.concurrency.into(), 1..=1000, "1 to 1000 questions at a time")?;
        positive("responder.shutdown_timeout", self.shutdown_timeout)
    }
}

/// What is logged, and how.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Levels by crate, as in `info,queue=debug`. Set by `RUST_LOG`. The RabbitMQ client's and the HTTP server's own lines repeat ours.
    pub filter: String,
    /// `auto` = text on a terminal, else JSON lines.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info,lapin=off,actix_server=warn".to_owned(), format: LogFormat::Auto }
    }
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Text on a terminal, else JSON lines.
    Auto,
    /// One JSON object per line.
    Json,
    /// For people.
    Pretty,
}

/// What is told to a collector beside logs and metrics.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// OpenTelemetry collector that traces are sent to, OTLP over HTTP: `http://collector:4318`. Set by
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`. Default: no traces.
    pub otlp_endpoint: Option<String>,
}

impl Telemetry {
    pub(in crate::config) fn validate(&self) -> Result<(), ConfigError> {
        let Some(endpoint) = &self.otlp_endpoint else { return Ok(()) };
        let is_http =
            url::Url::parse(endpoint).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let allowed = "http://host:port or https://host:port";
        if is_http { Ok(()) } else { Err(out_of_range("telemetry.otlp_endpoint", endpoint, allowed)) }
    }
}
