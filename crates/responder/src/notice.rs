//! The message that told a person that their question was given up, when the question is replayed: the answer takes its
//! place, so that they see one message and not an apology beside an answer.

use std::time::Instant;

use answers::Answerer;
use shared::{answer::Format, ids::EventKey, task::Question, telemetry::chain, ts::MessageTs};
use slack::{
    CallError, PostError,
    replies::{Metadata, Post},
};
use threads::ThreadStore;

use crate::{
    wording,
    worker::{Try, Worker},
};

/// How an answer became visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// As a message of its own.
    Posted(MessageTs),
    /// In the place of the notice.
    InPlace(MessageTs),
    /// Not at all: too much time had passed since it was announced.
    TooLate,
}

/// The notice, as it is posted.
pub(crate) fn notice<'a>(question: &'a Question, key: &EventKey, text: &'a str) -> Post<'a> {
    Post {
        channel: &question.channel,
        thread_ts: question.conversation.thread_ts(),
        text,
        format: Format::Plain,
        metadata: Metadata::notice(key),
    }
}

impl<S: ThreadStore, A: Answerer> Worker<S, A> {
    /// Sends an answer: into the place of the notice if there is one that can be changed, else as a new message. Putting it
    /// there twice is as good as once, so an outcome that is not known does no harm; it is looked up like that of a post.
    /// Whoever takes over looks in Slack once the time to post is over, so nothing is posted late after `announced`.
    pub(crate) async fn send(&self, attempt: &Try<'_>, post: &Post<'_>, announced: Instant) -> Result<Sent, PostError> {
        let Try { question, grant, .. } = attempt;
        let is_too_late = || announced.elapsed() > self.delivery.post_start;
        if is_too_late() {
            return Ok(Sent::TooLate);
        }
        if let Some(notice) = grant.notice {
            match self.replies.replace(notice, post).await {
                Ok(()) => return Ok(Sent::InPlace(notice)),
                Err(CallError::Refused { refusal, .. }) if refusal.is_about_the_changed_message() => tracing::info!(
                    slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                    %notice, "the answer to {}:{} is posted anew, it cannot take the notice's place: `{}`",
                    question.channel, question.ts, refusal.error,
                ),
                Err(error) => return Err(error.into()),
            }
        }
        if is_too_late() {
            return Ok(Sent::TooLate);
        }
        self.replies.post(post).await.map(Sent::Posted)
    }

    /// An answer was put into the place of a notice, and the question had been given up again meanwhile: the notice is put
    /// back. Whether it is.
    pub(crate) async fn restore_notice(&self, question: &Question, ts: MessageTs) -> bool {
        let text = wording::given_up(0);
        match self.replies.replace(ts, &notice(question, &question.event_key(), &text)).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(
                    slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                    "{}:{} was given up, and an answer that nobody recorded still stands in the notice's place: {}",
                    question.channel, question.ts, chain(&error),
                );
                false
            }
        }
    }

    /// The question is answered by another message than its notice: an apology beside it would only confuse.
    pub(crate) async fn remove_outdated_notice(&self, attempt: &Try<'_>, answer: MessageTs) {
        let Try { question, grant, .. } = attempt;
        let Some(notice) = grant.notice.filter(|notice| *notice != answer) else { return };
        if let Err(error) = self.replies.delete(&question.channel, notice).await {
            tracing::warn!(
                slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(), %notice,
                "{}:{} is answered, and the notice {notice} that it was not still stands beside the answer: {}",
                question.channel, question.ts, chain(&error),
            );
        }
    }
}
