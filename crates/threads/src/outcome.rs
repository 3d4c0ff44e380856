//! What the store answers: one enum per operation, one variant per case that the caller treats differently.
//!
//! `OtherEpoch` means in all of them: the store forgot something since the caller claimed (see [`crate::epoch`]). Nothing
//! was done; claim the question again.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::{
    answer::Answer,
    ids::{BurialId, CopyId, OwnerId},
    ts::MessageTs,
    turn::Turn,
};

use crate::context::Context;

/// Taking a number in the thread's turn list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registered {
    /// The question has its place (or had it already).
    Open,
    /// Its answer is posted.
    Done,
    /// It was given up.
    Dead,
    /// The person took it back.
    Withdrawn,
    /// No number was taken: the request was published in another epoch.
    OtherEpoch,
}

/// Who claims, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Fresh for each claim; the same one only to repeat a claim whose answer was lost.
    pub owner: OwnerId,
    /// Which published copy of the question the worker holds; no two publishes share one.
    pub copy: CopyId,
    /// The copy was never parked nor redelivered, and no earlier claim of it had an unknown outcome.
    pub fresh: bool,
    /// The broker has delivered this very copy before, and this is the first claim since: whoever held it has lost it, by
    /// the death of its process or of its connection. At a later claim of the same delivery it is no news any more, and two
    /// workers would take a question from each other in turn.
    pub returned: bool,
    /// How long the worker owns the thread without renewing.
    pub lease: Duration,
}

/// The answer to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "the grant is the usual outcome, and is moved a few times for each question"
)]
pub enum Claimed {
    /// The question is the worker's to answer.
    Run(Grant),
    /// Not its turn: park the copy.
    Wait {
        /// Questions before it in the thread's turn list.
        before: u64,
        /// What is left of the current owner's lease; zero = nobody owns the thread.
        lease_left: Duration,
        /// Redis lost data a moment ago, and waiting questions take their places again.
        settling: bool,
    },
    /// Another copy of the same question is being answered, and that copy is in the broker: ack this one.
    Twin,
    /// It is answered.
    Done,
    /// It was given up.
    Dead {
        /// The record of it.
        burial: BurialId,
        /// The notice that told the person; none = nobody has told yet.
        told: Option<MessageTs>,
    },
    /// The person took it back.
    Withdrawn,
    /// Claim again.
    OtherEpoch,
}

/// The right to answer one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What earlier attempts left behind: whether Slack has to be asked first.
    pub previous: Previous,
    /// Attempts, this one included.
    pub attempts: u32,
    /// What was said in the thread.
    pub context: Context,
    /// The answer that an earlier attempt was about to post. It is the answer.
    pub kept: Option<KeptAnswer>,
    /// Whether the context is of before Redis lost data, and may lack turns that people see.
    pub stale: bool,
    /// Counts how often the thread was forgotten on request; `finish` compares it.
    pub generation: u64,
    /// Counts the turns that were recorded in this thread; `finish` compares it before a context is replaced.
    pub recorded: u64,
    /// The message that told the person that the question was given up, if it was and is replayed: the answer is put in its
    /// place, and no second notice is posted.
    pub notice: Option<MessageTs>,
    /// The stream that an earlier attempt has begun, or was about to. One question has one: another attempt goes on in its
    /// message, and begins none.
    pub stream: Option<Stream>,
    /// When the thread was last forgotten on request: what was asked up to then is not read from Slack again.
    pub forgotten: Option<MessageTs>,
}

/// A message that shows an answer while it is made. It carries no metadata before it is finished
/// (`chat.startStream` takes none), so only this record tells whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// When it was announced, ms since 1970.
    pub announced: u64,
    /// The message; none = nobody knows whether Slack has begun it.
    pub message: Option<MessageTs>,
}

/// What is known about earlier attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Previous {
    /// Nothing of it can be in Slack.
    Open,
    /// Posting began and nobody knows how it ended: ask Slack.
    Posting {
        /// Time since it began.
        ago: Duration,
    },
    /// So old that it may have been answered and forgotten: ask Slack.
    Unknown,
    /// Older than the epoch: ask Slack, and rebuild the context.
    BeforeEpoch,
}

/// An answer on its way to Slack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAnswer {
    /// The answer.
    pub answer: Answer,
    /// The number of context entries it was made from.
    pub entries: usize,
    /// The texts of its messages, if there are several: another version would perhaps split it elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
}

impl KeptAnswer {
    /// The texts of its messages, in order; at least one.
    pub fn parts(&self) -> Vec<&str> {
        if self.parts.is_empty() {
            return vec![&self.answer.text];
        }
        self.parts.iter().map(String::as_str).collect()
    }
}

