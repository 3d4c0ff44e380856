//! The pure decisions: what Redis' scripts answer to a state of one thread, and what a worker concludes from a look in
//! Slack.
//!
//! The names are those of the store (`register`, `claim`, `begin_post`, `finish`, `release`, `bury`). Each function sees
//! the whole state of one thread and changes it in one step, as a script does. What a script does when its caller knows
//! another epoch is not repeated in each: the caller of these functions asks first (see `worker.rs`).

use crate::{
    state::{CopyName, Event, Message, PARTS, UNNAMED, bit},
    thread::{Base, Context, Kept, Lease, Owner, Parts, Stream, Thread, Turn},
    variants::Variant,
};

/// Who claims, and with which copy.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// Fresh for each claim.
    pub owner: Owner,
    /// The copy that the responder holds.
    pub copy: CopyName,
    /// Never parked, never redelivered, never claimed.
    pub fresh: bool,
    /// The broker has redelivered this very copy, and this is the delivery's first claim: whoever held it has lost it.
    pub returned: bool,
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
    /// The stream that an earlier attempt has begun.
    pub stream: Stream,
}

/// Takes a number for `event`, once.
pub fn register(thread: &mut Thread, event: Event) {
    if thread.turn(event) == Turn::Unknown {
        thread.set(event, Turn::Open);
    }
}

/// Decides whether `event` may run, and for whom.
pub fn claim(thread: &mut Thread, variant: Variant, event: Event, claim: Claim) -> Claimed {
    match thread.turn(event) {
        Turn::Done(_) => return Claimed::Done,
        Turn::Dead { told } => return Claimed::Dead { told },
        Turn::Posting if variant == Variant::SeenBeforeWork => return Claimed::Done,
        Turn::Unknown | Turn::Open | Turn::Posting => register(thread, event),
    }
    let posting = thread.turn(event) == Turn::Posting;
    let mut taken_over = false;
    if let Some(lease) = thread.lease.filter(|lease| lease.live) {
        let this_copy = lease.copy == claim.copy && claim.copy != UNNAMED;
        // The broker has taken this copy away from the owner: its process died, or its connection is lost. Nothing was
        // posted, so nobody waits for the lease; the owner, should it live, is fenced.
        taken_over = match variant {
            Variant::AnyReturnedTakesOver => claim.returned && !posting,
            Variant::TakenOverWhilePosting => claim.returned && this_copy,
            _ => claim.returned && this_copy && !posting,
        };
        if lease.event != event || !taken_over {
            let twin = claim.fresh && !this_copy || variant == Variant::RedeliveredTwinsDropped;
            return if twin && lease.event == event { Claimed::Twin } else { Claimed::Wait };
        }
    }
    if thread.head(variant) != Some(event) && variant != Variant::LeaseWithoutTurns {
        return Claimed::Wait;
    }
    let place = usize::from(event);
    let doubtful = thread.doubtful & bit(event) != 0;
    thread.lease = Some(Lease { owner: claim.owner, event, copy: claim.copy, live: true });
    if variant != Variant::AttemptsCountedAtFailure {
        thread.attempts[place] = thread.attempts[place].saturating_add(1);
    }
    match variant {
        Variant::SeenBeforeWork => thread.set(event, Turn::Posting),
        Variant::DoneBeforePosting => thread.set(event, Turn::Done([None; PARTS])),
        _ => {}
    }
    // What is taken over is not being posted: there is nothing to look for.
    let posting = posting && !taken_over;
    let stream = thread.streams[place];
    Claimed::Run(Grant { posting, doubtful, attempts: thread.attempts[place], kept: thread.kept[place], stream })
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

/// Announces that a stream begins. What it will say is not known yet.
pub fn begin_stream(thread: &mut Thread, event: Event, me: Owner) -> Begun {
    match thread.turn(event) {
        Turn::Done(_) => {
            thread.drop_owner(me);
            return Begun::Done;
        }
        Turn::Unknown | Turn::Dead { .. } => return Begun::Lost,
        Turn::Open | Turn::Posting if !thread.owns(event, me) => return Begun::Lost,
        Turn::Open | Turn::Posting => {}
    }
    thread.set(event, Turn::Posting);
    thread.streams[usize::from(event)] = Stream::Announced;
    if let Some(lease) = thread.lease.as_mut().filter(|lease| lease.owner == me) {
        lease.live = true;
    }
    Begun::Ok
}

/// Notes what became of the stream that was announced. True whoever says it, in any epoch: one question has one stream.
/// Whether the question is decided: then somebody has to clean up.
pub fn note_stream(thread: &mut Thread, event: Event, became: Stream) -> bool {
    let stream = &mut thread.streams[usize::from(event)];
    // The first message stays.
    if !matches!(stream, Stream::Known(_)) {
        *stream = became;
    }
    matches!(thread.turn(event), Turn::Done(_) | Turn::Dead { .. })
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
    seen: &(impl Iterator<Item = &'a Message> + Clone),
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
