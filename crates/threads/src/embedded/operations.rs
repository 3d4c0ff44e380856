//! The operations of [`ThreadStore`] as steps on [`Turns`](crate::turns::Turns).

use std::{sync::Arc, time::Duration};

use shared::{
    conversation::Conversation,
    ids::{BurialId, OwnerId},
    ts::MessageTs,
};

use super::{
    EmbeddedThreads, TIDY_PERIOD, lock, millis,
    tables::{CURRENT, Expiring, LANES, Step, TOLD},
};
use crate::{
    epoch::EpochStamp,
    error::ThreadError,
    outcome::{
        Announced, Attempt, Begun, Buried, Claim, Claimed, Finish, Finished, Look, Noted, Pace, Permit, Registered,
        Released, Renewed, State, Streams,
    },
    store::ThreadStore,
};

/// A note that found another epoch is tried again in the new one.
const NOTE_TRIES: u32 = 3;

impl ThreadStore for EmbeddedThreads {
    fn stamp(&self) -> EpochStamp {
        EpochStamp::of(Some(*lock(&self.0.known)))
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
        let replay = replay.cloned();
        let registered = self
            .on_thread("register", conversation, move |thread, at, rules| {
                Ok(thread.turns.register(at, rules, ts, replay.as_ref()))
            })
            .await?;
        Ok(registered.unwrap_or(Registered::OtherEpoch))
    }

    async fn claim(&self, conversation: &Conversation, ts: MessageTs, claim: Claim) -> Result<Claimed, ThreadError> {
        let claimed = self
            .on_thread("claim", conversation, move |thread, at, rules| {
                let claimed = thread.turns.claim(at, rules, ts, &claim);
                thread.refresh_context = matches!(claimed, Claimed::Run(_));
                Ok(claimed)
            })
            .await?;
        if let Some(Claimed::Run(grant)) = &claimed {
            let (key, turns) = (conversation.context_key(""), grant.context.turns().len());
            metrics::counter!("threadkeeper_contexts_loaded_total").increment(1);
            tracing::info!(thread.key = key, turns, "context loaded: {turns} turns from {key}");
        }
        Ok(claimed.unwrap_or(Claimed::OtherEpoch))
    }

    async fn renew(
        &self,
        conversation: &Conversation,
        ts: MessageTs,
        owner: &OwnerId,
        lease: Duration,
    ) -> Result<Renewed, ThreadError> {
        let owner = owner.clone();
        let renewed = self
            .on_thread("renew", conversation, move |thread, at, _| Ok(thread.turns.renew(at, ts, &owner, lease)))
            .await?;
        Ok(renewed.unwrap_or(Renewed::OtherEpoch))
    }

    async fn release(
        &self,
        conversation: &Conversation,
        ts: MessageTs,
        owner: &OwnerId,
        state: State,
        attempt: Attempt,
    ) -> Result<Released, ThreadError> {
        let owner = owner.clone();
        let released = self
            .on_thread("release", conversation, move |thread, at, _| {
                Ok(thread.turns.release(at, ts, &owner, state, attempt))
            })
            .await?;
        Ok(released.unwrap_or(Released::OtherEpoch))
    }

    async fn begin_post(
        &self,
        conversation: &Conversation,
        ts: MessageTs,
        owner: &OwnerId,
        announced: Announced<'_>,
        lease: Duration,
    ) -> Result<Begun, ThreadError> {
        let owner = owner.clone();
        let answer = match announced {
            Announced::Answer(answer) => Some(answer.clone()),
            Announced::Stream => None,
        };
        let begun = self
            .on_thread("begin_post", conversation, move |thread, at, _| {
                let announced = answer.as_ref().map_or(Announced::Stream, Announced::Answer);
                Ok(thread.turns.begin_post(at, ts, &owner, announced, lease))
            })
            .await?;
        Ok(begun.unwrap_or(Begun::OtherEpoch))
    }

