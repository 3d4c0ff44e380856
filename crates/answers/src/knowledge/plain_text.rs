//! Plain text as headings and blocks: paragraphs between blank lines, and lines that are underlined. reStructuredText is
//! read like this too; its directives stay as they are written.

use super::markdown::{Block, Element};

/// What a heading is underlined with, <https://docutils.sourceforge.io/docs/ref/rst/restructuredtext.html#sections>.
const UNDERLINES: &str = "=-~^\"'`#*+.:_";
/// A shorter underline may be anything.
const SHORTEST_UNDERLINE: usize = 3;

/// Splits plain text. Headings get their level from the order in which their underlines appear.
pub(super) fn parse(text: &str) -> Vec<Element> {
    let mut elements = Vec::new();
    let mut marks: Vec<char> = Vec::new();
    let mut paragraph: Vec<&str> = Vec::new();
    for line in text.trim_start_matches('\u{feff}').lines().map(str::trim_end).chain([""]) {
        match (underline(line), paragraph.as_slice()) {
            // The line above a heading that is lined on both sides.
            (Some(_), []) => {}
            (Some(mark), [heading]) if line.chars().count() >= heading.trim().chars().count() => {
                let known = marks.iter().position(|known| *known == mark);
                let level = known.unwrap_or_else(|| {
                    marks.push(mark);
                    marks.len() - 1
                });
                elements.push(Element::Heading { level: level + 1, text: heading.trim().to_owned(), anchor: None });
                paragraph.clear();
            }
            _ if line.is_empty() => {
                if !paragraph.is_empty() {
                    elements.push(Element::Block(Block::Prose(paragraph.join("\n"))));
                    paragraph.clear();
                }
            }
            _ => paragraph.push(line),
        }
    }
    elements
}

fn underline(line: &str) -> Option<char> {
    let mark = line.chars().next().filter(|mark| UNDERLINES.contains(*mark))?;
    (line.len() >= SHORTEST_UNDERLINE && line.chars().all(|c| c == mark)).then_some(mark)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn heading(level: usize, text: &str) -> Element {
        Element::Heading { level, text: text.to_owned(), anchor: None }
    }

    fn prose(text: &str) -> Element {
        Element::Block(Block::Prose(text.to_owned()))
    }

    #[test]
    fn paragraphs_and_underlined_headings_are_found() {
        let text = "====\nKeys\n====\n\nOne\ntwo.\n\nRotate\n------\nThree.\n\nDelete\n------\n\n# no heading\n";
        let expected = [
            heading(1, "Keys"),
            prose("One\ntwo."),
            heading(2, "Rotate"),
            prose("Three."),
            heading(2, "Delete"),
            prose("# no heading"),
        ];
        assert_eq!(parse(text), expected);
    }

    #[test]
    fn a_line_under_several_or_a_shorter_one_makes_no_heading() {
        assert_eq!(parse("one\ntwo\n---"), [prose("one\ntwo\n---")]);
        assert_eq!(parse("a whole sentence\n---"), [prose("a whole sentence\n---")]);
    }

    proptest! {
        #[test]
        fn no_word_is_lost(text in "([a-z]{1,4}[ \n]|---\n|\n){0,30}") {
            let mut words = Vec::new();
            for element in parse(&text) {
                match element {
                    Element::Heading { text, .. } | Element::Block(Block::Prose(text) | Block::Verbatim(text)) => {
                        words.extend(text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
                    }
                }
            }
            let expected: Vec<&str> = text.split_whitespace().filter(|word| *word != "---").collect();
            words.retain(|word| word != "---");
            prop_assert_eq!(words, expected);
        }
    }
}
