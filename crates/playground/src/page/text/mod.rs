//! What a message says, as a tree that the page builds elements from. It holds no markup: whatever a person, the bot or a
//! knowledge page wrote is text in it, and each address was looked at.

mod address;
mod blocks;
mod markdown;
mod mrkdwn;

use serde::Serialize;
use serde_json::Value;
use shared::answer::Format;

/// One part of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Node {
    /// Plain text.
    Text {
        text: String,
    },
    /// The next line.
    Break,
    /// A line across.
    Rule,
    Paragraph {
        children: Vec<Node>,
    },
    /// `level` is 1 to 6.
    Heading {
        level: u8,
        children: Vec<Node>,
    },
    Quote {
        children: Vec<Node>,
    },
    /// Numbered from `start`, or with bullets.
    List {
        start: Option<u64>,
        items: Vec<Vec<Node>>,
    },
    CodeBlock {
        language: Option<String>,
        text: String,
    },
    Code {
        text: String,
    },
    Strong {
        children: Vec<Node>,
    },
    Emphasis {
        children: Vec<Node>,
    },
    Strike {
        children: Vec<Node>,
    },
    /// `address` is http, https or mailto.
    Link {
        address: String,
        children: Vec<Node>,
    },
    /// A person, a channel or everybody: `@ada`, `#general`, `@here`.
    Mention {
        text: String,
    },
    /// A box to tick.
    Task {
        done: bool,
    },
    /// What stands beside the matter, in small.
    Context {
        children: Vec<Node>,
    },
    /// What can be pressed.
    Actions {
        buttons: Vec<Button>,
    },
    /// Rows of cells; the first is the head.
    Table {
        rows: Vec<Vec<Vec<Node>>>,
    },
}

/// A button of a message, with all that says which one it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Button {
    label: String,
    /// What is read out in the label's place.
    title: Option<String>,
    /// How it looks: `primary`, `danger`, or `quiet` for the small ones below an answer.
    tone: Option<String>,
    block_id: String,
    action_id: String,
    value: Option<String>,
}

impl Node {
    fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }
}

/// Tells the name of a member (`U…`) or channel (`C…`).
pub(crate) type Names<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads a message's text in the form in which it was sent.
pub(crate) fn read(text: &str, format: Format, names: Names<'_>) -> Vec<Node> {
    match format {
        Format::Plain => mrkdwn::read(text, names),
        Format::Markdown => markdown::read(text),
    }
}

/// Reads a message's structured content.
pub(crate) fn read_blocks(blocks: &Value, names: Names<'_>) -> Vec<Node> {
    blocks::read(blocks, names)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(id: &str) -> Option<String> {
        (id == "U1").then(|| "ada".to_owned())
    }

    /// Everything in the tree of this kind.
    fn all(nodes: &[Node], kind: &str) -> Vec<Value> {
        fn collect(value: &Value, kind: &str, found: &mut Vec<Value>) {
            match value {
                Value::Array(values) => values.iter().for_each(|value| collect(value, kind, found)),
                Value::Object(fields) => {
                    if value["kind"] == kind {
                        found.push(value.clone());
                    }
                    fields.values().for_each(|value| collect(value, kind, found));
                }
                _ => {}
            }
        }
        let mut found = Vec::new();
        collect(&json!(nodes), kind, &mut found);
        found
    }

    const HOSTILE: [&str; 8] = [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[click](javascript:alert(1))",
        "[click](JaVaScRiPt:alert(1))",
        "[click](&#106;avascript:alert(1))",
        "[click]( java\nscript:alert(1))",
        "![](data:text/html;base64,PHNjcmlwdD4=)",
        "<javascript:alert(1)|click>",
    ];

    #[test]
    fn hostile_text_comes_to_text() {
        for text in HOSTILE {
            for format in [Format::Plain, Format::Markdown] {
                let nodes = read(text, format, &names);
                assert_eq!(all(&nodes, "link"), Vec::<Value>::new(), "{text:?} as {format:?}");
                assert!(!all(&nodes, "text").is_empty(), "{text:?} as {format:?} is not shown: {nodes:?}");
            }
        }
    }

    #[test]
    fn only_known_schemes_are_links() {
        for (address, is_link) in [
            ("https://example.org/a?b=c", true),
            ("http://example.org", true),
            ("mailto:ada@example.org", true),
            ("ftp://example.org", false),
            ("//example.org", false),
            ("vbscript:x", false),
            ("relative.md", false),
        ] {
            let markdown = read(&format!("[a]({address})"), Format::Markdown, &names);
            assert_eq!(all(&markdown, "link").len(), usize::from(is_link), "{address}");
            let mrkdwn = read(&format!("<{address}|a>"), Format::Plain, &names);
            assert_eq!(all(&mrkdwn, "link").len(), usize::from(is_link), "{address}");
        }
    }
}
