//! The responder looks in Slack, and cleans up.

use crate::{
    decision::{Found, reconcile},
    state::{Copy, Event, Mark, PARTS, Phase, Run, UNNAMED, Why, World, put, take},
    thread::{Stream, Turn},
    variants::{Configuration, Variant},
};

impl Configuration {
    /// What Slack shows of this question.
    pub(crate) fn seen(&self, world: &World, run: &Run) -> Found {
        let event = run.event;
        let messages = world.slack.messages.iter().filter(move |message| message.event == event && message.marked);
        reconcile(self.variant, &messages, self.parts, run.kept)
    }

    /// A stream that was announced and of which nobody knows the message: an own message without metadata, since every other
    /// message of ours has some.
    fn unknown_draft(&self, world: &World, run: &Run) -> Option<u8> {
        let thread = &world.redis.thread;
        if thread.stream(run.event) != Stream::Announced || self.variant == Variant::DraftNotLookedFor {
            return None;
        }
        let unmarked = world.slack.messages.iter().filter(|message| !message.marked);
        unmarked.map(|message| message.number).find(|number| !thread.is_of_another(run.event, *number))
    }

    /// The first look comes when every earlier attempt's time to post is over: it cannot begin a call any more.
    pub(crate) fn end_of_post_time(&self, world: &mut World, looker: &Run) {
        if self.variant == Variant::FrozenPoster {
            return;
        }
        let owner = world.redis.thread.lease.is_some_and(|lease| lease.owner == looker.owner);
        for run in world.workers.iter_mut().filter_map(|worker| worker.run.as_mut()) {
            let earlier = run.owner != looker.owner && run.event == looker.event && run.phase.is_call();
            if earlier && (owner || run.epoch < looker.epoch) {
                run.phase = Phase::Release(Why::NotPosted);
            }
        }
    }

    /// What follows from the look. Slack may still execute a call of an earlier attempt, so every look that does not
    /// simply find the whole answer leaves a copy for the clean-up.
    pub(crate) fn conclude(&self, world: &mut World, run: &mut Run) -> Phase {
        let found = self.seen(world, run);
        if self.variant != Variant::SweepOnlyAfterUnknown {
            self.leave_sweep(world, run.event);
        }
        match found {
            Found::All { parts, answer } => {
                run.parts = parts;
                // Without a name in the message the kept answer is taken for the one that is visible.
                let kept = run.kept.filter(|_| self.variant == Variant::AnswersUnnamed);
                run.answer = kept.map_or(answer, |kept| kept.answer);
                Phase::Finish
            }
            Found::Some { parts } => {
                run.parts = parts;
                run.draft = run.draft.or_else(|| self.unknown_draft(world, run));
                match run.kept {
                    Some(kept) if self.variant != Variant::TakeOverAnswersAnew => {
                        run.answer = kept.answer;
                        Phase::Begin
                    }
                    _ => Phase::Answer,
                }
            }
            Found::Nothing => {
                if let Some(draft) = self.unknown_draft(world, run) {
                    run.draft = Some(draft);
                    return Phase::NoteStream;
                }
                self.begin(run);
                run.phase
            }
        }
    }

    /// Publishes a copy that cleans up once the question is decided.
    pub(crate) fn leave_sweep(&self, world: &mut World, event: Event) {
        let sweep = Copy { event, mark: Mark::Sweep, epoch: 0, name: UNNAMED };
        // One is enough: fewer clean-ups than there are makes the promise harder to keep, not easier.
        if self.variant != Variant::NoSweep && !world.copies.contains(&sweep) {
            put(&mut world.copies, sweep);
        }
    }

    /// Cleans up: deletes own messages of a decided question that are not recorded.
    pub(crate) fn sweep(&self, world: &mut World, copy: Copy) -> bool {
        let event = copy.event;
        let late = world.slack.in_flight.iter().any(|call| call.event == event);
        if late && self.variant != Variant::SlowSlack {
            return false;
        }
        let recorded = match world.redis.thread.turn(event) {
            Turn::Done(parts) => parts,
            Turn::Dead { .. } => [None; PARTS],
            Turn::Open | Turn::Posting => return false,
            Turn::Unknown => {
                // Redis forgot it, so this may be the only copy: it becomes an ordinary one, and the message is adopted.
                take(&mut world.copies, &copy);
                if self.variant != Variant::SweepForgets {
                    put(&mut world.copies, Copy { mark: Mark::Returned, ..copy });
                }
                return true;
            }
        };
        let thread = &world.redis.thread;
        let stream = thread.stream(event);
        // An unmarked message does not say whose it is: not that of a stream which is being begun now, or which is known.
        let looked_for = match stream {
            Stream::Announced => self.variant != Variant::DraftNotLookedFor,
            Stream::Known(_) => true,
            Stream::None => false,
        };
        let is_draft = |number: u8| looked_for && !thread.is_of_another(event, number);
        let unmarked = world.slack.messages.iter().any(|message| !message.marked && is_draft(message.number));
        if unmarked && thread.another_is_beginning(event) {
            return false;
        }
        take(&mut world.copies, &copy);
        world.slack.messages.retain(|message| {
            let own = if message.marked { message.event == event } else { is_draft(message.number) };
            !own || recorded.contains(&Some(message.number))
        });
        true
    }
}
