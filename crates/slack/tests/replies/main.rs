//! What a call's outcome says, against a server that answers or breaks off at a chosen moment.

#![expect(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

mod posting;
mod reading;
mod server;

use std::time::Duration;

use rstest::rstest;
use shared::{
    answer::Format,
    config::Secret,
    ids::{AnswerName, ChannelId, EventKey},
    ts::MessageTs,
};
use slack::{
    PostError, SlackError,
    replies::{Metadata, Part, Post, Replies},
};

/// Long enough for a busy machine; only tests of hanging servers wait for a timeout, a shorter one.
const GENEROUS: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(200);
/// The answer to a message that was posted.
const POSTED: &str = r#"{"ok":true,"channel":"C1","ts":"1764000009.000400"}"#;

fn replies(url: &str, timeout: Duration) -> Replies {
    Replies::new(url, &Secret::new("xoxb-test"), timeout).unwrap()
}

fn channel() -> ChannelId {
    ChannelId::new("C1")
}

fn ts(text: &str) -> MessageTs {
    text.parse().unwrap()
}

fn question() -> EventKey {
    EventKey::of(&channel(), &ts("1764000005.000200"))
}

async fn post_to(replies: &Replies) -> Result<MessageTs, PostError> {
    let channel = channel();
    let post = Post {
        channel: &channel,
        thread_ts: Some(ts("1764000005.000200")),
        text: "every 90 days",
        format: Format::Plain,
        metadata: Metadata::answer(&question(), Part::WHOLE, &AnswerName::of(&["one"])),
    };
    replies.post(&post).await
}

#[rstest]
#[case("", "xoxb-1")]
#[case("slack.com/api", "xoxb-1")]
#[case("https://slack.com/api", "")]
#[case("https://slack.com/api", "xoxb-1\n")]
fn an_address_or_token_that_cannot_be_used_is_refused_at_once(#[case] url: &str, #[case] token: &str) {
    let error = Replies::new(url, &Secret::new(token), GENEROUS).unwrap_err();
    assert!(matches!(error, SlackError::Url { .. } | SlackError::Token), "{error:?}");
    assert!(!error.to_string().contains("xoxb-1"), "{error}");
}

#[test]
fn calls_can_move_between_threads() {
    fn assert_send<T: Send>(_: &T) {}
    let replies = replies("http://127.0.0.1:1", GENEROUS);
    let (channel, now) = (channel(), ts("1764000005.000200"));
    assert_send(&post_to(&replies));
    let metadata = Metadata::notice(&question());
    let post = Post { channel: &channel, thread_ts: None, text: "", format: Format::Plain, metadata };
    assert_send(&replies.replace(now, &post));
    assert_send(&replies.set_status(&channel, now, "", GENEROUS));
    assert_send(&replies.delete(&channel, now));
    assert_send(&replies.thread(&channel, now, now));
    assert_send(&replies.auth_test());
}
