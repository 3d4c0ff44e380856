//! A message to be posted, and how it is written for Slack.

use std::fmt;

use serde_json::{Value, json};
use shared::{
    answer::Format,
    ids::{AnswerName, ChannelId, EventKey},
    ts::MessageTs,
};

use crate::{event::escape, markdown::silence_mentions};

/// A message to be posted.
#[derive(Debug, Clone)]
pub struct Post<'a> {
    /// Where to.
    pub channel: &'a ChannelId,
    /// The thread; none = at top level.
    pub thread_ts: Option<MessageTs>,
    /// The text: plain, up to 40,000 characters (Slack recommends 4,000), or Markdown, up to 12,000.
    pub text: &'a str,
    /// How the text is written.
    pub format: Format,
    /// By what it is found again.
    pub metadata: Metadata,
}

/// What marks our messages, so that they are found again (<https://docs.slack.dev/messaging/message-metadata>). Every
/// app of the workspace can read it, so it holds nothing but a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    event_type: &'static str,
    event_key: EventKey,
    of: Option<(Part, AnswerName)>,
}

/// Which message of an answer it is, written as `2/3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// From 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

impl Part {
    /// The only one.
    pub const WHOLE: Self = Self { number: 1, of: 1 };
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl Part {
    /// Reads `2/3`; none for anything else.
    pub fn read(text: &str) -> Option<Self> {
        let (number, of) = text.split_once('/')?;
        let part = Self { number: number.parse().ok()?, of: of.parse().ok()? };
        (1..=part.of).contains(&part.number).then_some(part)
    }
}

impl Metadata {
    /// `event_type` of an answer's message.
    pub const ANSWER: &str = "threadkeeper_answer";
    /// `event_type` of a message about a question that got no answer.
    pub const NOTICE: &str = "threadkeeper_notice";
    /// `event_type` of a message that shows an answer while it is made, where Slack takes no streams.
    pub const DRAFT: &str = "threadkeeper_draft";

    /// For one message of the answer to a question.
    pub fn answer(question: &EventKey, part: Part, name: &AnswerName) -> Self {
        Self { event_type: Self::ANSWER, event_key: question.clone(), of: Some((part, name.clone())) }
    }

    /// For an answer that is not finished, which is never taken for one that is.
    pub fn draft(question: &EventKey) -> Self {
        Self { event_type: Self::DRAFT, event_key: question.clone(), of: None }
    }

    /// For a message about a question, which is never taken for its answer.
    pub fn notice(question: &EventKey) -> Self {
        Self { event_type: Self::NOTICE, event_key: question.clone(), of: None }
    }

    pub(super) fn to_json(&self) -> Value {
        let mut payload = json!({ "event_key": self.event_key });
        if let Some((part, name)) = &self.of {
            payload["part"] = part.to_string().into();
            payload["answer"] = name.as_str().into();
        }
        json!({ "event_type": self.event_type, "event_payload": payload })
    }
}

impl Post<'_> {
    pub(super) fn to_body(&self) -> Value {
        let mut body = json!({
            "channel": self.channel,
            "metadata": self.metadata.to_json(),
            // A cited page is not to be fetched by Slack: noise for people, and a way out for what a question holds.
            "unfurl_links": false,
            "unfurl_media": false,
        });
        if let Some(thread_ts) = self.thread_ts {
            body["thread_ts"] = thread_ts.to_string().into();
        }
        self.write_text(&mut body);
        if self.format == Format::Plain {
            // `*` and `_` in a question or a log line are themselves.
            body["mrkdwn"] = false.into();
        }
        body
    }

    /// The change of the message `ts` into this one. `chat.update` knows neither `mrkdwn` nor unfurling.
    pub(super) fn to_change(&self, ts: MessageTs) -> Value {
        let mut body = json!({ "channel": self.channel, "ts": ts.to_string(), "metadata": self.metadata.to_json() });
        self.write_text(&mut body);
        body
    }

    /// Adds the text to a call's body. `markdown_text` excludes `text` (`markdown_text_conflict`).
    fn write_text(&self, body: &mut Value) {
        match self.format {
            Format::Plain => body["text"] = escape(self.text).into(),
            Format::Markdown => body["markdown_text"] = silence_mentions(self.text).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn body(text: &str, format: Format, thread_ts: Option<MessageTs>, metadata: fn(&EventKey) -> Metadata) -> Value {
        let channel = ChannelId::new("C1");
        let key = EventKey::of(&channel, &"1729636800.000100".parse().unwrap());
        Post { channel: &channel, thread_ts, text, format, metadata: metadata(&key) }.to_body()
    }

    #[test]
    fn an_answer_in_a_thread_carries_its_key_and_unfurls_nothing() {
        let root = "1729636800.000100".parse().unwrap();
        let body = body("a < b", Format::Plain, Some(root), |key| {
            Metadata::answer(key, Part::WHOLE, &AnswerName::of(&["a < b"]))
        });
        let expected = json!({
            "channel": "C1", "thread_ts": "1729636800.000100", "text": "a &lt; b", "mrkdwn": false,
            "unfurl_links": false, "unfurl_media": false,
            "metadata": {"event_type": "threadkeeper_answer",
                "event_payload": {"event_key": "bba23a7a468ab38cfaba1d259670326c", "part": "1/1",
                    "answer": AnswerName::of(&["a < b"]).as_str()}},
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn markdown_excludes_text_and_a_top_level_message_has_no_thread() {
        let body = body("**a** < b", Format::Markdown, None, Metadata::notice);
        assert_eq!(body["markdown_text"], "**a** < b");
        assert_eq!(body["metadata"]["event_type"], "threadkeeper_notice");
        assert!(body.get("text").is_none() && body.get("thread_ts").is_none() && body.get("mrkdwn").is_none());
    }

    #[rstest]
    #[case("<!channel> wake up")]
    #[case("ask <@U123> and <@W123|x>")]
    #[case("<!subteam^S1|@ops>")]
    fn nobody_is_notified_by_an_answer(#[case] text: &str) {
        for format in [Format::Plain, Format::Markdown] {
            let body = body(text, format, None, Metadata::notice);
            let sent = body.get("text").or(body.get("markdown_text")).and_then(Value::as_str).unwrap();
            assert!(!sent.contains("<!") && !sent.contains("<@"), "{sent}");
        }
    }

    #[test]
    fn parts_are_read_as_they_are_written() {
        let part = Part { number: 2, of: 3 };
        assert_eq!(Part::read(&part.to_string()), Some(part));
        for wrong in ["", "1", "0/1", "2/1", "a/b", "1/"] {
            assert_eq!(Part::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn code_in_markdown_stays_as_it_is() {
        let text = "`Vec<u8>` and `a && b` and <https://a.example> <!-- -->";
        assert_eq!(body(text, Format::Markdown, None, Metadata::notice)["markdown_text"], text);
    }
}
