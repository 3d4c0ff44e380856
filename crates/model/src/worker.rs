//! The responder: an attempt from its grant to its end, one script, one call or one publish at a time.

use crate::{
    claim::Delivered,
    decision::{Begun, Buried, Finish, Finished, Found, begin_post, begin_stream, bury, finish, note_stream, release},
    intake::execute,
    invariants,
    state::{Call, Copy, Effect, Event, PARTS, Phase, Run, Why, Worker, World, bit, has, put},
    thread::{Kept, Stream, Turn},
    variants::{Configuration, Variant},
};

/// What a step leads to.
enum Next {
    /// The attempt goes on.
    Phase(Phase),
    /// The claim is not ours any more.
    ClaimAgain,
    /// The process dies of it.
    Die,
    /// Nothing can be done now.
    Later,
    /// The delivery leaves the worker's hands.
    End,
}

impl Configuration {
    /// The next step of an attempt; false = there is none now.
    pub(crate) fn go(&self, world: &mut World, worker: usize) -> bool {
        let Some(mut run) = world.workers[worker].run.clone() else { return false };
        if run.phase.is_script() {
            self.write(world, worker);
            let blind = run.phase == Phase::Bury && self.variant == Variant::BuryWithoutCompare;
            // A release in another epoch finds nothing to release.
            if run.epoch != world.redis.epoch && !matches!(run.phase, Phase::Release(_)) && !blind {
                self.claim_again(world, worker, &run);
                return true;
            }
        }
        let next = match run.phase {
            Phase::Look | Phase::LookAgain | Phase::Answer => self.prepare(world, &mut run),
            Phase::BeginStream | Phase::Start | Phase::NoteStream => self.stream(world, &mut run),
            Phase::Begin | Phase::Post | Phase::Finish | Phase::Remove => self.publish(world, worker, &mut run),
            Phase::DeadLetter | Phase::Bury | Phase::Tell | Phase::NoteTold => self.give_up(world, &run),
            Phase::Release(why) => Next::Phase(self.release(world, &run, why)),
            Phase::Claim | Phase::ClaimLate(_) | Phase::Park | Phase::ParkUnknown | Phase::GiveBack | Phase::Ack => {
                Next::End
            }
        };
        match next {
            Next::Phase(phase) => {
                run.phase = phase;
                world.workers[worker].run = Some(run);
            }
            Next::ClaimAgain => self.claim_again(world, worker, &run),
            Next::Die => self.die(world, worker, &run),
            Next::Later => return false,
            Next::End => self.end(world, worker, &run),
        }
        true
    }

    /// Looks in Slack, answers.
    fn prepare(&self, world: &mut World, run: &mut Run) -> Next {
        let place = usize::from(run.event);
        let phase = match run.phase {
            Phase::Look => {
                self.end_of_post_time(world, run);
                let enough = self.variant == Variant::SingleRead || matches!(self.seen(world, run), Found::All { .. });
                if enough { self.conclude(world, run) } else { Phase::LookAgain }
            }
            Phase::LookAgain => self.conclude(world, run),
            _ if has(self.poison, run.event) => {
                if self.attempts > 0 {
                    world.history.kills[place] += 1;
                }
                return Next::Die;
            }
            _ if has(self.failing, run.event) => self.failed(world, run),
            _ => {
                run.answer = world.history.answers[place];
                world.history.answers[place] += 1;
                Phase::Begin
            }
        };
        Next::Phase(phase)
    }

    /// Begins a stream, or takes over one that was found in Slack.
    fn stream(&self, world: &mut World, run: &mut Run) -> Next {
        let thread = &mut world.redis.thread;
        Next::Phase(match run.phase {
            Phase::BeginStream => match begin_stream(thread, run.event, run.owner) {
                Begun::Ok => Phase::Start,
                Begun::Done => Phase::Ack,
                Begun::Lost => return Next::ClaimAgain,
            },
            Phase::Start => {
                if let Some(call) = self.next_call(run) {
                    invariants::check_order(world, run.event);
                    let draft = execute(world, call);
                    if self.variant == Variant::DraftsMarked {
                        for shown in world.slack.messages.iter_mut().filter(|message| message.number == draft) {
                            shown.marked = true;
                        }
                    }
                    run.draft = Some(draft);
                }
                Phase::NoteStream
            }
            _ => {
                if note_stream(thread, run.event, run.draft.map_or(Stream::None, Stream::Known)) {
                    self.leave_sweep(world, run.event);
                    return Next::Phase(Phase::Ack);
                }
                self.begin(run);
                run.phase
            }
        })
    }

