//! The responder: from a copy to its end, one script, one call or one publish at a time.

use crate::{
    decision::{
        Base, Begun, Buried, Claimed, Context, Finish, Finished, Found, Grant, Kept, Turn, begin_post, bury, claim,
        finish, reconcile, register, release,
    },
    invariants,
    state::{Copy, Event, Mark, Phase, Run, Why, Worker, World, bit, put, take},
    variants::{Configuration, Variant},
};

impl Configuration {
    /// An idle responder takes a copy and claims.
    pub(crate) fn take(&self, world: &mut World, worker: usize, copy: Copy) -> bool {
        take(&mut world.copies, &copy);
        let held = self.variant != Variant::AckedAtClaim;
        self.claim(world, worker, copy, held);
        true
    }

    /// Claims for a copy that is in the worker's hands.
    fn claim(&self, world: &mut World, worker: usize, copy: Copy, held: bool) {
        let Copy { event, mark, epoch: copy_epoch } = copy;
        self.write(world, worker);
        let me = world.new_owner();
        world.workers[worker].run = None;
        let parked = Copy { event, mark: Mark::Returned, epoch: copy_epoch };
        let settling = self.settling(world);
        let claimed =
            if settling && matches!(world.redis.thread.turn(event), Turn::Unknown | Turn::Open | Turn::Posting) {
                register(&mut world.redis.thread, event);
                Claimed::Wait
            } else {
                claim(&mut world.redis.thread, self.variant, event, me, mark == Mark::Fresh)
            };
        match claimed {
            Claimed::Wait => put(&mut world.copies, parked),
            Claimed::Twin | Claimed::Done | Claimed::Dead { told: true } => {}
            Claimed::Dead { told: false } => {
                let mut run = self.run(world, event, me, held, copy_epoch, &Grant::default());
                run.phase = Phase::Tell;
                world.workers[worker].run = Some(run);
            }
            Claimed::Run(grant) => {
                if self.attempts == 0 {
                    world.redis.thread.attempts[usize::from(event)] = 0;
                }
                let returned = mark != Mark::Fresh;
                let older = self.calls_roll() && copy_epoch < world.redis.epoch;
                let suspect = returned && (older || self.variant == Variant::ReturnedLookedUp);
                let grant = Grant { doubtful: grant.doubtful || suspect, ..grant };
                let mut run = self.run(world, event, me, held, copy_epoch, &grant);
                invariants::check_context(self, world, &run);
                let look = grant.posting || grant.doubtful || self.is_before_epoch(world, event);
                if look && !matches!(self.variant, Variant::NoReconciliation | Variant::SeenBeforeWork) {
                    run.phase = Phase::Look;
                } else {
                    self.begin(&mut run);
                }
                world.workers[worker].run = Some(run);
                if self.calls_roll() {
                    world.workers[worker].highest = world.workers[worker].highest.max(event + 1);
                }
            }
        }
    }

    fn run(&self, world: &World, event: Event, me: u8, held: bool, copy_epoch: u8, grant: &Grant) -> Run {
        let redis = &world.redis;
        let before = self.is_before_epoch(world, event) || grant.doubtful;
        let stale = redis.thread.stale && self.variant != Variant::StaleContextKept;
        let (context, base) = if before || stale {
            (self.rebuild(world, event), Base::Replace)
        } else if redis.thread.context.is_empty() {
            (self.rebuild(world, event), Base::IfAbsent)
        } else {
            (redis.thread.context.clone(), Base::Append)
        };
        Run {
            event,
            owner: me,
            epoch: redis.epoch,
            held,
            copy_epoch,
            phase: Phase::Answer,
            attempts: grant.attempts,
            kept: grant.kept,
            context,
            base,
            version: redis.thread.version(),
            answer: 0,
            parts: [None; crate::state::PARTS],
        }
    }

    /// The context as Slack shows it: every complete answer but this question's own; where two are visible, the recorded.
    fn rebuild(&self, world: &World, event: Event) -> Context {
        (0..self.events)
            .filter(|other| *other != event)
            .filter_map(|other| Some((other, invariants::shown_answer(self, world, other)?)))
            .collect()
    }

