//! One line of a service's log.

use std::{borrow::Cow, time::UNIX_EPOCH};

use serde::Deserialize;

/// The fields that tell of a question's way. Everything else in a line is passed over.
#[derive(Debug, Deserialize)]
pub(super) struct Line<'a> {
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) level: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) message: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) worker: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) outcome: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "slack.team_id")]
    pub(super) team: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "slack.channel_id")]
    pub(super) channel: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "slack.thread_ts")]
    pub(super) thread_ts: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "slack.ts")]
    pub(super) ts: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "slack.event_id")]
    pub(super) event_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) event_key: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) answer_ts: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) attempt: u32,
    pub(super) duration_ms: Option<u64>,
    /// How often a copy was parked; only the last line about a copy has it.
    pub(super) parks: Option<u64>,
    pub(super) wait_ms: Option<u64>,
    pub(super) before: Option<u64>,
    pub(super) numbered: Option<bool>,
    #[serde(default)]
    pub(super) slack_retry: bool,
}

impl<'a> Line<'a> {
    /// Reads a line as it comes from a file, `docker compose logs`, `kubectl logs --prefix` or `journalctl -o cat`: whatever
    /// they put before it ends where the JSON object begins. None = it is no line of ours.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let json = &text[text.find('{')?..];
        // What follows the object, as colours that end, is no concern.
        let mut values = serde_json::Deserializer::from_str(json).into_iter::<Self>();
        values.next()?.ok()
    }

    /// When it was written, in µs since 1970.
    pub(super) fn at(&self) -> Option<u64> {
        let at = humantime::parse_rfc3339_weak(&self.timestamp).ok()?;
        u64::try_from(at.duration_since(UNIX_EPOCH).ok()?.as_micros()).ok()
    }

    /// The part of the message behind `mark`, where the reason stands.
    pub(super) fn reason(&self, mark: &str) -> String {
        let reason = self.message.split_once(mark).map_or(&*self.message, |(_, reason)| reason);
        reason.chars().take(LONGEST_REASON).collect()
    }
}

/// Longest reason that is kept, in characters.
const LONGEST_REASON: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"timestamp":"2026-11-25T01:02:03.000004Z","level":"INFO","message":"question C1:1.000001 claimed (attempt 1)","service":"responder","worker":"responder-1","slack.channel_id":"C1","slack.ts":"1.000001","attempt":1,"outcome":"claimed","new":{"field":[1]}}"#;

    #[test]
    fn a_line_is_read_whatever_a_collector_puts_around_it() {
        for (before, after) in [
            ("", ""),
            ("responder-1  | ", ""),
            ("\u{1b}[36mresponder-1  | \u{1b}[0m", "\u{1b}[0m"),
            ("[pod/threadkeeper-responder-0/responder] ", "\n"),
            ("2026-11-25T01:02:03.1Z stdout F ", "\r\n"),
        ] {
            let text = format!("{before}{JSON}{after}");
            let line = Line::parse(&text).unwrap();
            assert_eq!((&*line.worker, line.outcome.as_deref()), ("responder-1", Some("claimed")), "{before}");
            assert_eq!(line.at(), Some(1_795_568_523_000_004));
        }
    }

    #[test]
    fn what_is_no_line_of_ours_is_none() {
        for text in [
            "",
            "Attaching to ingress-1",
            "{",
            r#"{"log":"of another program"}"#,
            "x {\"timestamp\":7,\"level\":\"INFO\"}",
        ] {
            assert!(Line::parse(text).is_none(), "{text}");
        }
    }
}
