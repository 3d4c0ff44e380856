//! HTML's entities, behind which a model's text could hide something.

use super::{clean::is_hidden, links::WORD_JOINER};

/// Longer ones are no entities.
const LONGEST_ENTITY: usize = 32;

/// The names of what has a meaning in Markdown or in an address, <https://html.spec.whatwg.org/#named-character-references>.
const NAMED: [(&str, char); 44] = [
    ("amp", '&'),
    ("AMP", '&'),
    ("lt", '<'),
    ("LT", '<'),
    ("gt", '>'),
    ("GT", '>'),
    ("quot", '"'),
    ("QUOT", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("Tab", ' '),
    ("NewLine", ' '),
    ("excl", '!'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("lpar", '('),
    ("rpar", ')'),
    ("ast", '*'),
    ("midast", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("period", '.'),
    ("sol", '/'),
    ("colon", ':'),
    ("semi", ';'),
    ("equals", '='),
    ("quest", '?'),
    ("commat", '@'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("bsol", '\\'),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("Hat", '^'),
    ("lowbar", '_'),
    ("UnderBar", '_'),
    ("grave", '`'),
    ("lcub", '{'),
    ("lbrace", '{'),
    ("verbar", '|'),
    ("vert", '|'),
    ("rcub", '}'),
    ("rbrace", '}'),
];

/// Resolves entities, those inside of others too: `&amp;lt;` is `<` in the end.
pub(super) fn resolve_entities(text: &str) -> String {
    let mut resolved = String::with_capacity(text.len());
    for c in text.chars() {
        resolved.push(c);
        while resolved.ends_with(';') {
            let Some((start, character)) = last_entity(&resolved) else { break };
            resolved.truncate(start);
            match character {
                '`' => resolved.push('\''),
                '|' => resolved.push_str("\\|"),
                // It was meant to be read.
                '<' => resolved.extend(['<', WORD_JOINER]),
                hidden if is_hidden(hidden) || hidden == WORD_JOINER => {}
                space if space.is_whitespace() => resolved.push(' '),
                seen => resolved.push(seen),
            }
        }
    }
    resolved
}

/// The entity that `text`, which ends with `;`, ends with: where it starts, and what it is.
fn last_entity(text: &str) -> Option<(usize, char)> {
    let body = &text[..text.len() - 1];
    let start = body.bytes().rev().take(LONGEST_ENTITY).position(|byte| byte == b'&')?;
    let name = &body[body.len() - start..];
    let number = name.strip_prefix('#').map(|digits| match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => digits.parse(),
    });
    let character = match number {
        Some(number) => char::from_u32(number.ok()?)?,
        None => NAMED.iter().find(|(known, _)| *known == name)?.1,
    };
    Some((body.len() - start - 1, character))
}
