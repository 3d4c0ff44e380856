//! The pure decisions: what Redis' scripts answer to a state of one thread, and what a worker concludes from a look in
//! Slack.
//!
//! The names are those of the store (`register`, `claim`, `begin_post`, `finish`, `release`, `bury`). Each function sees
//! the whole state of one thread and changes it in one step, as a script does. What a script does when its caller knows
//! another epoch is not repeated in each: the caller of these functions asks first (see `worker.rs`).

use crate::{
    state::{EVENTS, Event, Message, PARTS, bit},
    variants::Variant,
};

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

    /// Forgets a turn of which no copy has shown up for much longer than the longest wait. Its copies may have been acked
    /// for an answer that this Redis does not know; if one comes after all, Slack is asked.
    pub fn lay_ghost(&mut self, event: Event) {
        self.close(event, Turn::Unknown);
        self.doubtful |= bit(event);
    }

    fn owns(&self, event: Event, me: Owner) -> bool {
        self.lease.is_some_and(|lease| lease.owner == me && lease.event == event)
    }

    fn drop_owner(&mut self, me: Owner) {
        if self.lease.is_some_and(|lease| lease.owner == me) {
            self.lease = None;
        }
    }

    fn set(&mut self, event: Event, turn: Turn) {
        self.turns[usize::from(event)] = turn;
    }

    /// Takes a question out of the turn list for good.
    fn close(&mut self, event: Event, turn: Turn) {
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
            }
        }
        self.lease = None;
        self.stale = true;
    }
}

/// The answer to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// The question is the worker's to answer.
    Run(Grant),
    /// Not its turn: park the copy.
    Wait,
    /// Another copy of it is being answered, and that copy is in the broker: ack this one.
    Twin,
    /// It is answered.
    Done,
    /// It was given up.
    Dead {
        /// The person has been told.
        told: bool,
    },
}

/// The right to answer one question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grant {
    /// Posting had begun: ask Slack first.
    pub posting: bool,
    /// It may have been answered, and Redis would not know: ask Slack first, and replace the context, since it may hold
    /// the answer already.
    pub doubtful: bool,
    /// Attempts, this one included.
    pub attempts: u8,
    /// The answer that an earlier attempt was about to post.
    pub kept: Option<Kept>,
}

/// Takes a number for `event`, once.
pub fn register(thread: &mut Thread, event: Event) {
    if thread.turn(event) == Turn::Unknown {
        thread.set(event, Turn::Open);
    }
}

/// Decides whether `event` may run, and for whom.
pub fn claim(thread: &mut Thread, variant: Variant, event: Event, me: Owner, fresh: bool) -> Claimed {
    match thread.turn(event) {
        Turn::Done(_) => return Claimed::Done,
        Turn::Dead { told } => return Claimed::Dead { told },
        Turn::Posting if variant == Variant::SeenBeforeWork => return Claimed::Done,
        Turn::Unknown | Turn::Open | Turn::Posting => register(thread, event),
    }
    if let Some(lease) = thread.lease.filter(|lease| lease.live) {
        let twin = fresh || variant == Variant::RedeliveredTwinsDropped;
        return if twin && lease.event == event { Claimed::Twin } else { Claimed::Wait };
    }
    if thread.head(variant) != Some(event) && variant != Variant::LeaseWithoutTurns {
        return Claimed::Wait;
    }
    let place = usize::from(event);
    let posting = thread.turn(event) == Turn::Posting;
    let doubtful = thread.doubtful & bit(event) != 0;
    thread.lease = Some(Lease { owner: me, event, live: true });
    if variant != Variant::AttemptsCountedAtFailure {
        thread.attempts[place] = thread.attempts[place].saturating_add(1);
    }
    match variant {
        Variant::SeenBeforeWork => thread.set(event, Turn::Posting),
        Variant::DoneBeforePosting => thread.set(event, Turn::Done([None; PARTS])),
        _ => {}
    }
    Claimed::Run(Grant { posting, doubtful, attempts: thread.attempts[place], kept: thread.kept[place] })
}

/// The permission to post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// Post now; the answer is kept.
    Ok,
    /// It is answered already.
    Done,
    /// Another worker has the thread, or it was given up, or Redis forgot: claim again.
    Lost,
}

/// Announces that posting begins.
pub fn begin_post(thread: &mut Thread, variant: Variant, event: Event, me: Owner, kept: Kept) -> Begun {
    let fenced = !matches!(variant, Variant::UnfencedFinish | Variant::DoneBeforePosting);
    match thread.turn(event) {
        Turn::Done(_) if variant == Variant::DoneBeforePosting => return Begun::Ok,
        Turn::Done(_) => {
            thread.drop_owner(me);
            return Begun::Done;
        }
        Turn::Unknown | Turn::Dead { .. } => return Begun::Lost,
        Turn::Open | Turn::Posting if fenced && !thread.owns(event, me) => return Begun::Lost,
        Turn::Open | Turn::Posting => {}
    }
    thread.set(event, Turn::Posting);
    thread.doubtful &= !bit(event);
    thread.kept[usize::from(event)] = Some(kept);
    if let Some(lease) = thread.lease.as_mut().filter(|lease| lease.owner == me) {
        lease.live = true;
    }
    Begun::Ok
}

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

