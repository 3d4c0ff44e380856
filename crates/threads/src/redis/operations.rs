//! The operations of [`ThreadStore`] as calls of scripts.

use std::time::Duration;

use shared::{
    conversation::Conversation,
    ids::{BurialId, OwnerId},
    ts::MessageTs,
};

use super::{
    Argument, Ran, RedisThreads, aside,
    reply::{Final, Reply},
    scripts,
};
use crate::{
    context::Context,
    epoch::EpochStamp,
    error::ThreadError,
    outcome::{
        Announced, Attempt, Begun, Buried, Claim, Claimed, Finish, Finished, Grant, KeptAnswer, Look, Noted, Pace,
        Permit, Previous, Registered, Released, Renewed, State, Streams,
    },
    splice::Writing,
    store::{FORGOTTEN_FOR, ThreadStore},
};

/// How often a claim is repeated because its context was unreadable and has been set aside.
const CLAIM_TRIES: u32 = 3;

impl ThreadStore for RedisThreads {
    fn stamp(&self) -> EpochStamp {
        self.epochs.stamp()
    }

    async fn register(
        &self,
        conversation: &Conversation,
        ts: MessageTs,
        stamp: EpochStamp,
        replay: Option<&BurialId>,
    ) -> Result<Registered, ThreadError> {
        if self.stamp() != stamp {
            return Ok(Registered::OtherEpoch);
        }
        if stamp.0.is_none() {
            // The store was never reached: find the epoch for the questions to come. This one was published before it.
            self.epochs.header(&self.pool).await?;
            return Ok(Registered::OtherEpoch);
        }
        let replay = replay.map_or("", BurialId::as_str);
        let own = vec![
            ts.argument(),
            ts.micros().argument(),
            replay.argument(),
            self.remember.argument(),
            self.doubtful_after().argument(),
        ];
        let Ran::Answered(kind, mut answer) = self.run_on(&scripts::REGISTER, conversation, own).await? else {
            return Ok(Registered::OtherEpoch);
        };
        match kind.as_str() {
            "open" => Ok(Registered::Open),
            "final" => Ok(match answer.final_state()? {
                Final::Done(_) => Registered::Done,
                Final::Dead { .. } => Registered::Dead,
                Final::Withdrawn => Registered::Withdrawn,
            }),
            _ => Err(answer.unexpected("an unknown kind")),
        }
    }

    async fn claim(&self, conversation: &Conversation, ts: MessageTs, claim: Claim) -> Result<Claimed, ThreadError> {
        let own = vec![
            ts.argument(),
            ts.micros().argument(),
            claim.owner.argument(),
            claim.copy.as_str().argument(),
            claim.fresh.argument(),
            claim.returned.argument(),
            claim.lease.argument(),
            self.remember.argument(),
            self.doubtful_after().argument(),
            self.context_ttl.argument(),
        ];
        for _ in 0..CLAIM_TRIES {
            let Ran::Answered(kind, mut reply) = self.run_on(&scripts::CLAIM, conversation, own.clone()).await? else {
                return Ok(Claimed::OtherEpoch);
            };
            return match kind.as_str() {
                "run" => match self.read_grant(conversation, &mut reply).await? {
                    Some(grant) => Ok(Claimed::Run(grant)),
                    None => continue, // the context was set aside; the same owner is granted the same run again
                },
                "wait" => Ok(Claimed::Wait {
                    before: reply.number()?,
                    lease_left: Duration::from_millis(reply.number()?),
                    settling: reply.number()? == 1,
                }),
                "twin" => Ok(Claimed::Twin),
                "final" => Ok(match reply.final_state()? {
                    Final::Done(_) => Claimed::Done,
                    Final::Dead { burial, told } => Claimed::Dead { burial, told },
                    Final::Withdrawn => Claimed::Withdrawn,
                }),
                _ => Err(reply.unexpected("an unknown kind")),
            };
        }
        Err(ThreadError::Unreadable { call: "claim", key: self.keys.of(conversation)[1].clone() })
    }

