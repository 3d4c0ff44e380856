//! Shows an answer while it is made: in a message that grows.
//!
//! The message is announced in Redis before it is begun, and noted there when Slack has said which one it is; who dies in
//! between leaves a message that only the announcement tells from another one. It carries the answer's metadata when its
//! text is complete, never before, so that nobody takes it for the answer. What follows is in `put.rs`.
//!
//! Calls for an answer that takes 100 s: two statuses, the start, eight that add, the end.

use std::{
    future::Future,
    pin::Pin,
    sync::PoisonError,
    time::{Duration, Instant},
};

use answers::{AnswerError, Answerer, DraftReader};
use shared::{
    answer::{Answer, Format},
    ids::ChannelId,
    task::Question,
    telemetry::chain,
    ts::MessageTs,
};
use slack::{
    CallError, PostError,
    markdown::length,
    replies::{Metadata, Post, Recipient, Refusal, StreamError},
};
use threads::{
    ThreadError, ThreadStore,
    outcome::{Announced, Begun, Noted, Previous},
};

use crate::{
    answering::log_step,
    lease::Held,
    shown::Draft,
    worker::{Try, Worker},
};

/// The first addition comes this long after the start, each further one after a pause that is 1.6 times as long: people
/// see at once that something happens, and a long answer costs few calls.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The part of a deadline that is kept for finishing: half an answer with a remark is better than none.
const FINISHING: u32 = 20;

/// In characters, fewer than [a message takes](slack::markdown::MAX_CHARACTERS); what is not shown before is added at the end,
/// or becomes another message.
const MOST_SHOWN: usize = 9_000;

/// Channels that are known to take no streams; with more, Slack is asked again.
const MOST_UNSTREAMED: usize = 10_000;

/// How making an answer ended.
pub(crate) enum Made {
    /// The answerer is done with it.
    Ended(Result<Answer, AnswerError>),
    /// It took longer than this.
    TooLate(Duration),
    /// Another worker may own the thread.
    Lost,
    /// The process is stopping.
    Stopping,
    /// Nobody knows whether Slack has begun to show it.
    InDoubt(PostError),
}

/// What became of the first call.
enum Started {
    /// People see the beginning.
    Shown,
    /// They do not: the answer is posted as a whole.
    NotShown,
    /// Nobody knows.
    InDoubt(PostError),
    /// The question is not ours any more.
    Lost,
}

/// How the message is changed while it grows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// As a stream.
    Stream,
    /// Where Slack takes no streams: posted, and replaced as a whole.
    Edited,
}

