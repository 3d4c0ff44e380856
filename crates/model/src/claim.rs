//! The responder takes a copy and claims.

use crate::{
    decision::{Claim, Claimed, Grant, claim, note_stream, register},
    invariants,
    state::{Copy, Event, Mark, PARTS, Phase, Run, UNNAMED, World, has, put, take},
    thread::{Base, Context, Kept, Owner, Stream, Turn},
    variants::{Configuration, Variant},
};

/// The owner id of who owns nothing; [`World::new_owner`] begins after it.
const NOBODY: Owner = 0;

/// The delivery with which a responder claims.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delivered {
    /// Its connection stands; else an ack of it is void.
    pub(crate) held: bool,
    /// It has not been claimed before: what the broker says of the copy is news.
    pub(crate) first: bool,
}

impl Configuration {
    /// An idle responder takes a copy and claims.
    pub(crate) fn take(&self, world: &mut World, worker: usize, copy: Copy) -> bool {
        take(&mut world.copies, &copy);
        let held = self.variant != Variant::AckedAtClaim;
        self.claim(world, worker, copy, Delivered { held, first: true });
        true
    }

    /// Claims for a copy that is in the worker's hands.
    pub(crate) fn claim(&self, world: &mut World, worker: usize, copy: Copy, delivered: Delivered) {
        let Copy { event, mark, epoch: copy_epoch, .. } = copy;
        self.write(world, worker);
        let copy = Copy { name: if copy.name == UNNAMED { world.new_name() } else { copy.name }, ..copy };
        let news = delivered.first || self.variant == Variant::ReturnedForEver;
        let how = Claim {
            owner: world.new_owner(),
            copy: copy.name,
            fresh: delivered.first && mark == Mark::Fresh,
            returned: news && mark == Mark::Returned,
        };
        world.workers[worker].run = None;
        let parked = Copy { mark: Mark::Returned, name: UNNAMED, ..copy };
        let settling = self.settling(world);
        let claimed =
            if settling && matches!(world.redis.thread.turn(event), Turn::Unknown | Turn::Open | Turn::Posting) {
                register(&mut world.redis.thread, event);
                Claimed::Wait
            } else {
                claim(&mut world.redis.thread, self.variant, event, how)
            };
        match claimed {
            Claimed::Wait => put(&mut world.copies, parked),
            Claimed::Twin | Claimed::Done | Claimed::Dead { told: true } => {}
            Claimed::Dead { told: false } => {
                let mut run = self.run(world, copy, how.owner, delivered.held, &Grant::default());
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
                let mut run = self.run(world, copy, how.owner, delivered.held, &grant);
                invariants::check_context(self, world, &run);
                // A known draft without a kept answer: nothing was announced that could be an answer, nobody has to look.
                let drafting = matches!(grant.stream, Stream::Known(_)) && grant.kept.is_none();
                let look = grant.posting && !drafting || grant.doubtful || has(world.redis.before_epoch, event);
                if look && !matches!(self.variant, Variant::NoReconciliation | Variant::SeenBeforeWork) {
                    run.phase = Phase::Look;
                } else {
                    self.begin(&mut run);
                    let first = grant.stream == Stream::None || self.variant == Variant::SecondStream;
                    if self.streams && run.phase == Phase::Answer && first {
                        run.phase = Phase::BeginStream;
                    }
                }
                world.workers[worker].run = Some(run);
                if self.calls_roll() {
                    world.workers[worker].highest = world.workers[worker].highest.max(event + 1);
                }
            }
        }
    }

    fn run(&self, world: &World, copy: Copy, me: Owner, held: bool, grant: &Grant) -> Run {
        let Copy { event, epoch: copy_epoch, name, .. } = copy;
        let redis = &world.redis;
        let before = has(world.redis.before_epoch, event);
        let before = before || grant.doubtful && self.variant != Variant::DoubtfulAppends;
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
            copy: name,
            copy_epoch,
            phase: Phase::Answer,
            attempts: grant.attempts,
            kept: grant.kept,
            context,
            base,
            version: redis.thread.version(),
            answer: 0,
            parts: [None; PARTS],
            draft: match grant.stream {
                Stream::Known(number) => Some(number),
                Stream::None | Stream::Announced => None,
            },
        }
    }

    /// The context as Slack shows it: every complete answer but this question's own; where two are visible, the recorded.
    pub(crate) fn rebuild(&self, world: &World, event: Event) -> Context {
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

    /// The claim is not ours any more: the same delivery claims again, never as a fresh one, nor as one that has just come
    /// back.
    /// What it has posted may not be what is recorded when it comes back, so that is left to the clean-up.
    pub(crate) fn claim_again(&self, world: &mut World, worker: usize, run: &Run) {
        if run.parts.iter().any(Option::is_some) && self.variant != Variant::NoSweepAfterLoss {
            self.leave_sweep(world, run.event);
        }
        // In a new epoch only this attempt knows the message that it has begun.
        if let Some(number) = run.draft
            && run.epoch != world.redis.epoch
            && self.variant != Variant::StreamForgotten
            && note_stream(&mut world.redis.thread, run.event, Stream::Known(number))
        {
            self.leave_sweep(world, run.event);
        }
        world.workers[worker].run = Some(claiming(Copy::redelivered(run), run.held, run.epoch, Phase::Claim));
    }
}

/// A responder that is about to claim, and owns nothing.
pub(crate) fn claiming(copy: Copy, held: bool, epoch: u8, phase: Phase) -> Run {
    Run {
        event: copy.event,
        owner: NOBODY,
        epoch,
        held,
        copy: copy.name,
        copy_epoch: copy.epoch,
        phase,
        attempts: 0,
        kept: None,
        context: Context::new(),
        base: Base::Append,
        version: 0,
        answer: 0,
        parts: [None; PARTS],
        draft: None,
    }
}