    async fn renew(
        &self,
        conversation: &Conversation,
        ts: MessageTs,
        owner: &OwnerId,
        lease: Duration,
    ) -> Result<Renewed, ThreadError> {
        let own = vec![ts.argument(), owner.argument(), lease.argument()];
        let Ran::Answered(kind, reply) = self.run_on(&scripts::RENEW, conversation, own).await? else {
            return Ok(Renewed::OtherEpoch);
        };
        match kind.as_str() {
            "ok" => Ok(Renewed::Ok),
            "lost" => Ok(Renewed::Lost),
            _ => Err(reply.unexpected("an unknown kind")),
        }
    }

    async fn release(
        &self,
        conversation: &Conversation,
        ts: MessageTs,
        owner: &OwnerId,
        state: State,
        attempt: Attempt,
    ) -> Result<Released, ThreadError> {
        let (state, rest) = match state {
            State::Keep => ("keep", Duration::ZERO),
            State::Open => ("open", Duration::ZERO),
            State::Rest(rest) => ("open", rest),
        };
        let attempt = match attempt {
            Attempt::Keep => "keep",
            Attempt::Back => "back",
        };
        let own = vec![ts.argument(), owner.argument(), state.argument(), attempt.argument(), rest.argument()];
        let Ran::Answered(kind, reply) = self.run_on(&scripts::RELEASE, conversation, own).await? else {
            return Ok(Released::OtherEpoch);
        };
        match kind.as_str() {
            "ok" => Ok(Released::Ok),
            "lost" => Ok(Released::Lost),
            _ => Err(reply.unexpected("an unknown kind")),
        }
    }

    async fn begin_post(
        &self,
        conversation: &Conversation,
        ts: MessageTs,
        owner: &OwnerId,
        announced: Announced<'_>,
        lease: Duration,
    ) -> Result<Begun, ThreadError> {
        let kept = match announced {
            Announced::Stream => Vec::new(),
            Announced::Answer(answer) => {
                serde_json::to_vec(answer).map_err(|source| ThreadError::Encode { call: "begin_post", source })?
            }
        };
        let own = vec![ts.argument(), owner.argument(), kept, lease.argument(), self.remember.argument()];
        let Ran::Answered(kind, mut reply) = self.run_on(&scripts::BEGIN_POST, conversation, own).await? else {
            return Ok(Begun::OtherEpoch);
        };
        match kind.as_str() {
            "ok" => Ok(Begun::Ok),
            "lost" => Ok(Begun::Lost),
            "final" => Ok(match reply.final_state()? {
                Final::Done(answer_ts) => Begun::Done(answer_ts),
                Final::Dead { .. } => Begun::Dead,
                Final::Withdrawn => Begun::Withdrawn,
            }),
            _ => Err(reply.unexpected("an unknown kind")),
        }
    }

    async fn note_stream(
        &self,
        conversation: &Conversation,
        ts: MessageTs,
        message: Option<MessageTs>,
    ) -> Result<Noted, ThreadError> {
        let began = message.unwrap_or(ts).millis();
        let message = message.map_or(String::new(), |message| message.to_string());
        let own = vec![ts.argument(), message.argument(), began.argument(), self.remember.argument()];
        // It is true in every epoch, so it is noted again in the new one.
        for _ in 0..super::SET_ASIDE_TRIES {
            if let Ran::Answered(kind, reply) = self.run_on(&scripts::NOTE_STREAM, conversation, own.clone()).await? {
                return match kind.as_str() {
                    "ok" => Ok(Noted::Ok),
                    "decided" => Ok(Noted::Decided),
                    _ => Err(reply.unexpected("an unknown kind")),
                };
            }
        }
        Err(ThreadError::Epoch { key: self.keys.epoch() })
    }

    async fn streams(&self, conversation: &Conversation, ts: MessageTs) -> Result<Streams, ThreadError> {
        let Ran::Answered(_, mut reply) = self.run_on(&scripts::STREAMS, conversation, vec![ts.argument()]).await?
        else {
            return Ok(Streams::default());
        };
        let own = reply.stream()?;
        let another_begins = reply.number()? == 1;
        Ok(Streams { own, others: reply.timestamps()?, another_begins })
    }