impl<S: ThreadStore, A: Answerer> Worker<S, A> {
    /// Makes the answer under the lease and within its deadline, and shows it meanwhile as far as it may be shown. Also
    /// whether a status may be on its way and appear after the answer.
    pub(crate) async fn make(
        &self,
        attempt: &Try<'_>,
        mut drafts: DraftReader,
        mut answering: Pin<&mut impl Future<Output = Result<Answer, AnswerError>>>,
    ) -> Result<(Made, bool), ThreadError> {
        let question = attempt.question;
        let started = Instant::now();
        let first = attempt.grant.attempts <= 1;
        let deadline = if first { self.delivery.answer_deadline } else { self.delivery.retry_deadline };
        drafts.finish_by(started + finish_within(deadline));
        let streams = self.may_stream(attempt);
        if !streams {
            drafts.hide();
        }
        let mut reader = drafts.clone();
        let begun = async {
            if !streams || !has_text(&mut reader).await {
                std::future::pending::<()>().await;
            }
        };
        let first_words = async {
            tokio::select! {
                biased;
                made = &mut answering => Some(made),
                () = begun => None,
            }
        };
        let waiting = tokio::time::timeout(deadline, self.tell_meanwhile(question, drafts.clone(), first_words));
        let late = match self.lease(attempt).hold(&self.soft, waiting).await {
            Held::Completed(Ok((Some(made), late))) => return Ok((Made::Ended(made), late)),
            Held::Completed(Ok((None, late))) => late,
            Held::Completed(Err(_)) => return Ok((Made::TooLate(deadline), false)),
            Held::Lost => return Ok((Made::Lost, false)),
            Held::Stopping => return Ok((Made::Stopping, false)),
        };
        // The first call is not abandoned when the process stops: nobody else knows which message it has begun. The lease
        // of an announced post is longer than it.
        let mut made = None;
        let begun = {
            let mut beginning = std::pin::pin!(self.begin(attempt, drafts.now().text));
            alongside(beginning.as_mut(), answering.as_mut(), &mut made).await?
        };
        let how = match begun {
            (Started::Shown, how) => Some(how),
            (Started::NotShown, _) => None,
            (Started::InDoubt(error), _) => return Ok((Made::InDoubt(error), late)),
            (Started::Lost, _) => return Ok((Made::Lost, late)),
        };
        if let Some(made) = made {
            return Ok((Made::Ended(made), late));
        }
        let deadline = if how.is_some() { self.delivery.stream_deadline } else { deadline };
        drafts.finish_by(started + finish_within(deadline));
        let growing = self.grow(attempt, &mut drafts, answering, how);
        let left = deadline.saturating_sub(started.elapsed());
        let held = self.lease(attempt).hold(&self.soft, tokio::time::timeout(left, growing)).await;
        let made = match held {
            Held::Completed(Ok(made)) => Made::Ended(made),
            Held::Completed(Err(_)) => Made::TooLate(deadline),
            Held::Stopping => Made::Stopping,
            Held::Lost => Made::Lost,
        };
        Ok((made, late))
    }

    /// Whether Slack has said that it streams nothing in this channel.
    fn is_unstreamed(&self, channel: &ChannelId) -> bool {
        self.unstreamed.lock().unwrap_or_else(PoisonError::into_inner).contains(channel)
    }

    fn note_unstreamed(&self, question: &Question, refusal: &Refusal) {
        let mut unstreamed = self.unstreamed.lock().unwrap_or_else(PoisonError::into_inner);
        if unstreamed.len() >= MOST_UNSTREAMED {
            unstreamed.clear();
        }
        unstreamed.insert(question.channel.clone());
        tracing::info!(
            slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
            "Slack streams no answers in {}, they are posted and changed as they grow: {refusal}", question.channel,
        );
    }

    /// Whether this attempt may show its answer before it is complete. One question has one such message: an attempt that
    /// comes after another one goes on in it, once its answer is complete.
    fn may_stream(&self, attempt: &Try<'_>) -> bool {
        let grant = &attempt.grant;
        self.streaming
            && attempt.question.conversation.thread_ts().is_some()
            && grant.stream.is_none()
            && grant.notice.is_none()
            && grant.kept.is_none()
            && grant.previous == Previous::Open
    }

    /// Announces the message, begins it, and notes which one it is.
    async fn begin(&self, attempt: &Try<'_>, text: String) -> Result<(Started, How), ThreadError> {
        let Try { question, owner, .. } = attempt;
        let how = if self.is_unstreamed(&question.channel) { How::Edited } else { How::Stream };
        if !self.may_begin(&question.channel, how == How::Stream).await? {
            return Ok((Started::NotShown, how));
        }
        let Ok(pass) = self.dependencies.enter_slack() else { return Ok((Started::NotShown, how)) };
        let announced = Instant::now();
        let (conversation, lease) = (&question.conversation, self.delivery.post_lease);
        match self.store.begin_post(conversation, question.ts, owner, Announced::Stream, lease).await? {
            Begun::Ok => {}
            _ => return Ok((Started::Lost, how)),
        }
        let (outcome, how) = self.call_begin(attempt, &text, how, announced).await;
        if let Some(outcome) = &outcome {
            pass.posted(outcome);
        }
        match outcome {
            Some(Ok(ts)) => {
                log_step(question, "streaming");
                let stream = (how == How::Stream).then_some(text);
                attempt.shown().draft = Some(Draft { ts, stream });
                self.note_draft(attempt, Some(ts)).await?;
                Ok((Started::Shown, how))
            }
            Some(Err(error @ PostError::Unknown(_))) => {
                attempt.shown().in_doubt = true;
                Ok((Started::InDoubt(error), how))
            }
            Some(Err(error)) => {
                if let PostError::RateLimited { retry_after } = &error {
                    self.hold_streams(*retry_after).await?;
                }
                tracing::info!(
                    slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                    "the answer to {}:{} is posted as a whole, Slack does not show it while it is made: {}",
                    question.channel, question.ts, chain(&error),
                );
                self.note_draft(attempt, None).await?;
                Ok((Started::NotShown, how))
            }
            None => {
                self.note_draft(attempt, None).await?;
                Ok((Started::NotShown, how))
            }
        }
    }

