//! Slack and the ingress: a question comes in.

use crate::{
    actions::Action,
    decision::register,
    state::{Call, Copy, Effect, Event, Mark, Message, Request, Step, UNFINISHED, UNNAMED, World, bit, has, put, take},
    variants::{Configuration, Variant},
};

impl Configuration {
    /// A step of Slack or of the ingress; false = not possible.
    pub(crate) fn intake(&self, world: &mut World, action: Action) -> bool {
        match action {
            Action::Send => {
                let Some(event) = self.next_question(world) else { return false };
                arrive(world, event);
            }
            Action::Swap => {
                let Some(event) = self.next_question(world).filter(|event| event + 1 < self.events) else {
                    return false;
                };
                world.faults.swaps -= 1;
                world.slack.sent |= bit(event);
                world.history.late |= bit(event);
                put(&mut world.slack.retries, event);
                arrive(world, event + 1);
            }
            Action::Retry(event) => {
                take(&mut world.slack.retries, &event);
                arrive(world, event);
            }
            Action::Double(event) => {
                world.faults.doubles -= 1;
                arrive(world, event);
            }
            Action::Receive(request) => self.receive(world, request),
            Action::Away(request) => {
                world.faults.away -= 1;
                take(&mut world.requests, &request);
                without_number(world, request);
            }
            Action::CrashIngress(request) => {
                world.faults.crashes -= 1;
                take(&mut world.requests, &request);
                put(&mut world.slack.retries, request.event);
            }
            Action::Execute(call) => {
                take(&mut world.slack.in_flight, &call);
                execute(world, call);
            }
            _ => return false,
        }
        true
    }

    /// The next question; a person writes it once the one before was acknowledged or numbered.
    fn next_question(&self, world: &World) -> Option<Event> {
        (0..self.events)
            .find(|event| !has(world.slack.sent, *event))
            .filter(|event| *event == 0 || has(world.history.acknowledged, event - 1))
    }

    fn receive(&self, world: &mut World, request: Request) {
        take(&mut world.requests, &request);
        let Request { event, step, epoch } = request;
        match step {
            Step::Publish => {
                let now = world.redis.epoch;
                let copy_epoch = self.copy_epoch(world);
                put(&mut world.copies, Copy { event, mark: Mark::Fresh, epoch: copy_epoch, name: UNNAMED });
                put(&mut world.requests, Request { event, step: Step::Register, epoch: now });
            }
            Step::Register => {
                if world.redis.fell_back && world.ingress_wrote {
                    self.new_epoch(world);
                }
                world.ingress_wrote |= world.redis.snapshot.is_some();
                if epoch != world.redis.epoch && self.variant != Variant::NumberInAnyEpoch {
                    without_number(world, request);
                    return;
                }
                if self.variant != Variant::NoRegistration {
                    register(&mut world.redis.thread, event);
                }
                world.history.acknowledged |= bit(event);
                put(&mut world.requests, Request { event, step: Step::Acknowledge, epoch });
            }
            Step::Acknowledge => {}
        }
    }

    /// Copies carry their epoch only where a rule reads it; elsewhere it would only multiply states.
    pub(crate) fn copy_epoch(&self, world: &World) -> u8 {
        if self.calls_roll() { world.redis.epoch } else { 0 }
    }

    /// Whether responders tell after a loss what they did.
    pub(crate) fn calls_roll(&self) -> bool {
        matches!(self.variant, Variant::RollCall | Variant::RollCallEndsSettling)
    }
}

fn arrive(world: &mut World, event: Event) {
    world.slack.sent |= bit(event);
    put(&mut world.requests, Request { event, step: Step::Publish, epoch: 0 });
}

/// The copy is safe, the place in the order is not.
fn without_number(world: &mut World, request: Request) {
    world.history.late |= bit(request.event);
    world.history.acknowledged |= bit(request.event);
    put(&mut world.requests, Request { step: Step::Acknowledge, ..request });
}

/// Slack does what it was asked for; the message that shows it.
pub(crate) fn execute(world: &mut World, call: Call) -> u8 {
    let Call { event, part, answer, effect } = call;
    let new = |world: &mut World, answer: u8, marked: bool| {
        let posted = &mut world.slack.posted[usize::from(event)];
        // No two messages of a thread have the same number.
        let number = (event << 4) | *posted;
        *posted += 1;
        put(&mut world.slack.messages, Message { event, part, number, answer, marked });
        number
    };
    match effect {
        Effect::Start => new(world, UNFINISHED, false),
        Effect::Put(number) => {
            let draft = world.slack.messages.iter().position(|message| message.number == number);
            let Some(draft) = draft else {
                // It was deleted: the answer gets a message of its own.
                world.history.answered |= bit(event);
                return new(world, answer, true);
            };
            world.slack.messages.remove(draft);
            put(&mut world.slack.messages, Message { event, part, number, answer, marked: true });
            world.history.answered |= bit(event);
            number
        }
        Effect::Post => {
            world.history.answered |= bit(event);
            new(world, answer, true)
        }
    }
}
