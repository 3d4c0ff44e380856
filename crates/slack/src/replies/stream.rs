//! A message that grows while the bot writes it: `chat.startStream`, `.appendStream`, `.stopStream`.
//!
//! `chat.startStream` takes no metadata and `chat.stopStream` does, so a message that is streamed cannot be told from
//! another one before it is finished. Slack ends a stream after about five minutes by itself; then only `chat.update`
//! changes its message.

use serde_json::{Value, json};
use shared::{
    ids::{ChannelId, TeamId, UserId},
    ts::MessageTs,
};

use super::{Metadata, Refusal, Replies};
use crate::{
    error::{CallError, Doubt},
    markdown::silence_mentions,
};

/// Whom an answer is streamed to. Slack wants to know it outside of direct messages.
#[derive(Debug, Clone, Copy)]
pub struct Recipient<'a> {
    /// Their workspace.
    pub team: &'a TeamId,
    /// The person.
    pub user: &'a UserId,
}

/// A streaming call that did not succeed, by what is to be done instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// Nothing happened: Slack streams nothing here. An ordinary message does.
    #[error("Slack streams no answers here: {0}")]
    NotSupported(Refusal),
    /// Nothing happened: the message is not streamed any more, or its person stopped it. It can be changed.
    #[error("the message takes no more of the stream: {0}")]
    Over(Refusal),
    /// As every other call.
    #[error(transparent)]
    Call(CallError),
}

/// Words that say that a stream cannot be begun there, by whomever
/// (<https://docs.slack.dev/reference/methods/chat.startStream>, under "Errors").
const NOT_SUPPORTED: [&str; 11] = [
    "channel_type_not_supported",
    "method_not_supported_for_channel_type",
    "not_allowed",
    "not_allowed_token_type",
    "unknown_method",
    "method_deprecated",
    "missing_recipient_user_id",
    "missing_recipient_team_id",
    "user_not_found",
    "not_subscribed_to_message_stream_stopped",
    "restricted_action_non_threadable_channel",
];

/// Words that say that a stream has ended (<https://docs.slack.dev/reference/methods/chat.appendStream>, under "Errors").
const OVER: [&str; 3] = ["message_not_in_streaming_state", "streaming_state_conflict", "stopped_by_user"];

impl From<CallError> for StreamError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused { refusal, .. } if NOT_SUPPORTED.contains(&refusal.error.as_str()) => {
                Self::NotSupported(refusal)
            }
            CallError::Refused { refusal, .. } if OVER.contains(&refusal.error.as_str()) => Self::Over(refusal),
            error => Self::Call(error),
        }
    }
}

impl Replies {
    /// Begins a message in a thread (`chat.startStream`) with its first text, Markdown of up to 12,000 characters, and says
    /// where it stands. Sent once, never twice.
    ///
    /// # Errors
    /// [`CallError::Unknown`] in [`StreamError::Call`] when it may have been begun. All others say that it was not.
    pub async fn start_stream(
        &self,
        channel: &ChannelId,
        thread_ts: MessageTs,
        recipient: Recipient<'_>,
        markdown: &str,
    ) -> Result<MessageTs, StreamError> {
        const METHOD: &str = "chat.startStream";
        let body = json!({
            "channel": channel,
            "thread_ts": thread_ts.to_string(),
            "recipient_user_id": recipient.user,
            "recipient_team_id": recipient.team,
            "markdown_text": silence_mentions(markdown),
        });
        let answer = self.call(METHOD, async |session| session.http_session_api.http_post(METHOD, &body, None).await);
        let ts = answer.await?.get("ts").and_then(Value::as_str).and_then(|ts| ts.parse().ok());
        let doubt = Doubt::Unreadable("an answer without the message's ts");
        ts.ok_or_else(|| CallError::Unknown { method: METHOD, doubt }.into())
    }

    /// Adds Markdown of up to 12,000 characters to a message that is streamed (`chat.appendStream`).
    ///
    /// # Errors
    /// When the call failed; after [`CallError::Unknown`] nobody knows what the message says.
    pub async fn append_stream(&self, channel: &ChannelId, ts: MessageTs, markdown: &str) -> Result<(), StreamError> {
        const METHOD: &str = "chat.appendStream";
        let body = json!({ "channel": channel, "ts": ts.to_string(), "markdown_text": silence_mentions(markdown) });
        self.call(METHOD, async |session| session.http_session_api.http_post(METHOD, &body, None).await).await?;
        Ok(())
    }

    /// Ends a stream (`chat.stopStream`). With `metadata` the message is marked; the caller gives it only together with
    /// `rest` that completes the text. Both at once: who sees the mark sees the whole text.
    ///
    /// # Errors
    /// When the call failed; it may have been executed after [`CallError::Unknown`], and changes nothing when repeated.
    pub async fn stop_stream(
        &self,
        channel: &ChannelId,
        ts: MessageTs,
        rest: &str,
        metadata: Option<&Metadata>,
    ) -> Result<(), StreamError> {
        const METHOD: &str = "chat.stopStream";
        let mut body = json!({ "channel": channel, "ts": ts.to_string() });
        if !rest.is_empty() {
            body["markdown_text"] = silence_mentions(rest).into();
        }
        if let Some(metadata) = metadata {
            body["metadata"] = metadata.to_json();
        }
        self.call(METHOD, async |session| session.http_session_api.http_post(METHOD, &body, None).await).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("channel_type_not_supported", true, false)]
    #[case("missing_recipient_team_id", true, false)]
    #[case("stopped_by_user", false, true)]
    #[case("message_not_in_streaming_state", false, true)]
    #[case("channel_not_found", false, false)]
    fn a_refusal_says_what_to_do_instead(#[case] word: &str, #[case] not_supported: bool, #[case] over: bool) {
        let error = CallError::Refused { method: "chat.startStream", refusal: Refusal::of(word) };
        let error = StreamError::from(error);
        assert_eq!(matches!(error, StreamError::NotSupported(_)), not_supported);
        assert_eq!(matches!(error, StreamError::Over(_)), over);
    }
}
