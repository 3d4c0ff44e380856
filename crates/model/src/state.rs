//! The world of the model: everything that a step can read or change.
//!
//! Only what decides is kept. Bags (copies, requests, messages) are sorted vectors, so that worlds that differ only in
//! the order of a bag are one state.

use crate::{
    thread::{Base, Context, Kept, Owner, Parts, Thread},
    variants::{Configuration, Faults},
};

/// A question, by its place in the order of Slack's `ts`.
pub type Event = u8;

/// Names one message in the broker, so that a claim can say with which copy it comes. The services draw a name with each
/// publish; here a copy has one only while a lease or another process refers to it.
pub type CopyName = u8;
/// The name of a copy to which nothing else refers.
pub const UNNAMED: CopyName = 0;

/// The most questions that a configuration can have.
pub const EVENTS: usize = 3;
/// The most parts that an answer can have.
pub const PARTS: usize = 2;

/// Slack: what people see, and calls that it has taken but not yet executed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Slack {
    /// Questions sent so far, as a bit per event.
    pub sent: u8,
    /// Events that got no 200, and will be sent again.
    pub retries: Vec<Event>,
    /// Visible answers.
    pub messages: Vec<Message>,
    /// Messages ever posted, per event; numbers the next one.
    pub posted: [u8; EVENTS],
    /// Calls whose caller has given up waiting, and that Slack executes later.
    pub in_flight: Vec<Call>,
    /// Whose person was told that the question was given up, as a bit per event.
    pub told: u8,
}

/// One visible answer, or one part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Message {
    /// The question, from the message's metadata.
    pub event: Event,
    /// Which part of the answer, from 0, from the message's metadata.
    pub part: u8,
    /// The message's own number, as Slack's `ts` of it.
    pub number: u8,
    /// Which answer its text is of, from the message's metadata.
    pub answer: u8,
    /// It carries metadata. A stream that nobody has finished carries none, so nobody sees whose it is.
    pub marked: bool,
}

/// The text of an answer that is being written: [`Message::answer`] of a draft.
pub const UNFINISHED: u8 = u8::MAX;

/// What a call does in Slack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// Posts a part as a message of its own.
    Post,
    /// Begins a stream: a message without metadata.
    Start,
    /// Puts a part into this message (chat.stopStream with the rest, or chat.update).
    Put(u8),
}

/// A call to post that Slack executes late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Call {
    /// The question.
    pub event: Event,
    /// The part.
    pub part: u8,
    /// The answer.
    pub answer: u8,
    /// What it does.
    pub effect: Effect,
}

/// How far a request of Slack has come in the ingress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Received, nothing done.
    Publish,
    /// The broker has confirmed the copy.
    Register,
    /// Numbered (or not, loudly); the 200 is next.
    Acknowledge,
}

/// A request in the ingress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Request {
    /// The question.
    pub event: Event,
    /// Its next step.
    pub step: Step,
    /// The epoch in which it was published.
    pub epoch: u8,
}

/// What the broker tells about a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mark {
    /// Never parked, never redelivered.
    Fresh,
    /// Parked or redelivered.
    Returned,
    /// `x-sweep`: only there to clean up once the question is decided.
    Sweep,
}

/// One copy in `work` or a wait queue. Delivered and unclaimed copies are here too: the bag has no order, so each
/// order of delivery, parking and redelivery is covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Copy {
    /// The question.
    pub event: Event,
    /// What happened to the copy.
    pub mark: Mark,
    /// The epoch of its last publish or redelivery; 0 unless the configuration needs it.
    pub epoch: u8,
    /// Which copy it is.
    pub name: CopyName,
}

impl Copy {
    /// The copy of an attempt's delivery, redelivered.
    pub fn redelivered(run: &Run) -> Self {
        Copy { event: run.event, mark: Mark::Returned, epoch: run.copy_epoch, name: run.copy }
    }

    /// The copy that is published when an attempt's delivery is parked: another message, with a name of its own.
    pub fn parked(run: &Run) -> Self {
        Copy { name: UNNAMED, ..Self::redelivered(run) }
    }
}

/// Redis: the thread's keys, the epoch, and an older copy that may come back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Redis {
    /// The thread's keys.
    pub thread: Thread,
    /// `slack_epoch`: grows with each loss that was noticed.
    pub epoch: u8,
    /// Events older than the epoch's `since`, as a bit per event: their answers may be in Slack, unrecorded.
    pub before_epoch: u8,
    /// The copy that Redis may fall back to.
    pub snapshot: Option<Box<Thread>>,
    /// Redis fell back, and no process has noticed yet, though there is one that can: it has written since the snapshot.
    pub fell_back: bool,
    /// Responders answer in the new epoch what they did in the old one (variant roll call).
    pub roll_call: Option<RollCall>,
}