    /// Begins a stream; where Slack takes none, posts a message that is replaced as it grows. None = nothing was begun: whoever
    /// takes over looks in Slack when the time to post is over, so no call is begun long after it was `announced`.
    async fn call_begin(
        &self,
        attempt: &Try<'_>,
        text: &str,
        how: How,
        announced: Instant,
    ) -> (Option<Result<MessageTs, PostError>>, How) {
        let question = attempt.question;
        let is_too_late = || announced.elapsed() > self.delivery.post_start;
        if let (How::Stream, Some(root)) = (how, question.conversation.thread_ts()) {
            if is_too_late() {
                return (None, how);
            }
            let recipient = Recipient { team: &question.team, user: &question.user };
            match self.replies.start_stream(&question.channel, root, recipient, text).await {
                Ok(ts) => return (Some(Ok(ts)), how),
                Err(StreamError::Call(error)) => return (Some(Err(error.into())), how),
                Err(StreamError::NotSupported(refusal)) => self.note_unstreamed(question, &refusal),
                // Over says something about this message alone: the channel's next one is streamed.
                Err(_) => {}
            }
        }
        if is_too_late() {
            return (None, how);
        }
        (Some(self.replies.post(&draft_post(attempt, text)).await), How::Edited)
    }

    /// Notes the message in Redis. What it says is true whoever owns the question; if that is decided already the message is
    /// removed later.
    pub(crate) async fn note_draft(&self, attempt: &Try<'_>, message: Option<MessageTs>) -> Result<Noted, ThreadError> {
        let question = attempt.question;
        self.store.note_stream(&question.conversation, question.ts, message).await
    }

    /// Adds what has come, at growing intervals, until the answer is complete.
    async fn grow<F: Future<Output = Result<Answer, AnswerError>>>(
        &self,
        attempt: &Try<'_>,
        drafts: &mut DraftReader,
        mut answering: Pin<&mut F>,
        how: Option<How>,
    ) -> F::Output {
        let Some(how) = how else { return answering.await };
        let mut shown = attempt.shown().draft.as_ref().and_then(|draft| draft.stream.clone()).unwrap_or_default().len();
        let mut pause = FIRST_PAUSE;
        loop {
            tokio::select! {
                biased;
                made = &mut answering => return made,
                () = tokio::time::sleep(pause) => {}
            }
            let text = drafts.now().text;
            if text.len() <= shown {
                // Nothing new: waits for it, and does not lengthen the pause.
                tokio::select! {
                    biased;
                    made = &mut answering => return made,
                    more = drafts.changed() => if !more { return answering.await },
                }
                continue;
            }
            if length(&text) > MOST_SHOWN {
                return answering.await;
            }
            let mut made = None;
            let added = {
                let mut adding = std::pin::pin!(self.add(attempt, &text, how));
                alongside(adding.as_mut(), answering.as_mut(), &mut made).await
            };
            if let Some(made) = made {
                return made;
            }
            if added.is_none() {
                return answering.await;
            }
            if added == Some(true) {
                shown = text.len();
            }
            pause = longer(pause);
        }
    }

