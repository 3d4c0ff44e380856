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
use threads::{ThreadError, ThreadStore, outcome::Look};

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

    /// The clean-up of a question of which more than one answer may stand in Slack.
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
        match self.own_answers(question).await {
            Ok(own) => {
                for message in own.into_iter().filter(|message| !recorded.contains(&message.ts)) {
                    if !self.delete_own(question, message.ts).await {
                        return Ok(again);
                    }
                }
                Ok(Decision::Ack("swept"))
            }
            Err(error) => {
                tracing::warn!(
                    slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                    "{}:{} cannot be cleaned up yet: {}", question.channel, question.ts, chain(&error),
                );
                Ok(again)
            }
        }
    }
}