/// What responders have told after a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RollCall {
    /// The youngest event that any of them had claimed, plus one; 0 = none.
    pub highest: u8,
}

/// One responder process, with one slot.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Worker {
    /// The attempt it is at.
    pub run: Option<Run>,
    /// It has written to Redis since the snapshot: it notices when Redis falls back.
    pub wrote: bool,
    /// What it has finished since the snapshot, as a bit per event.
    pub finished: u8,
    /// The youngest event it claimed in this epoch, plus one (variant roll call).
    pub highest: u8,
    /// It has answered the roll call.
    pub answered_roll: bool,
}

/// One attempt at one question.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Run {
    /// The question.
    pub event: Event,
    /// The owner id of its claim.
    pub owner: Owner,
    /// The epoch in which the claim was granted.
    pub epoch: u8,
    /// The copy is still delivered to this process; false = the connection was lost, and the copy redelivered.
    pub held: bool,
    /// The copy it came with.
    pub copy: CopyName,
    /// The epoch of the copy it holds (variant roll call).
    pub copy_epoch: u8,
    /// The next step.
    pub phase: Phase,
    /// Attempts, this one included.
    pub attempts: u8,
    /// The answer that an earlier attempt was about to post.
    pub kept: Option<Kept>,
    /// The turns that the answer is made from.
    pub context: Context,
    /// What `finish` does with them.
    pub base: Base,
    /// The thread's version when they were read.
    pub version: u8,
    /// The answer at hand.
    pub answer: u8,
    /// Its visible parts, as far as this attempt knows.
    pub parts: Parts,
    /// The message that shows a draft of the answer.
    pub draft: Option<u8>,
}

/// The next step of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// The claim is not ours any more: claim again with the same delivery.
    Claim,
    /// The first claim of a delivery, with what the broker said of it; its connection was lost before.
    ClaimLate(Mark),
    /// Look in Slack, first read.
    Look,
    /// Look in Slack, second read.
    LookAgain,
    /// `begin_stream`.
    BeginStream,
    /// Begin the stream (chat.startStream).
    Start,
    /// `note_stream`.
    NoteStream,
    /// Make the answer. With a draft people see it grow.
    Answer,
    /// `begin_post`.
    Begin,
    /// Send the next missing part.
    Post,
    /// `finish`.
    Finish,
    /// Delete own messages that were not recorded.
    Remove,
    /// `release`, then park.
    Release(Why),
    /// Publish to a wait queue, then ack.
    Park,
    /// Publish an `x-sweep` copy, then park.
    ParkUnknown,
    /// Requeue.
    GiveBack,
    /// Publish to `dead`.
    DeadLetter,
    /// `bury`.
    Bury,
    /// Tell the person.
    Tell,
    /// Record the notice.
    NoteTold,
    /// Ack.
    Ack,
}

impl Phase {
    /// Whether the step is a script of Redis that an attempt runs.
    pub fn is_script(self) -> bool {
        matches!(
            self,
            Self::BeginStream
                | Self::NoteStream
                | Self::Begin
                | Self::Finish
                | Self::Release(_)
                | Self::Bury
                | Self::NoteTold
        )
    }

    /// Whether the step is a call to Slack that shows something.
    pub fn is_call(self) -> bool {
        matches!(self, Self::Start | Self::Post)
    }
}

/// Why an attempt is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    /// The question failed: open, and the attempt counts.
    Failed,
    /// A dependency is down, or the time to post was over: open, and the attempt is given back.
    NotPosted,
    /// Slack cannot be read: the state stays, the attempt is given back.
    Unreadable,
    /// The process stops before it looked or posted: open, given back, requeued.
    Stopping,
    /// The process stops while it looks, or in mid-stream: the state stays, given back, requeued.
    StoppingWhileLooking,
    /// It is not known whether Slack has posted: the state stays.
    Unknown,
}

/// What happened, kept for the invariants; no process reads it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct History {
    /// Events whose order is not promised, as a bit per event.
    pub late: u8,
    /// Events registered, or acknowledged without a number: the person may send the next one.
    pub acknowledged: u8,
    /// Answers made, per event; names the next one.
    pub answers: [u8; EVENTS],
    /// Attempts that may count against the event: failed, died, lost their lease or their connection.
    pub strikes: [u8; EVENTS],
    /// Workers that the event has killed.
    pub kills: [u8; EVENTS],
    /// Events of which a part of an answer was ever visible, as a bit per event.
    pub answered: u8,
    /// Events given up, as a bit per event (Redis may forget it).
    pub buried: u8,
    /// Redis lost something.
    pub lost: bool,
    /// A promise that a step has broken.
    pub broken: Option<crate::invariants::Violation>,
}

