//! What is sent, and what comes back; docs/schemas has both as JSON schemas.

use serde::{Deserialize, Serialize};
use shared::{
    ids::{ChannelId, UserId},
    turn::Turn,
};
use url::Url;

use crate::{Found, Inquiry};

/// Older turns are not sent: what a question refers to is in the last ones.
const MOST_TURNS: usize = 20;

/// A question to the service.
#[derive(Debug, Serialize)]
pub(super) struct Asked<'a> {
    query: &'a str,
    history: &'a [Turn],
    user: &'a UserId,
    channel: &'a ChannelId,
    pub(super) limit: usize,
}

impl<'a> Asked<'a> {
    pub(super) fn of(inquiry: &Inquiry<'a>, limit: usize) -> Self {
        let turns = inquiry.turns;
        let history = &turns[turns.len().saturating_sub(MOST_TURNS)..];
        Self { query: inquiry.query, history, user: inquiry.user, channel: inquiry.channel, limit }
    }
}

/// A passage that the service found.
#[derive(Debug, Deserialize)]
pub(super) struct Passage {
    id: String,
    title: String,
    #[serde(default)]
    url: Option<String>,
    text: String,
    #[serde(default)]
    date: Option<String>,
    #[serde(default)]
    author: Option<String>,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    fits: Option<bool>,
}

impl Passage {
    /// The passage as answers use it; none, if it says nothing.
    pub(super) fn found(self, service: &str) -> Option<Found> {
        if self.text.trim().is_empty() {
            return None;
        }
        let title = one_line(&self.title);
        let location = self.url.as_deref().and_then(link).unwrap_or_else(|| one_line(&self.id).replace('`', "'"));
        Some(Found {
            title: if title.is_empty() { location.clone() } else { title },
            location,
            id: self.id,
            text: self.text,
            date: self.date,
            author: self.author,
            source: self.source.filter(|source| !source.trim().is_empty()).unwrap_or_else(|| service.to_owned()),
            fits: self.fits.unwrap_or(true),
        })
    }
}

/// A URL that may be shown: http or https, in its normal form.
fn link(url: &str) -> Option<String> {
    let url = Url::parse(url.trim()).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::Value;

    use super::*;

    const PAGE: &str = include_str!("../../../../docs/knowledge-http.md");

    /// The n-th JSON example of the page.
    fn example(number: usize) -> &'static str {
        PAGE.split("```json\n").nth(number + 1).unwrap().split("```").next().unwrap()
    }

    fn keys(value: &Value) -> Vec<&str> {
        let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn what_is_sent_is_the_pages_example_and_has_what_the_schema_names() {
        let turns = [Turn::user("How do I turn on automatic rotation?"), Turn::assistant("Set auto_rotate_period.")];
        let (user, channel) = (UserId::new("U012AB3CD"), ChannelId::new("C061EG9SL"));
        let query = "and how do I turn that off?";
        let inquiry = Inquiry { query, turns: &turns, user: &user, channel: &channel, limit: 50 };
        let sent = serde_json::to_value(Asked::of(&inquiry, 12)).unwrap();
        assert_eq!(sent, serde_json::from_str::<Value>(example(0)).unwrap());

        let schema: Value =
            serde_json::from_str(include_str!("../../../../docs/schemas/knowledge-http.request.json")).unwrap();
        assert_eq!(keys(&sent), keys(&schema["properties"]));
        assert_eq!(keys(&sent["history"][0]), keys(&schema["properties"]["history"]["items"]["properties"]));
        assert_eq!(schema["properties"]["history"]["maxItems"], MOST_TURNS);
    }

    #[test]
    fn what_comes_back_is_read_as_the_page_and_the_schema_say() {
        let passages: Vec<Passage> = serde_json::from_str(example(1)).unwrap();
        let found = passages.into_iter().next().unwrap().found("the wiki's search").unwrap();
        let expected = Found {
            id: "keys-17".to_owned(),
            title: "Signing keys › Automatic rotation".to_owned(),
            location: "https://wiki.example.com/keys#automatic-rotation".to_owned(),
            text: "To disable automatic rotation, set `auto_rotate_period=0`.".to_owned(),
            date: Some("2026-03-01".to_owned()),
            author: Some("Robin".to_owned()),
            source: "wiki".to_owned(),
            fits: true,
        };
        assert_eq!(found, expected);

        let schema: Value =
            serde_json::from_str(include_str!("../../../../docs/schemas/knowledge-http.response.json")).unwrap();
        // What the schema requires is enough, less is not, and what it lets be null may be.
        let (required, known) = (&schema["items"]["required"], &schema["items"]["properties"]);
        let required: Vec<&str> = required.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let least: serde_json::Map<String, Value> =
            required.iter().map(|key| ((*key).to_owned(), Value::from("x"))).collect();
        assert!(serde_json::from_value::<Passage>(least.clone().into()).is_ok());
        for key in &required {
            let mut less = least.clone();
            less.remove(*key);
            assert!(serde_json::from_value::<Passage>(less.into()).is_err(), "{key} is required");
        }
        for key in keys(known) {
            let mut with_null = least.clone();
            with_null.insert(key.to_owned(), Value::Null);
            let nullable = known[key]["type"].is_array();
            assert_eq!(serde_json::from_value::<Passage>(with_null.into()).is_ok(), nullable, "{key}");
        }
    }

    #[rstest]
    #[case(Some("javascript:alert(1)"), "p1")]
    #[case(Some("file:///etc/passwd"), "p1")]
    #[case(Some("no url"), "p1")]
    #[case(None, "p1")]
    #[case(Some("HTTPS://Wiki.example.com/a b"), "https://wiki.example.com/a%20b")]
    fn only_web_addresses_are_shown(#[case] url: Option<&str>, #[case] location: &str) {
        let json = serde_json::json!({ "id": "p1", "title": " A\n title ", "text": "text", "url": url });
        let found = serde_json::from_value::<Passage>(json).unwrap().found("wiki").unwrap();
        assert_eq!((found.location.as_str(), found.title.as_str()), (location, "A title"));
    }

    #[test]
    fn a_passage_without_text_says_nothing() {
        let json = serde_json::json!({ "id": "p1", "title": "A", "text": " \n" });
        assert!(serde_json::from_value::<Passage>(json).unwrap().found("wiki").is_none());
    }
}
