//! The same for programs.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};

use super::{
    course::{Course, End, Stretch},
    journey::Journey,
    wording,
};

/// One question. Times are RFC 3339 in UTC, durations ms.
pub(super) fn question(journey: &Journey, course: &Course) -> Value {
    let steps = journey.steps.iter().map(|step| {
        let since = step.at.saturating_sub(course.began) / 1000;
        json!({ "at": time(step.at), "since_ms": since, "worker": &*step.worker, "step": wording::step(&step.what) })
    });
    json!({
        "channel": journey.channel,
        "ts": journey.ts,
        "thread_ts": journey.thread_ts,
        "team": journey.team,
        "event_key": journey.event_key,
        "event_ids": journey.event_ids,
        "answer_ts": journey.answer_ts,
        "began": time(course.began),
        "took_ms": course.took() / 1000,
        "end": end(&course.end),
        "steps": steps.collect::<Vec<_>>(),
        "stages": course.stretches.iter().map(stage).collect::<Vec<_>>(),
        "longest": course.longest().map(stage),
    })
}

fn end(end: &End) -> Value {
    match end {
        End::Answered { at, worker, attempt } => {
            json!({ "outcome": "answered", "at": time(*at), "worker": &**worker, "attempt": attempt })
        }
        End::GivenUp { at, attempts, reason } => {
            json!({ "outcome": "given_up", "at": time(*at), "attempts": attempts, "reason": reason })
        }
        End::Open { last } => json!({ "outcome": "open", "at": time(*last) }),
    }
}

fn stage(stretch: &Stretch) -> Value {
    json!({
        "stage": stretch.stage.name(),
        "from": time(stretch.from),
        "took_ms": stretch.took() / 1000,
        "cause": stretch.stage.cause(),
    })
}

fn time(micros: u64) -> String {
    humantime::format_rfc3339_micros(UNIX_EPOCH + Duration::from_micros(micros)).to_string()
}