    /// Announces, posts, records; removes what was not recorded.
    fn publish(&self, world: &mut World, worker: usize, run: &mut Run) -> Next {
        let event = run.event;
        let thread = &mut world.redis.thread;
        Next::Phase(match run.phase {
            Phase::Begin => {
                let kept = Kept { answer: run.answer, entries: u8::try_from(run.context.len()).unwrap_or(u8::MAX) };
                match begin_post(thread, self.variant, event, run.owner, kept) {
                    Begun::Ok => Phase::Post,
                    Begun::Done => Phase::Ack,
                    Begun::Lost => return Next::ClaimAgain,
                }
            }
            Phase::Post => {
                self.post_part(world, run);
                if self.next_part(run).is_none() { Phase::Finish } else { Phase::Post }
            }
            Phase::Finish => {
                let Run { parts, answer, base, version, .. } = *run;
                let how = Finish { parts, answer, context: &run.context, base, version };
                match finish(thread, self.variant, event, run.owner, how) {
                    Finished::Ok => {
                        if world.redis.snapshot.is_some() {
                            world.workers[worker].finished |= bit(event);
                        }
                        Phase::Ack
                    }
                    Finished::Done(recorded) if recorded == parts => Phase::Ack,
                    Finished::Done(_) | Finished::Dead => Phase::Remove,
                    Finished::NotYet => return Next::Later,
                    Finished::BaseOutdated => {
                        run.version = thread.version();
                        run.context = self.rebuild(world, event);
                        Phase::Finish
                    }
                    Finished::Forgotten => return Next::ClaimAgain,
                }
            }
            _ => {
                let recorded = match thread.turn(event) {
                    Turn::Done(parts) if self.variant != Variant::LoserDeletes => parts,
                    _ => [None; PARTS],
                };
                let own = |number| run.parts.contains(&Some(number)) && !recorded.contains(&Some(number));
                world.slack.messages.retain(|message| message.event != event || !own(message.number));
                Phase::Ack
            }
        })
    }

    /// Keeps the question in `dead`, buries its turn, tells the person.
    fn give_up(&self, world: &mut World, run: &Run) -> Next {
        let event = run.event;
        let thread = &mut world.redis.thread;
        let buried_first = self.variant == Variant::BuryBeforeDead;
        Next::Phase(match run.phase {
            Phase::DeadLetter => {
                world.dead |= bit(event);
                if buried_first { Phase::Tell } else { Phase::Bury }
            }
            Phase::Bury => match bury(thread, self.variant, event) {
                Buried::Dead => {
                    world.history.buried |= bit(event);
                    if buried_first && !has(world.dead, event) { Phase::DeadLetter } else { Phase::Tell }
                }
                Buried::Done => Phase::Ack,
                Buried::Forgotten => return Next::ClaimAgain,
            },
            Phase::Tell => {
                world.slack.told |= bit(event);
                // The notice takes the draft's place.
                if let Stream::Known(draft) = thread.stream(event) {
                    world.slack.messages.retain(|message| message.number != draft || message.marked);
                }
                Phase::NoteTold
            }
            _ => {
                let turn = &mut thread.turns[usize::from(event)];
                if matches!(turn, Turn::Dead { .. }) {
                    *turn = Turn::Dead { told: true };
                }
                Phase::Ack
            }
        })
    }

    /// The delivery leaves the worker's hands.
    fn end(&self, world: &mut World, worker: usize, run: &Run) {
        let held = run.held;
        match run.phase {
            Phase::Claim => {
                return self.claim(world, worker, Copy::redelivered(run), Delivered { held, first: false });
            }
            Phase::ClaimLate(mark) => {
                let copy = Copy { mark, ..Copy::redelivered(run) };
                return self.claim(world, worker, copy, Delivered { held, first: true });
            }
            Phase::GiveBack => {
                let back = run.held && self.variant != Variant::HandOverAcks;
                return self.end_process(world, worker, run, back);
            }
            Phase::ParkUnknown => {
                self.leave_sweep(world, run.event);
                put(&mut world.copies, Copy::parked(run));
            }
            Phase::Park => put(&mut world.copies, Copy::parked(run)),
            _ => {}
        }
        world.workers[worker].run = None;
    }

