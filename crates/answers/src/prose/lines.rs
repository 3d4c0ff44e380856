//! How a line of Markdown begins: inside of which quotes and lists, and whether with a fence.

use std::fmt::Write as _;

/// Deeper nesting is read as text.
const DEEPEST: usize = 12;
/// A longer run of marks is no fence.
const LONGEST_FENCE: usize = 32;
/// From this indentation on Markdown may see indented code, or the end of a paragraph, instead of a fence.
const CODE_INDENT: usize = 4;

/// A line with its beginning taken apart: indentation, quote marks and list marks before the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Tabs in it are spaces.
    pub(super) prefix: String,
    pub(super) content: &'a str,
}

impl<'a> Line<'a> {
    pub(super) fn read(line: &'a str) -> Self {
        let mut prefix = String::new();
        let mut rest = line;
        for _ in 0..DEEPEST {
            rest = indentation(rest, &mut prefix);
            let Some(mark) = mark(rest) else { break };
            prefix.push_str(&rest[..mark]);
            rest = &rest[mark..];
        }
        rest = indentation(rest, &mut prefix);
        Self { prefix, content: rest }
    }
}

/// Moves the indentation of `rest` to `prefix`.
fn indentation<'a>(rest: &'a str, prefix: &mut String) -> &'a str {
    let text = rest.trim_start_matches([' ', '\t']);
    for c in rest[..rest.len() - text.len()].chars() {
        let width = if c == '\t' { CODE_INDENT - prefix.len() % CODE_INDENT } else { 1 };
        prefix.extend(std::iter::repeat_n(' ', width));
    }
    text
}

/// The length of the quote mark or list mark that `rest` begins with.
fn mark(rest: &str) -> Option<usize> {
    if rest.starts_with('>') {
        return Some(1);
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let after = &rest[digits..];
    let is_mark = match digits {
        0 => after.starts_with(['-', '*', '+']),
        1..=9 => after.starts_with(['.', ')']),
        _ => false,
    };
    let spaced = after.get(1..).is_some_and(|text| text.is_empty() || text.starts_with([' ', '\t']));
    (is_mark && spaced).then_some(digits + 1)
}

/// An open code fence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fence {
    mark: char,
    length: usize,
    /// What the lines inside of it begin with: list marks became spaces.
    prefix: String,
}

/// What a line is to an open fence.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Inside<'a> {
    /// Code, without what the fence's lines begin with.
    Code(&'a str),
    /// The end of the fence.
    Closing,
    /// Not in it any more: its quote has ended.
    Outside,
}

impl Fence {
    /// The fence that a line opens, <https://spec.commonmark.org/0.31.2/#fenced-code-blocks>.
    pub(super) fn opened_by(line: &Line<'_>) -> Option<Self> {
        let mark = line.content.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let after = line.content.trim_start_matches(mark);
        let length = line.content.len() - after.len();
        let is_fence = (3..=LONGEST_FENCE).contains(&length) && !(mark == '`' && after.contains('`'));
        let prefix = line.prefix.chars().map(|c| if c == '>' { '>' } else { ' ' }).collect();
        is_fence.then_some(Self { mark, length, prefix })
    }

    /// Whether Markdown surely sees the fence only after a blank line.
    pub(super) fn needs_blank_line(&self, line: &Line<'_>) -> bool {
        let widest = self.prefix.split('>').map(str::len).max().unwrap_or_default();
        // A space after a quote mark is the mark's.
        widest >= CODE_INDENT || line.prefix.contains(|c: char| c != ' ' && c != '>')
    }

    /// The line that opens it, with the language only.
    pub(super) fn opening(&self, line: &Line<'_>) -> String {
        let info = line.content.trim_start_matches(self.mark).trim_start();
        let language: String = info.chars().take_while(|c| c.is_ascii_alphanumeric() || "+#-_.".contains(*c)).collect();
        let mut opening = line.prefix.clone();
        self.write_marks(&mut opening);
        opening.push_str(&language);
        opening
    }

    /// The line that closes it.
    pub(super) fn closing(&self) -> String {
        let mut closing = self.prefix.clone();
        self.write_marks(&mut closing);
        closing
    }

    fn write_marks(&self, line: &mut String) {
        for _ in 0..self.length {
            line.write_char(self.mark).unwrap_or_default();
        }
    }

    /// A line of code, inside of the same quotes and lists.
    pub(super) fn line(&self, code: &str) -> String {
        if code.is_empty() {
            return self.prefix.trim_end().to_owned();
        }
        format!("{}{code}", self.prefix)
    }

    /// What a whole line is to this fence.
    pub(super) fn read<'a>(&self, line: &'a str) -> Inside<'a> {
        let Some(code) = self.without_prefix(line) else { return Inside::Outside };
        let text = code.trim_start_matches(' ');
        let marks = text.trim_end_matches([' ', '\t']);
        let closes = code.len() - text.len() < CODE_INDENT && marks.len() >= self.length;
        if closes && marks.chars().all(|c| c == self.mark) { Inside::Closing } else { Inside::Code(code) }
    }

    /// The line without the fence's quote marks and indentation; none if a quote mark is missing.
    pub(super) fn without_prefix<'a>(&self, line: &'a str) -> Option<&'a str> {
        let mut rest = line;
        for c in self.prefix.chars() {
            if c == '>' {
                rest = rest.trim_start_matches([' ', '\t']).strip_prefix('>')?;
            } else {
                rest = rest.strip_prefix(' ').unwrap_or(rest);
            }
        }
        Some(rest)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("text", "", "text")]
    #[case("  - [1] a", "  - ", "[1] a")]
    #[case("> > 12) a", "> > 12) ", "a")]
    #[case("-\ta", "-   ", "a")]
    #[case("-a", "", "-a")]
    #[case("1234567890. a", "", "1234567890. a")]
    #[case("- - *", "- - *", "")]
    fn a_line_is_taken_apart(#[case] line: &str, #[case] prefix: &str, #[case] content: &str) {
        assert_eq!(Line::read(line), Line { prefix: prefix.to_owned(), content });
    }

    #[rstest]
    #[case("```rust,ignore {x}", Some("```rust"))]
    #[case("1. ~~~~ sh", Some("1. ~~~~sh"))]
    #[case("```a``` b", None)]
    #[case("``", None)]
    fn a_fence_is_opened_with_its_language(#[case] line: &str, #[case] opening: Option<&str>) {
        let line = Line::read(line);
        assert_eq!(Fence::opened_by(&line).map(|fence| fence.opening(&line)).as_deref(), opening);
    }

    #[rstest]
    #[case("```", "x", Inside::Code("x"))]
    #[case("```", " ```` ", Inside::Closing)]
    #[case("````", "```", Inside::Code("```"))]
    #[case("```", "    ```", Inside::Code("    ```"))]
    #[case("  ```", "    x", Inside::Code("  x"))]
    #[case("- ```", "x", Inside::Code("x"))]
    #[case("> ```", "> x", Inside::Code("x"))]
    #[case("> ```", ">x", Inside::Code("x"))]
    #[case("> ```", "x", Inside::Outside)]
    fn a_line_in_a_fence_is_code_or_its_end(#[case] opening: &str, #[case] line: &str, #[case] inside: Inside<'_>) {
        assert_eq!(Fence::opened_by(&Line::read(opening)).unwrap().read(line), inside);
    }
}
