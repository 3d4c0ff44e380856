//! Rewrites the text of one line: citations, links, Slack's notation, HTML.

use super::{
    brackets::{character, closing_bracket, closing_brackets, destination, plain},
    citations::{Citations, is_index},
    links::{LINK_REMOVED, Links, WORD_JOINER, is_web},
    output::REMOVED,
    pieces::{Piece, pieces},
};

/// Links and references inside of others, to this depth; deeper ones are text.
const DEEPEST: usize = 4;
/// What stands between `<` and `>` is not longer, in characters.
const LONGEST_TAG: usize = 1_000;

/// HTML elements that are taken out, with their content kept. Others may be placeholders, such as `<host>`.
const HTML: [&str; 47] = [
    "a",
    "abbr",
    "b",
    "blockquote",
    "body",
    "br",
    "center",
    "code",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "figure",
    "font",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "hr",
    "html",
    "i",
    "iframe",
    "img",
    "kbd",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "script",
    "section",
    "small",
    "span",
    "strong",
    "style",
    "sub",
    "summary",
    "sup",
    "table",
    "td",
    "tr",
    "u",
    "ul",
];

/// The safe form of the text of one line. [`REMOVED`] stands where something was taken out.
pub(super) fn render(line: &str, links: &Links, citations: &mut Citations) -> String {
    let mut writer = Writer { links, citations };
    writer.render(&pieces(line), 0)
}

struct Writer<'a> {
    links: &'a Links,
    citations: &'a mut Citations,
}

/// What was read, rendered, and where the reading goes on.
type Read = (String, usize);

impl Writer<'_> {
    fn render(&mut self, pieces: &[Piece], depth: usize) -> String {
        let closing = if depth > DEEPEST { vec![None; pieces.len()] } else { closing_brackets(pieces) };
        let mut rendered = String::new();
        // Text is kept together, because an address is recognised as a whole.
        let mut text = String::new();
        let mut at = 0;
        while let Some(piece) = pieces.get(at) {
            let read = match piece {
                Piece::Code(code) => Some((code_span(code), at + 1)),
                Piece::Char('!') if pieces.get(at + 1) == Some(&Piece::Char('[')) => {
                    closing[at + 1].and_then(|close| self.image(pieces, at + 1, close, depth))
                }
                Piece::Char('[' | '【') => closing[at].and_then(|close| self.bracket(pieces, at, close, depth)),
                Piece::Char('(') => closing[at].and_then(|close| self.parenthesis(pieces, at, close)),
                Piece::Char('<') => self.angle(pieces, at, depth),
                _ => None,
            };
            if let Some((part, next)) = read {
                rendered.push_str(&self.links.text(&std::mem::take(&mut text)));
                // Two passages of one page are cited once.
                if !rendered.ends_with(&part) || !part.starts_with('[') {
                    rendered.push_str(&part);
                }
                at = next;
                continue;
            }
            push(piece, pieces.get(at + 1), &mut text);
            at += 1;
        }
        rendered.push_str(&self.links.text(&text));
        rendered
    }

    /// `![alt](target)` and `![alt][label]`: only the words stay.
    fn image(&mut self, pieces: &[Piece], open: usize, close: usize, depth: usize) -> Option<Read> {
        let end = match pieces.get(close + 1) {
            Some(Piece::Char('(')) => destination(pieces, close + 1)?.1,
            Some(Piece::Char('[')) => closing_bracket(pieces, close + 1)? + 1,
            _ => close + 1,
        };
        let words = self.render(&pieces[open + 1..close], depth + 1);
        Some((alone(&words), end))
    }

    /// A citation or a link; none for brackets that are themselves.
    fn bracket(&mut self, pieces: &[Piece], open: usize, close: usize, depth: usize) -> Option<Read> {
        let inner = &pieces[open + 1..close];
        let attached = open.checked_sub(1).and_then(|before| character(&pieces[before])).is_some_and(is_of_a_word);
        let is_square = pieces[open] == Piece::Char('[');
        let target = match pieces.get(close + 1) {
            Some(Piece::Char('(')) if is_square => destination(pieces, close + 1),
            _ => None,
        };
        let words = plain(inner).unwrap_or_default();
        if !(attached && is_index(&words))
            && let Some(citation) = self.citations.read(&words)
        {
            return Some((citation, target.map_or(close + 1, |(_, end)| end)));
        }
        if let Some((target, end)) = target {
            let words = self.render(inner, depth + 1);
            let is_empty = words.trim_matches([' ', REMOVED]).is_empty();
            return Some(match self.links.allowed(&target) {
                _ if is_empty => (REMOVED.to_string(), end),
                Some(target) if is_web(&target) && depth == 0 => (format!("[{words}]({target})"), end),
                _ => (alone(&words), end),
            });
        }
        let label = closing_bracket(pieces, close + 1).filter(|_| is_square)?;
        let is_citation = plain(&pieces[close + 2..label]).is_some_and(|words| Citations::is_citation(&words));
        if is_citation {
            return Some((alone(&self.render(inner, depth + 1)), close + 1));
        }
        // `matrix[i][j]` is no link.
        (!attached).then(|| (alone(&self.render(inner, depth + 1)), label + 1))
    }

    /// `(Source 1)`, `([1])`.
    fn parenthesis(&mut self, pieces: &[Piece], open: usize, close: usize) -> Option<Read> {
        let words = plain(&pieces[open + 1..close])?;
        let words = words.trim();
        let bracketed = words.strip_prefix('[').and_then(|words| words.strip_suffix(']'));
        // `(1)` counts things, and `(2 and 3)` too.
        let named = words.starts_with(|c: char| c.is_alphabetic()).then_some(words);
        let citation = self.citations.read(bracketed.or(named)?)?;
        Some((citation, close + 1))
    }

    /// Slack's notation, an autolink, or HTML.
    fn angle(&mut self, pieces: &[Piece], open: usize, depth: usize) -> Option<Read> {
        let length = pieces[open + 1..].iter().take(LONGEST_TAG).position(|piece| *piece == Piece::Char('>'))?;
        let end = open + 1 + length;
        let inside = &pieces[open + 1..end];
        let words = plain(inside).filter(|words| !words.contains('<'))?;
        let bar = inside.iter().position(|piece| matches!(piece, Piece::Char('|') | Piece::Escaped('|')));
        let label = bar.map(|bar| &inside[bar + 1..]).filter(|label| !label.is_empty());
        let target = words.split('|').next().unwrap_or_default().trim_end_matches('\\');
        let mark = target.chars().next()?;
        let rendered = match mark {
            '@' | '#' | '!' if is_reference(target) => {
                let words = label.map_or_else(
                    || target[1..].chars().take_while(|c| *c != '{').collect(),
                    |label| self.render(label, depth + 1),
                );
                let words = words.trim_start_matches(['@', '#', WORD_JOINER]);
                let sign = if mark == '!' { '@' } else { mark };
                alone(&format!("{sign}{WORD_JOINER}{words}"))
            }
            _ if is_address(target) => match (label, self.links.allowed(target)) {
                (Some(label), None) => alone(&self.render(label, depth + 1)),
                (Some(label), Some(address)) => format!("[{}]({address})", self.render(label, DEEPEST)),
                (None, Some(address)) => format!("<{address}>"),
                (None, None) => LINK_REMOVED.to_owned(),
            },
            _ => html(&words)?,
        };
        Some((rendered, end + 1))
    }
}

