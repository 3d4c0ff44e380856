//! Which bracket closes which, and what stands in a link's parentheses.

use super::pieces::Piece;

/// The character of a piece; a backslash for one that is escaped.
pub(super) fn character(piece: &Piece) -> Option<char> {
    match piece {
        Piece::Char(c) => Some(*c),
        Piece::Escaped(_) => Some('\\'),
        Piece::Code(_) => None,
    }
}

/// The pieces as text; none if there is code among them.
pub(super) fn plain(pieces: &[Piece]) -> Option<String> {
    let text = |piece: &Piece| match piece {
        Piece::Char(c) | Piece::Escaped(c) => Some(*c),
        Piece::Code(_) => None,
    };
    pieces.iter().map(text).collect()
}

/// For each bracket that opens, the one that closes it.
pub(super) fn closing_brackets(pieces: &[Piece]) -> Vec<Option<usize>> {
    let mut closing = vec![None; pieces.len()];
    let mut open: [Vec<usize>; 3] = Default::default();
    for (at, piece) in pieces.iter().enumerate() {
        let Piece::Char(c) = piece else { continue };
        match c {
            '[' => open[0].push(at),
            '(' => open[1].push(at),
            '【' => open[2].push(at),
            ']' | ')' | '】' => {
                let kind = [']', ')', '】'].iter().position(|mark| mark == c).unwrap_or_default();
                if let Some(start) = open[kind].pop() {
                    closing[start] = Some(at);
                }
            }
            _ => {}
        }
    }
    closing
}

/// The end of the label that begins at `open`; none if no label begins there. A label holds no brackets.
pub(super) fn closing_bracket(pieces: &[Piece], open: usize) -> Option<usize> {
    (pieces.get(open) == Some(&Piece::Char('['))).then_some(())?;
    let length = pieces[open + 1..].iter().position(|piece| matches!(piece, Piece::Char('[' | ']')))?;
    (pieces[open + 1 + length] == Piece::Char(']')).then_some(open + 1 + length)
}

/// The target in `(target "title")`, and where it ends.
pub(super) fn destination(pieces: &[Piece], open: usize) -> Option<(String, usize)> {
    let space = |at: usize| pieces.get(at).is_some_and(|piece| *piece == Piece::Char(' '));
    let mut at = open + 1;
    while space(at) {
        at += 1;
    }
    let bracketed = pieces.get(at) == Some(&Piece::Char('<'));
    let start = at + usize::from(bracketed);
    at = start;
    let mut depth = 0_usize;
    let end = loop {
        match pieces.get(at)? {
            Piece::Code(_) => return None,
            Piece::Char('>') if bracketed => break at,
            Piece::Char('(') if !bracketed => depth += 1,
            Piece::Char(')') if !bracketed && depth == 0 => break at,
            Piece::Char(')') if !bracketed => depth -= 1,
            Piece::Char(' ') if !bracketed => break at,
            _ => {}
        }
        at += 1;
    };
    let target = plain(&pieces[start..end])?;
    at = end + usize::from(bracketed);
    while space(at) {
        at += 1;
    }
    if let Some(Piece::Char(quote @ ('"' | '\'' | '('))) = pieces.get(at) {
        let closing = if *quote == '(' { ')' } else { *quote };
        at += 2 + pieces[at + 1..].iter().position(|piece| *piece == Piece::Char(closing))?;
        while space(at) {
            at += 1;
        }
    }
    (pieces.get(at) == Some(&Piece::Char(')'))).then_some((target, at + 1))
}
