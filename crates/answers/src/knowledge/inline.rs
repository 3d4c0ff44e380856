//! Markdown inside one block of prose.

use std::fmt::Write as _;

/// HTML elements that are dropped from prose, with their content kept. A name that is not here, without attributes, may
/// be a placeholder such as `<host>`.
const HTML: [&str; 45] = [
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "center",
    "code",
    "col",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "figure",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "kbd",
    "li",
    "ol",
    "p",
    "pre",
    "section",
    "small",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
    "var",
];

/// Longer ones, in bytes, are no tags: a text full of `<` is not searched to its end for each.
const LONGEST_TAG: usize = 1_000;

/// The text without tags, images and links that lead nowhere outside the folder; inline code stays as it is.
pub(super) fn readable(text: &str) -> String {
    without_local_links(&outside_code(text, without_tags))
}

/// The line as a person reads it, without Markdown: for titles.
pub(super) fn plain(line: &str) -> String {
    let line = readable(line);
    let mut text = String::new();
    let mut rest = line.as_str();
    while let Some(link) = Link::first_in(rest) {
        write!(text, "{}{}", &rest[..link.start], link.text).unwrap_or_default();
        rest = &rest[link.end..];
    }
    text.push_str(rest);
    text.replace(['`', '*', '\\'], "").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Applies `change` to the parts of the text that are no inline code.
fn outside_code(text: &str, change: impl Fn(&str) -> String) -> String {
    let mut parts: Vec<String> = Vec::new();
    let count = text.split('`').count();
    for (number, part) in text.split('`').enumerate() {
        // A last odd part is text after a backtick that nothing closes.
        let is_code = number % 2 == 1 && number + 1 < count;
        parts.push(if is_code { part.to_owned() } else { change(part) });
    }
    parts.join("`")
}

fn without_tags(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        kept.push_str(&rest[..open]);
        rest = &rest[open..];
        if let Some(length) = tag_length(rest) {
            rest = &rest[length..];
        } else {
            kept.push('<');
            rest = &rest[1..];
        }
    }
    kept.push_str(rest);
    kept
}

/// The length of the HTML or JSX (capital letter) tag that `text` starts with.
fn tag_length(text: &str) -> Option<usize> {
    let end = text.bytes().take(LONGEST_TAG).position(|byte| byte == b'>')?;
    let inside = &text[1..end];
    let closing = inside.strip_prefix('/');
    let name_at = closing.unwrap_or(inside);
    let (name, after) = name_at.split_at(name_at.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name_at.len()));
    let named = !name.is_empty() && (after.is_empty() || after.starts_with([' ', '\n', '/']));
    let jsx = name.starts_with(|c: char| c.is_ascii_uppercase()) && name.contains(|c: char| c.is_ascii_lowercase());
    let is_tag = closing.is_some() || jsx || after.contains('=') || HTML.contains(&name);
    (named && is_tag).then_some(end + 1)
}

/// `[text](target)` at `start..end`; an image includes its `!`.
struct Link<'a> {
    start: usize,
    end: usize,
    text: &'a str,
    target: &'a str,
    image: bool,
}

impl<'a> Link<'a> {
    /// The first link that does not start inside inline code.
    fn first_in(line: &'a str) -> Option<Self> {
        let mut from = 0;
        loop {
            let middle = from + line[from..].find("](")?;
            let open = line[..middle].rfind('[');
            let close = line[middle..].find(')').map(|close| middle + close);
            let in_code = line[..middle].matches('`').count() % 2 == 1;
            let (Some(open), Some(close), false) = (open, close, in_code) else {
                from = middle + 2;
                continue;
            };
            let image = line[..open].ends_with('!');
            let start = open - usize::from(image);
            let (text, target) = (&line[open + 1..middle], &line[middle + 2..close]);
            return Some(Self { start, end: close + 1, text, target, image });
        }
    }
}

fn without_local_links(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(link) = Link::first_in(rest) {
        let leads_out = link.target.starts_with("https://") || link.target.starts_with("http://");
        kept.push_str(&rest[..link.start]);
        match (link.image, leads_out) {
            (true, _) => {}
            (false, true) => kept.push_str(&rest[link.start..link.end]),
            (false, false) => kept.push_str(link.text),
        }
        rest = &rest[link.end..];
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("see the [Shovel plugin](./shovel#use).", "see the Shovel plugin.")]
    #[case("see [the page](https://example.com/a).", "see [the page](https://example.com/a).")]
    #[case("![diagram](./a.svg) shows", " shows")]
    #[case("<p>Set <b>x</b> to &lt;n&gt;</p>", "Set x to &lt;n&gt;")]
    #[case("<TabItem value=\"a\">", "")]
    #[case("ssh <user>@<HOST> or <https://example.com>", "ssh <user>@<HOST> or <https://example.com>")]
    #[case("run `a <b> [c](d)` now", "run `a <b> [c](d)` now")]
    #[case("a lone ` tick <b>x</b>", "a lone ` tick x")]
    #[case("the [`a.conf` file](./a), [over\nlines](b)", "the `a.conf` file, over\nlines")]
    #[case("<img\n src='x'\n/>after", "after")]
    #[case("<custom class='x'>text</custom>", "text")]
    #[case("a](b and [c](d", "a](b and [c](d")]
    fn a_line_is_readable_outside_its_folder(#[case] line: &str, #[case] expected: &str) {
        assert_eq!(readable(line), expected);
    }

    #[test]
    fn a_title_is_plain_text() {
        assert_eq!(plain("The `x` **and** [y](https://example.com)  option"), "The x and y option");
    }
}