    /// Posts the kept answer if it fits, else makes one.
    pub(crate) fn begin(&self, run: &mut Run) {
        let fits = |kept: &Kept| usize::from(kept.entries) == run.context.len();
        run.phase = if self.attempts > 0 && run.attempts > self.attempts {
            Phase::DeadLetter
        } else if let Some(kept) = run.kept.filter(fits).filter(|_| self.variant != Variant::TakeOverAnswersAnew) {
            run.answer = kept.answer;
            Phase::Begin
        } else {
            Phase::Answer
        };
    }

    /// The next step of an attempt; false = there is none now.
    pub(crate) fn go(&self, world: &mut World, worker: usize) -> bool {
        let Some(mut run) = world.workers[worker].run.clone() else { return false };
        let event = run.event;
        let script =
            matches!(run.phase, Phase::Begin | Phase::Finish | Phase::Release(_) | Phase::Bury | Phase::NoteTold);
        if script {
            self.write(world, worker);
            let blind = run.phase == Phase::Bury && self.variant == Variant::BuryWithoutCompare;
            if run.epoch != world.redis.epoch && !matches!(run.phase, Phase::Release(_)) && !blind {
                self.claim_again(world, worker, &run);
                return true;
            }
        }
        let thread = &mut world.redis.thread;
        run.phase = match run.phase {
            Phase::Claim => {
                let copy = Copy { event, mark: Mark::Returned, epoch: run.copy_epoch };
                self.claim(world, worker, copy, false);
                return true;
            }
            Phase::Look => {
                self.end_of_post_time(world, &run);
                if self.variant == Variant::SingleRead || matches!(self.seen(world, &run), Found::All { .. }) {
                    self.conclude(world, &mut run)
                } else {
                    Phase::LookAgain
                }
            }
            Phase::LookAgain => self.conclude(world, &mut run),
            Phase::Answer if self.poison & bit(event) != 0 => {
                if self.attempts > 0 {
                    world.history.kills[usize::from(event)] += 1;
                }
                self.die(world, worker, &run);
                return true;
            }
            Phase::Answer if self.failing & bit(event) != 0 => self.failed(world, &run),
            Phase::Answer => {
                run.answer = world.history.answers[usize::from(event)];
                world.history.answers[usize::from(event)] += 1;
                Phase::Begin
            }
            Phase::Begin => {
                let kept = Kept { answer: run.answer, entries: u8::try_from(run.context.len()).unwrap_or(u8::MAX) };
                match begin_post(thread, self.variant, event, run.owner, kept) {
                    Begun::Ok => Phase::Post,
                    Begun::Done => Phase::Ack,
                    Begun::Lost => {
                        self.claim_again(world, worker, &run);
                        return true;
                    }
                }
            }
            Phase::Post => {
                self.post_part(world, &mut run);
                if self.next_part(&run).is_none() { Phase::Finish } else { Phase::Post }
            }
            Phase::Finish => {
                let Run { parts, answer, base, version, .. } = run;
                let how = Finish { parts, answer, context: &run.context, base, version };
                match finish(thread, self.variant, event, run.owner, how) {
                    Finished::Ok => {
                        if world.redis.snapshot.is_some() {
                            world.workers[worker].finished |= bit(event);
                        }
                        Phase::Ack
                    }
                    Finished::Done(parts) if parts == run.parts => Phase::Ack,
                    Finished::Done(_) | Finished::Dead => Phase::Remove,
                    Finished::NotYet => return false,
                    Finished::BaseOutdated => {
                        run.version = thread.version();
                        run.context = self.rebuild(world, event);
                        Phase::Finish
                    }
                    Finished::Forgotten => {
                        self.claim_again(world, worker, &run);
                        return true;
                    }
                }
            }
            Phase::Remove => {
                let recorded = match thread.turn(event) {
                    Turn::Done(parts) if self.variant != Variant::LoserDeletes => parts,
                    _ => [None; crate::state::PARTS],
                };
                let own = |number| run.parts.contains(&Some(number)) && !recorded.contains(&Some(number));
                world.slack.messages.retain(|message| message.event != event || !own(message.number));
                Phase::Ack
            }
            Phase::Release(why) => self.release(world, &run, why),
            Phase::DeadLetter => {
                world.dead |= bit(event);
                if self.variant == Variant::BuryBeforeDead { Phase::Tell } else { Phase::Bury }
            }
            Phase::Bury => match bury(thread, self.variant, event) {
                Buried::Dead => {
                    world.history.buried |= bit(event);
                    if self.variant == Variant::BuryBeforeDead && world.dead & bit(event) == 0 {
                        Phase::DeadLetter
                    } else {
                        Phase::Tell
                    }
                }
                Buried::Done => Phase::Ack,
                Buried::Forgotten => {
                    self.claim_again(world, worker, &run);
                    return true;
                }
            },
            Phase::Tell => {
                world.slack.told |= bit(event);
                Phase::NoteTold
            }
            Phase::NoteTold => {
                let turn = &mut thread.turns[usize::from(event)];
                if matches!(turn, Turn::Dead { .. }) {
                    *turn = Turn::Dead { told: true };
                }
                Phase::Ack
            }
            Phase::ParkUnknown => {
                self.leave_sweep(world, event);
                put(&mut world.copies, Copy { event, mark: Mark::Returned, epoch: run.copy_epoch });
                world.workers[worker].run = None;
                return true;
            }
            Phase::Park => {
                put(&mut world.copies, Copy { event, mark: Mark::Returned, epoch: run.copy_epoch });
                world.workers[worker].run = None;
                return true;
            }
            Phase::GiveBack => {
                let hand_over = run.held && self.variant != Variant::HandOverAcks;
                self.end_process(world, worker, &run, hand_over);
                return true;
            }
            Phase::Ack => {
                world.workers[worker].run = None;
                return true;
            }
        };
        world.workers[worker].run = Some(run);
        true
    }

