//! What a check found.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde::Serialize;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// As it should be.
    Ok,
    /// It works, and will give trouble.
    Warning,
    /// It does not work.
    Failed,
    /// This server does not tell; managed ones often do not.
    CannotTell,
    /// This configuration has no use for it.
    NotUsed,
}

/// One line of the report.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Finding {
    /// What was looked at: `redis`, `rabbitmq`, …
    pub(super) subject: &'static str,
    /// Which of its properties.
    pub(super) check: &'static str,
    pub(super) verdict: Verdict,
    /// How long the answer took.
    pub(super) latency_ms: Option<u64>,
    /// What was found.
    pub(super) found: String,
    /// What to do, in one sentence.
    pub(super) fix: Option<String>,
}

/// The findings about one subject, as they come: what was found stays when a later check hangs.
pub(super) struct Findings {
    subject: &'static str,
    found: Mutex<Vec<Finding>>,
}

impl Findings {
    pub(super) fn about(subject: &'static str) -> Self {
        Self { subject, found: Mutex::default() }
    }

    /// As it should be.
    pub(super) fn ok(&self, check: &'static str, found: impl Into<String>) {
        self.add(check, Verdict::Ok, None, found.into(), None);
    }

    /// As it should be, and how long it took since `started`.
    pub(super) fn ok_since(&self, check: &'static str, started: Instant, found: impl Into<String>) {
        self.ok_after(check, started.elapsed(), found);
    }

    /// As it should be, and how long it took.
    pub(super) fn ok_after(&self, check: &'static str, time: Duration, found: impl Into<String>) {
        self.add(check, Verdict::Ok, Some(time), found.into(), None);
    }

    /// It works, and will give trouble.
    pub(super) fn warning(&self, check: &'static str, found: impl Into<String>, fix: impl Into<String>) {
        self.add(check, Verdict::Warning, None, found.into(), Some(fix.into()));
    }

    /// It does not work.
    pub(super) fn failed(&self, check: &'static str, found: impl Into<String>, fix: impl Into<String>) {
        self.add(check, Verdict::Failed, None, found.into(), Some(fix.into()));
    }

    /// Nobody knows.
    pub(super) fn cannot_tell(&self, check: &'static str, found: impl Into<String>) {
        self.add(check, Verdict::CannotTell, None, found.into(), None);
    }

    /// This configuration has no use for it.
    pub(super) fn not_used(&self, check: &'static str, found: impl Into<String>) {
        self.add(check, Verdict::NotUsed, None, found.into(), None);
    }

    fn add(
        &self,
        check: &'static str,
        verdict: Verdict,
        latency: Option<Duration>,
        found: String,
        fix: Option<String>,
    ) {
        let latency_ms = latency.map(|latency| u64::try_from(latency.as_millis()).unwrap_or(u64::MAX));
        let finding = Finding { subject: self.subject, check, verdict, latency_ms, found, fix };
        self.found.lock().unwrap_or_else(PoisonError::into_inner).push(finding);
    }

    pub(super) fn into_list(self) -> Vec<Finding> {
        self.found.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
