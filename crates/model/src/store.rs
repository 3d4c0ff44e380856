//! Redis as a server: leases that run out, losses, and how they are noticed.

use crate::{
    actions::Action,
    invariants,
    state::{Event, Mark, RollCall, World, bit},
    thread::{Thread, Turn},
    variants::{Configuration, Variant},
};

impl Configuration {
    /// A step of Redis; false = not possible.
    pub(crate) fn store(&self, world: &mut World, action: Action) -> bool {
        let live = world.redis.thread.lease.filter(|lease| lease.live);
        let running = live.is_some_and(|lease| world.runs().any(|run| run.owner == lease.owner));
        match action {
            Action::ExpireDead if live.is_some() && !running => {
                world.redis.thread.lease = None;
            }
            Action::LayGhost(event) if self.is_ghost(world, event) => world.redis.thread.forget(event),
            Action::ExpireLive if running => {
                world.faults.zombies -= 1;
                if let Some(lease) = &mut world.redis.thread.lease {
                    lease.live = false;
                    let event = lease.event;
                    self.pause_counts(world, event);
                }
            }
            Action::Lose => {
                world.faults.losses -= 1;
                world.redis.thread = Thread::default();
                self.new_epoch(world);
            }
            Action::Snapshot => {
                world.redis.snapshot = Some(Box::new(world.redis.thread.clone()));
                world.ingress_wrote = false;
                for worker in &mut world.workers {
                    worker.wrote = false;
                    worker.finished = 0;
                }
            }
            Action::FallBack => {
                world.faults.rollbacks -= 1;
                let Some(snapshot) = world.redis.snapshot.take() else { return false };
                world.redis.thread = *snapshot;
                world.redis.fell_back = world.ingress_wrote || world.workers.iter().any(|worker| worker.wrote);
                self.exempt(world);
            }
            // More than a day later: nothing of its time is under way any more, only Slack may deliver it once more.
            Action::Trim(event)
                if matches!(world.redis.thread.turn(event), Turn::Done(_))
                    && world.runs().all(|run| run.event != event)
                    && world.requests.iter().all(|request| request.event != event) =>
            {
                world.faults.trims -= 1;
                world.history.lost = true;
                // As old as it is, a late copy of it is doubtful.
                world.redis.thread.forget(event);
            }
            Action::Notice => self.new_epoch(world),
            Action::AnswerRoll(worker) => return self.answer_roll(world, worker),
            _ => return false,
        }
        true
    }

    /// Whether a turn blocks its thread although nothing will ever take it up: no owner, and no copy anywhere. In time: no
    /// copy of the head has shown up for several times the longest wait.
    fn is_ghost(&self, world: &World, event: Event) -> bool {
        self.lays_ghosts
            && !world.redis.fell_back
            && world.redis.thread.turn(event).is_waiting()
            && world.redis.thread.lease.is_none_or(|lease| !lease.live || lease.event != event)
            && world.copies.iter().all(|copy| copy.event != event || copy.mark == Mark::Sweep)
            && world.requests.iter().all(|request| request.event != event)
            && !world.slack.retries.contains(&event)
            && world.runs().all(|run| run.event != event)
    }

    /// A process has noticed a loss: the next epoch begins.
    pub(crate) fn new_epoch(&self, world: &mut World) {
        self.exempt(world);
        world.redis.epoch += 1;
        world.redis.thread.enter_epoch(self.variant);
        world.redis.fell_back = false;
        world.redis.snapshot = None;
        world.ingress_wrote = false;
        let sent = world.slack.sent;
        world.redis.before_epoch = match self.variant {
            Variant::NoEpochRule | Variant::RollCall => 0,
            Variant::SinceInThePast => sent >> 1,
            _ => sent,
        };
        world.redis.roll_call = self.calls_roll().then_some(RollCall { highest: 0 });
        let mut finished = 0;
        for worker in &mut world.workers {
            finished |= worker.finished;
            worker.wrote = false;
            worker.finished = 0;
            worker.answered_roll = false;
        }
        // A process that did not notice at once may have answered again what others had finished: every process leaves a
        // copy for the clean-up of what it finished lately.
        for event in (0..self.events).filter(|event| finished & bit(*event) != 0) {
            if self.variant != Variant::NoSweepAfterLoss {
                self.leave_sweep(world, event);
            }
        }
    }

    /// After a loss the order of what was open is best effort.
    fn exempt(&self, world: &mut World) {
        world.history.lost = true;
        for event in 0..self.events {
            if invariants::visible_answer(self, world, event).is_none() {
                world.history.late |= world.slack.sent & bit(event);
            }
        }
    }

    /// Whether claims only register: attempts of the old epoch may still be posting. Their time to post (15 s) ends before
    /// the settling (35 s) does, so nothing is granted while one is there.
    pub(crate) fn settling(&self, world: &World) -> bool {
        if self.calls_roll() {
            return world.redis.roll_call.is_some();
        }
        let old_post = world.runs().any(|run| run.epoch < world.redis.epoch && run.phase.is_call());
        old_post && !matches!(self.variant, Variant::NoSettling | Variant::FrozenPoster)
    }

    /// A responder tells the youngest event that it claimed in the old epoch, once it holds no attempt of it. All that the
    /// broker knows as consumers have to answer; a connection that was lost is no consumer.
    fn answer_roll(&self, world: &mut World, place: usize) -> bool {
        let epoch = world.redis.epoch;
        let worker = &mut world.workers[place];
        let busy = worker.run.as_ref().is_some_and(|run| run.epoch < epoch);
        let Some(roll) = &mut world.redis.roll_call else { return false };
        if busy || worker.answered_roll {
            return false;
        }
        roll.highest = roll.highest.max(worker.highest);
        worker.highest = 0;
        worker.answered_roll = true;
        self.end_roll(world);
        true
    }

    /// Ends the roll call when nobody is missing.
    pub(crate) fn end_roll(&self, world: &mut World) {
        let Some(RollCall { highest }) = world.redis.roll_call else { return };
        let missing =
            world.workers.iter().any(|worker| !worker.answered_roll && worker.run.as_ref().is_none_or(|run| run.held));
        if !missing {
            world.redis.roll_call = None;
            if self.variant == Variant::RollCall {
                world.redis.before_epoch = bit(highest) - 1;
            }
        }
    }

    /// A script of `worker` notices a loss that it can notice.
    pub(crate) fn write(&self, world: &mut World, worker: usize) {
        if world.redis.fell_back && world.workers[worker].wrote {
            self.new_epoch(world);
        }
        world.workers[worker].wrote |= world.redis.snapshot.is_some();
    }
}