    async fn note_stream(
        &self,
        conversation: &Conversation,
        ts: MessageTs,
        message: Option<MessageTs>,
    ) -> Result<Noted, ThreadError> {
        for _ in 0..NOTE_TRIES {
            let noted = self
                .on_thread("note_stream", conversation, move |thread, at, _| {
                    Ok(thread.turns.note_stream(at, ts, message))
                })
                .await?;
            if let Some(noted) = noted {
                return Ok(noted);
            }
        }
        Err(ThreadError::Epoch { key: CURRENT.to_owned() })
    }

    async fn streams(&self, conversation: &Conversation, ts: MessageTs) -> Result<Streams, ThreadError> {
        let streams =
            self.on_thread("streams", conversation, move |thread, at, _| Ok(thread.turns.streams(at, ts))).await?;
        Ok(streams.unwrap_or_default())
    }

    async fn finish(
        &self,
        conversation: &Conversation,
        ts: MessageTs,
        owner: &OwnerId,
        finish: Finish<'_>,
    ) -> Result<Finished, ThreadError> {
        let owner = owner.clone();
        let (answer_ts, grant, base) = (finish.answer_ts.to_vec(), finish.grant.clone(), finish.base);
        let (question, answer) = (finish.question.to_owned(), finish.answer.to_owned());
        let finished = self
            .on_thread("finish", conversation, move |thread, at, rules| {
                let (question, answer) = (question.as_str(), answer.as_str());
                let finish = Finish { answer_ts: &answer_ts, question, answer, grant: &grant, base };
                let encode = |source| ThreadError::Encode { call: "finish", source };
                let finished = thread.turns.finish(at, rules, (ts, &owner), &finish).map_err(encode)?;
                thread.refresh_context = matches!(finished, Finished::Ok { entries } if entries > 0);
                Ok(finished)
            })
            .await?;
        if let Some(Finished::Ok { entries: turns @ 1.. }) = finished {
            let (key, ttl) = (conversation.context_key(""), self.0.context_ttl.as_secs());
            metrics::counter!("threadkeeper_contexts_saved_total").increment(1);
            tracing::info!(thread.key = key, turns, ttl, "context saved: {turns} turns in {key}, kept {ttl} s");
        }
        Ok(finished.unwrap_or(Finished::OtherEpoch))
    }

    async fn bury(&self, conversation: &Conversation, ts: MessageTs, burial: &BurialId) -> Result<Buried, ThreadError> {
        let burial = burial.clone();
        let buried =
            self.on_thread("bury", conversation, move |thread, at, _| Ok(thread.turns.bury(at, ts, &burial))).await?;
        Ok(buried.unwrap_or(Buried::OtherEpoch))
    }

    async fn note_told(
        &self,
        conversation: &Conversation,
        ts: MessageTs,
        burial: &BurialId,
        notice: MessageTs,
    ) -> Result<(), ThreadError> {
        for _ in 0..NOTE_TRIES {
            let burial = burial.clone();
            let noted = self
                .on_thread("note_told", conversation, move |thread, _, _| {
                    thread.turns.note_told(ts, &burial, notice);
                    Ok(())
                })
                .await?;
            if noted.is_some() {
                return Ok(());
            }
        }
        Err(ThreadError::Epoch { key: CURRENT.to_owned() })
    }

    async fn forget(&self, conversation: &Conversation, at: MessageTs) -> Result<bool, ThreadError> {
        for _ in 0..NOTE_TRIES {
            let forgotten = self
                .on_thread("forget", conversation, move |thread, _, _| {
                    let last = thread.turns.forgotten();
                    let had_context = thread.turns.forget_context(at);
                    thread.forget = thread.turns.forgotten() != last;
                    Ok(had_context)
                })
                .await?;
            if let Some(had_context) = forgotten {
                return Ok(had_context);
            }
        }
        Err(ThreadError::Epoch { key: CURRENT.to_owned() })
    }

    async fn look(&self, conversation: &Conversation, ts: MessageTs) -> Result<Look, ThreadError> {
        let look = self.on_thread("look", conversation, move |thread, at, _| Ok(thread.turns.look(at, ts))).await?;
        Ok(look.unwrap_or(Look::Unknown))
    }

