//! Removes what a worker posted although another answer was recorded.

use std::time::Duration;

use answers::Answerer;
use rand::{SeedableRng, rngs::StdRng};
use shared::{
    retry::{self, Backoff},
    task::Question,
    ts::MessageTs,
};
use threads::{ThreadError, ThreadStore, outcome::Look};

use crate::worker::{Decision, Worker};

const DELETE_BACKOFF: Backoff = Backoff { first: Duration::from_millis(200), longest: Duration::from_secs(10) };

impl<S: ThreadStore, A: Answerer> Worker<S, A> {
    /// Deletes an own message, again and again until it is gone: two visible answers are what must not stay.
    pub(crate) async fn delete_own(&self, question: &Question, ts: MessageTs) {
        let mut random = StdRng::from_os_rng();
        for failure in 1.. {
            match self.replies.delete(&question.channel, ts).await {
                Ok(_) => {
                    metrics::counter!("threadkeeper_duplicates_removed_total").increment(1);
                    tracing::warn!(
                        slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                        removed = %ts, "a second answer to {}:{} was removed", question.channel, question.ts,
                    );
                    return;
                }
                Err(error) => tracing::error!(
                    slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                    "a second answer to {}:{} is visible and cannot be removed yet: {error}",
                    question.channel, question.ts,
                ),
            }
            tokio::time::sleep(DELETE_BACKOFF.delay(failure, &mut random)).await;
        }
    }

    /// The clean-up after a post whose outcome was unknown: Slack may have executed the call late.
    pub(crate) async fn sweep(&self, question: &Question) -> Result<Decision, ThreadError> {
        let again = Decision::Park(retry::wait_at_least(&self.delivery.waits, Duration::from_mins(2)), "sweep_waits");
        let recorded = match self.store.look(&question.conversation, question.ts).await? {
            Look::Done(recorded) => recorded,
            Look::Dead | Look::Withdrawn => Vec::new(),
            Look::Open => return Ok(again),
            // Redis forgot: nothing says which message is the right one.
            Look::Unknown => return Ok(Decision::Ack("sweep_unknown")),
        };
        match self.own_answers(question).await {
            Ok(own) => {
                for message in own.into_iter().filter(|message| !recorded.contains(&message.ts)) {
                    self.delete_own(question, message.ts).await;
                }
                Ok(Decision::Ack("swept"))
            }
            Err(error) => {
                tracing::warn!("{}:{} cannot be swept yet: {error}", question.channel, question.ts);
                Ok(again)
            }
        }
    }
}
