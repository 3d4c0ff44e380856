//! Reads Markdown line by line into headings and blocks, and leaves out what a reader of a quotation cannot use:
//! comments, tags, MDX imports, admonition marks, links that lead only inside the folder.
//!
//! Line-based on purpose: a quotation has to stay the author's Markdown, which a full parser would not give back.

use super::inline;
use crate::limit::open_fence;

/// One part of a page, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Element {
    /// A heading, `#` or underlined.
    Heading {
        /// 1 to 6.
        level: usize,
        /// What a person reads.
        text: String,
        /// `{#anchor}`, if the author set one.
        anchor: Option<String>,
    },
    /// A block between blank lines.
    Block(Block),
}

/// Text that stays together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A paragraph, list or the like.
    Prose(String),
    /// A fenced code block with its fences, always closed; or a table.
    Verbatim(String),
}

impl Block {
    /// The block's Markdown.
    pub fn text(&self) -> &str {
        match self {
            Self::Prose(text) | Self::Verbatim(text) => text,
        }
    }
}

/// An opened code fence: three or more of one character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fence {
    mark: char,
    pub(crate) length: usize,
    indent: usize,
}

impl Fence {
    /// The fence that `line` opens, <https://spec.commonmark.org/0.31.2/#fenced-code-blocks>. Any indentation is
    /// taken, since fences inside lists are indented.
    pub(crate) fn opened_by(line: &str) -> Option<Self> {
        let trimmed = line.trim_start();
        let mark = trimmed.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
        let length = trimmed.chars().take_while(|c| *c == mark).count();
        // "```code```" on one line is inline code.
        let inline_code = mark == '`' && trimmed[length..].contains('`');
        (length >= 3 && !inline_code).then(|| Self { mark, length, indent: line.len() - trimmed.len() })
    }

    /// Whether `line` closes this fence.
    pub(crate) fn is_closed_by(self, line: &str) -> bool {
        let line = line.trim();
        line.len() >= self.length && line.chars().all(|c| c == self.mark)
    }

    /// The line that closes it.
    pub(crate) fn closing(self) -> String {
        self.mark.to_string().repeat(self.length)
    }
}

/// Splits Markdown without front matter.
pub(super) fn parse(markdown: &str) -> Vec<Element> {
    let mut reader = Reader::default();
    for line in markdown.lines() {
        reader.read(line);
    }
    reader.finish()
}

#[derive(Default)]
struct Reader {
    elements: Vec<Element>,
    lines: Vec<String>,
    fence: Option<Fence>,
    in_comment: bool,
    /// Inside a list or HTML, where indented lines are no code.
    in_list: bool,
}

impl Reader {
    fn read(&mut self, line: &str) {
        if let Some(fence) = self.fence {
            let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
            self.lines.push(line[indent.min(fence.indent)..].to_owned());
            if fence.is_closed_by(line) {
                self.close_fence();
            }
            return;
        }
        let line = self.without_comments(line);
        if let Some(fence) = Fence::opened_by(&line) {
            self.close_prose();
            self.lines.push(line[fence.indent..].to_owned());
            self.fence = Some(fence);
        } else if let Some(heading) = heading(&line) {
            self.close_prose();
            self.in_list = false;
            self.elements.push(heading);
        } else if let Some(level) = self.underline(&line) {
            let text = self.lines.pop().unwrap_or_default();
            self.close_prose();
            self.elements.push(titled(level, &text));
        } else if is_scaffolding(&line) || line.trim().is_empty() {
            self.close_prose();
        } else {
            self.lines.push(line);
        }
    }

    /// Removes `<!-- … -->`, over lines too.
    fn without_comments(&mut self, line: &str) -> String {
        let mut rest = line;
        let mut kept = String::new();
        loop {
            let mark = if self.in_comment { "-->" } else { "<!--" };
            let Some(at) = rest.find(mark) else {
                if !self.in_comment {
                    kept.push_str(rest);
                }
                return kept;
            };
            if !self.in_comment {
                kept.push_str(&rest[..at]);
            }
            rest = &rest[at + mark.len()..];
            self.in_comment = !self.in_comment;
        }
    }

