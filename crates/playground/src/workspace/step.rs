//! What the system that answers tells of a question's way.

use serde::Serialize;
use shared::{ids::ChannelId, ts::MessageTs};

/// What happens to a question inside the system that answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stage {
    /// The ingress has it: signature and body are good.
    Received,
    /// The broker has confirmed that it keeps it.
    Queued,
    /// It has its place in the order of its thread.
    Numbered,
    /// A worker has it, alone.
    Claimed,
    /// It is not its turn, or something is away: its copy waits.
    Parked,
    /// The answer is made.
    Answered,
    /// That posting begins is written down.
    Posting,
    /// Slack has the answer.
    Posted,
    /// Question and answer are in the thread's context, and the copy is settled.
    Finished,
    /// A further copy of it, with which nothing has to be done.
    Repeated,
    /// This attempt failed; another one follows.
    Failed,
    /// No attempt follows; its person is told.
    GivenUp,
    /// Somebody pressed a button of the page.
    Disturbed,
}

/// One step of a question, told by the system that answers it ([`crate::StepLog`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where the question stands; with `ts` its identity.
    pub channel: ChannelId,
    /// The question's timestamp.
    pub ts: MessageTs,
    /// What happened.
    pub stage: Stage,
    /// Who did it, as a person reads it; workers are called `worker 1`, `worker 2`, …
    pub who: String,
    /// Why, where that is not plain.
    pub why: Option<String>,
    /// When, in ms since 1970; none = when it is noted.
    pub at: Option<u64>,
}

impl Step {
    /// A step that happens now.
    pub fn new(channel: ChannelId, ts: MessageTs, stage: Stage, who: impl Into<String>) -> Self {
        Self { channel, ts, stage, who: who.into(), why: None, at: None }
    }

    /// Says why.
    #[must_use]
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// Says when it happened, in ms since 1970.
    #[must_use]
    pub fn at(mut self, millis: u64) -> Self {
        self.at = Some(millis);
        self
    }

    /// The number of the worker that did it, if a worker did.
    pub(super) fn worker(&self) -> Option<usize> {
        self.who.strip_prefix("worker ")?.parse().ok()
    }
}