/// What is going to be posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announced<'a> {
    /// An answer. It is kept: whoever takes over posts this one.
    Answer(&'a KeptAnswer),
    /// The beginning of an answer that is still being made.
    Stream,
}

/// Noting what became of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// Whoever takes the question over knows it.
    Ok,
    /// The question is answered or given up: a message that is no answer has to be removed.
    Decided,
}

/// The streams of a thread, as who cleans up for one of its questions has to know them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Streams {
    /// The question's own.
    pub own: Option<Stream>,
    /// The messages of the other questions' streams, finished or not, in ascending order.
    pub others: Vec<MessageTs>,
    /// Another question's stream is being begun, and its message is not known yet: it cannot be told from one that is left.
    pub another_begins: bool,
}

/// Lengthening a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewed {
    /// The thread is still the caller's.
    Ok,
    /// Another worker has it: stop.
    Lost,
    /// Claim again.
    OtherEpoch,
}

/// What a released question's state becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// What it is. The next worker asks Slack if posting had begun.
    Keep,
    /// Open: nothing was posted. From a begun post only when Slack itself said so.
    Open,
    /// Open, and nobody gets it before this time is over: the pause after a failure holds for every copy.
    Rest(Duration),
}

/// Whether a released attempt counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// The question failed.
    Keep,
    /// Something else failed: the attempt is given back.
    Back,
}

/// Giving a thread back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {
    /// The thread is free.
    Ok,
    /// The caller did not own it (any more).
    Lost,
    /// Claim again.
    OtherEpoch,
}

/// The permission to post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Post now; the answer is kept.
    Ok,
    /// It is answered already, by these messages.
    Done(Vec<MessageTs>),
    /// It was given up.
    Dead,
    /// The person took it back.
    Withdrawn,
    /// Another worker has the thread.
    Lost,
    /// Claim again.
    OtherEpoch,
}

/// What was posted, and what becomes of the context.
#[derive(Debug, Clone)]
pub struct Finish<'a> {
    /// The answer's messages.
    pub answer_ts: &'a [MessageTs],
    /// The question's text for the context.
    pub question: &'a str,
    /// The answer's text for the context.
    pub answer: &'a str,
    /// What the claim gave.
    pub grant: &'a Grant,
    /// A context rebuilt from Slack, if there is one.
    pub base: Base,
}

/// A context rebuilt from Slack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// None was needed.
    None,
    /// What was said before this question; used when no context is stored.
    IfAbsent(Vec<Turn>),
    /// The whole context with this question and its answer in it; used after Redis lost data, if no turn was recorded since
    /// the claim.
    Replace(Vec<Turn>),
}

/// Recording an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finished {
    /// Recorded.
    Ok {
        /// Entries of the stored context now; 0 = it was forgotten on request meanwhile, and stays so.
        entries: usize,
    },
    /// Answered by these messages. If they are the caller's own, its first call had been recorded; else it deletes its own.
    Done(Vec<MessageTs>),
    /// It was given up: delete the own message.
    Dead,
    /// The person took it back: delete the own message.
    Withdrawn,
    /// Another question is the head: ask again later.
    NotYet,
    /// A turn was recorded since, and the context that should replace the stored one may lack it: read the thread anew, then
    /// ask again with this count in the grant.
    BaseOutdated {
        /// [`Grant::recorded`] now.
        recorded: u64,
    },
    /// Claim again; Slack will be asked, and the message found.
    OtherEpoch,
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Nothing is known of it.
    Unknown,
    /// It is not answered yet.
    Open,
    /// Answered by these messages.
    Done(Vec<MessageTs>),
    /// It was given up.
    Dead {
        /// The notice that told the person.
        told: Option<MessageTs>,
    },
    /// The person took it back.
    Withdrawn,
}

/// How often something may be done, by all workers together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// One permit in this time, in the long run.
    pub interval: Duration,
    /// So many at once after a pause; at least 1.
    pub burst: u32,
}

/// Asking for a permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// Do it now.
    Granted,
    /// Ask again after this time.
    Wait(Duration),
}

/// Giving a question up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Buried {
    /// It is given up; the record is the first burial's.
    Dead {
        /// The record of it.
        burial: BurialId,
        /// The notice that told the person; none = nobody has told yet.
        told: Option<MessageTs>,
    },
    /// It was answered meanwhile.
    Done,
    /// The person took it back meanwhile.
    Withdrawn,
    /// Claim again.
    OtherEpoch,
}
