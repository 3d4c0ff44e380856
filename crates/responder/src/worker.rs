//! One delivery, from claim to its end.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use answers::Answerer;
use queue::Delivery;
use shared::{
    clock::Clock,
    config,
    ids::{ChannelId, OwnerId},
    retry,
    task::{Question, Task},
    telemetry::{Alarm, chain},
};
use slack::replies::{Identity, Replies};
use threads::{
    ThreadError, ThreadStore,
    outcome::{Attempt, Claim, Claimed, Grant, Previous, State},
};
use tokio::sync::{OnceCell, RwLock};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::{
    decision::{Decision, Ending, News},
    dependencies::Dependencies,
    failure::Told,
    lease::{Held, Lease},
    reconcile::Trace,
    shown::Shown,
    status::Statuses,
    waiting::Reason,
};

/// From this attempt on a question runs alone in its process: one that kills its worker must not take its neighbours'
/// answers along each time.
const ALONE_FROM_ATTEMPT: u32 = 3;

/// A claim that finds Redis in another epoch is asked again; after so many times the copy is parked instead.
const CLAIMS_IN_A_ROW: u32 = 5;

/// Redis refuses calls, as it does for every question while it is out of memory.
static REFUSED: Alarm = Alarm::new();

/// A parking place that could not be reached (the broker blocks publishers): the copy stays and claims again.
const BLOCKED_PAUSE: Duration = Duration::from_secs(1);

/// Answers questions.
pub(crate) struct Worker<S, A> {
    pub(crate) store: Arc<S>,
    pub(crate) replies: Replies,
    /// Who the bot is in Slack; asked when it is first needed.
    pub(crate) identity: OnceCell<Identity>,
    pub(crate) answerer: A,
    /// What answers depend on, and whether it can be used.
    pub(crate) dependencies: Dependencies,
    pub(crate) delivery: config::Delivery,
    pub(crate) clock: Clock,
    /// Shared by answers that run side by side, taken whole by one that must run alone.
    pub(crate) company: RwLock<()>,
    /// `slack.pacing`.
    pub(crate) pacing: config::Pacing,
    /// `answer.streaming`: answers are shown while they are made.
    pub(crate) streaming: bool,
    /// Channels in which Slack streams nothing.
    pub(crate) unstreamed: Mutex<HashSet<ChannelId>>,
    /// `context.ttl`.
    pub(crate) context_ttl: Duration,
    /// What people who wait are told.
    pub(crate) statuses: Statuses,
    /// Cancelled when the process should take no more work.
    pub(crate) soft: CancellationToken,
}

/// How often a question was tried that another worker has given up.
const NOT_KNOWN: u32 = 0;

/// One attempt at one question.
pub(crate) struct Try<'a> {
    pub(crate) question: &'a Question,
    pub(crate) owner: OwnerId,
    pub(crate) grant: Grant,
    /// When the lease was asked for or last renewed.
    pub(crate) renewed_at: Mutex<Instant>,
    /// Whether an operator asked for it, of a question that was given up.
    pub(crate) replayed: bool,
    /// What of the answer is in Slack.
    pub(crate) shown: Mutex<Shown>,
}

