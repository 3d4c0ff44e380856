//! Removes what a worker posted although another answer was recorded.

use std::time::Duration;

use answers::Answerer;
use queue::{Delivery, QueueError};
use rand::{SeedableRng, rngs::StdRng};
use shared::{
    retry::{self, Backoff},
    task::Question,
    telemetry::chain,
    ts::MessageTs,
};
use slack::replies::Seen;
use threads::{
    ThreadError, ThreadStore,
    outcome::{Look, Stream},
};

use crate::{decision::Decision, worker::Worker};

/// Between two tries to delete a message.
const DELETE_BACKOFF: Backoff = Backoff { first: Duration::from_millis(200), longest: Duration::from_secs(2) };

/// After so many tries the worker is free for others, and a sweep tries on.
const DELETE_TRIES: u32 = 5;

/// Slack may execute a call late: the clean-up comes after this time. Later calls are not seen in the field.
const CLEAN_UP_AFTER: Duration = Duration::from_mins(2);

impl<S: ThreadStore, A: Answerer> Worker<S, A> {
    /// The wait queue of the clean-up, in ms.
    pub(crate) fn sweep_wait(&self) -> u64 {
        retry::wait_at_least(&self.delivery.waits, CLEAN_UP_AFTER)
    }

    /// Leaves a copy that comes later and removes what then stands in Slack beside the recorded answer.
    ///
    /// # Errors
    /// When the broker did not take it: nothing may be posted that it would have to clean up.
    pub(crate) async fn leave_sweep(&self, delivery: &impl Delivery, question: &Question) -> Result<(), QueueError> {
        let left = delivery.republish(self.sweep_wait(), true).await;
        if let Err(error) = &left {
            tracing::warn!(
                slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                "no copy for the clean-up of {}:{} yet: {}", question.channel, question.ts, chain(error),
            );
        }
        left
    }

    /// Deletes an own message: two visible answers are what must not stay. Whether it is gone; if not, a sweep tries on.
    pub(crate) async fn delete_own(&self, question: &Question, ts: MessageTs) -> bool {
        let mut random = StdRng::from_os_rng();
        for failure in 1..=DELETE_TRIES {
            match self.replies.delete(&question.channel, ts).await {
                Ok(_) => {
                    metrics::counter!("threadkeeper_duplicates_removed_total").increment(1);
                    tracing::warn!(
                        slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                        removed = %ts, "a second answer to {}:{} was removed", question.channel, question.ts,
                    );
                    return true;
                }
                Err(error) if failure == DELETE_TRIES => tracing::error!(
                    slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                    "a second answer to {}:{} is visible and cannot be removed yet; remove it by hand if this goes on: {}",
                    question.channel, question.ts, chain(&error),
                ),
                Err(_) => tokio::time::sleep(DELETE_BACKOFF.delay(failure, &mut random)).await,
            }
        }
        false
    }

    /// Removes own messages that are not recorded; where one stands in the place of the notice that told the person, the
    /// notice is put back. Whether all are gone.
    pub(crate) async fn remove_unrecorded(
        &self,
        question: &Question,
        posted: &[MessageTs],
        recorded: &[MessageTs],
    ) -> Result<bool, ThreadError> {
        let unrecorded: Vec<_> = posted.iter().filter(|ts| !recorded.contains(ts)).collect();
        if unrecorded.is_empty() {
            return Ok(true);
        }
        let told = match self.store.look(&question.conversation, question.ts).await? {
            Look::Dead { told } => told,
            _ => None,
        };
        for ts in unrecorded {
            let gone = if told == Some(*ts) {
                self.restore_notice(question, *ts).await
            } else {
                self.delete_own(question, *ts).await
            };
            if !gone {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The clean-up of a question of which more than its answer may stand in Slack.
    pub(crate) async fn sweep(&self, delivery: &impl Delivery, question: &Question) -> Result<Decision, ThreadError> {
        let recorded = match self.store.look(&question.conversation, question.ts).await? {
            Look::Done(recorded) => recorded,
            Look::Dead { .. } | Look::Withdrawn => Vec::new(),
            Look::Open => return Ok(Decision::ParkSweep("sweep_waits")),
            // Redis forgot it: this copy may be the only one left, so it is claimed like any other.
            Look::Unknown => return self.decide(delivery, question, false).await,
        };
        let again = if self.is_given_up(question, delivery.headers().replay.is_some()) {
            Decision::Ack("sweep_given_up")
        } else {
            Decision::ParkSweep("sweep_waits")
        };
        if self.dependencies.slack_left().is_some() {
            return Ok(again);
        }
        let own = match self.own_messages(question).await {
            Ok(own) => own,
            Err(error) => {
                tracing::warn!(
                    slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                    "{}:{} cannot be cleaned up yet: {}", question.channel, question.ts, chain(&error),
                );
                return Ok(again);
            }
        };
        let key = question.event_key();
        let answers = own.iter().filter(|seen| seen.part_of_answer_to(&key).is_some());
        let mut left: Vec<MessageTs> = answers.map(|seen| seen.ts).collect();
        // Asked after the messages were read: a stream that was begun before is known, or said to be beginning.
        let streams = self.store.streams(&question.conversation, question.ts).await?;
        let drafts = self.drafts(question, &own, streams.own.as_ref(), &streams.others);
        if !drafts.is_empty() && streams.another_begins {
            return Ok(again);
        }
        left.extend(drafts);
        let clean = self.remove_unrecorded(question, &left, &recorded).await?;
        Ok(if clean { Decision::Ack("swept") } else { again })
    }

    /// Messages that show an answer to this question which is not finished: those that say so, the one that Redis knows, and
    /// those without metadata that appeared when its stream was announced and are not another question's (`others`). Every
    /// other message of ours has metadata.
    pub(crate) fn drafts(
        &self,
        question: &Question,
        own: &[Seen],
        stream: Option<&Stream>,
        others: &[MessageTs],
    ) -> Vec<MessageTs> {
        let key = question.event_key();
        let margin = self.delivery.clock_margin;
        let window = stream.map(|stream| {
            let calls = self.delivery.post_start + self.delivery.post_timeout + CLEAN_UP_AFTER;
            (stream.announced.saturating_sub(millis(margin)), stream.announced + millis(calls + margin))
        });
        let is_draft = |seen: &&Seen| {
            let is_plain = seen.mark.is_none() && matches!(seen.subtype.as_deref(), None | Some("bot_message"));
            let known = stream.is_some_and(|stream| stream.message == Some(seen.ts));
            let timely = window.is_some_and(|(from, to)| (from..=to).contains(&seen.ts.millis()));
            seen.is_draft_for(&key) || is_plain && (known || timely && !others.contains(&seen.ts))
        };
        own.iter().filter(is_draft).map(|seen| seen.ts).collect()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
