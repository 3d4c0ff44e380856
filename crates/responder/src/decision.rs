//! What becomes of a delivery.

use std::time::{Duration, Instant};

use queue::Headers;
use shared::task::Question;
use threads::ThreadError;

use crate::waiting::Reason;

/// How a delivery ended, as far as the process has to know.
pub(crate) enum Ending {
    /// Answered, parked, buried or given back.
    Settled,
    /// Given back because Redis cannot be reached; no more work before it can.
    StoreAway {
        /// What Redis, or the way to it, said.
        error: ThreadError,
        /// When.
        at: Instant,
    },
}

/// What becomes of a copy.
#[derive(Debug)]
pub(crate) enum Decision {
    /// Nothing is left to do for it.
    Ack(&'static str),
    /// Later again, after so many ms.
    Park(u64, Reason),
    /// Slack may have posted it: later again, and once more for the clean-up.
    ParkUnknown,
    /// The clean-up comes later again.
    ParkSweep(&'static str),
    /// It failed for good: keep it in `dead`, bury its turn, tell the person.
    GiveUp { reason: String, attempts: u32 },
    /// Another worker, at once.
    GiveBack(&'static str),
}

/// What a person who waits may want to know after a copy was settled.
#[derive(Debug, Clone, Copy)]
pub(crate) enum News {
    /// Nothing, or they see it: a message was posted.
    None,
    /// It goes on waiting, for so many ms.
    Waits(u64, Reason),
    /// It waits no longer.
    Over,
}

impl Decision {
    /// What of it concerns the person.
    pub(crate) fn news(&self) -> News {
        match self {
            Self::Park(wait, reason) => News::Waits(*wait, *reason),
            Self::Ack("answered" | "answered_in_stream" | "twin")
            | Self::ParkUnknown
            | Self::ParkSweep(_)
            | Self::GiveBack(_) => News::None,
            Self::Ack(_) | Self::GiveUp { .. } => News::Over,
        }
    }

    /// Says how a delivery ended.
    pub(crate) fn log(&self, question: &Question, headers: &Headers, took: Duration) {
        let outcome = match self {
            Decision::Ack(why) | Decision::ParkSweep(why) | Decision::GiveBack(why) => *why,
            Decision::Park(_, reason) => reason.as_str(),
            Decision::ParkUnknown => "post_unknown",
            Decision::GiveUp { .. } => "given_up",
        };
        metrics::counter!("threadkeeper_deliveries_total", "outcome" => outcome).increment(1);
        let (wait_ms, before) = match self {
            Decision::Park(wait, Reason::Turn { before }) => (Some(*wait), Some(*before)),
            Decision::Park(wait, _) => (Some(*wait), None),
            _ => (None, None),
        };
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(
            slack.channel_id = %question.channel, slack.ts = %question.ts, slack.event_id = %question.event_id,
            event_key = %question.event_key(), copy = %headers.copy, parks = headers.parks, outcome, wait_ms, before, duration_ms,
            "delivery of {}:{}: {outcome}", question.channel, question.ts,
        );
    }
}