    /// The level of the heading that `line` makes of the one line before it.
    fn underline(&self, line: &str) -> Option<usize> {
        let line = line.trim_end();
        let marks = |mark: char| line.len() >= 3 && line.chars().all(|c| c == mark);
        let [text] = self.lines.as_slice() else { return None };
        let listed = text.trim_start().starts_with(['-', '*', '+', '>', '|']);
        match () {
            () if listed => None,
            () if marks('=') => Some(1),
            () if marks('-') => Some(2),
            () => None,
        }
    }

    fn close_prose(&mut self) {
        if self.lines.is_empty() {
            return;
        }
        let raw = std::mem::take(&mut self.lines);
        if let Some(code) = self.indented_code(&raw) {
            self.elements.push(Element::Block(Block::Verbatim(code)));
            return;
        }
        let text = inline::readable(&raw.join("\n"));
        // Lines that held nothing but tags are blank now.
        let lines: Vec<&str> = text.lines().collect();
        for part in lines.split(|line| line.trim().is_empty()).filter(|part| !part.is_empty()) {
            let text = without_indent(part);
            // A fence that a tag hid is none that is closed.
            let table = text.starts_with('|') && open_fence(&text).is_none();
            let block = if table { Block::Verbatim(text) } else { Block::Prose(text) };
            self.elements.push(Element::Block(block));
        }
    }

    /// Lines of an indented code block, as a fenced one; inside a list the indentation means something else.
    fn indented_code(&mut self, lines: &[String]) -> Option<String> {
        let indented = lines.iter().all(|line| line.starts_with(CODE_INDENT) || line.starts_with('\t'));
        if !indented {
            self.in_list =
                lines.first().is_some_and(|line| is_list_item(line) || (self.in_list && line.starts_with(' ')));
        }
        let has_tags = lines.iter().any(|line| line.trim_start().starts_with('<'));
        if !indented || self.in_list || has_tags {
            self.in_list |= has_tags;
            return None;
        }
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        Some(format!("```\n{}\n```", without_indent(&lines)))
    }

    fn close_fence(&mut self) {
        self.fence = None;
        self.elements.push(Element::Block(Block::Verbatim(self.lines.join("\n"))));
        self.lines.clear();
    }

    fn finish(mut self) -> Vec<Element> {
        if let Some(fence) = self.fence {
            self.lines.push(fence.closing());
            self.close_fence();
        }
        self.close_prose();
        self.elements
    }
}

/// A `#` heading, <https://spec.commonmark.org/0.31.2/#atx-headings>.
fn heading(line: &str) -> Option<Element> {
    let trimmed = line.trim_start_matches(' ');
    let level = trimmed.chars().take_while(|c| *c == '#').count();
    let text = &trimmed[level..];
    let is_heading = line.len() - trimmed.len() <= 3 && (1..=6).contains(&level);
    (is_heading && (text.is_empty() || text.starts_with([' ', '\t']))).then(|| titled(level, text))
}

fn titled(level: usize, text: &str) -> Element {
    let text = text.trim().trim_end_matches('#').trim_end();
    let (text, anchor) = match text.rsplit_once("{#") {
        Some((text, anchor)) if anchor.ends_with('}') => (text, Some(anchor.trim_end_matches('}').to_owned())),
        _ => (text, None),
    };
    Element::Heading { level, text: inline::plain(text), anchor }
}

/// Indentation that makes code, <https://spec.commonmark.org/0.31.2/#indented-code-blocks>.
const CODE_INDENT: &str = "    ";

fn is_list_item(line: &str) -> bool {
    let line = line.trim_start();
    let bullet = line.starts_with(['-', '*', '+']);
    let after = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = after.len() < line.len() && after.starts_with(['.', ')']);
    (bullet && line[1..].starts_with(' ')) || (number && after[1..].starts_with(' '))
}