    /// Makes the message say `text`, which begins with what it says. Whether it does; none = it takes no more.
    async fn add(&self, attempt: &Try<'_>, text: &str, how: How) -> Option<bool> {
        let question = attempt.question;
        let draft = attempt.shown().draft.clone()?;
        if !self.may_add(how == How::Stream).await {
            return Some(false);
        }
        if how == How::Edited {
            return match self.replies.replace(draft.ts, &draft_post(attempt, text)).await {
                Ok(()) => Some(true),
                // It says the same twice, so it may be repeated.
                Err(CallError::Unknown { .. } | CallError::NotSent { .. } | CallError::RateLimited { .. }) => {
                    Some(false)
                }
                Err(_) => None,
            };
        }
        let said = draft.stream?;
        let more = text.get(said.len()..).unwrap_or_default();
        let outcome = self.replies.append_stream(&question.channel, draft.ts, more).await;
        let mut shown = attempt.shown();
        let draft = shown.draft.as_mut()?;
        match outcome {
            Ok(()) => {
                draft.stream = Some(text.to_owned());
                Some(true)
            }
            // Not one word of it was added.
            Err(StreamError::Call(CallError::NotSent { .. } | CallError::RateLimited { .. })) => Some(false),
            Err(error) => {
                tracing::debug!("{}:{} grows no more: {}", question.channel, question.ts, chain(&error));
                draft.stream = None;
                None
            }
        }
    }
}

/// A draft as an ordinary message.
fn draft_post<'a>(attempt: &'a Try<'_>, text: &'a str) -> Post<'a> {
    let question = attempt.question;
    Post {
        channel: &question.channel,
        thread_ts: question.conversation.thread_ts(),
        text,
        format: Format::Markdown,
        metadata: Metadata::draft(&question.event_key()),
    }
}

/// The pause after the next addition.
fn longer(pause: Duration) -> Duration {
    (pause * 8 / 5).min(LONGEST_PAUSE)
}

/// Waits until there is something to show; false = there never is.
/// The time after which an answerer is to come to an end.
fn finish_within(deadline: Duration) -> Duration {
    deadline.saturating_sub(deadline / FINISHING)
}

async fn has_text(drafts: &mut DraftReader) -> bool {
    while drafts.now().text.is_empty() {
        if !drafts.changed().await {
            return false;
        }
    }
    true
}

/// Runs `work` to its end while the answer goes on being made; `made` = it was completed meanwhile.
async fn alongside<T, M>(
    mut work: Pin<&mut impl Future<Output = T>>,
    mut answering: Pin<&mut impl Future<Output = M>>,
    made: &mut Option<M>,
) -> T {
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            answer = &mut answering, if made.is_none() => *made = Some(answer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Additions to a message that grows for so long.
    fn additions(lasting: Duration) -> usize {
        let times = std::iter::successors(Some((FIRST_PAUSE, FIRST_PAUSE)), |(at, pause)| {
            let pause = longer(*pause);
            Some((*at + pause, pause))
        });
        times.take_while(|(at, _)| *at < lasting).count()
    }

    #[test]
    fn an_answer_of_two_thousand_tokens_costs_at_most_twelve_calls() {
        // Twenty tokens a second is slow for a hosted model. Two statuses, the start, the end.
        let calls = 2 + 1 + additions(Duration::from_secs(2000 / 20)) + 1;
        assert!(calls <= 12, "{calls}");
    }

    #[tokio::test]
    async fn what_is_complete_meanwhile_is_kept_while_a_call_is_under_way() {
        let (sent, mut received) = tokio::sync::oneshot::channel::<u8>();
        let mut made = None;
        let work = async {
            sent.send(7).expect("somebody listens");
            tokio::task::yield_now().await;
            "done"
        };
        let done = alongside(std::pin::pin!(work), std::pin::pin!(&mut received), &mut made).await;
        assert_eq!((done, made), ("done", Some(Ok(7))));
    }
}
