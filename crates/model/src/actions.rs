//! Every step of every process, and every fault.
//!
//! [`Configuration::offer_natural`] and [`Configuration::offer_faults`] name what may be tried in a world, generously;
//! [`Configuration::perform`] does it, or says that it is not possible. A **natural** action happens by itself sooner or
//! later; a fault may happen, as often as the configuration allows.

use crate::{
    state::{Call, Copy, Event, Mark, Phase, Request, Step, World, has},
    variants::Configuration,
};

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    // --- natural
    /// A person asks the next question.
    Send,
    /// Slack sends an event again that got no 200.
    Retry(Event),
    /// The ingress does the next step of a request.
    Receive(Request),
    /// The lease of an owner that is gone runs out.
    ExpireDead,
    /// A turn without a copy is forgotten.
    LayGhost(Event),
    /// A responder takes a copy and claims.
    Claim(usize, Copy),
    /// A responder takes a copy that is there to clean up.
    Sweep(Copy),
    /// A responder does the next step of its attempt.
    Go(usize),
    /// Slack executes a call whose caller has given up.
    Execute(Call),
    /// A process' idle write shows that Redis fell back.
    Notice,
    /// A responder answers the roll call.
    AnswerRoll(usize),

    // --- faults
    /// Slack sends a younger event first, and this one when it retries.
    Swap,
    /// Slack sends an event twice.
    Double(Event),
    /// The ingress dies.
    CrashIngress(Request),
    /// The ingress cannot reach Redis.
    Away(Request),
    /// The lease of an owner that runs on runs out.
    ExpireLive,
    /// Redis loses everything.
    Lose,
    /// Redis takes a copy of itself (the last that will survive).
    Snapshot,
    /// Redis falls back to its copy.
    FallBack,
    /// An answered question is old, and Redis forgets it.
    Trim(Event),
    /// A claim is granted and its reply is lost.
    LoseReply(usize, Copy),
    /// A responder takes a copy, and its connection to the broker is lost before it claims; it runs on.
    LoseBeforeClaim(usize, Copy),
    /// A responder dies.
    Crash(usize),
    /// A responder dies between the publish of a parked copy and the ack.
    CrashInPark(usize),
    /// A responder's connection to the broker is lost; it runs on.
    Disconnect(usize),
    /// The answer cannot be made.
    Fail(usize),
    /// A dependency is down, or Slack cannot be read.
    Outage(usize),
    /// The responder is told to stop.
    Stop(usize),
    /// Slack says that it did not post.
    Refuse(usize),
    /// Slack posts, and its answer is lost.
    LoseAnswer(usize),
    /// Slack takes the call and executes it later; the responder gives up waiting.
    PostLate(usize),
    /// The same, and the responder dies.
    PostLateAndCrash(usize),
    /// A read in Slack does not show what is there.
    Lag(usize),
}

impl Action {
    /// Whether it is something that goes wrong.
    pub fn is_fault(self) -> bool {
        !matches!(
            self,
            Action::Send
                | Action::Retry(_)
                | Action::Receive(_)
                | Action::ExpireDead
                | Action::LayGhost(_)
                | Action::Claim(..)
                | Action::Sweep(_)
                | Action::Go(_)
                | Action::Execute(_)
                | Action::Notice
                | Action::AnswerRoll(_)
        )
    }
}

fn each<T: PartialEq + Clone>(bag: &[T]) -> impl Iterator<Item = T> + '_ {
    bag.iter().enumerate().filter(|(place, item)| *place == 0 || bag[place - 1] != **item).map(|(_, item)| item.clone())
}

/// Idle responders, one of each kind.
fn idle(world: &World) -> impl Iterator<Item = usize> {
    let workers = &world.workers;
    (0..workers.len())
        .filter(|place| workers[*place].run.is_none() && (*place == 0 || workers[place - 1] != workers[*place]))
}

impl Configuration {
    /// What happens by itself in `world`.
    pub fn offer_natural(&self, world: &World, actions: &mut Vec<Action>) {
        for worker in 0..world.workers.len() {
            if world.workers[worker].run.is_some() {
                actions.push(Action::Go(worker));
            }
        }
        actions.push(Action::Send);
        actions.extend(each(&world.slack.retries).map(Action::Retry));
        actions.extend(each(&world.requests).map(Action::Receive));
        actions.push(Action::ExpireDead);
        if self.lays_ghosts {
            actions.extend((0..self.events).map(Action::LayGhost));
        }
        actions.extend(each(&world.slack.in_flight).map(Action::Execute));
        for copy in each(&world.copies) {
            if copy.mark == Mark::Sweep {
                actions.push(Action::Sweep(copy));
            } else {
                actions.extend(idle(world).map(|worker| Action::Claim(worker, copy)));
            }
        }
        if world.redis.fell_back {
            actions.push(Action::Notice);
        }
        if world.redis.roll_call.is_some() {
            actions.extend((0..world.workers.len()).map(Action::AnswerRoll));
        }
    }

