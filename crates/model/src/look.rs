//! The responder looks in Slack, and cleans up.

use crate::{
    decision::{Found, reconcile},
    state::{Copy, Event, Mark, PARTS, Phase, Run, UNNAMED, Why, World, put, take},
    thread::Turn,
    variants::{Configuration, Variant},
};

impl Configuration {
    /// What Slack shows of this question.
    pub(crate) fn seen(&self, world: &World, run: &Run) -> Found {
        let event = run.event;
        let messages = world.slack.messages.iter().filter(move |message| message.event == event);
        reconcile(self.variant, &messages, self.parts, run.kept)
    }

    /// The first look comes when every earlier attempt's time to post is over: it cannot begin a call any more.
    pub(crate) fn end_of_post_time(&self, world: &mut World, looker: &Run) {
        if self.variant == Variant::FrozenPoster {
            return;
        }
        let owner = world.redis.thread.lease.is_some_and(|lease| lease.owner == looker.owner);
        for run in world.workers.iter_mut().filter_map(|worker| worker.run.as_mut()) {
            let earlier = run.owner != looker.owner && run.event == looker.event && run.phase == Phase::Post;
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
                match run.kept {
                    Some(kept) if self.variant != Variant::TakeOverAnswersAnew => {
                        run.answer = kept.answer;
                        Phase::Begin
                    }
                    _ => Phase::Answer,
                }
            }
            Found::Nothing => {
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
        take(&mut world.copies, &copy);
        world.slack.messages.retain(|message| message.event != event || recorded.contains(&Some(message.number)));
        true
    }
}
