//! Posts an answer once, and records it.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use answers::Answerer;
use queue::Delivery;
use rand::{SeedableRng, rngs::StdRng};
use shared::{
    ids::AnswerName,
    retry::{self, Backoff},
    telemetry::chain,
    ts::MessageTs,
};
use slack::{
    PostError,
    replies::{Metadata, Part, Post, Refusal, RefusalKind},
};
use threads::{
    ThreadError, ThreadStore,
    outcome::{Announced, Attempt, Begun, Finish, Finished, KeptAnswer, Permit, State},
};
use tracing::Instrument as _;

use crate::{
    answering::{FIRST_PAUSE, log_step},
    decision::Decision,
    lease::Held,
    put::Sent,
    rebuild::Memory,
    waiting::Reason,
    worker::{Try, Worker},
};

/// Between two tries to record an answer that is already visible.
const FINISH_BACKOFF: Backoff = Backoff { first: Duration::from_millis(200), longest: Duration::from_secs(5) };

/// An answer that people see.
pub(crate) struct Visible<'a> {
    /// Its messages, in order.
    pub(crate) ts: Vec<MessageTs>,
    pub(crate) text: &'a str,
    /// How it came to be recorded, for logs and metrics.
    pub(crate) outcome: &'static str,
}

impl<S: ThreadStore, A: Answerer> Worker<S, A> {
    /// Posts what is missing of an answer, one message after the other, and finishes. None = the claim is no longer ours:
    /// claim again.
    pub(crate) async fn post(
        &self,
        delivery: &impl Delivery,
        attempt: &Try<'_>,
        memory: &Memory,
        kept: &KeptAnswer,
    ) -> Result<Option<Decision>, ThreadError> {
        let mut outcome = "answered";
        for place in 0..kept.parts().len() {
            if attempt.shown().part(place).is_some() {
                continue;
            }
            match self.post_part(delivery, attempt, kept, place).await? {
                ControlFlow::Continue(how) if place == 0 => outcome = how,
                ControlFlow::Continue(_) => {}
                ControlFlow::Break(end) => return Ok(end),
            }
        }
        log_step(attempt.question, "posted");
        if !attempt.replayed {
            metrics::histogram!("threadkeeper_question_seconds").record(self.age(attempt.question));
        }
        let ts = attempt.shown().messages();
        self.finish(delivery, attempt, memory, Visible { ts, text: &kept.answer.text, outcome }).await
    }

