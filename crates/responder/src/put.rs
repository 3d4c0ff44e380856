//! Puts one message of an answer where it belongs: into the message that shows its draft, into the place of the notice that
//! it got no answer, or into a new message.

use std::time::Instant;

use answers::Answerer;
use shared::{answer::Format, ts::MessageTs};
use slack::{
    CallError, PostError,
    replies::{Post, StreamError},
};
use threads::ThreadStore;

use crate::{
    shown::Draft,
    worker::{Try, Worker},
};

/// How an answer became visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// As a message of its own.
    Posted(MessageTs),
    /// In the place of the notice.
    InPlace(MessageTs),
    /// In the message that showed its draft.
    Completed(MessageTs),
    /// Not at all: too much time had passed since it was announced.
    TooLate,
}

impl<S: ThreadStore, A: Answerer> Worker<S, A> {
    /// Sends a message of an answer; the first one goes into the message that is there for it, if there is one that can be
    /// changed. Putting it there twice is as good as once, so an outcome that is not known does no harm; it is looked up like
    /// that of a post. Whoever takes over looks in Slack once the time to post is over, so nothing is posted late after
    /// `announced`.
    pub(crate) async fn send(
        &self,
        attempt: &Try<'_>,
        post: &Post<'_>,
        first: bool,
        announced: Instant,
    ) -> Result<Sent, PostError> {
        let Try { question, grant, .. } = attempt;
        let is_too_late = || announced.elapsed() > self.delivery.post_start;
        if is_too_late() {
            return Ok(Sent::TooLate);
        }
        let draft = if first { attempt.shown().draft.clone() } else { None };
        let notice = grant.notice.filter(|_| first);
        let put = match (&draft, notice) {
            (Some(draft), _) => {
                let done = self.complete(draft, post, &is_too_late).await;
                Some((Sent::Completed(draft.ts), done))
            }
            (None, Some(notice)) => {
                let done = self.replies.replace(notice, post).await.map(|()| true);
                Some((Sent::InPlace(notice), done))
            }
            (None, None) => None,
        };
        match put {
            Some((sent, Ok(true))) => return Ok(sent),
            Some((_, Ok(false))) => return Ok(Sent::TooLate),
            Some((_, Err(CallError::Refused { refusal, .. }))) if refusal.is_about_the_changed_message() => {
                tracing::info!(
                    slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                    "the answer to {}:{} is posted anew, it cannot take the place of another message: `{}`",
                    question.channel, question.ts, refusal.error,
                );
            }
            Some((_, Err(error))) => return Err(error.into()),
            None => {}
        }
        if is_too_late() {
            return Ok(Sent::TooLate);
        }
        self.replies.post(post).await.map(Sent::Posted)
    }

    /// Makes the message of a draft the answer. A stream whose text is known is completed and marked by one call; else its
    /// whole text is replaced. False = not done: no call may be begun any more.
    pub(crate) async fn complete(
        &self,
        draft: &Draft,
        post: &Post<'_>,
        is_too_late: &impl Fn() -> bool,
    ) -> Result<bool, CallError> {
        let said = draft.stream.as_deref().filter(|_| post.format == Format::Markdown);
        if let Some(rest) = said.and_then(|said| post.text.strip_prefix(said)) {
            match self.replies.stop_stream(post.channel, draft.ts, rest, Some(&post.metadata)).await {
                Ok(()) => return Ok(true),
                Err(StreamError::Call(error)) => return Err(error),
                // Slack has ended it by itself, or its person has.
                Err(_) => {}
            }
        }
        if is_too_late() {
            return Ok(false);
        }
        match self.replies.replace(draft.ts, post).await {
            Err(CallError::Refused { refusal, .. }) if refusal.error == "streaming_state_conflict" => {}
            outcome => return outcome.map(|()| true),
        }
        if is_too_late() {
            return Ok(false);
        }
        // Unmarked: its text is not the answer's yet.
        if let Err(StreamError::Call(error)) = self.replies.stop_stream(post.channel, draft.ts, "", None).await {
            return Err(error);
        }
        if is_too_late() {
            return Ok(false);
        }
        self.replies.replace(draft.ts, post).await.map(|()| true)
    }
}