impl Try<'_> {
    /// What of the answer is in Slack.
    pub(crate) fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: ThreadStore, A: Answerer> Worker<S, A> {
    /// Brings one delivery to its end.
    pub(crate) async fn handle<D: Delivery>(&self, mut delivery: D) -> Ending {
        let started = Instant::now();
        let Task::Question(question) = delivery.task().clone();
        let mut first = true;
        loop {
            let decided = if delivery.headers().sweep {
                self.sweep(&delivery, &question).await
            } else {
                self.decide(&delivery, &question, first).await
            };
            let (decision, away) = match decided {
                Ok(decision) => (decision, None),
                Err(error) if error.is_outage() => (Decision::GiveBack("store_away"), Some((error, Instant::now()))),
                Err(error) => {
                    shared::error_once!(
                        REFUSED,
                        slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                        outcome = "store_error", "question {}:{} is parked: {}", question.channel, question.ts,
                        chain(&error)
                    );
                    let wait = retry::wait_at_least(&self.delivery.waits, Duration::from_secs(30));
                    let later = Decision::Park(wait, Reason::StoreError);
                    (if delivery.headers().sweep { Decision::ParkSweep("store_error") } else { later }, None)
                }
            };
            decision.log(&question, delivery.headers(), started.elapsed());
            let then = decision.news();
            match self.settle(delivery, &question, decision).await {
                Ok(()) => {
                    self.tell_news(&question, then).await;
                    return away.map_or(Ending::Settled, |(error, at)| Ending::StoreAway { error, at });
                }
                Err(kept) => {
                    delivery = kept;
                    first = false;
                }
            }
            tokio::select! {
                () = tokio::time::sleep(BLOCKED_PAUSE) => {}
                () = self.soft.cancelled() => {
                    delivery.give_back().await;
                    return Ending::Settled;
                }
            }
        }
    }

    /// Shows or takes away a status, when nothing that matters can be delayed by it.
    async fn tell_news(&self, question: &Question, news: News) {
        match news {
            News::None => {}
            News::Waits(wait, reason) => {
                self.tell_why_it_waits(question, reason, Duration::from_millis(wait)).await;
            }
            News::Over => self.clear_status(question).await,
        }
    }

    /// Acts on a decision. Hands the delivery back when the broker did not take what had to be published.
    async fn settle<D: Delivery>(&self, delivery: D, question: &Question, decision: Decision) -> Result<(), D> {
        match decision {
            Decision::Ack(_) => delivery.ack().await,
            Decision::GiveBack(_) => delivery.give_back().await,
            Decision::Park(wait, _) => delivery.park(wait, false).await.map_err(|kept| kept.delivery)?,
            Decision::ParkSweep(_) => {
                delivery.park(self.sweep_wait(), true).await.map_err(|kept| kept.delivery)?;
            }
            Decision::ParkUnknown => {
                if self.leave_sweep(&delivery, question).await.is_err() {
                    return Err(delivery);
                }
                let wait = retry::wait_at_least(&self.delivery.waits, Duration::from_secs(30));
                delivery.park(wait, false).await.map_err(|kept| kept.delivery)?;
            }
            Decision::GiveUp { reason, attempts } => {
                let delivery = delivery.dead_letter(&reason, attempts).await.map_err(|kept| kept.delivery)?;
                match self.bury(question, &reason, attempts).await {
                    Ok(Told::Settled) => delivery.ack().await,
                    // The copy stays until the person has been told.
                    Ok(Told::Later(wait)) => delivery.park(wait, false).await.map_err(|kept| kept.delivery)?,
                    // A second copy in `dead` is harmless; a turn that is never buried would block its thread.
                    Err(error) => {
                        tracing::warn!(
                            slack.channel_id = %question.channel, slack.ts = %question.ts,
                            event_key = %question.event_key(),
                            "question {}:{} is not buried yet: {}", question.channel, question.ts, chain(&error)
                        );
                        return Err(delivery);
                    }
                }
            }
        }
        Ok(())
    }

    /// Claims, and runs the question if it is its turn. `first` = this delivery was not claimed before: what the broker says
    /// of it is news.
    pub(crate) async fn decide(
        &self,
        delivery: &impl Delivery,
        question: &Question,
        mut first: bool,
    ) -> Result<Decision, ThreadError> {
        let headers = delivery.headers();
        if let Some(burial) = &headers.replay {
            self.store.register(&question.conversation, question.ts, self.store.stamp(), Some(burial)).await?;
        }
        for _ in 0..CLAIMS_IN_A_ROW {
            let company = self.company.read().await;
            let owner = OwnerId::random();
            let claim = Claim {
                owner: owner.clone(),
                copy: headers.copy.clone(),
                fresh: first && delivery.fresh(),
                returned: first && delivery.returned(),
                lease: self.delivery.lease,
            };
            let asked_at = Instant::now();
            let claiming = self.store.claim(&question.conversation, question.ts, claim);
            let claimed = claiming.instrument(tracing::debug_span!("claim")).await?;
            // A copy is taken for a twin at most once: after an unknown outcome it may be the only one left. And it takes
            // over at most once: whoever has the question later holds another copy, or has taken this one.
            first = false;
            let decision = match claimed {
                Claimed::OtherEpoch => None,
                Claimed::Done => Some(Decision::Ack("done")),
                Claimed::Withdrawn => Some(Decision::Ack("withdrawn")),
                Claimed::Twin => Some(Decision::Ack("twin")),
                Claimed::Dead { told: Some(_), .. } => Some(Decision::Ack("dead")),
                Claimed::Dead { burial, told: None } => match self.tell(question, &burial, NOT_KNOWN).await? {
                    Told::Settled => Some(Decision::Ack("dead")),
                    Told::Later(wait) => Some(Decision::Park(wait, Reason::Untold)),
                },
                Claimed::Wait { before, settling, .. } => {
                    let reason = if settling { Reason::Settling } else { Reason::Turn { before } };
                    Some(Decision::Park(retry::turn_wait(&self.delivery.waits, before), reason))
                }
                Claimed::Run(grant) => {
                    let (renewed_at, replayed) = (Mutex::new(asked_at), headers.replay.is_some());
                    let shown = Mutex::new(Shown::before(grant.stream));
                    let attempt = Try { question, owner, grant, renewed_at, replayed, shown };
                    let decision = if attempt.grant.attempts >= ALONE_FROM_ATTEMPT {
                        drop(company);
                        self.run_alone(delivery, &attempt).await?
                    } else {
                        self.run(delivery, &attempt, company).await?
                    };
                    match decision {
                        None => self.leave_draft(delivery, &attempt).await?,
                        decision => decision,
                    }
                }
            };
            if let Some(decision) = decision {
                return Ok(decision);
            }
        }
        Ok(Decision::Park(retry::turn_wait(&self.delivery.waits, 0), Reason::OtherEpoch))
    }

    async fn run_alone(&self, delivery: &impl Delivery, attempt: &Try<'_>) -> Result<Option<Decision>, ThreadError> {
        match self.lease(attempt).hold(&self.soft, self.company.write()).await {
            Held::Completed(alone) => self.run(delivery, attempt, alone).await,
            Held::Lost => Ok(None),
            Held::Stopping => self.hand_over(attempt).await,
        }
    }

    /// Runs an attempt that was granted. `company` says who may run beside it. None = the claim is no longer ours: claim
    /// again.
    async fn run<C>(
        &self,
        delivery: &impl Delivery,
        attempt: &Try<'_>,
        company: C,
    ) -> Result<Option<Decision>, ThreadError> {
        let Try { question, grant, .. } = attempt;
        tracing::Span::current().record("attempt", grant.attempts);
        tracing::info!(
            slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
            attempt = grant.attempts, turns = grant.context.entries(), previous = ?grant.previous, outcome = "claimed",
            "question {}:{} claimed (attempt {})", question.channel, question.ts, grant.attempts,
        );
        // What cannot be posted need not be looked up, nor an answer made for it.
        if let Some(left) = self.dependencies.slack_left() {
            return self.wait_for(attempt, left, Reason::SlackAway).await.map(Some);
        }
        let kept = grant.kept.as_ref().filter(|kept| kept.entries == grant.context.entries());
        if let (None, Some(left)) = (kept, self.dependencies.model.left()) {
            return self.wait_for(attempt, left, Reason::ModelAway).await.map(Some);
        }
        let trace = match grant.previous {
            Previous::Open => Trace::Absent,
            // A draft is known and no answer was kept: none was announced, so none can be there.
            Previous::Posting { .. } if grant.kept.is_none() && attempt.shown().draft.is_some() => Trace::Absent,
            _ => match self
                .lease(attempt)
                .hold(&self.soft, self.look_for_answer(attempt).instrument(tracing::debug_span!("look")))
                .await
            {
                Held::Completed(Trace::Unknown { wait }) => {
                    return self.look_again_later(attempt, wait, Reason::AskedLater).await.map(Some);
                }
                Held::Completed(Trace::Unreadable { reason }) => {
                    return Ok(Some(Decision::GiveUp { reason, attempts: grant.attempts }));
                }
                // The earlier call may still be in Slack's hands and be executed after this look.
                Held::Completed(Trace::Absent | Trace::Partly)
                    if self.leave_sweep(delivery, question).await.is_err() =>
                {
                    return self.look_again_later(attempt, Duration::ZERO, Reason::AskedLater).await.map(Some);
                }
                Held::Completed(trace) => trace,
                Held::Lost => return Ok(None),
                Held::Stopping => return self.hand_over(attempt).await,
            },
        };
        let memory = match self.lease(attempt).hold(&self.soft, self.remember(attempt, &trace)).await {
            Held::Completed(Ok(memory)) => memory,
            Held::Completed(Err(error)) => return self.cannot_remember(attempt, &error).await.map(Some),
            Held::Lost => return Ok(None),
            Held::Stopping => return self.hand_over(attempt).await,
        };
        if let Trace::Posted { ts, text } = trace {
            drop(company);
            return self.adopt(delivery, attempt, &memory, (ts, text)).await;
        }
        if let (Trace::Partly, Some(kept)) = (&trace, &grant.kept) {
            drop(company);
            return self.post(delivery, attempt, &memory, kept).await;
        }
        if grant.attempts > self.delivery.attempts {
            let reason = format!("{} attempts ended with the death of their process", self.delivery.attempts);
            return Ok(Some(Decision::GiveUp { reason, attempts: grant.attempts - 1 }));
        }
        if let Some(kept) = kept {
            drop(company);
            return self.post(delivery, attempt, &memory, kept).await;
        }
        self.answer(delivery, attempt, &memory, company).await
    }

    pub(crate) fn lease<'a>(&'a self, attempt: &'a Try<'_>) -> Lease<'a, S> {
        Lease {
            store: &*self.store,
            conversation: &attempt.question.conversation,
            ts: attempt.question.ts,
            owner: &attempt.owner,
            duration: self.delivery.lease,
            renewed_at: &attempt.renewed_at,
        }
    }

    /// Gives the thread back; `state` and `attempts` say what of the attempt stays.
    pub(crate) async fn release(&self, attempt: &Try<'_>, state: State, attempts: Attempt) -> Result<(), ThreadError> {
        let Try { question, owner, .. } = attempt;
        self.store.release(&question.conversation, question.ts, owner, state, attempts).await.map(drop)
    }

    /// The process stops: another worker may begin at once. The state stays as it is, so that it looks in Slack first if
    /// an earlier attempt had begun to post.
    pub(crate) async fn hand_over(&self, attempt: &Try<'_>) -> Result<Option<Decision>, ThreadError> {
        self.release(attempt, State::Keep, Attempt::Back).await?;
        Ok(Some(Decision::GiveBack("handed_over")))
    }

    /// Whether a question has waited for something broken for longer than `delivery.give_up`. One that is replayed has been
    /// given up once; its age says nothing about how long it waits now, and an operator who replays waits with it.
    pub(crate) fn is_given_up(&self, question: &Question, replayed: bool) -> bool {
        !replayed && self.age(question) > self.delivery.give_up
    }

    /// Time since an ingress received the question, by two machines' clocks.
    pub(crate) fn age(&self, question: &Question) -> Duration {
        Duration::from_millis(self.clock.millis().saturating_sub(question.received_ms))
    }
}
