//! What travels beside a task.

use serde::{Deserialize, Serialize};
use shared::ids::{BurialId, CopyId};

/// What travels beside the task: facts about this one copy, not about the question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headers {
    /// Which publish this copy comes from; the same after redelivery, another one after parking. A claim says it, so that
    /// a copy that comes back can be told from a second one.
    pub copy: CopyId,
    /// How often this copy was parked.
    pub parks: u32,
    /// Whether Slack sent the event again (`X-Slack-Retry-Num`); for measuring only.
    pub slack_retry: bool,
    /// The epoch in which the question took its number, if it took one.
    pub epoch: Option<String>,
    /// The burial that this copy reopens, and no other.
    pub replay: Option<BurialId>,
    /// Whether this copy only looks for answers that Slack posted late.
    pub sweep: bool,
    /// The W3C trace context of the request that brought the question (<https://www.w3.org/TR/trace-context/>).
    pub traceparent: Option<String>,
}

impl Headers {
    /// The headers of a first copy: a fresh copy id, and nothing else.
    pub fn first() -> Self {
        Self::of_copy(CopyId::random())
    }

    /// The headers of a copy about which nothing else is known.
    pub fn of_copy(copy: CopyId) -> Self {
        Self { copy, parks: 0, slack_retry: false, epoch: None, replay: None, sweep: false, traceparent: None }
    }

    /// The headers of this copy after it was parked once more.
    #[must_use]
    pub fn parked(&self, sweep: bool) -> Self {
        Self { parks: self.parks.saturating_add(1), sweep, ..self.another_copy() }
    }

    /// The headers of one more publish of the same task.
    #[must_use]
    pub fn another_copy(&self) -> Self {
        Self { copy: CopyId::random(), ..self.clone() }
    }

    /// The headers of the copy that is kept among the dead letters: it is the question itself, also where the copy in hand
    /// was for a clean-up, or a replay of an earlier burial.
    #[must_use]
    pub fn buried(&self) -> Self {
        Self { sweep: false, replay: None, ..self.another_copy() }
    }
}