/// Words without what was around them.
fn alone(words: &str) -> String {
    format!("{REMOVED}{words}{REMOVED}")
}

/// Appends a piece that is text. What could begin a link or a reference to somebody reads the same and does not.
fn push(piece: &Piece, next: Option<&Piece>, text: &mut String) {
    let next = next.and_then(character);
    match piece {
        Piece::Char(c @ ('<' | ']')) | Piece::Escaped(c @ ('<' | ']')) => {
            text.push(*c);
            let opens = match c {
                '<' => next.is_some_and(|next| next.is_alphabetic() || "!@#/?\\&[(*_".contains(next)),
                _ => next.is_some_and(|next| "([:\\".contains(next)),
            };
            if opens {
                text.push(WORD_JOINER);
            }
        }
        Piece::Char(c) => text.push(*c),
        Piece::Escaped(c) => text.extend(['\\', *c]),
        Piece::Code(code) => text.push_str(&code_span(code)),
    }
}

/// A code span that every reader of Markdown sees as one.
pub(super) fn code_span(code: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for c in code.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let marks = "`".repeat(longest + 1);
    let padding = if code.starts_with('`') || code.ends_with('`') { " " } else { "" };
    format!("{marks}{padding}{code}{padding}{marks}")
}

fn is_of_a_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == ')' || c == ']'
}

/// Whether what stands after `<` refers to a member, a channel or a group, or is one of Slack's commands.
fn is_reference(target: &str) -> bool {
    let id = &target[1..];
    let is_command = target.starts_with('!');
    let belongs = |c: char| c.is_ascii_alphanumeric() || (is_command && "^_-.".contains(c));
    // `<!date^1392734382^{date}|18 February>` has a form of its own.
    let plain = if id.starts_with("date^") { "date" } else { id };
    !plain.is_empty() && plain.chars().all(belongs)
}

fn is_address(target: &str) -> bool {
    let scheme = target.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)));
    let has_scheme = scheme.is_some_and(|at| at > 1 && target[at..].starts_with(':'));
    !target.contains(' ') && (has_scheme || (target.contains('@') && target.contains('.')))
}

/// What stays of a tag or comment; none if it is neither.
fn html(inside: &str) -> Option<String> {
    if inside.starts_with("!--") || inside.starts_with('?') {
        return Some(REMOVED.to_string());
    }
    let name_at = inside.strip_prefix('/').unwrap_or(inside);
    let (name, attributes) =
        name_at.split_at(name_at.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name_at.len()));
    let is_known = HTML.contains(&name.to_ascii_lowercase().as_str());
    let is_tag = !name.is_empty() && (is_known || attributes.contains('='));
    let is_break = name.eq_ignore_ascii_case("br");
    is_tag.then(|| if is_break { " ".to_owned() } else { REMOVED.to_string() })
}