/// One state of everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct World {
    /// Slack.
    pub slack: Slack,
    /// Requests in the ingress.
    pub requests: Vec<Request>,
    /// The ingress has written to Redis since the snapshot.
    pub ingress_wrote: bool,
    /// Copies in `work` and the wait queues.
    pub copies: Vec<Copy>,
    /// Events in `dead`, as a bit per event.
    pub dead: u8,
    /// Redis.
    pub redis: Redis,
    /// The responders, sorted: they differ in nothing but what they do.
    pub workers: Vec<Worker>,
    /// Faults that may still happen.
    pub faults: Faults,
    /// For the invariants.
    pub history: History,
}

impl World {
    /// Before the first question.
    pub fn new(configuration: &Configuration) -> Self {
        let idle = Worker { run: None, wrote: false, finished: 0, highest: 0, answered_roll: false };
        World {
            slack: Slack {
                sent: 0,
                retries: Vec::new(),
                messages: Vec::new(),
                posted: [0; EVENTS],
                in_flight: Vec::new(),
                told: 0,
            },
            requests: Vec::new(),
            ingress_wrote: false,
            copies: Vec::new(),
            dead: 0,
            redis: Redis {
                thread: Thread::default(),
                epoch: 0,
                before_epoch: 0,
                snapshot: None,
                fell_back: false,
                roll_call: None,
            },
            workers: vec![idle; usize::from(configuration.workers)],
            faults: configuration.faults,
            history: History {
                late: 0,
                acknowledged: 0,
                answers: [0; EVENTS],
                strikes: [0; EVENTS],
                kills: [0; EVENTS],
                answered: 0,
                buried: 0,
                lost: false,
                broken: None,
            },
        }
    }

    /// The attempts under way.
    pub fn runs(&self) -> impl Iterator<Item = &Run> {
        self.workers.iter().filter_map(|worker| worker.run.as_ref())
    }

    /// The smallest owner id that nobody uses.
    pub fn new_owner(&self) -> Owner {
        let lease = self.redis.thread.lease.map(|lease| lease.owner);
        let snapshot = self.redis.snapshot.as_ref().and_then(|thread| thread.lease).map(|lease| lease.owner);
        let taken = |id: Owner| lease == Some(id) || snapshot == Some(id) || self.runs().any(|run| run.owner == id);
        (1..Owner::MAX).find(|id| !taken(*id)).unwrap_or(Owner::MAX)
    }

    /// The smallest name that no copy has.
    pub fn new_name(&self) -> CopyName {
        let taken = self.names();
        (1..CopyName::MAX).find(|name| !taken.contains(name)).unwrap_or(CopyName::MAX)
    }

    /// Every reference to a copy by its name.
    fn names(&self) -> Vec<CopyName> {
        let leases = [self.redis.thread.lease, self.redis.snapshot.as_ref().and_then(|thread| thread.lease)];
        let leases = leases.into_iter().flatten().map(|lease| lease.copy);
        leases.chain(self.runs().map(|run| run.copy)).chain(self.copies.iter().map(|copy| copy.name)).collect()
    }

    /// Takes away the names to which nothing refers any more: they would only multiply states.
    pub fn drop_names(&mut self) {
        let names = self.names();
        let drop = |name: &mut CopyName| {
            if names.iter().filter(|other| *other == name).nth(1).is_none() {
                *name = UNNAMED;
            }
        };
        let snapshot = self.redis.snapshot.as_mut().and_then(|thread| thread.lease.as_mut());
        self.redis.thread.lease.iter_mut().chain(snapshot).for_each(|lease| drop(&mut lease.copy));
        self.workers.iter_mut().filter_map(|worker| worker.run.as_mut()).for_each(|run| drop(&mut run.copy));
        self.copies.iter_mut().for_each(|copy| drop(&mut copy.name));
        self.copies.sort_unstable();
    }

    /// The visible messages of `event`.
    pub fn messages(&self, event: Event) -> impl Iterator<Item = &Message> {
        self.slack.messages.iter().filter(move |message| message.event == event)
    }
}

/// Whether `mask` has the bit of `event`.
pub fn has(mask: u8, event: Event) -> bool {
    mask >> event & 1 == 1
}

/// The bit of `event`.
pub fn bit(event: Event) -> u8 {
    1 << event
}

/// Puts into a sorted bag.
pub fn put<T: Ord>(bag: &mut Vec<T>, item: T) {
    let place = bag.partition_point(|other| *other < item);
    bag.insert(place, item);
}

/// Takes one of its kind out of a bag; false = there is none.
pub fn take<T: PartialEq>(bag: &mut Vec<T>, item: &T) -> bool {
    bag.iter().position(|other| other == item).map(|place| bag.remove(place)).is_some()
}
