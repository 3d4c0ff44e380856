//! The list of sources under an answer.

use std::fmt::Write as _;

use shared::answer::Source;

use super::{
    inline::code_span,
    links::{WORD_JOINER, is_web, target},
};
use crate::{Found, citation::SOURCES_HEADING};

/// A longer title is cut, in characters.
const LONGEST_TITLE: usize = 150;

/// The source that a passage is from, with its title as it is shown.
pub fn source(found: &Found) -> Source {
    Source { title: title(&found.title), location: found.location.clone() }
}

/// The list that stands under an answer, in Markdown: the first source is number 1. Empty without sources.
pub fn sources_list(sources: &[Source]) -> String {
    let mut list = String::new();
    for (source, number) in sources.iter().zip(1..) {
        if list.is_empty() {
            list.push_str(SOURCES_HEADING);
        }
        let title = title(&source.title);
        let location = source.location.trim();
        let written = if is_web(location) {
            write!(list, "\n- [{number}] [{title}]({})", target(location))
        } else {
            // As code: Slack would make a link of `page.md`, `.md` being a top-level domain.
            write!(list, "\n- [{number}] {title} — {}", code_span(location))
        };
        written.unwrap_or_default();
    }
    list
}

/// A title on one line, of a length to be read at a glance, in which nothing has an effect.
fn title(written: &str) -> String {
    let words = written.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut title: String = words.chars().take(LONGEST_TITLE).map(plain).collect();
    if words.chars().count() > LONGEST_TITLE {
        title.push('…');
    }
    title
        .replace('<', &format!("<{WORD_JOINER}"))
        .replace(&format!("<{WORD_JOINER}{WORD_JOINER}"), &format!("<{WORD_JOINER}"))
}

/// Brackets and backticks could end what stands around a title.
fn plain(c: char) -> char {
    match c {
        '[' => '(',
        ']' => ')',
        '`' => '\'',
        other => other,
    }
}
