//! One line of text as characters and code: what is code is not read any further.

use std::collections::HashMap;

use super::entities::resolve_entities;

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// A character that may be part of Markdown.
    Char(char),
    /// A character with a backslash before it, which is itself.
    Escaped(char),
    /// The text of a code span.
    Code(String),
}

/// Takes a line apart. Backticks that enclose nothing become apostrophes, so that every reader of the line finds the same
/// code in it.
pub(super) fn pieces(line: &str) -> Vec<Piece> {
    let runs = Runs::of(line);
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut at = 0;
    while let Some(c) = line[at..].chars().next() {
        let after = at + c.len_utf8();
        match c {
            '\\' if line[after..].starts_with(|next: char| next.is_ascii_punctuation()) => {
                text.push_str(&line[at..=after]);
                at = after + 1;
            }
            '`' => {
                let length = line[at..].bytes().take_while(|byte| *byte == b'`').count();
                if let Some(close) = runs.closing(at + length, length) {
                    push_text(&std::mem::take(&mut text), &mut pieces);
                    pieces.push(Piece::Code(line[at + length..close].to_owned()));
                    at = close + length;
                } else {
                    text.push('\'');
                    at += length;
                }
            }
            _ => {
                text.push(c);
                at = after;
            }
        }
    }
    push_text(&text, &mut pieces);
    pieces
}

/// Whether nothing is open at the end of `line` that a later text may close: code, brackets, strong and struck text.
pub(super) fn is_closed(line: &str) -> bool {
    let runs = Runs::of(line);
    let (mut square, mut round, mut angle, mut strong, mut struck) = (0_usize, 0_usize, false, false, false);
    let mut at = 0;
    while let Some(c) = line[at..].chars().next() {
        let mut after = at + c.len_utf8();
        let next = line[after..].chars().next();
        match c {
            '\\' => after += next.map_or(0, char::len_utf8),
            '`' => {
                let length = line[at..].bytes().take_while(|byte| *byte == b'`').count();
                let Some(close) = runs.closing(at + length, length) else { return false };
                after = close + length;
            }
            '[' | '【' => square += 1,
            ']' | '】' => square = square.saturating_sub(1),
            '(' => round += 1,
            ')' => round = round.saturating_sub(1),
            '<' => angle |= next.is_some_and(|next| next.is_ascii_alphabetic() || "!@#/".contains(next)),
            '>' => angle = false,
            '*' if next == Some('*') => {
                strong = !strong;
                after += 1;
            }
            '~' if next == Some('~') => {
                struck = !struck;
                after += 1;
            }
            _ => {}
        }
        at = after;
    }
    square == 0 && round == 0 && !angle && !strong && !struck
}

/// The runs of backticks in a line: where those of each length begin.
struct Runs(HashMap<usize, Vec<usize>>);

impl Runs {
    fn of(line: &str) -> Self {
        let mut runs: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut start = None;
        for (at, byte) in line.bytes().chain([b'\n']).enumerate() {
            match (byte, start) {
                (b'`', None) => start = Some(at),
                (b'`', Some(_)) | (_, None) => {}
                (_, Some(begun)) => {
                    runs.entry(at - begun).or_default().push(begun);
                    start = None;
                }
            }
        }
        Self(runs)
    }

    fn closing(&self, from: usize, length: usize) -> Option<usize> {
        let starts = self.0.get(&length)?;
        starts.get(starts.partition_point(|start| *start < from)).copied()
    }
}

/// Appends text outside of code, with its entities resolved: what they hide is read like the rest.
fn push_text(text: &str, pieces: &mut Vec<Piece>) {
    let text = resolve_entities(text);
    let mut chars = text.chars().peekable();
    let mut last = None;
    while let Some(c) = chars.next() {
        let escaped = chars.peek().copied().filter(|next| c == '\\' && next.is_ascii_punctuation());
        let piece = match escaped {
            None => Piece::Char(c),
            Some('`') => Piece::Char('\''),
            // A backslash that changes nothing would only hide an address or a secret.
            Some(plain) if ":/@&;=?%,\"'$^".contains(plain) => Piece::Char(plain),
            Some(inside @ ('_' | '-' | '.')) if last.is_some_and(char::is_alphabetic) => Piece::Char(inside),
            Some(special) => Piece::Escaped(special),
        };
        if escaped.is_some() {
            chars.next();
        }
        last = match piece {
            Piece::Char(c) | Piece::Escaped(c) => Some(c),
            Piece::Code(_) => None,
        };
        pieces.push(piece);
    }
}