    /// What may go wrong in `world`.
    pub fn offer_faults(&self, world: &World, actions: &mut Vec<Action>) {
        let faults = &world.faults;
        if faults.swaps > 0 {
            actions.push(Action::Swap);
        }
        if faults.doubles > 0 {
            actions.extend((0..self.events).filter(|event| has(world.slack.sent, *event)).map(Action::Double));
        }
        for request in each(&world.requests) {
            if faults.crashes > 0 {
                actions.push(Action::CrashIngress(request));
            }
            if faults.away > 0 && request.step == Step::Register {
                actions.push(Action::Away(request));
            }
        }
        if faults.zombies > 0 {
            actions.push(Action::ExpireLive);
        }
        if faults.losses > 0 {
            actions.push(Action::Lose);
        }
        if faults.trims > 0 {
            actions.extend((0..self.events).map(Action::Trim));
        }
        if faults.rollbacks > 0 {
            actions.push(if world.redis.snapshot.is_some() { Action::FallBack } else { Action::Snapshot });
        }
        if faults.lost_replies > 0 {
            for copy in each(&world.copies).filter(|copy| copy.mark != Mark::Sweep) {
                actions.extend(idle(world).map(|worker| Action::LoseReply(worker, copy)));
            }
        }
        if faults.zombies > 0 {
            for copy in each(&world.copies).filter(|copy| copy.mark != Mark::Sweep) {
                actions.extend(idle(world).map(|worker| Action::LoseBeforeClaim(worker, copy)));
            }
        }
        for (worker, run) in (0..).zip(&world.workers).filter_map(|(place, worker)| Some((place, worker.run.as_ref()?)))
        {
            let post = run.phase.is_call();
            let look = matches!(run.phase, Phase::Look | Phase::LookAgain);
            let offers = [
                (faults.crashes > 0, Action::Crash(worker)),
                (
                    faults.crashes > 0 && matches!(run.phase, Phase::Park | Phase::ParkUnknown),
                    Action::CrashInPark(worker),
                ),
                (faults.zombies > 0 && run.held, Action::Disconnect(worker)),
                (faults.failures > 0 && run.phase == Phase::Answer, Action::Fail(worker)),
                (faults.outages > 0 && (look || run.phase == Phase::Answer), Action::Outage(worker)),
                (faults.stops > 0 && (look || run.phase == Phase::Answer), Action::Stop(worker)),
                (faults.refusals > 0 && post, Action::Refuse(worker)),
                (faults.lost_answers > 0 && post, Action::LoseAnswer(worker)),
                (faults.late_calls > 0 && post, Action::PostLate(worker)),
                (faults.late_calls > 0 && faults.crashes > 0 && post, Action::PostLateAndCrash(worker)),
                (faults.lags > 0 && run.phase == Phase::Look, Action::Lag(worker)),
            ];
            actions.extend(offers.into_iter().filter_map(|(possible, action)| possible.then_some(action)));
        }
    }

    /// The world after `action`; None = it is not possible, or changes nothing.
    pub fn perform(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        let possible = match action {
            Action::Send
            | Action::Swap
            | Action::Retry(_)
            | Action::Double(_)
            | Action::Receive(_)
            | Action::CrashIngress(_)
            | Action::Away(_)
            | Action::Execute(_) => self.intake(&mut next, action),
            Action::ExpireDead
            | Action::LayGhost(_)
            | Action::ExpireLive
            | Action::Lose
            | Action::Snapshot
            | Action::FallBack
            | Action::Trim(_)
            | Action::Notice
            | Action::AnswerRoll(_) => self.store(&mut next, action),
            Action::Claim(worker, copy) => self.take(&mut next, worker, copy),
            Action::LoseBeforeClaim(worker, copy) => self.lose_before_claim(&mut next, worker, copy),
            Action::LoseReply(worker, copy) => self.lose_reply(&mut next, worker, copy),
            Action::Sweep(copy) => self.sweep(&mut next, copy),
            Action::Go(worker) => self.go(&mut next, worker),
            Action::Crash(worker)
            | Action::CrashInPark(worker)
            | Action::Disconnect(worker)
            | Action::Fail(worker)
            | Action::Outage(worker)
            | Action::Stop(worker)
            | Action::Refuse(worker)
            | Action::LoseAnswer(worker)
            | Action::PostLate(worker)
            | Action::PostLateAndCrash(worker)
            | Action::Lag(worker) => self.disturb(&mut next, worker, action),
        };
        next.drop_names();
        next.workers.sort_unstable();
        (possible && next != *world).then_some(next)
    }
}