    /// What Slack shows of this question.
    fn seen(&self, world: &World, run: &Run) -> Found {
        let event = run.event;
        let messages = world.slack.messages.iter().filter(move |message| message.event == event);
        reconcile(self.variant, messages, self.parts, run.kept)
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
    fn conclude(&self, world: &mut World, run: &mut Run) -> Phase {
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
        let sweep = Copy { event, mark: Mark::Sweep, epoch: 0 };
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
            Turn::Dead { .. } => [None; crate::state::PARTS],
            Turn::Open | Turn::Posting => return false,
            Turn::Unknown => {
                // Redis forgot it, so this may be the only copy: it becomes an ordinary one, and the message is adopted.
                take(&mut world.copies, &copy);
                if self.variant != Variant::SweepForgets {
                    put(&mut world.copies, Copy { event, mark: Mark::Returned, epoch: copy.epoch });
                }
                return true;
            }
        };
        take(&mut world.copies, &copy);
        world.slack.messages.retain(|message| message.event != event || recorded.contains(&Some(message.number)));
        true
    }

    /// The part that is posted next.
    pub(crate) fn next_part(&self, run: &Run) -> Option<u8> {
        (0..self.parts).find(|part| run.parts[usize::from(*part)].is_none())
    }

    /// Slack posts the next part, and says so.
    pub(crate) fn post_part(&self, world: &mut World, run: &mut Run) {
        let Some(part) = self.next_part(run) else { return };
        invariants::check_order(world, run.event);
        let number = self.post(world, run.event, part, run.answer);
        run.parts[usize::from(part)] = Some(number);
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

    /// The claim is not ours any more: the same delivery claims again, never as a fresh one. A delivery that is held is as
    /// good as a returned copy in the bag.
    /// What it has posted may not be what is recorded when it comes back, so that is left to the clean-up.
    fn claim_again(&self, world: &mut World, worker: usize, run: &Run) {
        if run.parts.iter().any(Option::is_some) && self.variant != Variant::NoSweepAfterLoss {
            self.leave_sweep(world, run.event);
        }
        world.workers[worker].run = if run.held {
            put(&mut world.copies, Copy { event: run.event, mark: Mark::Returned, epoch: run.copy_epoch });
            None
        } else {
            Some(Run { phase: Phase::Claim, ..run.clone() })
        };
    }

    /// Something happened that may count against the question.
    pub(crate) fn strike(&self, world: &mut World, event: Event) {
        if self.attempts > 0 {
            world.history.strikes[usize::from(event)] += 1;
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
            put(&mut world.copies, Copy { event: run.event, mark: Mark::Returned, epoch: run.copy_epoch });
        }
    }
}
