//! The message that told a person that their question was given up, when the question is replayed: the answer takes its
//! place, so that they see one message and not an apology beside an answer.

use answers::Answerer;
use shared::{answer::Format, ids::EventKey, task::Question, telemetry::chain, ts::MessageTs};
use slack::{
    CallError, PostError,
    replies::{Metadata, Post},
};
use threads::{ThreadError, ThreadStore};

use crate::{
    shown::Draft,
    wording,
    worker::{Try, Worker},
};

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
    /// Posts a notice; into the message that shows an unfinished answer, if there is one.
    pub(crate) async fn post_notice(
        &self,
        question: &Question,
        text: &str,
    ) -> Result<Result<MessageTs, PostError>, ThreadError> {
        let (key, never) = (question.event_key(), || false);
        let post = notice(question, &key, text);
        let stream = self.store.streams(&question.conversation, question.ts).await?.own;
        if let Some(ts) = stream.and_then(|stream| stream.message) {
            match self.complete(&Draft { ts, stream: None }, &post, &never).await {
                Ok(_) => return Ok(Ok(ts)),
                Err(CallError::Refused { refusal, .. }) if refusal.is_about_the_changed_message() => {}
                Err(error) => return Ok(Err(error.into())),
            }
        }
        Ok(self.replies.post(&post).await)
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
    pub(crate) async fn remove_outdated_notice(&self, attempt: &Try<'_>, answer: &[MessageTs]) {
        let Try { question, grant, .. } = attempt;
        let Some(notice) = grant.notice.filter(|notice| !answer.contains(notice)) else { return };
        if let Err(error) = self.replies.delete(&question.channel, notice).await {
            tracing::warn!(
                slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(), %notice,
                "{}:{} is answered, and the notice {notice} that it was not still stands beside the answer: {}",
                question.channel, question.ts, chain(&error),
            );
        }
    }
}