    async fn finish(
        &self,
        conversation: &Conversation,
        ts: MessageTs,
        owner: &OwnerId,
        finish: Finish<'_>,
    ) -> Result<Finished, ThreadError> {
        let context = &finish.grant.context;
        let writing =
            Writing::of(&finish, self.limits).map_err(|source| ThreadError::Encode { call: "finish", source })?;
        let posted = finish.answer_ts.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let claimed = context.bytes().map_or("-1".to_owned(), |bytes| bytes.to_string());
        let own = vec![
            ts.argument(),
            owner.argument(),
            posted.argument(),
            writing.pair.argument(),
            writing.absent.0.argument(),
            writing.replace.as_ref().map_or("", |(text, _)| text).argument(),
            writing.cut.argument(),
            claimed.argument(),
            finish.grant.generation.argument(),
            finish.grant.recorded.argument(),
            self.context_ttl.argument(),
            self.remember.argument(),
        ];
        let Ran::Answered(kind, mut reply) = self.run_on(&scripts::FINISH, conversation, own).await? else {
            return Ok(Finished::OtherEpoch);
        };
        match kind.as_str() {
            "ok" => {}
            "not_yet" => return Ok(Finished::NotYet),
            "base_outdated" => return Ok(Finished::BaseOutdated { recorded: reply.number()? }),
            "final" => {
                return Ok(match reply.final_state()? {
                    Final::Done(answer_ts) => Finished::Done(answer_ts),
                    Final::Dead { .. } => Finished::Dead,
                    Final::Withdrawn => Finished::Withdrawn,
                });
            }
            _ => return Err(reply.unexpected("an unknown kind")),
        }
        let how = reply.text()?;
        // What the pair was appended to, if it was not what the claim had seen.
        let before = reply.bytes()?.and_then(|value| Context::parse(value).ok());
        let before = before.as_ref().unwrap_or(context);
        let entries = match how.as_str() {
            "replaced" => writing.replace.as_ref().map_or(0, |(_, entries)| *entries),
            "created" => writing.absent.1,
            "appended" => before.entries() + 2,
            "trimmed" => before.entries_after(writing.cut) + 2,
            _ => 0, // left as it is
        };
        let (key, ttl) = (self.keys.of(conversation)[1].clone(), self.context_ttl.as_secs());
        if entries > 0 {
            metrics::counter!("threadkeeper_contexts_saved_total").increment(1);
            tracing::info!(
                thread.key = key,
                turns = entries,
                ttl,
                "context saved: {entries} turns in {key}, kept {ttl} s"
            );
        } else {
            tracing::info!(thread.key = key, "context of {key} was forgotten meanwhile, and stays so");
        }
        Ok(Finished::Ok { entries })
    }

    async fn bury(&self, conversation: &Conversation, ts: MessageTs, burial: &BurialId) -> Result<Buried, ThreadError> {
        let own = vec![ts.argument(), burial.as_str().argument(), self.remember.argument()];
        let Ran::Answered(_, mut reply) = self.run_on(&scripts::BURY, conversation, own).await? else {
            return Ok(Buried::OtherEpoch);
        };
        Ok(match reply.final_state()? {
            Final::Done(_) => Buried::Done,
            Final::Dead { burial, told } => Buried::Dead { burial, told },
            Final::Withdrawn => Buried::Withdrawn,
        })
    }

    async fn note_told(
        &self,
        conversation: &Conversation,
        ts: MessageTs,
        burial: &BurialId,
        notice: MessageTs,
    ) -> Result<(), ThreadError> {
        let own = vec![ts.argument(), burial.as_str().argument(), notice.argument()];
        // A record of a burial outlives an epoch, so the note is tried again in the new one.
        for _ in 0..super::SET_ASIDE_TRIES {
            if let Ran::Answered(..) = self.run_on(&scripts::NOTE_TOLD, conversation, own.clone()).await? {
                return Ok(());
            }
        }
        Err(ThreadError::Epoch { key: self.keys.epoch() })
    }

