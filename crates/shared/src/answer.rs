//! An answer as it is kept: whoever takes a question over posts this one and never makes another.

use serde::{Deserialize, Serialize};

/// Most characters of one message in Markdown, <https://docs.slack.dev/reference/methods/chat.postMessage>.
pub const MESSAGE_CHARACTERS: usize = 12_000;

/// How an answer's text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Plain text; sent in Slack's `text`.
    Plain,
    /// Standard Markdown; sent in Slack's `markdown_text`.
    Markdown,
}

/// One place an answer's statements come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// What a person reads: the page's title and heading.
    pub title: String,
    /// Where to find it: a URL, or the path inside the knowledge folder.
    pub location: String,
}

/// An answer ready to be posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The text as it is shown and as the context keeps it.
    pub text: String,
    /// How the text is written.
    pub format: Format,
    /// The sources that the text cites, in the order of their numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
}