    /// The part that is posted next.
    pub(crate) fn next_part(&self, run: &Run) -> Option<u8> {
        (0..self.parts).find(|part| run.parts[usize::from(*part)].is_none())
    }

    /// The call to Slack that comes next.
    pub(crate) fn next_call(&self, run: &Run) -> Option<Call> {
        let Run { event, answer, .. } = *run;
        if run.phase == Phase::Start {
            return Some(Call { event, part: 0, answer, effect: Effect::Start });
        }
        let part = self.next_part(run)?;
        // The first part takes the draft's place.
        let effect = run.draft.filter(|_| part == 0).map_or(Effect::Post, Effect::Put);
        Some(Call { event, part, answer, effect })
    }

    /// Slack posts the next part, and says so.
    pub(crate) fn post_part(&self, world: &mut World, run: &mut Run) {
        let Some(call) = self.next_call(run) else { return };
        invariants::check_order(world, run.event);
        let number = execute(world, call);
        run.parts[usize::from(call.part)] = Some(number);
    }

    /// The question failed.
    pub(crate) fn failed(&self, world: &mut World, run: &Run) -> Phase {
        let place = usize::from(run.event);
        self.strike(world, run.event);
        let mut attempts = run.attempts;
        if self.variant == Variant::AttemptsCountedAtFailure {
            attempts += 1;
            world.redis.thread.attempts[place] = attempts;
        }
        if self.attempts == 0 || attempts < self.attempts {
            Phase::Release(Why::Failed)
        } else if self.variant == Variant::BuryBeforeDead {
            Phase::Bury
        } else {
            Phase::DeadLetter
        }
    }

    fn release(&self, world: &mut World, run: &Run, why: Why) -> Phase {
        let none_posted = run.parts.iter().all(Option::is_none) || self.variant == Variant::OpenAfterFirstPart;
        let (open, back) = match why {
            Why::Failed => (true, false),
            Why::NotPosted => (none_posted, self.variant != Variant::OutageCounts),
            Why::Stopping => (true, true),
            Why::Unreadable | Why::StoppingWhileLooking => (false, true),
            Why::Unknown => (self.variant == Variant::OpenWithoutWord, true),
        };
        if run.epoch == world.redis.epoch {
            release(&mut world.redis.thread, run.event, run.owner, open, back && self.attempts > 0);
        }
        match why {
            Why::Unknown => Phase::ParkUnknown,
            Why::Stopping | Why::StoppingWhileLooking => Phase::GiveBack,
            Why::Failed | Why::NotPosted | Why::Unreadable => Phase::Park,
        }
    }

    /// Something happened that may count against the question.
    pub(crate) fn strike(&self, world: &mut World, event: Event) {
        if self.attempts > 0 {
            world.history.strikes[usize::from(event)] += 1;
        }
    }

    /// An attempt was interrupted by a pause. It counts: a question that always pauses its worker would never end.
    pub(crate) fn pause_counts(&self, world: &mut World, event: Event) {
        if self.variant != Variant::PausesAreNoFailures {
            self.strike(world, event);
        }
    }

    /// The process of `worker` dies.
    pub(crate) fn die(&self, world: &mut World, worker: usize, run: &Run) {
        self.strike(world, run.event);
        self.end_process(world, worker, run, run.held);
    }

    /// The process of `worker` ends, another one begins; the copy goes back if it is given back.
    fn end_process(&self, world: &mut World, worker: usize, run: &Run, back: bool) {
        let fresh =
            Worker { run: None, wrote: false, finished: 0, highest: 0, answered_roll: world.redis.roll_call.is_some() };
        world.workers[worker] = fresh;
        self.end_roll(world);
        // Who could have noticed that Redis fell back is gone.
        world.redis.fell_back &= world.ingress_wrote || world.workers.iter().any(|worker| worker.wrote);
        if back {
            put(&mut world.copies, Copy::redelivered(run));
        }
    }
}
