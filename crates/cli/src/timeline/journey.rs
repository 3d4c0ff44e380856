//! What the logs say of one question.

use std::rc::Rc;

use super::line::Line;

/// Lines of one question that are kept; a question that waits for hours in a busy thread says the same again and again.
const MOST_STEPS: usize = 2_000;

/// One question, with every step that was logged.
#[derive(Debug, Default)]
pub(super) struct Journey {
    pub(super) team: String,
    pub(super) channel: String,
    pub(super) ts: String,
    pub(super) thread_ts: String,
    pub(super) event_key: String,
    /// Slack's events that brought it.
    pub(super) event_ids: Vec<String>,
    /// The message that answers it.
    pub(super) answer_ts: Option<String>,
    pub(super) steps: Vec<Step>,
    /// Lines that were passed over.
    pub(super) left_out: usize,
}

/// One step.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// When, in µs since 1970; where it took time, when it began.
    pub(super) at: u64,
    /// The process that logged it.
    pub(super) worker: Rc<str>,
    pub(super) what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Kept {
        numbered: bool,
        slack_retry: bool,
        took_ms: u64,
    },
    NotKept,
    Claimed {
        attempt: u32,
    },
    AnswerMade,
    Posting,
    Posted,
    /// The answer is visible and recorded.
    Answered {
        outcome: String,
    },
    Failed {
        attempt: u32,
        reason: String,
    },
    GivenUp {
        attempts: u32,
        reason: String,
    },
    /// What became of one copy.
    Copy {
        outcome: String,
        wait_ms: Option<u64>,
        before: Option<u64>,
        took_ms: u64,
    },
    /// Something went wrong on the way.
    Said {
        level: String,
        message: String,
    },
}

impl Journey {
    pub(super) fn of(line: &Line<'_>) -> Self {
        let text = |field: &Option<std::borrow::Cow<'_, str>>| field.as_deref().unwrap_or_default().to_owned();
        Self {
            team: text(&line.team),
            channel: text(&line.channel),
            ts: text(&line.ts),
            thread_ts: text(&line.thread_ts),
            event_key: text(&line.event_key),
            ..Self::default()
        }
    }

    /// Takes note of one more line.
    pub(super) fn add(&mut self, line: &Line<'_>, at: u64, worker: Rc<str>) {
        if let Some(id) = line.event_id.as_deref()
            && !self.event_ids.iter().any(|known| known == id)
        {
            self.event_ids.push(id.to_owned());
        }
        if let Some(ts) = line.answer_ts.as_deref() {
            self.answer_ts = Some(ts.to_owned());
        }
        let Some(what) = What::of(line) else { return };
        // The line about keeping comes last, when a worker may have it already.
        let at = match &what {
            What::Kept { took_ms, .. } => at.saturating_sub(took_ms * 1000),
            _ => at,
        };
        if self.steps.len() < MOST_STEPS {
            self.steps.push(Step { at, worker, what });
        } else {
            self.left_out += 1;
        }
    }
}

impl What {
    /// None = it says nothing about the question's way.
    fn of(line: &Line<'_>) -> Option<Self> {
        let outcome = line.outcome.as_deref().unwrap_or_default();
        if line.parks.is_some() {
            let outcome = outcome.to_owned();
            let took_ms = line.duration_ms.unwrap_or(0);
            return Some(Self::Copy { outcome, wait_ms: line.wait_ms, before: line.before, took_ms });
        }
        let loud = matches!(&*line.level, "ERROR" | "WARN");
        Some(match outcome {
            "kept" => Self::Kept {
                numbered: line.numbered.unwrap_or(false),
                slack_retry: line.slack_retry,
                took_ms: line.duration_ms.unwrap_or(0),
            },
            "not_kept" => Self::NotKept,
            "claimed" => Self::Claimed { attempt: line.attempt },
            "answer_made" => Self::AnswerMade,
            "posting" => Self::Posting,
            "posted" => Self::Posted,
            "answered" | "answered_in_place" | "adopted" => Self::Answered { outcome: outcome.to_owned() },
            "attempt_failed" => Self::Failed { attempt: line.attempt, reason: line.reason(" failed: ") },
            "dead" => Self::GivenUp { attempts: line.attempt, reason: line.reason("`dead`: ") },
            _ if loud => Self::Said { level: line.level.to_string(), message: line.reason("\0") },
            _ => return None,
        })
    }
}