    async fn forget(&self, conversation: &Conversation, at: MessageTs) -> Result<bool, ThreadError> {
        let own = vec![at.argument(), FORGOTTEN_FOR.argument(), self.remember.argument()];
        // A request is about what people see, in whatever epoch.
        for _ in 0..super::SET_ASIDE_TRIES {
            if let Ran::Answered(_, mut reply) = self.run_on(&scripts::FORGET, conversation, own.clone()).await? {
                let key = &self.keys.of(conversation)[1];
                tracing::info!(thread.key = key, "context of {key} was forgotten on request");
                return Ok(reply.number()? == 1);
            }
        }
        Err(ThreadError::Epoch { key: self.keys.epoch() })
    }

    async fn look(&self, conversation: &Conversation, ts: MessageTs) -> Result<Look, ThreadError> {
        let Ran::Answered(kind, mut reply) = self.run_on(&scripts::LOOK, conversation, vec![ts.argument()]).await?
        else {
            return Ok(Look::Unknown);
        };
        match kind.as_str() {
            "unknown" => Ok(Look::Unknown),
            "open" => Ok(Look::Open),
            "final" => Ok(match reply.final_state()? {
                Final::Done(answer_ts) => Look::Done(answer_ts),
                Final::Dead { told, .. } => Look::Dead { told },
                Final::Withdrawn => Look::Withdrawn,
            }),
            _ => Err(reply.unexpected("an unknown kind")),
        }
    }

    async fn permit(&self, lane: &str, pace: Pace) -> Result<Permit, ThreadError> {
        self.govern(lane, pace, Duration::ZERO).await
    }

    async fn hold(&self, lane: &str, pace: Pace, duration: Duration) -> Result<(), ThreadError> {
        self.govern(lane, pace, duration.max(Duration::from_millis(1))).await.map(drop)
    }

    async fn note_waiting(
        &self,
        conversation: &Conversation,
        at_most_every: Duration,
        remembered: Duration,
    ) -> Result<bool, ThreadError> {
        self.waiting(conversation, at_most_every, remembered.max(Duration::from_millis(1))).await
    }

    async fn forget_waiting(&self, conversation: &Conversation) -> Result<bool, ThreadError> {
        self.waiting(conversation, Duration::ZERO, Duration::ZERO).await
    }

    async fn probe(&self) -> Result<(), ThreadError> {
        self.write().await
    }

    async fn heartbeat(&self) -> Result<(), ThreadError> {
        self.write().await
    }
}

impl RedisThreads {
    /// The rest of a `run`; none = the context was unreadable and is set aside.
    async fn read_grant(&self, conversation: &Conversation, reply: &mut Reply) -> Result<Option<Grant>, ThreadError> {
        let kind = reply.text()?;
        let ago = Duration::from_millis(reply.number()?);
        let previous = match kind.as_str() {
            "open" => Previous::Open,
            "post" => Previous::Posting { ago },
            "unknown" => Previous::Unknown,
            "before_epoch" => Previous::BeforeEpoch,
            _ => return Err(reply.unexpected("an unknown previous state")),
        };
        let attempts = u32::try_from(reply.number()?).unwrap_or(u32::MAX);
        let generation = reply.number()?;
        let recorded = reply.number()?;
        let stale = reply.number()? == 1;
        let key = self.keys.of(conversation)[1].clone();
        let context = match reply.bytes()? {
            None => Context::absent(),
            Some(value) => {
                let Ok(context) = Context::parse(value.clone()) else {
                    aside::move_away(&self.pool, &key, "string", Some(value), self.epochs.offset()).await?;
                    return Ok(None);
                };
                context
            }
        };
        let kept = reply.bytes()?.and_then(|kept| match serde_json::from_slice::<KeptAnswer>(&kept) {
            Ok(kept) => Some(kept),
            Err(error) => {
                // Its category and place only: the message could quote the answer.
                let place = error.column();
                tracing::error!(thread.key = key, place, "the kept answer of {key} cannot be read; it is made again");
                None
            }
        });
        let notice = reply.timestamp()?;
        let forgotten = reply.timestamp()?;
        let stream = reply.stream()?;
        let turns = context.turns().len();
        metrics::counter!("threadkeeper_contexts_loaded_total").increment(1);
        tracing::info!(thread.key = key, turns, "context loaded: {turns} turns from {key}");
        let grant = Grant { previous, attempts, context, kept, stale, generation, recorded, notice, stream, forgotten };
        Ok(Some(grant))
    }
}
