//! What is asked about: one question, or all questions of a thread.

use shared::{
    ids::{ChannelId, EventKey},
    ts::MessageTs,
};

use super::journey::Journey;

/// A question or a thread, as an operator names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    /// `Ev…`: Slack's event that brought it.
    Event(String),
    /// `event_key`: 32 hex digits.
    Key(EventKey),
    /// `channel:ts`, or a link to a message: a question, or the answer to one.
    Message(ChannelId, MessageTs),
    /// `channel/thread_ts`: all questions of a thread.
    Thread(ChannelId, MessageTs),
}

impl Subject {
    /// Understands what was typed.
    ///
    /// # Errors
    /// Says what is understood.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(message) = of_link(text) {
            return Ok(message);
        }
        let message = |(channel, ts): (&str, &str)| Some((ChannelId::new(channel), ts.parse::<MessageTs>().ok()?));
        if let Some((channel, ts)) = text.split_once(':').and_then(message) {
            return Ok(Self::Message(channel, ts));
        }
        if let Some((channel, ts)) = text.split_once('/').and_then(message) {
            return Ok(Self::Thread(channel, ts));
        }
        if text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Self::Key(EventKey::new(text.to_ascii_lowercase())));
        }
        if text.starts_with("Ev") && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Ok(Self::Event(text.to_owned()));
        }
        Err(format!(
            "`{text}` names no question: give channel:ts (C0123:1729636805.000200), channel/thread_ts for a whole thread, an \
             event_key (32 hex digits), an event id (Ev…), or a link to the message in Slack"
        ))
    }

    /// Text that each line about it contains; none = lines tell only together with others, so all are kept.
    pub(super) fn needle(&self) -> Option<String> {
        match self {
            Self::Key(key) => Some(key.to_string()),
            Self::Thread(_, ts) => Some(ts.to_string()),
            // A link may lead to an answer, whose ts stands in one line only; an event has twins.
            Self::Event(_) | Self::Message(..) => None,
        }
    }

    /// Whether it is asked about this question.
    pub(super) fn is(&self, journey: &Journey) -> bool {
        match self {
            Self::Event(id) => journey.event_ids.contains(id),
            Self::Key(key) => journey.event_key == key.as_str(),
            Self::Message(channel, ts) => {
                let ts = ts.to_string();
                // A long answer is several messages.
                let mut answers = journey.answer_ts.as_deref().unwrap_or_default().split(',');
                journey.channel == channel.as_str() && (journey.ts == ts || answers.any(|answer| answer == ts))
            }
            Self::Thread(channel, ts) => journey.channel == channel.as_str() && journey.thread_ts == ts.to_string(),
        }
    }
}

/// `https://acme.slack.com/archives/C0123/p1729636805000200?thread_ts=…`
fn of_link(text: &str) -> Option<Subject> {
    let (_, path) = text.split_once("/archives/")?;
    let mut parts = path.split(['/', '?', '#']);
    let channel = parts.next().filter(|channel| !channel.is_empty())?;
    let digits = parts.next()?.strip_prefix('p')?;
    let (seconds, micros) = digits.split_at_checked(digits.len().checked_sub(6)?)?;
    Some(Subject::Message(ChannelId::new(channel), format!("{seconds}.{micros}").parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_named_in_any_of_these_ways() {
        let (channel, ts) = (ChannelId::new("C0123"), "1729636805.000200".parse().unwrap());
        let message = Subject::Message(channel.clone(), ts);
        for text in [
            "C0123:1729636805.000200",
            " https://acme.slack.com/archives/C0123/p1729636805000200 ",
            "https://acme.slack.com/archives/C0123/p1729636805000200?thread_ts=1729636800.000100&cid=C0123",
        ] {
            assert_eq!(Subject::parse(text).unwrap(), message, "{text}");
        }
        assert_eq!(Subject::parse("C0123/1729636805.000200").unwrap(), Subject::Thread(channel.clone(), ts));
        assert_eq!(Subject::parse("Ev0PV52K21").unwrap(), Subject::Event("Ev0PV52K21".to_owned()));
        let key = EventKey::of(&channel, &ts);
        assert_eq!(Subject::parse(&key.to_string().to_uppercase()).unwrap(), Subject::Key(key));
    }

    #[test]
    fn what_names_no_question_is_refused_with_what_would() {
        for text in ["", "C0123", "C0123:today", "https://acme.slack.com/archives/C0123", "why was it slow?"] {
            assert!(Subject::parse(text).unwrap_err().contains("channel:ts"), "{text}");
        }
    }
}