    /// Announces one message of an answer in Redis, and sends it. Goes on with how it became visible.
    async fn post_part(
        &self,
        delivery: &impl Delivery,
        attempt: &Try<'_>,
        kept: &KeptAnswer,
        place: usize,
    ) -> Result<ControlFlow<Option<Decision>, &'static str>, ThreadError> {
        let question = attempt.question;
        let stop = |end| Ok(ControlFlow::Break(end));
        let draft = attempt.shown().draft.clone().filter(|_| place == 0);
        let permit = async {
            match &draft {
                Some(draft) => self.permit_completion(draft.stream.is_some()).await,
                None => self.permit(&question.channel).await,
            }
        };
        match self.lease(attempt).hold(&self.soft, permit).await {
            Held::Completed(Ok(Permit::Granted)) => {}
            Held::Completed(Ok(Permit::Wait(wait))) => {
                return stop(self.keep(attempt, kept, wait, Reason::Paced).await?);
            }
            Held::Completed(Err(error)) => return Err(error),
            Held::Lost => return stop(None),
            // With a draft it is quickly done, and handing it over would make the answer twice.
            Held::Stopping if draft.is_some() => {}
            Held::Stopping => return stop(self.hand_over(attempt).await?),
        }
        let pass = match self.dependencies.enter_slack() {
            Ok(pass) => pass,
            Err(left) => return stop(self.keep(attempt, kept, left, Reason::SlackAway).await?),
        };
        let announced = Instant::now();
        if let ControlFlow::Break(end) = self.announce(attempt, kept).await? {
            return stop(end);
        }
        log_step(question, "posting");
        let parts = kept.parts();
        let part = Part { number: place + 1, of: parts.len() };
        let post = Post {
            channel: &question.channel,
            thread_ts: question.conversation.thread_ts(),
            text: parts[place],
            format: kept.answer.format,
            metadata: Metadata::answer(&question.event_key(), part, &AnswerName::of(&parts)),
        };
        let outcome = self.send(attempt, &post, place == 0, announced).instrument(tracing::debug_span!("post")).await;
        pass.posted(&outcome);
        let (ts, how) = match outcome {
            Ok(Sent::TooLate) => return stop(Some(self.not_posted(attempt, Duration::ZERO, Reason::PostLate).await?)),
            Ok(Sent::Posted(ts)) => (ts, "answered"),
            Ok(Sent::InPlace(ts)) => (ts, "answered_in_place"),
            // A status goes when a message begins; one that is taken over began before.
            Ok(Sent::Completed(ts)) if attempt.grant.stream.is_none() => (ts, "answered_in_stream"),
            Ok(Sent::Completed(ts)) => (ts, "stream_completed"),
            Err(error) => return stop(self.post_failed(delivery, attempt, error).await?),
        };
        attempt.shown().put_part(place, ts);
        // A draft that could not become the answer must not stay beside it.
        if let Some(draft) = draft.filter(|draft| draft.ts != ts)
            && !self.delete_own(question, draft.ts).await
            && self.leave_sweep(delivery, question).await.is_err()
        {
            tracing::error!(
                slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                "an unfinished answer {} still stands beside that to {}:{}; remove it by hand", draft.ts,
                question.channel, question.ts,
            );
        }
        Ok(ControlFlow::Continue(how))
    }

    /// Announces the post in Redis, which keeps the answer. Breaks where there is nothing to post.
    async fn announce(
        &self,
        attempt: &Try<'_>,
        kept: &KeptAnswer,
    ) -> Result<ControlFlow<Option<Decision>>, ThreadError> {
        let Try { question, owner, .. } = attempt;
        let lease = self.delivery.post_lease;
        Ok(
            match self
                .store
                .begin_post(&question.conversation, question.ts, owner, Announced::Answer(kept), lease)
                .await?
            {
                Begun::Ok => ControlFlow::Continue(()),
                Begun::Done(_) => ControlFlow::Break(Some(Decision::Ack("done"))),
                Begun::Withdrawn => ControlFlow::Break(Some(Decision::Ack("withdrawn"))),
                Begun::Dead | Begun::Lost | Begun::OtherEpoch => ControlFlow::Break(None),
            },
        )
    }

    /// Nothing may be posted at present: the answer is kept for whoever posts it, and not made a second time.
    async fn keep(
        &self,
        attempt: &Try<'_>,
        kept: &KeptAnswer,
        wait: Duration,
        reason: Reason,
    ) -> Result<Option<Decision>, ThreadError> {
        if attempt.grant.kept.as_ref() != Some(kept)
            && let ControlFlow::Break(end) = self.announce(attempt, kept).await?
        {
            return Ok(end);
        }
        self.not_posted(attempt, wait, reason).await.map(Some)
    }

    pub(crate) async fn post_failed(
        &self,
        delivery: &impl Delivery,
        attempt: &Try<'_>,
        error: PostError,
    ) -> Result<Option<Decision>, ThreadError> {
        let question = attempt.question;
        let (channel, ts) = (&question.channel, question.ts);
        match error {
            PostError::NotPosted(cause) => {
                tracing::warn!(
                    slack.channel_id = %channel, slack.ts = %ts, event_key = %question.event_key(),
                    "Slack cannot be reached, {channel}:{ts} waits: {}", chain(&*cause),
                );
                let pause = self.dependencies.slack_left().unwrap_or(FIRST_PAUSE);
                self.not_posted(attempt, pause, Reason::SlackAway).await.map(Some)
            }
            PostError::RateLimited { retry_after } => {
                tracing::warn!(
                    slack.channel_id = %channel, slack.ts = %ts, event_key = %question.event_key(),
                    "Slack asks to wait {} s, {channel}:{ts} waits", retry_after.as_secs(),
                );
                metrics::counter!("threadkeeper_rate_limited_total").increment(1);
                self.hold_posts(channel, retry_after).await?;
                self.not_posted(attempt, retry_after, Reason::RateLimited).await.map(Some)
            }
            PostError::Refused(refusal) => self.refused(attempt, &refusal).await.map(Some),
            unknown => {
                tracing::warn!(
                    slack.channel_id = %channel, slack.ts = %ts, event_key = %question.event_key(),
                    "it is not known whether Slack has posted the answer to {channel}:{ts}; the next attempt looks: \
                     {}", chain(&unknown),
                );
                // Should Slack have posted it after all, the clean-up removes it: its person reads a notice.
                if let Some(given_up) = self.waited_too_long(attempt, Reason::SlackSilent)
                    && self.leave_sweep(delivery, question).await.is_ok()
                {
                    return Ok(Some(given_up));
                }
                // The lease ends by itself if Redis is away; the clean-up must be left in any case.
                if let Err(error) = self.release(attempt, State::Keep, Attempt::Back).await {
                    tracing::warn!("the thread of {channel}:{ts} is not given back: {}", chain(&error));
                }
                Ok(Some(Decision::ParkUnknown))
            }
        }
    }

    /// Slack says that it did not post.
    async fn refused(&self, attempt: &Try<'_>, refusal: &Refusal) -> Result<Decision, ThreadError> {
        let question = attempt.question;
        let (channel, ts) = (&question.channel, question.ts);
        match refusal.kind {
            RefusalKind::Token | RefusalKind::Transient => {
                tracing::warn!(
                    slack.channel_id = %channel, slack.ts = %ts, event_key = %question.event_key(),
                    "Slack takes no answers at present, {channel}:{ts} waits: {refusal}",
                );
                let pause = self.dependencies.slack_left().unwrap_or(FIRST_PAUSE);
                self.not_posted(attempt, pause, Reason::SlackRefuses).await
            }
            // Nobody can be answered there, now or by another attempt.
            RefusalKind::Channel => Ok(Decision::GiveUp {
                reason: format!("Slack refuses the channel: {}", refusal.error),
                attempts: attempt.grant.attempts,
            }),
            _ => self.fail(attempt, &format!("Slack refuses the answer: {}", refusal.error)).await,
        }
    }

    /// Nothing more was posted, and the question is not to blame: it is open again, unless a part of its answer is or may be
    /// there, and this attempt does not count.
    pub(crate) async fn not_posted(
        &self,
        attempt: &Try<'_>,
        wait: Duration,
        reason: Reason,
    ) -> Result<Decision, ThreadError> {
        if let Some(given_up) = self.waited_too_long(attempt, reason) {
            return Ok(given_up);
        }
        let state = if attempt.shown().leaves_it_open() { State::Open } else { State::Keep };
        self.release(attempt, state, Attempt::Back).await?;
        Ok(Decision::Park(retry::wait_at_least(&self.delivery.waits, wait), reason))
    }

    /// The end of a question that something broken has kept from being answered for longer than `delivery.give_up`.
    pub(crate) fn waited_too_long(&self, attempt: &Try<'_>, reason: Reason) -> Option<Decision> {
        self.is_given_up(attempt.question, attempt.replayed).then(|| Decision::GiveUp {
            reason: format!("it waited for longer than delivery.give_up, at last because of `{}`", reason.as_str()),
            // This attempt is none.
            attempts: attempt.grant.attempts.saturating_sub(1),
        })
    }

    /// Records a visible answer. It asks until Redis has said what became of the question: what has been posted is never
    /// given up silently.
    pub(crate) async fn finish(
        &self,
        delivery: &impl Delivery,
        attempt: &Try<'_>,
        memory: &Memory,
        visible: Visible<'_>,
    ) -> Result<Option<Decision>, ThreadError> {
        let Visible { ts: posted, text, outcome } = visible;
        let Try { question, owner, grant, .. } = attempt;
        let (mut grant, mut base) = (grant.clone(), memory.base(&question.text, text));
        let mut random = StdRng::from_os_rng();
        for failure in 1.. {
            let (answer_ts, asked) = (posted.as_slice(), &question.text);
            let finish = Finish { answer_ts, question: asked, answer: text, grant: &grant, base: base.clone() };
            let finishing = self.store.finish(&question.conversation, question.ts, owner, finish);
            match finishing.instrument(tracing::debug_span!("finish")).await {
                Ok(Finished::Ok { entries }) => {
                    // With commas between them, as Redis keeps them.
                    let messages: Vec<String> = posted.iter().map(ToString::to_string).collect();
                    tracing::info!(
                        slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                        answer_ts = messages.join(","), turns = entries, attempt = grant.attempts, outcome,
                        "question {}:{} {outcome}, context saved ({entries} turns)", question.channel, question.ts,
                    );
                    self.remove_outdated_notice(attempt, &posted).await;
                    return Ok(Some(Decision::Ack(outcome)));
                }
                Ok(Finished::Done(recorded)) if posted.iter().all(|ts| recorded.contains(ts)) => {
                    return Ok(Some(Decision::Ack(outcome)));
                }
                Ok(ended @ (Finished::Done(_) | Finished::Dead | Finished::Withdrawn)) => {
                    let recorded = if let Finished::Done(recorded) = ended { recorded } else { Vec::new() };
                    let gone = self.remove_unrecorded(question, &posted, &recorded).await?;
                    return Ok(Some(if gone {
                        Decision::Ack("superseded")
                    } else {
                        Decision::ParkSweep("superseded")
                    }));
                }
                Ok(Finished::OtherEpoch) => {
                    // Redis lost data: another worker may answer before this one is recorded.
                    if self.leave_sweep(delivery, question).await.is_ok() {
                        return Ok(None);
                    }
                }
                Ok(Finished::NotYet) => {}
                Ok(Finished::BaseOutdated { recorded }) => match self.remember_anew(attempt).await {
                    Ok(memory) => (grant.recorded, base) = (recorded, memory.base(&question.text, text)),
                    Err(error) => tracing::warn!(
                        slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                        "the answer to {}:{} is visible and not recorded yet (try {failure}), Slack does not show its \
                         thread: {}", question.channel, question.ts, chain(&error),
                    ),
                },
                Err(error) => tracing::warn!(
                    slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                    "the answer to {}:{} is visible and not recorded yet (try {failure}): {}",
                    question.channel, question.ts, chain(&error),
                ),
            }
            tokio::time::sleep(FINISH_BACKOFF.delay(failure, &mut random)).await;
        }
        Ok(None)
    }
}
