//! What Redis keeps of one thread.

use crate::{
    state::{CopyName, EVENTS, Event, PARTS, bit},
    variants::Variant,
};

/// What `finish` does with the context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Base {
    /// Appends to the stored one.
    Append,
    /// Uses the one rebuilt from Slack if none is stored.
    IfAbsent,
    /// Replaces the stored one by the one rebuilt from Slack.
    Replace,
}

/// One grant of the thread; fresh for each claim.
pub type Owner = u8;
/// The visible messages of an answer, by part; the number of each.
pub type Parts = [Option<u8>; PARTS];
/// The thread's context: which question was answered by which answer.
pub type Context = Vec<(Event, u8)>;

/// What Redis knows of one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Turn {
    /// Nothing.
    Unknown,
    /// Numbered; nothing of it can be in Slack.
    Open,
    /// Posting has begun.
    Posting,
    /// Answered by these messages.
    Done(Parts),
    /// Given up.
    Dead {
        /// The person has been told.
        told: bool,
    },
}

impl Turn {
    /// Whether it is in the turn list.
    pub fn is_waiting(self) -> bool {
        matches!(self, Turn::Open | Turn::Posting)
    }
}

/// What Redis knows of a question's stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Stream {
    /// None was begun.
    #[default]
    None,
    /// One was announced, and nobody has said which message it is.
    Announced,
    /// It is this message.
    Known(u8),
}

/// The answer that is going to be posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kept {
    /// The answer.
    pub answer: u8,
    /// The number of turns it was made from.
    pub entries: u8,
}

/// Who owns the thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The grant.
    pub owner: Owner,
    /// For this question.
    pub event: Event,
    /// With this copy of it.
    pub copy: CopyName,
    /// It has not run out.
    pub live: bool,
}

/// The keys of one thread in Redis.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Thread {
    /// The state of each question.
    pub turns: [Turn; EVENTS],
    /// Attempts at each question.
    pub attempts: [u8; EVENTS],
    /// The kept answer of each question.
    pub kept: [Option<Kept>; EVENTS],
    /// The stream of each question.
    pub streams: [Stream; EVENTS],
    /// Questions that may have been answered although nothing here says so, as a bit per event.
    pub doubtful: u8,
    /// The owner.
    pub lease: Option<Lease>,
    /// The context.
    pub context: Context,
    /// The context was written in an older epoch: turns may be missing in it.
    pub stale: bool,
}

impl Default for Thread {
    fn default() -> Self {
        Thread {
            turns: [Turn::Unknown; EVENTS],
            attempts: [0; EVENTS],
            kept: [None; EVENTS],
            streams: [Stream::None; EVENTS],
            doubtful: 0,
            lease: None,
            context: Vec::new(),
            stale: false,
        }
    }
}

impl Thread {
    /// The state of `event`.
    pub fn turn(&self, event: Event) -> Turn {
        self.turns[usize::from(event)]
    }

    /// The only question that may run: the one whose posting has begun, else the oldest.
    pub fn head(&self, variant: Variant) -> Option<Event> {
        let first = |wanted: fn(Turn) -> bool| (0u8..).zip(self.turns).find(|(_, turn)| wanted(*turn)).map(|(e, _)| e);
        let posting = (variant != Variant::OlderBeforePosting).then(|| first(|turn| turn == Turn::Posting)).flatten();
        posting.or_else(|| first(Turn::is_waiting))
    }

    /// Grows with each answer that is recorded.
    pub fn version(&self) -> u8 {
        self.turns.iter().map(|turn| u8::from(matches!(turn, Turn::Done(_)))).sum()
    }

    /// Forgets a question: a turn of which no copy has shown up for much longer than the longest wait (its copies may have
    /// been acked for an answer that this Redis does not know), or one that is old. If a copy comes after all, Slack is asked.
    pub fn forget(&mut self, event: Event) {
        self.close(event, Turn::Unknown);
        self.streams[usize::from(event)] = Stream::None;
        self.doubtful |= bit(event);
    }

    /// The stream of `event`.
    pub fn stream(&self, event: Event) -> Stream {
        self.streams[usize::from(event)]
    }

    /// Whether another question than `event` has this message as its stream.
    pub fn is_of_another(&self, event: Event, number: u8) -> bool {
        (0u8..).zip(self.streams).any(|(other, stream)| other != event && stream == Stream::Known(number))
    }

    /// Whether an unmarked message may be that of another question than `event`, which is being written now.
    pub fn another_is_beginning(&self, event: Event) -> bool {
        let announced = |other: usize| self.turns[other] == Turn::Posting && self.streams[other] == Stream::Announced;
        (0..EVENTS).any(|other| other != usize::from(event) && announced(other))
    }

    pub(crate) fn owns(&self, event: Event, me: Owner) -> bool {
        self.lease.is_some_and(|lease| lease.owner == me && lease.event == event)
    }

    pub(crate) fn drop_owner(&mut self, me: Owner) {
        if self.lease.is_some_and(|lease| lease.owner == me) {
            self.lease = None;
        }
    }

    pub(crate) fn set(&mut self, event: Event, turn: Turn) {
        self.turns[usize::from(event)] = turn;
    }

    /// Takes a question out of the turn list for good.
    pub(crate) fn close(&mut self, event: Event, turn: Turn) {
        self.set(event, turn);
        self.attempts[usize::from(event)] = 0;
        self.kept[usize::from(event)] = None;
        self.doubtful &= !bit(event);
        if self.lease.is_some_and(|lease| lease.event == event) {
            self.lease = None;
        }
    }

    /// Voids what another epoch left: the copies of its turns may be acked long ago, and a turn without a copy blocks the
    /// thread for ever. The context stays readable, but turns may be missing in it.
    pub fn enter_epoch(&mut self, variant: Variant) {
        for event in 0..EVENTS {
            if self.turns[event].is_waiting() && variant != Variant::TurnsOutliveTheirEpoch {
                self.turns[event] = Turn::Unknown;
                self.attempts[event] = 0;
                self.kept[event] = None;
                self.streams[event] = Stream::None;
            }
        }
        self.lease = None;
        self.stale = true;
    }
}