/// The lines without the indentation that all of them share.
fn without_indent(lines: &[&str]) -> String {
    let indent = |line: &&str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let shared = lines.iter().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    let lines: Vec<&str> = lines.iter().map(|line| line.get(shared..).unwrap_or_default().trim_end()).collect();
    lines.join("\n")
}

/// Lines for the page's renderer rather than its reader: MDX imports and exports, `:::tip`.
fn is_scaffolding(line: &str) -> bool {
    let import = line.starts_with("import ") && line.trim_end().ends_with(['\'', '"', ';']);
    import || line.starts_with("export ") || line.trim_start().starts_with(":::")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn prose(text: &str) -> Element {
        Element::Block(Block::Prose(text.to_owned()))
    }

    fn verbatim(text: &str) -> Element {
        Element::Block(Block::Verbatim(text.to_owned()))
    }

    fn heading(level: usize, text: &str) -> Element {
        Element::Heading { level, text: text.to_owned(), anchor: None }
    }

    #[test]
    fn a_hash_in_a_code_fence_is_no_heading() {
        let found = parse("# Real\n\n```bash\n# comment\n\nls\n```\nafter");
        assert_eq!(found, [heading(1, "Real"), verbatim("```bash\n# comment\n\nls\n```"), prose("after")]);
    }

    #[rstest]
    #[case("~~~\n```\n# x\n~~~", "~~~\n```\n# x\n~~~")]
    #[case("````\n```\n# x\n````", "````\n```\n# x\n````")]
    #[case("```\nnever closed", "```\nnever closed\n```")]
    #[case("    ```sh\n    ls\n      deeper\n    ```", "```sh\nls\n  deeper\n```")]
    fn a_fence_ends_at_its_own_mark_and_is_always_closed(#[case] markdown: &str, #[case] expected: &str) {
        assert_eq!(parse(markdown), [verbatim(expected)]);
    }

    #[rstest]
    #[case("## Setting up ##", 2, "Setting up", None)]
    #[case("### The `--force` *flag* {#force}", 3, "The --force flag", Some("force"))]
    #[case("Underlined\n===", 1, "Underlined", None)]
    #[case("Underlined\n---", 2, "Underlined", None)]
    fn headings_are_found(
        #[case] markdown: &str,
        #[case] level: usize,
        #[case] text: &str,
        #[case] anchor: Option<&str>,
    ) {
        let anchor = anchor.map(str::to_owned);
        assert_eq!(parse(markdown), [Element::Heading { level, text: text.to_owned(), anchor }]);
    }

    #[rstest]
    #[case("#hashtag")]
    #[case("    # indented code")]
    #[case("####### seven")]
    #[case("- item\n---")]
    fn what_only_looks_like_a_heading_is_none(#[case] markdown: &str) {
        assert!(parse(markdown).iter().all(|element| matches!(element, Element::Block(_))), "{markdown}");
    }

    #[test]
    fn indented_code_becomes_fenced_and_keeps_its_hash() {
        assert_eq!(parse("Run:\n\n    # list\n    ls\n"), [prose("Run:"), verbatim("```\n# list\nls\n```")]);
    }

    #[test]
    fn indented_text_in_a_list_or_in_tags_is_prose() {
        assert_eq!(parse("- one\n\n    more of one"), [prose("- one"), prose("more of one")]);
        assert_eq!(parse("<dl>\n    <dd>\n      text\n    </dd>\n</dl>"), [prose("text")]);
    }

    #[test]
    fn comments_imports_and_admonition_marks_are_left_out() {
        let page = "<!--\nlicence\n-->\nimport Tabs from '@theme/Tabs';\n\n:::tip\nUse <!-- not --> this.\n:::";
        assert_eq!(parse(page), [prose("Use  this.")]);
    }
}
