//! What an operator sees of a thread.

use std::time::Duration;

use shared::{
    ids::{CopyId, OwnerId},
    ts::MessageTs,
};

use crate::{context::Context, turns::Stage};

/// One thread as Redis has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// The key of the context.
    pub key: String,
    /// What was said; none = nothing is stored.
    pub context: Option<StoredContext>,
    /// Questions that are remembered, oldest first.
    pub questions: Vec<QuestionOverview>,
    /// Who answers now.
    pub owner: Option<OwnerOverview>,
    /// Whether the turns are of before Redis lost data, and count no more.
    pub of_an_older_epoch: bool,
    /// When the thread was last forgotten on request.
    pub forgotten: Option<MessageTs>,
    /// How long its turns are remembered from now.
    pub remembered_for: Option<Duration>,
}

/// A context in Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredContext {
    /// What was said; none = the value is no JSON array.
    pub read: Option<Context>,
    /// Its size.
    pub bytes: usize,
    /// How long it stays from now; none = for ever, which Threadkeeper never sets.
    pub ttl: Option<Duration>,
    /// Whether it is of before Redis lost data, and may lack turns.
    pub stale: bool,
}

/// One question of a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionOverview {
    /// Its timestamp.
    pub ts: MessageTs,
    /// What became of it.
    pub stage: Stage,
    /// Attempts that count.
    pub attempts: u32,
    /// Whether it is so old that Slack is asked first whether it is answered.
    pub doubtful: bool,
    /// How long nobody may take it, after a failed attempt.
    pub rests_for: Option<Duration>,
    /// The message that told its person that it was given up, while a replay is under way.
    pub notice: Option<MessageTs>,
    /// Whether an answer is made and waits to be posted.
    pub answer_is_kept: bool,
}

/// The worker that has the thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerOverview {
    /// The grant.
    pub id: OwnerId,
    /// Which question.
    pub ts: MessageTs,
    /// Which copy of it.
    pub copy: CopyId,
    /// What is left of the lease; none = it is over, and whoever comes next may have the thread.
    pub lease_left: Option<Duration>,
}
