//! What goes wrong for a responder.

use crate::{
    actions::Action,
    claim::claiming,
    decision::{Claim, Claimed, claim},
    intake::execute,
    invariants,
    state::{Copy, Mark, Phase, UNNAMED, Why, World, put, take},
    variants::{Configuration, Variant},
};

impl Configuration {
    /// A fault at a responder that is at something; false = not possible.
    pub(crate) fn disturb(&self, world: &mut World, worker: usize, action: Action) -> bool {
        let Some(mut run) = world.workers[worker].run.clone() else { return false };
        let looking = matches!(run.phase, Phase::Look | Phase::LookAgain);
        match action {
            Action::Crash(_) => {
                world.faults.crashes -= 1;
                self.die(world, worker, &run);
                return true;
            }
            Action::CrashInPark(_) => {
                world.faults.crashes -= 1;
                put(&mut world.copies, Copy::parked(&run));
                self.die(world, worker, &run);
                return true;
            }
            Action::Disconnect(_) => {
                world.faults.zombies -= 1;
                self.pause_counts(world, run.event);
                run.held = false;
                put(&mut world.copies, Copy::redelivered(&run));
            }
            Action::Fail(_) => {
                world.faults.failures -= 1;
                run.phase = self.failed(world, &run);
            }
            Action::Outage(_) => {
                world.faults.outages -= 1;
                run.phase = Phase::Release(if looking { Why::Unreadable } else { Why::NotPosted });
            }
            Action::Stop(_) => {
                world.faults.stops -= 1;
                let keeps = looking || run.draft.is_some();
                run.phase = Phase::Release(if keeps { Why::StoppingWhileLooking } else { Why::Stopping });
            }
            Action::Refuse(_) => {
                world.faults.refusals -= 1;
                // Without a stream the answer is posted as a whole.
                let start = run.phase == Phase::Start;
                run.phase = if start { Phase::NoteStream } else { Phase::Release(Why::NotPosted) };
            }
            Action::LoseAnswer(_) => {
                world.faults.lost_answers -= 1;
                // It is visible, but the worker does not know its number.
                let Some(call) = self.next_call(&run) else { return false };
                invariants::check_order(world, run.event);
                execute(world, call);
                run.phase = Phase::Release(Why::Unknown);
            }
            Action::PostLate(_) | Action::PostLateAndCrash(_) => {
                world.faults.late_calls -= 1;
                let Some(call) = self.next_call(&run) else { return false };
                put(&mut world.slack.in_flight, call);
                if action == Action::PostLateAndCrash(worker) {
                    world.faults.crashes -= 1;
                    self.die(world, worker, &run);
                    return true;
                }
                run.phase = Phase::Release(Why::Unknown);
            }
            Action::Lag(_) => {
                // The read shows nothing, whatever is there.
                world.faults.lags -= 1;
                self.end_of_post_time(world, &run);
                if self.variant == Variant::SingleRead {
                    self.begin(&mut run);
                } else {
                    run.phase = Phase::LookAgain;
                }
            }
            _ => return false,
        }
        world.workers[worker].run = Some(run);
        true
    }

    /// A responder takes a copy, and its connection is lost before it claims: it claims late, for a copy that others have.
    pub(crate) fn lose_before_claim(&self, world: &mut World, worker: usize, copy: Copy) -> bool {
        world.faults.zombies -= 1;
        self.pause_counts(world, copy.event);
        take(&mut world.copies, &copy);
        let named = Copy { name: if copy.name == UNNAMED { world.new_name() } else { copy.name }, ..copy };
        put(&mut world.copies, Copy { mark: Mark::Returned, ..named });
        let late = claiming(named, false, world.redis.epoch, Phase::ClaimLate(copy.mark));
        world.workers[worker].run = Some(late);
        true
    }

    /// A claim is granted, and its reply is lost: the copy is given back, and comes again, never as fresh.
    pub(crate) fn lose_reply(&self, world: &mut World, worker: usize, copy: Copy) -> bool {
        if self.settling(world) {
            return false;
        }
        self.write(world, worker);
        let name = if copy.name == UNNAMED { world.new_name() } else { copy.name };
        let how = Claim {
            owner: world.new_owner(),
            copy: name,
            fresh: copy.mark == Mark::Fresh,
            returned: copy.mark == Mark::Returned,
        };
        let Claimed::Run(_) = claim(&mut world.redis.thread, self.variant, copy.event, how) else { return false };
        if self.attempts == 0 {
            world.redis.thread.attempts[usize::from(copy.event)] = 0;
        }
        world.faults.lost_replies -= 1;
        self.strike(world, copy.event);
        if self.variant != Variant::LostReplyStaysFresh {
            take(&mut world.copies, &copy);
            put(&mut world.copies, Copy { mark: Mark::Returned, name, ..copy });
        }
        true
    }
}
