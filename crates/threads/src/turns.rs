//! The rules of one thread as a pure state machine, without clock, network or store: what the scripts do, in Rust.
//!
//! Tests compare it with Redis, outcome by outcome, over random sequences of operations; a store that needs no server and
//! a model checker can be built on it.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use shared::{
    ids::{BurialId, CopyId, OwnerId},
    ts::MessageTs,
};

use crate::{
    context::{Context, Limits},
    epoch::EpochId,
    outcome::{
        Announced, Attempt, Begun, Buried, Claim, Claimed, Finish, Finished, Grant, KeptAnswer, Look, Noted, Previous,
        Registered, Released, Renewed, State, Stream, Streams,
    },
    splice::{self, Writing},
};

/// What the store knows beyond the thread at the moment of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The store's clock, ms since 1970.
    pub now: u64,
    /// The current epoch.
    pub epoch: EpochId,
    /// Questions older than this (ms since 1970) may be of an older epoch; 0 = none.
    pub since: u64,
    /// Until then (ms since 1970) claims wait, so that waiting questions take their places again.
    pub settle_until: u64,
}

/// The settings that decide outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// An unknown question older than this may have been answered and forgotten.
    pub doubtful_after: Duration,
    /// How much of a context is kept.
    pub limits: Limits,
}

/// A question older than this share of `delivery.remember` that nobody knows may have been answered and forgotten: 24 of
/// 26 h. The rest is a margin for clocks and for the time between Slack's `ts` and its first delivery.
const DOUBTFUL_AFTER: (u32, u32) = (12, 13);

/// From which age on an unknown question may have been answered and forgotten, if answers are remembered for `remember`.
pub(crate) fn doubtful_after(remember: Duration) -> Duration {
    let (numerator, denominator) = DOUBTFUL_AFTER;
    remember * numerator / denominator
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// In the turn list, nothing is posted.
    Open,
    /// In the turn list, posting began at this time (ms since 1970).
    Posting(u64),
    /// Answered by these messages.
    Done(Vec<MessageTs>),
    /// Given up.
    Dead {
        /// The record of it.
        burial: BurialId,
        /// The notice that told the person.
        told: Option<MessageTs>,
    },
    /// Taken back by the person.
    Withdrawn,
}

