//! Whether a process can do its work: named probes, each under a timeout, their results kept for a moment.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::Serialize;
use tokio::sync::Mutex;

/// A probe that takes longer has failed. Below the usual probe timeout of orchestrators (1 s to 5 s).
const PROBE_TIMEOUT: Duration = Duration::from_millis(900);

/// How long a result is good: a busy scraper costs the servers behind at most two probes a second.
const KEPT: Duration = Duration::from_millis(500);

/// What one probe found.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// The probe's name: `redis`, `rabbitmq`, …
    pub name: &'static str,
    /// Whether the process can work as far as this probe tells.
    pub ok: bool,
    /// What is wrong, and what to check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What all probes found: the body of `/readyz`.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Whether every probe is fine.
    pub ready: bool,
    /// One finding for each probe.
    pub probes: Vec<Finding>,
}

type Outcome = Result<(), String>;
type Probe = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Outcome> + Send>> + Send + Sync>;

/// The probes of a process.
#[derive(Clone, Default)]
pub struct Health {
    probes: Arc<Vec<(&'static str, Probe)>>,
    last: Arc<Mutex<Option<(Instant, Report)>>>,
}

impl Health {
    /// No probes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a probe.
    ///
    /// # Panics
    /// When the value was already shared: probes are added before the service starts.
    #[must_use]
    pub fn with<F, Fut>(mut self, name: &'static str, probe: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Outcome> + Send + 'static,
    {
        let probes = Arc::get_mut(&mut self.probes).expect("probes are added before the value is shared");
        probes.push((name, Box::new(move || Box::pin(probe()))));
        self
    }

    /// Asks every probe, or repeats the last report if it is young.
    pub async fn report(&self) -> Report {
        let mut last = self.last.lock().await;
        if let Some((at, report)) = last.as_ref()
            && at.elapsed() < KEPT
        {
            return report.clone();
        }
        let mut probes = Vec::with_capacity(self.probes.len());
        for (name, probe) in self.probes.iter() {
            let outcome = tokio::time::timeout(PROBE_TIMEOUT, probe()).await;
            let reason = match outcome {
                Ok(Ok(())) => None,
                Ok(Err(reason)) => Some(reason),
                Err(_) => Some(format!("no answer within {} ms", PROBE_TIMEOUT.as_millis())),
            };
            metrics::gauge!("threadkeeper_ready", "probe" => *name).set(if reason.is_none() { 1.0 } else { 0.0 });
            probes.push(Finding { name, ok: reason.is_none(), reason });
        }
        let report = Report { ready: probes.iter().all(|finding| finding.ok), probes };
        *last = Some((Instant::now(), report.clone()));
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_failing_probe_makes_the_process_not_ready_and_is_named() {
        let health = Health::new()
            .with("redis", || async { Ok(()) })
            .with("rabbitmq", || async { Err("connection refused".to_owned()) });
        let report = health.report().await;
        assert!(!report.ready);
        let failing: Vec<_> = report.probes.iter().filter(|finding| !finding.ok).map(|finding| finding.name).collect();
        assert_eq!(failing, ["rabbitmq"]);
    }

    #[tokio::test]
    async fn a_probe_that_hangs_has_failed() {
        let health = Health::new().with("redis", std::future::pending);
        assert!(!health.report().await.ready);
    }
}
