//! What came of an attack: a table for people, JSON for machines.

use std::{
    fmt,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{Options, Slowest};
use crate::{
    ledger::Ledger,
    verdict::{Thread, Verdict},
};

/// The outcome of an attack.
#[derive(Debug, Clone)]
pub struct Report {
    /// What was asked for; with the seed in it.
    pub options: Options,
    /// Questions and breaches of the promise.
    pub verdict: Verdict,
    /// What still lay in queues, or was kept in `dead`, when everything should have been over; in sentences.
    pub stuck: Vec<String>,
    /// Processes that did not leave with exit code 0 when they were asked to, and the like; in sentences.
    pub left_badly: Vec<String>,
    /// Processes that were killed.
    pub kills: usize,
    /// From a question to its answer, in ascending order.
    pub latencies: Vec<Duration>,
    /// The question that waited longest, and why.
    pub slowest: Option<Slowest>,
    /// The longest time without any answer, between the first and the last one.
    pub longest_pause: Duration,
    /// From the first question to the end of the judgement.
    pub took: Duration,
    /// For each breach what the processes logged about that question.
    pub evidence: Vec<String>,
}

impl Report {
    /// Whether nothing was breached.
    pub fn is_good(&self) -> bool {
        self.verdict.is_good() && self.stuck.is_empty() && self.left_badly.is_empty()
    }

    /// The latency that `share` of the answers kept to, 0 to 1; none without answers.
    pub fn latency(&self, share: f64) -> Option<Duration> {
        let last = self.latencies.len().checked_sub(1)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place in a list, far below 2^52"
        )]
        let place = (last as f64 * share.clamp(0.0, 1.0)).ceil() as usize;
        self.latencies.get(place).copied()
    }

    /// For machines.
    pub fn to_json(&self) -> Value {
        let (options, verdict) = (&self.options, &self.verdict);
        json!({
            "seed": options.seed,
            "ingresses": options.ingresses,
            "responders": options.responders,
            "sent": verdict.sent,
            "acked": verdict.acked,
            "answered": verdict.answered,
            "lost": verdict.lost.len(),
            "duplicated": verdict.duplicated.len(),
            "unfinished": verdict.unfinished.len(),
            "out_of_order": verdict.out_of_order.len(),
            "wrong_context": verdict.wrong_context.len(),
            "stuck": self.stuck.len(),
            "left_badly": self.left_badly.len(),
            "kills": self.kills,
            "latency_ms": {
                "p50": self.latency(0.5).map(millis),
                "p90": self.latency(0.9).map(millis),
                "p99": self.latency(0.99).map(millis),
                "max": self.latency(1.0).map(millis),
            },
            "slowest": self.slowest.as_ref().map(Slowest::to_json),
            "longest_pause_ms": millis(self.longest_pause),
            "took_ms": millis(self.took),
            "breaches": self.breaches().map(|(kind, breach)| json!({"kind": kind, "what": breach})).collect::<Vec<_>>(),
        })
    }

    fn breaches(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let stuck = self.stuck.iter().map(|what| ("stuck", what));
        let left = self.left_badly.iter().map(|what| ("left badly", what));
        self.verdict.breaches().chain(stuck).chain(left)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = &self.verdict;
        let counts = [
            ("questions sent", verdict.sent),
            ("taken (200)", verdict.acked),
            ("answered", verdict.answered),
            ("lost", verdict.lost.len()),
            ("duplicated", verdict.duplicated.len()),
            ("unfinished", verdict.unfinished.len()),
            ("out of order", verdict.out_of_order.len()),
            ("wrong context", verdict.wrong_context.len()),
            ("stuck", self.stuck.len()),
            ("left badly", self.left_badly.len()),
            ("kills", self.kills),
        ];
        for (name, count) in counts {
            writeln!(f, "{name:<16} {count:>8}")?;
        }
        for (name, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("longest", 1.0)] {
            let latency = self.latency(share).unwrap_or_default().as_secs_f64();
            writeln!(f, "{:<16} {latency:>8.2} s", format!("latency {name}"))?;
        }
        writeln!(f, "{:<16} {:>8.2} s", "longest pause", self.longest_pause.as_secs_f64())?;
        writeln!(f, "{:<16} {:>8.2} s", "took", self.took.as_secs_f64())?;
        writeln!(f, "{:<16} {:>8}", "seed", self.options.seed)?;
        if let Some(Slowest { question, stage: (_, took), cause, .. }) = &self.slowest {
            writeln!(f, "most of the longest, {:.2} s of {question}: {cause}", took.as_secs_f64())?;
        }
        for (kind, breach) in self.breaches() {
            writeln!(f, "{kind}: {breach}")?;
        }
        for line in &self.evidence {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

/// From each question to its answer, in ascending order.
pub(super) fn latencies(threads: &[Thread]) -> Vec<Duration> {
    let questions = threads.iter().flat_map(|thread| &thread.questions);
    let mut latencies: Vec<_> = questions
        .filter_map(|(question, answers)| Some(answers.first()?.at.saturating_duration_since(question.said_at)))
        .collect();
    latencies.sort_unstable();
    latencies
}

/// The longest time between two answers that came one after the other.
pub(super) fn longest_pause(threads: &[Thread]) -> Duration {
    let answers = threads.iter().flat_map(|thread| &thread.questions).flat_map(|(_, answers)| answers);
    let mut moments: Vec<Instant> = answers.map(|answer| answer.at).collect();
    moments.sort_unstable();
    moments.windows(2).map(|pair| pair[1].saturating_duration_since(pair[0])).max().unwrap_or_default()
}

/// The line that shows how far an attack has come.
pub(super) fn progress(ledger: &Ledger, answered: usize, kills: usize, elapsed: Duration) -> String {
    let (sent, acked) = ledger.counts();
    format!("{:>4} s  {sent} sent, {acked} taken, {answered} answered, {kills} kills", elapsed.as_secs())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report {
            options: Options { seed: 9, ..Options::default() },
            verdict: Verdict::default(),
            stuck: Vec::new(),
            left_badly: Vec::new(),
            kills: 3,
            slowest: None,
            latencies: (1..=100).map(Duration::from_millis).collect(),
            longest_pause: Duration::from_secs(2),
            took: Duration::from_mins(1),
            evidence: Vec::new(),
        }
    }

    #[test]
    fn a_report_says_how_fast_and_how_well_it_went() {
        let report = report();
        assert!(report.is_good());
        let json = report.to_json();
        assert_eq!((&json["seed"], &json["kills"], &json["lost"]), (&json!(9), &json!(3), &json!(0)));
        assert_eq!((&json["latency_ms"]["p50"], &json["latency_ms"]["max"]), (&json!(51), &json!(100)));
        assert!(report.to_string().contains("latency p99"));
    }

    #[test]
    fn what_is_stuck_or_lost_is_bad_and_is_shown() {
        let mut stuck = report();
        stuck.stuck.push("3 messages in dead".to_owned());
        assert!(!stuck.is_good());
        assert!(stuck.to_string().contains("3 messages in dead"));
        let mut lost = report();
        lost.verdict.lost.push("busy, 1.000001".to_owned());
        assert!(!lost.is_good());
        assert_eq!(lost.to_json()["breaches"][0]["kind"], "lost");
    }
}