impl Stage {
    fn is_waiting(&self) -> bool {
        matches!(self, Self::Open | Self::Posting(_))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Question {
    stage: Stage,
    attempts: u32,
    doubtful: bool,
    /// After a failure nobody gets it before, ms.
    rests_until: u64,
    /// The notice of a burial that was reopened.
    notice: Option<MessageTs>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Owner {
    id: OwnerId,
    ts: MessageTs,
    copy: CopyId,
    until: u64,
}

/// One thread. Written down it is without its context and without when it was forgotten, which are kept for other times.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Turns {
    epoch: Option<EpochId>,
    generation: u64,
    recorded: u64,
    stale: bool,
    questions: BTreeMap<MessageTs, Question>,
    kept: BTreeMap<MessageTs, KeptAnswer>,
    #[serde(default)]
    streams: BTreeMap<MessageTs, Stream>,
    owner: Option<Owner>,
    #[serde(skip)]
    context: Context,
    #[serde(skip)]
    forgotten: Option<MessageTs>,
}

impl Turns {
    /// The stored context.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Another application wrote the context.
    pub fn put_context(&mut self, context: Context) {
        self.context = context;
    }

    /// When the thread was last forgotten on request.
    pub fn forgotten(&self) -> Option<MessageTs> {
        self.forgotten
    }

    /// The thread was last forgotten then, on request.
    pub fn put_forgotten(&mut self, at: Option<MessageTs>) {
        self.forgotten = at;
    }

    /// The questions that wait for their turn, oldest first.
    pub fn waiting(&self) -> impl Iterator<Item = MessageTs> + '_ {
        self.questions.iter().filter(|(_, question)| question.stage.is_waiting()).map(|(ts, _)| *ts)
    }

    /// The stage of a question; none = unknown.
    pub fn stage(&self, ts: MessageTs) -> Option<&Stage> {
        self.questions.get(&ts).map(|question| &question.stage)
    }

    /// The only question that may run: the one whose posting has begun, else the oldest.
    pub fn head(&self) -> Option<MessageTs> {
        let posting = |(_, question): &(&MessageTs, &Question)| matches!(question.stage, Stage::Posting(_));
        self.questions.iter().find(posting).map(|(ts, _)| *ts).or_else(|| self.waiting().next())
    }

    /// See [`crate::ThreadStore::register`]; the stamp was compared before.
    pub fn register(&mut self, at: Moment, rules: Rules, ts: MessageTs, replay: Option<&BurialId>) -> Registered {
        self.enter(at.epoch);
        if let Some(question) = self.questions.get_mut(&ts)
            && let Stage::Dead { burial, told } = &question.stage
            && Some(burial) == replay
        {
            question.notice = *told;
            if told.is_some() {
                // The notice took the draft's place.
                self.streams.remove(&ts);
            }
            question.stage = Stage::Open;
        }
        match self.take_number(at, rules, ts).stage {
            Stage::Open | Stage::Posting(_) => Registered::Open,
            Stage::Done(_) => Registered::Done,
            Stage::Dead { .. } => Registered::Dead,
            Stage::Withdrawn => Registered::Withdrawn,
        }
    }

    /// See [`crate::ThreadStore::claim`].
    pub fn claim(&mut self, at: Moment, rules: Rules, ts: MessageTs, claim: &Claim) -> Claimed {
        self.enter(at.epoch);
        match self.take_number(at, rules, ts).stage.clone() {
            Stage::Done(_) => return Claimed::Done,
            Stage::Dead { burial, told } => return Claimed::Dead { burial, told },
            Stage::Withdrawn => return Claimed::Withdrawn,
            Stage::Open | Stage::Posting(_) => {}
        }
        let left = self.owner.as_ref().map_or(0, |owner| owner.until.saturating_sub(at.now));
        let mine = self.owns(ts, &claim.owner);
        // The broker took this very copy away from the owner before anything was posted: nobody waits for its lease.
        let own_copy = self.owner.as_ref().is_some_and(|owner| owner.ts == ts && owner.copy == claim.copy);
        let taken_back = claim.returned && own_copy && self.stage(ts) == Some(&Stage::Open);
        let taken = left > 0 && !mine && !taken_back;
        let another_copy = self.owner.as_ref().is_some_and(|owner| owner.ts == ts && owner.copy != claim.copy);
        if taken && claim.fresh && another_copy {
            return Claimed::Twin;
        }
        let rest = self.questions.get(&ts).map_or(0, |question| question.rests_until.saturating_sub(at.now));
        let rest = if mine { 0 } else { rest };
        let left = left.max(rest);
        let settling = at.now < at.settle_until;
        let may_run = self.head() == Some(ts) || (mine && left > 0);
        if settling || taken || rest > 0 || !may_run {
            let before = self.waiting().take_while(|other| *other < ts).count() as u64;
            return Claimed::Wait { before, lease_left: Duration::from_millis(left), settling };
        }
        let until = at.now + millis(claim.lease);
        self.owner = Some(Owner { id: claim.owner.clone(), ts, copy: claim.copy.clone(), until });
        let question = self.take_number(at, rules, ts);
        question.attempts += u32::from(!mine);
        let previous = match question.stage {
            Stage::Posting(since) => Previous::Posting { ago: Duration::from_millis(at.now.saturating_sub(since)) },
            _ if question.doubtful => Previous::Unknown,
            _ if ts.micros() < at.since * 1000 => Previous::BeforeEpoch,
            _ => Previous::Open,
        };
        let (attempts, notice) = (question.attempts, question.notice);
        let (context, kept) = (self.context.clone(), self.kept.get(&ts).cloned());
        let Self { stale, generation, recorded, forgotten, .. } = *self;
        let stream = self.streams.get(&ts).copied();
        let grant = Grant { previous, attempts, context, kept, stale, generation, recorded, notice, stream, forgotten };
        Claimed::Run(grant)
    }

    /// See [`crate::ThreadStore::renew`].
    pub fn renew(&mut self, at: Moment, ts: MessageTs, owner: &OwnerId, lease: Duration) -> Renewed {
        if self.epoch != Some(at.epoch) {
            return Renewed::OtherEpoch;
        }
        if !self.owns(ts, owner) {
            return Renewed::Lost;
        }
        self.lengthen(at.now + millis(lease));
        Renewed::Ok
    }

    /// See [`crate::ThreadStore::release`].
    pub fn release(&mut self, at: Moment, ts: MessageTs, owner: &OwnerId, state: State, attempt: Attempt) -> Released {
        if self.epoch != Some(at.epoch) {
            return Released::OtherEpoch;
        }
        if !self.owns(ts, owner) {
            return Released::Lost;
        }
        if let Some(question) = self.questions.get_mut(&ts) {
            match state {
                State::Keep => {}
                State::Open => question.stage = Stage::Open,
                State::Rest(rest) => {
                    question.stage = Stage::Open;
                    question.rests_until = at.now + millis(rest);
                }
            }
            if attempt == Attempt::Back {
                question.attempts = question.attempts.saturating_sub(1);
            }
        }
        self.owner = None;
        Released::Ok
    }

    /// See [`crate::ThreadStore::begin_post`].
    pub fn begin_post(
        &mut self,
        at: Moment,
        ts: MessageTs,
        owner: &OwnerId,
        announced: Announced<'_>,
        lease: Duration,
    ) -> Begun {
        if self.epoch != Some(at.epoch) {
            return Begun::OtherEpoch;
        }
        let owns = self.owns(ts, owner);
        let Some(question) = self.questions.get_mut(&ts) else { return Begun::Lost };
        match &question.stage {
            Stage::Done(answer_ts) => return Begun::Done(answer_ts.clone()),
            Stage::Dead { .. } => return Begun::Dead,
            Stage::Withdrawn => return Begun::Withdrawn,
            Stage::Open | Stage::Posting(_) => {}
        }
        if !owns {
            return Begun::Lost;
        }
        question.stage = Stage::Posting(at.now);
        question.doubtful = false;
        match announced {
            Announced::Answer(answer) => drop(self.kept.insert(ts, answer.clone())),
            Announced::Stream => {
                self.streams.entry(ts).or_insert(Stream { announced: at.now, message: None });
            }
        }
        if let Some(owner) = &mut self.owner {
            owner.until = at.now + millis(lease);
        }
        Begun::Ok
    }

    /// See [`crate::ThreadStore::note_stream`].
    pub fn note_stream(&mut self, at: Moment, ts: MessageTs, message: Option<MessageTs>) -> Noted {
        self.enter(at.epoch);
        match (self.streams.get_mut(&ts), message) {
            (Some(Stream { message: Some(_), .. }), _) | (None, None) => {}
            (Some(stream), Some(_)) => stream.message = message,
            (Some(_), None) => drop(self.streams.remove(&ts)),
            (None, Some(begun)) => drop(self.streams.insert(ts, Stream { announced: begun.millis(), message })),
        }
        match self.stage(ts) {
            Some(stage) if !stage.is_waiting() => Noted::Decided,
            _ => Noted::Ok,
        }
    }

    /// See [`crate::ThreadStore::streams`].
    pub fn streams(&self, at: Moment, ts: MessageTs) -> Streams {
        if self.epoch != Some(at.epoch) {
            return Streams::default();
        }
        let own = self.streams.get(&ts).copied();
        let others = || self.streams.iter().filter(move |(other, _)| **other != ts);
        let begins = |(other, stream): (&MessageTs, &Stream)| {
            stream.message.is_none() && matches!(self.stage(*other), Some(Stage::Posting(_)))
        };
        let mut known: Vec<_> = others().filter_map(|(_, stream)| stream.message).collect();
        known.sort_unstable();
        Streams { own, others: known, another_begins: others().any(begins) }
    }

    /// See [`crate::ThreadStore::finish`].
    ///
    /// # Errors
    /// When the texts cannot be written as JSON.
    pub fn finish(
        &mut self,
        at: Moment,
        rules: Rules,
        (ts, owner): (MessageTs, &OwnerId),
        finish: &Finish<'_>,
    ) -> Result<Finished, serde_json::Error> {
        if self.epoch != Some(at.epoch) {
            return Ok(Finished::OtherEpoch);
        }
        match self.stage(ts) {
            None => return Ok(Finished::OtherEpoch),
            Some(Stage::Done(answer_ts)) => return Ok(Finished::Done(answer_ts.clone())),
            Some(Stage::Dead { .. }) => return Ok(Finished::Dead),
            Some(Stage::Withdrawn) => return Ok(Finished::Withdrawn),
            Some(Stage::Open | Stage::Posting(_)) => {}
        }
        if !self.owns(ts, owner) && self.head() != Some(ts) {
            return Ok(Finished::NotYet);
        }
        let writing = Writing::of(finish, rules.limits)?;
        let claimed = &finish.grant.context;
        let forgotten =
            finish.grant.generation != self.generation || (claimed.text().is_some() && self.context.text().is_none());
        // Another question was recorded since: replacing would drop its turn.
        if !forgotten && writing.replace.is_some() && finish.grant.recorded != self.recorded {
            return Ok(Finished::BaseOutdated { recorded: self.recorded });
        }
        let mut entries = 0;
        if !forgotten {
            self.recorded += 1;
            self.stale &= writing.replace.is_none() && self.context.text().is_some();
            let text = match (&writing.replace, self.context.text()) {
                (Some((text, _)), _) => text.clone(),
                (None, None) => writing.absent.0.clone(),
                (None, Some(stored)) => splice::append(stored, writing.cut, &writing.pair),
            };
            self.context = Context::parse(text.into_bytes()).unwrap_or_default();
            entries = self.context.entries();
        }
        self.close(ts, Stage::Done(finish.answer_ts.to_vec()));
        if let Some(question) = self.questions.get_mut(&ts) {
            question.doubtful = false;
        }
        Ok(Finished::Ok { entries })
    }

    /// See [`crate::ThreadStore::bury`].
    pub fn bury(&mut self, at: Moment, ts: MessageTs, burial: &BurialId) -> Buried {
        if self.epoch != Some(at.epoch) {
            return Buried::OtherEpoch;
        }
        let Some(question) = self.questions.get_mut(&ts) else { return Buried::OtherEpoch };
        match &question.stage {
            Stage::Done(_) => return Buried::Done,
            Stage::Withdrawn => return Buried::Withdrawn,
            Stage::Dead { burial, told } => return Buried::Dead { burial: burial.clone(), told: *told },
            // Buried while posting: if it is replayed, Slack is asked first.
            Stage::Posting(_) => question.doubtful = true,
            Stage::Open => {}
        }
        // A replay that failed again: its person was told by the first burial's notice.
        let told = question.notice;
        self.close(ts, Stage::Dead { burial: burial.clone(), told });
        Buried::Dead { burial: burial.clone(), told }
    }

    /// See [`crate::ThreadStore::forget`].
    pub fn forget_context(&mut self, at: MessageTs) -> bool {
        if self.forgotten.is_some_and(|last| last >= at) {
            return false;
        }
        self.forgotten = Some(at);
        self.generation += 1;
        std::mem::take(&mut self.context).text().is_some()
    }

    /// See [`crate::ThreadStore::look`].
    pub fn look(&self, at: Moment, ts: MessageTs) -> Look {
        let known = if self.epoch == Some(at.epoch) { self.questions.get(&ts) } else { None };
        match known.map(|question| &question.stage) {
            None => Look::Unknown,
            Some(Stage::Open | Stage::Posting(_)) => Look::Open,
            Some(Stage::Done(answer_ts)) => Look::Done(answer_ts.clone()),
            Some(Stage::Dead { told, .. }) => Look::Dead { told: *told },
            Some(Stage::Withdrawn) => Look::Withdrawn,
        }
    }

    /// See [`crate::ThreadStore::note_told`].
    pub fn note_told(&mut self, ts: MessageTs, of: &BurialId, notice: MessageTs) {
        if let Some(Question { stage: Stage::Dead { burial, told: told @ None }, .. }) = self.questions.get_mut(&ts)
            && burial == of
        {
            *told = Some(notice);
        }
    }

    /// The process that owned the thread has ended for certain: its lease is over at `now` (ms since 1970). Its claim is
    /// not forgotten: what it posted may still be recorded.
    pub fn end_lease(&mut self, now: u64) {
        if let Some(owner) = &mut self.owner {
            owner.until = owner.until.min(now);
        }
    }

    /// Forgets what was answered, given up or withdrawn and asked before `before` (ms since 1970): no late copy can come.
    pub fn forget(&mut self, before: u64) {
        self.questions.retain(|ts, question| question.stage.is_waiting() || ts.millis() >= before);
        self.streams.retain(|ts, _| self.questions.contains_key(ts) || ts.millis() >= before);
    }

    /// Voids what another epoch left: its copies may be acked, and a turn without a copy blocks the thread for ever.
    fn enter(&mut self, epoch: EpochId) {
        if self.epoch != Some(epoch) {
            let waiting: Vec<_> = self.waiting().collect();
            for ts in waiting {
                self.questions.remove(&ts);
                self.streams.remove(&ts);
            }
            self.owner = None;
            self.stale |= self.epoch.is_some();
            self.epoch = Some(epoch);
        }
    }

    fn take_number(&mut self, at: Moment, rules: Rules, ts: MessageTs) -> &mut Question {
        self.questions.entry(ts).or_insert_with(|| Question {
            stage: Stage::Open,
            attempts: 0,
            rests_until: 0,
            notice: None,
            doubtful: (at.now * 1000).saturating_sub(ts.micros()) > millis(rules.doubtful_after) * 1000,
        })
    }

    fn owns(&self, ts: MessageTs, owner: &OwnerId) -> bool {
        self.owner.as_ref().is_some_and(|current| current.ts == ts && current.id == *owner)
    }

    fn lengthen(&mut self, until: u64) {
        if let Some(owner) = &mut self.owner {
            owner.until = owner.until.max(until);
        }
    }

    fn close(&mut self, ts: MessageTs, stage: Stage) {
        if let Some(question) = self.questions.get_mut(&ts) {
            question.stage = stage;
            question.attempts = 0;
            question.rests_until = 0;
            question.notice = None;
        }
        self.kept.remove(&ts);
        if self.owner.as_ref().is_some_and(|owner| owner.ts == ts) {
            self.owner = None;
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
