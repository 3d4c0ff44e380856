//! The promises.
//!
//! Two are checked at the step that would break them (context, order), the others when everything has come to rest: no
//! natural action changes anything any more.

use crate::{
    actions::Action,
    state::{Event, Message, Run, UNFINISHED, World, bit, has},
    thread::Turn,
    variants::{Configuration, Variant},
};

/// A broken promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Violation {
    /// A question that was acknowledged is neither answered nor kept in `dead`.
    Lost(Event),
    /// A part of an answer is visible more than once.
    Duplicate(Event),
    /// A question is answered before an older one.
    Order(Event),
    /// A question is answered without knowing a turn before it, or the context does not hold each answer once.
    Context(Event),
    /// A question waits for ever, and its thread with it.
    Stuck(Event),
    /// What is recorded is not what is visible.
    Record(Event),
    /// A draft is left that nobody will finish.
    Unfinished(Event),
    /// A question was given up although it did not fail often enough.
    GivenUpEarly(Event),
    /// A question has killed more workers than it may.
    Poison(Event),
    /// The person was not told that the question was given up.
    NotTold(Event),
}

impl Violation {
    /// The promise, without the event.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Lost(_) => "LOST",
            Self::Duplicate(_) => "DUPLICATE",
            Self::Order(_) => "ORDER",
            Self::Context(_) => "CONTEXT",
            Self::Stuck(_) => "STUCK",
            Self::Record(_) => "RECORD",
            Self::Unfinished(_) => "UNFINISHED",
            Self::GivenUpEarly(_) => "GIVEN UP EARLY",
            Self::Poison(_) => "POISON",
            Self::NotTold(_) => "NOT TOLD",
        }
    }
}

/// The answer that Slack shows completely, from its oldest messages.
pub fn visible_answer(configuration: &Configuration, world: &World, event: Event) -> Option<u8> {
    let first = |part: u8| world.messages(event).find(|message| message.part == part && message.marked);
    let answer = first(0)?.answer;
    (0..configuration.parts).all(|part| first(part).is_some()).then_some(answer)
}

/// The same, but of the recorded messages where Redis knows them: a second answer may be visible until the clean-up.
pub(crate) fn shown_answer(configuration: &Configuration, world: &World, event: Event) -> Option<u8> {
    let recorded = match world.redis.thread.turn(event) {
        Turn::Done(parts) => parts[0],
        _ => None,
    };
    let message = world.messages(event).find(|message| recorded == Some(message.number));
    message.map(|message| message.answer).or_else(|| visible_answer(configuration, world, event))
}

/// At a grant: the attempt must know every turn before it, and every answer that is visible.
pub(crate) fn check_context(configuration: &Configuration, world: &mut World, run: &Run) {
    if world.redis.fell_back {
        // Nobody has noticed yet; whoever writes next does.
        return;
    }
    let knows = |event: Event| run.context.iter().any(|(known, _)| *known == event);
    for other in (0..configuration.events).filter(|other| *other != run.event) {
        let given_up = has(world.history.buried, other);
        let before = other < run.event && !has(world.history.late, other) && !given_up;
        let visible = visible_answer(configuration, world, other).is_some() && !given_up;
        if (before || visible) && !knows(other) {
            world.history.broken.get_or_insert(Violation::Context(run.event));
        }
    }
}

/// At a post: every older question has its answer, or was given up.
pub(crate) fn check_order(world: &mut World, event: Event) {
    for other in 0..event {
        let settled = has(world.history.answered | world.history.buried, other);
        if !settled && !has(world.history.late, other) {
            world.history.broken.get_or_insert(Violation::Order(event));
        }
    }
}

impl Configuration {
    /// Whether nothing happens by itself any more.
    pub fn is_at_rest(&self, world: &World) -> bool {
        let mut actions = Vec::new();
        self.offer_natural(world, &mut actions);
        !actions.into_iter().any(|action: Action| self.perform(world, action).is_some())
    }

    /// The promise that this world breaks.
    pub fn violation(&self, world: &World) -> Option<Violation> {
        if world.history.broken.is_some() {
            return world.history.broken;
        }
        for event in 0..self.events {
            if self.attempts > 0 && world.history.kills[usize::from(event)] > self.attempts {
                return Some(Violation::Poison(event));
            }
        }
        if !self.is_at_rest(world) {
            return None;
        }
        (0..self.events).find_map(|event| self.unkept(world, event))
    }

    /// The promise that is not kept for `event` in a world at rest.
    fn unkept(&self, world: &World, event: Event) -> Option<Violation> {
        let count = |part: u8| world.messages(event).filter(|message| message.part == part).count();
        let turn = world.redis.thread.turn(event);
        let dead = has(world.dead, event);
        let is_draft = |message: &Message| !message.marked || message.answer == UNFINISHED;
        if turn != Turn::Open && turn != Turn::Posting && world.messages(event).any(is_draft) {
            return Some(Violation::Unfinished(event));
        }
        match turn {
            Turn::Dead { .. } => {
                if !dead {
                    return Some(Violation::Lost(event));
                }
                if world.history.strikes[usize::from(event)] < self.attempts {
                    return Some(Violation::GivenUpEarly(event));
                }
                if world.slack.told & bit(event) == 0 {
                    return Some(Violation::NotTold(event));
                }
                return world.messages(event).next().map(|_| Violation::Record(event));
            }
            Turn::Open | Turn::Posting => {
                let kept =
                    world.copies.iter().any(|copy| copy.event == event) || world.messages(event).next().is_some();
                return Some(if kept { Violation::Stuck(event) } else { Violation::Lost(event) });
            }
            Turn::Unknown if !world.history.lost => return Some(Violation::Lost(event)),
            // Redis forgot that it was given up.
            Turn::Unknown if dead && world.messages(event).next().is_none() => return None,
            Turn::Unknown | Turn::Done(_) => {}
        }
        for part in 0..self.parts {
            if count(part) == 0 {
                return Some(Violation::Lost(event));
            }
            if count(part) > 1 {
                return Some(Violation::Duplicate(event));
            }
        }
        let answer = visible_answer(self, world, event);
        if world.messages(event).any(|message| Some(message.answer) != answer) {
            return Some(Violation::Record(event));
        }
        let Turn::Done(recorded) = turn else { return None };
        if world.messages(event).any(|message| !recorded.contains(&Some(message.number)))
            && self.variant != Variant::DoneBeforePosting
        {
            return Some(Violation::Record(event));
        }
        // A context of an older epoch is replaced when the next question is answered.
        if world.redis.thread.stale {
            return None;
        }
        let mut entries = world.redis.thread.context.iter().filter(|(known, _)| *known == event);
        match (entries.next(), entries.next()) {
            (Some((_, text)), None) if Some(*text) != answer => Some(Violation::Record(event)),
            (Some(_), Some(_)) | (None, _) => Some(Violation::Context(event)),
            _ => None,
        }
    }
}