/// Recording an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finished {
    /// Recorded.
    Ok,
    /// Answered by these messages.
    Done(Parts),
    /// It was given up.
    Dead,
    /// Another question is the head, or another worker owns this one and is not done: ask again.
    NotYet,
    /// Redis forgot it: claim again.
    Forgotten,
    /// The context that should replace the stored one is older than it: rebuild it, then ask again.
    BaseOutdated,
}

/// What was posted, and the turns it was answered from.
#[derive(Debug, Clone, Copy)]
pub struct Finish<'a> {
    /// The answer's messages.
    pub parts: Parts,
    /// The answer.
    pub answer: u8,
    /// The turns it was answered from.
    pub context: &'a Context,
    /// What becomes of the stored ones.
    pub base: Base,
    /// The thread's [`Thread::version`] when those turns were read.
    pub version: u8,
}

/// Records an answer: compare-and-set on the question's state, in one step with the context.
pub fn finish(thread: &mut Thread, variant: Variant, event: Event, me: Owner, finish: Finish<'_>) -> Finished {
    let unfenced = matches!(variant, Variant::UnfencedFinish | Variant::DoneBeforePosting);
    if !unfenced {
        match thread.turn(event) {
            Turn::Done(parts) => return Finished::Done(parts),
            Turn::Dead { .. } => return Finished::Dead,
            Turn::Unknown => return Finished::Forgotten,
            Turn::Open | Turn::Posting => {}
        }
        if !thread.owns(event, me) {
            match variant {
                Variant::LoserDeletes => return Finished::Done([None; PARTS]),
                _ if thread.head(variant) != Some(event) => return Finished::NotYet,
                _ => {}
            }
        }
    }
    match finish.base {
        // Another question was finished since: replacing would drop its turn.
        Base::Replace if finish.version != thread.version() && variant != Variant::BaseNotCompared => {
            return Finished::BaseOutdated;
        }
        Base::Replace => {
            thread.context.clone_from(finish.context);
            thread.stale = false;
        }
        Base::IfAbsent if thread.context.is_empty() => thread.context.clone_from(finish.context),
        Base::IfAbsent | Base::Append => {}
    }
    thread.context.push((event, finish.answer));
    thread.close(event, Turn::Done(finish.parts));
    Finished::Ok
}

/// Gives the thread back. `open` from a begun post only when Slack said that nothing of the answer is there.
pub fn release(thread: &mut Thread, event: Event, me: Owner, open: bool, give_back: bool) {
    if !thread.owns(event, me) {
        return;
    }
    if open {
        thread.set(event, Turn::Open);
    }
    if give_back {
        let attempts = &mut thread.attempts[usize::from(event)];
        *attempts = attempts.saturating_sub(1);
    }
    thread.lease = None;
}

/// Giving a question up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Buried {
    /// It is given up.
    Dead,
    /// It was answered meanwhile.
    Done,
    /// Redis forgot it: claim again.
    Forgotten,
}

/// Gives a question up: compare-and-set on its state, whoever calls.
pub fn bury(thread: &mut Thread, variant: Variant, event: Event) -> Buried {
    match thread.turn(event) {
        Turn::Done(_) if variant != Variant::BuryWithoutCompare => Buried::Done,
        Turn::Unknown if variant != Variant::BuryWithoutCompare => Buried::Forgotten,
        Turn::Dead { .. } => Buried::Dead,
        Turn::Unknown | Turn::Open | Turn::Posting | Turn::Done(_) => {
            thread.close(event, Turn::Dead { told: false });
            Buried::Dead
        }
    }
}

/// What a look in Slack means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A complete answer is there: record it.
    All {
        /// Its messages.
        parts: Parts,
        /// Which answer it is.
        answer: u8,
    },
    /// Some parts of the kept answer are there: post the others.
    Some {
        /// The messages that are there.
        parts: Parts,
    },
    /// Nothing that can be used is there: post the kept answer if there is one that fits, else make one.
    Nothing,
}

/// Concludes from the own messages that were seen. Messages name the answer they belong to, so that parts of two answers
/// are never taken for one.
pub fn reconcile<'a>(
    variant: Variant,
    seen: impl Iterator<Item = &'a Message> + Clone,
    parts: u8,
    kept: Option<Kept>,
) -> Found {
    let unnamed = variant == Variant::AnswersUnnamed;
    let of = |answer: u8| {
        let mut found: Parts = [None; PARTS];
        for message in seen.clone().filter(|message| unnamed || message.answer == answer) {
            found[usize::from(message.part)].get_or_insert(message.number);
        }
        found
    };
    let complete = |found: &Parts| found.iter().flatten().count() == usize::from(parts);
    let candidates = kept.iter().map(|kept| kept.answer).chain(seen.clone().map(|message| message.answer));
    for answer in candidates {
        let found = of(answer);
        if complete(&found) {
            return Found::All { parts: found, answer };
        }
    }
    match kept.map(|kept| of(kept.answer)) {
        Some(found) if found.iter().any(Option::is_some) => Found::Some { parts: found },
        None if unnamed && seen.clone().next().is_some() => Found::Some { parts: of(0) },
        _ => Found::Nothing,
    }
}
