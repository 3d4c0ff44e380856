//! The question that waited longest: how long by the attack's own record, and why by the logs.

use std::time::Duration;

use serde_json::{Value, json};
use shared::ts::MessageTs;

use super::targets::Targets;
use crate::{HarnessError, timeline::timeline_of, verdict::Thread};

/// The question that waited longest.
#[derive(Debug, Clone)]
pub struct Slowest {
    /// Its channel and ts.
    pub question: String,
    /// From the question to its answer, as the attack saw both.
    pub latency: Duration,
    /// The same by `threadkeeper timeline`, which knows the logs only.
    pub logged: Duration,
    /// The stage that took longest, and for how long.
    pub stage: (String, Duration),
    /// Why, in words.
    pub cause: String,
    /// Where a lost worker is to blame: whether the attack has killed, frozen or restarted it.
    pub was_hit: Option<bool>,
}

impl Slowest {
    /// Finds it, and asks the logs; none = nothing was answered.
    pub(super) fn of(threads: &[Thread], targets: &Targets<'_>) -> Result<Option<Self>, HarnessError> {
        let questions = threads.iter().flat_map(|thread| &thread.questions);
        let answered = questions.filter_map(|(question, answers)| {
            Some((answers.first()?.at.saturating_duration_since(question.said_at), question.ts))
        });
        let Some((latency, ts)) = answered.max() else { return Ok(None) };
        let lines = targets.lines();
        let Some(channel) = channel_of(ts, &lines) else { return Ok(None) };
        let question = format!("{channel}:{ts}");
        let told = timeline_of(&lines, &question)?;
        let millis = |value: &Value| Duration::from_millis(value.as_u64().unwrap_or_default());
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (stage, cause) = (text(&told["longest"]["stage"]), text(&told["longest"]["cause"]));
        let was_hit = (stage == "worker_lost").then(|| targets.hit().iter().any(|worker| cause.contains(worker)));
        let (logged, took) = (millis(&told["took_ms"]), millis(&told["longest"]["took_ms"]));
        Ok(Some(Self { question, latency, logged, stage: (stage, took), cause, was_hit }))
    }

    /// For machines.
    pub(super) fn to_json(&self) -> Value {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        json!({
            "question": self.question,
            "latency_ms": millis(self.latency),
            "logged_ms": millis(self.logged),
            "stage": self.stage.0,
            "stage_ms": millis(self.stage.1),
            "cause": self.cause,
            "was_hit": self.was_hit,
        })
    }
}

/// The channel of a question, by the lines about it.
fn channel_of(ts: MessageTs, lines: &[(String, crate::LogLine)]) -> Option<String> {
    let ts = Value::from(ts.to_string());
    let about = lines.iter().find(|(_, line)| line.field("slack.ts") == Some(&ts) && line.field("event_key").is_some());
    Some(about?.1.field("slack.channel_id")?.as_str()?.to_owned())
}