    async fn permit(&self, lane: &str, pace: Pace) -> Result<Permit, ThreadError> {
        self.govern("permit", lane, pace, None).await
    }

    async fn hold(&self, lane: &str, pace: Pace, duration: Duration) -> Result<(), ThreadError> {
        self.govern("hold", lane, pace, Some(duration)).await.map(drop)
    }

    async fn note_waiting(
        &self,
        conversation: &Conversation,
        at_most_every: Duration,
        remembered: Duration,
    ) -> Result<bool, ThreadError> {
        self.beside_turns("note_waiting", conversation, move |step, key| {
            let told = step.living::<u64>(TOLD, key)?;
            if told.is_some_and(|told| step.now < told + millis(at_most_every)) {
                return Ok(false);
            }
            step.put(TOLD, key, &Expiring { expires: step.now + millis(remembered), value: step.now })?;
            Ok(true)
        })
        .await
    }

    async fn forget_waiting(&self, conversation: &Conversation) -> Result<bool, ThreadError> {
        self.beside_turns("forget_waiting", conversation, |step, key| {
            let told = step.living::<u64>(TOLD, key)?.is_some();
            step.remove(TOLD, key)?;
            Ok(told)
        })
        .await
    }

    async fn probe(&self) -> Result<(), ThreadError> {
        self.look_after("probe", |_, _| Ok(())).await
    }

    async fn heartbeat(&self) -> Result<(), ThreadError> {
        let inner = Arc::clone(&self.0);
        self.look_after("heartbeat", move |step, now| {
            let due = *lock(&inner.tidied) + millis(TIDY_PERIOD);
            if now >= due { inner.tidy(step, |_| ()) } else { Ok(()) }
        })
        .await
    }
}

impl EmbeddedThreads {
    /// A step on a thread that has nothing to do with its turns, in whatever epoch.
    async fn beside_turns<T: Send + 'static>(
        &self,
        call: &'static str,
        conversation: &Conversation,
        work: impl FnOnce(&Step<'_>, &str) -> Result<T, ThreadError> + Send + 'static,
    ) -> Result<T, ThreadError> {
        let inner = Arc::clone(&self.0);
        let key = conversation.context_key("");
        self.blocking(call, key, move |key| inner.write(call, key, |step| work(step, key))).await
    }

    /// Checks the epoch by a step, and does `more`.
    async fn look_after(
        &self,
        call: &'static str,
        more: impl FnOnce(&Step<'_>, u64) -> Result<(), ThreadError> + Send + 'static,
    ) -> Result<(), ThreadError> {
        let inner = Arc::clone(&self.0);
        self.blocking(call, CURRENT.to_owned(), move |key| {
            inner.write(call, key, |step| match inner.moment(step)? {
                Some(_) => more(step, step.now),
                None => Ok(()),
            })
        })
        .await
    }

    /// A leaky bucket (GCRA), as in the script `permit`: the lane's value is the time at which it will be empty. With
    /// `hold` nobody gets a permit for so long.
    async fn govern(
        &self,
        call: &'static str,
        lane: &str,
        pace: Pace,
        hold: Option<Duration>,
    ) -> Result<Permit, ThreadError> {
        let inner = Arc::clone(&self.0);
        self.blocking(call, lane.to_owned(), move |lane| {
            inner.write(call, lane, |step| {
                let now = step.now;
                let interval = millis(pace.interval);
                let full = interval * u64::from(pace.burst.max(1) - 1);
                let empty_at = step.living::<u64>(LANES, lane)?.unwrap_or(now).max(now);
                let empty_at = match hold {
                    Some(hold) => empty_at.max(now + millis(hold) + full),
                    None if empty_at - now > full => {
                        return Ok(Permit::Wait(Duration::from_millis(empty_at - now - full)));
                    }
                    None => empty_at + interval,
                };
                step.put(LANES, lane, &Expiring { expires: empty_at, value: empty_at })?;
                Ok(Permit::Granted)
            })
        })
        .await
    }
}
