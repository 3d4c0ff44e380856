//! One page as passages.

use std::collections::HashMap;

use super::{
    markdown::{Block, Element, parse},
    plain_text,
};
use crate::citation;

/// The usual length of a passage, in characters: enough for a thought, short enough to rank by.
const PASSAGE_CHARACTERS: usize = 1_200;
/// Up to here a passage grows to keep a code block with the text that introduces it.
const PASSAGE_CHARACTERS_WITH_CODE: usize = 2_400;

/// Stands between the page's title and its headings.
const HEADING_SEPARATOR: &str = " › ";

/// A part of a page that is found and quoted as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// The page's title and the headings above the passage: `Title › Heading`.
    pub title: String,
    /// The path in the folder, with `#anchor` where there is a heading.
    pub location: String,
    /// The text, block by block.
    pub blocks: Vec<Block>,
    /// Its number among the passages of one location, from 0: a long section is split.
    pub part: usize,
}

impl Passage {
    /// Names it within its folder.
    pub fn id(&self) -> String {
        if self.part == 0 { self.location.clone() } else { format!("{}~{}", self.location, self.part) }
    }

    /// The whole text, in Markdown.
    pub fn text(&self) -> String {
        self.blocks.iter().map(Block::text).collect::<Vec<_>>().join("\n\n")
    }

    /// The title of the passage's page.
    pub(super) fn page_title(&self) -> &str {
        self.title.split_once(HEADING_SEPARATOR).map_or(self.title.as_str(), |(page, _)| page)
    }

    /// The heading that the passage stands under, without those above it.
    pub(super) fn heading(&self) -> &str {
        self.title.rsplit_once(HEADING_SEPARATOR).map_or(self.title.as_str(), |(_, heading)| heading)
    }

    /// The file of the passage: its path in the folder.
    pub fn page(&self) -> &str {
        citation::page(&self.location)
    }
}

/// Where the `#anchor` of a heading comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Anchors {
    /// From the author, else made from the heading as site generators do.
    Made,
    /// From the author alone.
    Given,
}

/// Splits the Markdown at `path` (in the folder, with `/`) into passages.
pub(super) fn passages(path: &str, markdown: &str) -> Vec<Passage> {
    let (front_title, body) = front_matter(markdown);
    let elements = parse(body);
    let title = front_title.or_else(|| first_heading(&elements));
    split(path, title, elements, Anchors::Made)
}

/// Splits HTML, given as Markdown with each heading's `{#id}`. The title is the first heading, else the one of `<title>`.
pub(super) fn passages_of_html(path: &str, title: Option<String>, markdown: &str) -> Vec<Passage> {
    let elements = parse(markdown);
    split(path, first_heading(&elements).or(title), elements, Anchors::Given)
}

/// Splits plain text. Its headings have no address, so that a passage is found by its file alone.
pub(super) fn passages_of_text(path: &str, text: &str) -> Vec<Passage> {
    let elements = plain_text::parse(text);
    split(path, first_heading(&elements), elements, Anchors::Given)
}

fn split(path: &str, title: Option<String>, elements: Vec<Element>, anchors: Anchors) -> Vec<Passage> {
    let title = title.unwrap_or_else(|| file_stem(path).to_owned());
    let mut page = Page {
        path,
        title,
        making: anchors,
        headings: Vec::new(),
        anchors: HashMap::new(),
        parts: HashMap::new(),
        passages: Vec::new(),
    };
    let mut section = Section::default();
    for element in elements {
        match element {
            Element::Block(block) => section.blocks.push(block),
            Element::Heading { level, text, anchor } => {
                page.close(&mut section);
                section.anchor = page.open(level, &text, anchor);
            }
        }
    }
    page.close(&mut section);
    page.passages
}

#[derive(Default)]
struct Section {
    anchor: Option<String>,
    blocks: Vec<Block>,
}

struct Page<'a> {
    path: &'a str,
    title: String,
    making: Anchors,
    headings: Vec<(usize, String)>,
    /// All anchors given so far, with the highest number that was put behind each.
    anchors: HashMap<String, usize>,
    /// How many passages each location has.
    parts: HashMap<String, usize>,
    passages: Vec<Passage>,
}

impl Page<'_> {
    /// Enters a section; its anchor, unless it is the page's own heading.
    fn open(&mut self, level: usize, text: &str, anchor: Option<String>) -> Option<String> {
        self.headings.retain(|(above, _)| *above < level);
        let anchor = match anchor {
            Some(anchor) => {
                self.anchors.entry(anchor.clone()).or_default();
                Some(anchor)
            }
            None if self.making == Anchors::Made => Some(self.unique(&slug(text))),
            None => None,
        };
        if text == self.title {
            return None;
        }
        self.headings.push((level, text.to_owned()));
        anchor
    }

    /// The slug, with a number if it was given before: `set`, `set-1`.
    fn unique(&mut self, slug: &str) -> String {
        let mut anchor = slug.to_owned();
        while self.anchors.contains_key(&anchor) {
            let number = self.anchors.entry(slug.to_owned()).or_default();
            *number += 1;
            anchor = format!("{slug}-{number}");
        }
        self.anchors.insert(anchor.clone(), 0);
        anchor
    }

    fn close(&mut self, section: &mut Section) {
        let section = std::mem::take(section);
        let path = self.headings.iter().map(|(_, text)| text.as_str());
        let title = std::iter::once(self.title.as_str()).chain(path).collect::<Vec<_>>().join(HEADING_SEPARATOR);
        let location = match &section.anchor {
            Some(anchor) => format!("{}#{anchor}", self.path),
            None => self.path.to_owned(),
        };
        for blocks in pack(section.blocks) {
            let part = self.parts.entry(location.clone()).or_default();
            self.passages.push(Passage { title: title.clone(), location: location.clone(), blocks, part: *part });
            *part += 1;
        }
    }
}

/// The title in the front matter (YAML between `---`, TOML between `+++`), and the text after it.
fn front_matter(markdown: &str) -> (Option<String>, &str) {
    let markdown = markdown.trim_start_matches('\u{feff}');
    for (mark, separator) in [("---", ':'), ("+++", '=')] {
        let mut at = 0;
        let mut title = None;
        for (number, line) in markdown.split_inclusive('\n').enumerate() {
            at += line.len();
            let line = line.trim_end();
            match (number, line == mark) {
                (0, true) => {}
                (0, false) => break,
                (_, true) => return (title, &markdown[at..]),
                (_, false) => {
                    if let Some(("title", value)) =
                        line.split_once(separator).map(|(key, value)| (key.trim_end(), value))
                    {
                        title = Some(unquoted(value)).filter(|title| !title.is_empty());
                    }
                }
            }
        }
    }
    (None, markdown)
}

fn unquoted(value: &str) -> String {
    let value = value.trim();
    let quoted = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    quoted.unwrap_or(value).trim().to_owned()
}

fn first_heading(elements: &[Element]) -> Option<String> {
    elements.iter().find_map(|element| match element {
        Element::Heading { level: 1, text, .. } if !text.is_empty() => Some(text.clone()),
        _ => None,
    })
}

fn file_stem(path: &str) -> &str {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// The anchor that GitHub and most site generators give a heading: lower case, spaces as `-`, punctuation dropped.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The blocks of a passage that is given as one text; its headings become lines in bold.
pub(crate) fn blocks(markdown: &str) -> Vec<Block> {
    let elements = parse(markdown).into_iter().map(|element| match element {
        Element::Block(block) => block,
        Element::Heading { text, .. } => Block::Prose(format!("**{text}**")),
    });
    elements.flat_map(split_long).collect()
}

/// Packs a section's blocks into passages; splits a paragraph that is too long alone, never a code block.
fn pack(blocks: Vec<Block>) -> Vec<Vec<Block>> {
    let mut packed: Vec<Vec<Block>> = Vec::new();
    let mut length = 0;
    for block in blocks.into_iter().flat_map(split_long) {
        let size = block.text().chars().count();
        let most = match block {
            Block::Prose(_) => PASSAGE_CHARACTERS,
            Block::Verbatim(_) => PASSAGE_CHARACTERS_WITH_CODE,
        };
        match packed.last_mut() {
            Some(last) if length + size <= most => {
                length += size;
                last.push(block);
            }
            _ => {
                length = size;
                packed.push(vec![block]);
            }
        }
    }
    packed
}

/// A too long paragraph in pieces: at line ends, a line that is too long alone at spaces.
fn split_long(block: Block) -> Vec<Block> {
    let Block::Prose(text) = &block else { return vec![block] };
    if text.chars().count() <= PASSAGE_CHARACTERS {
        return vec![block];
    }
    let mut pieces: Vec<(usize, String)> = Vec::new();
    for line in text.split('\n') {
        let line_is_long = line.chars().count() > PASSAGE_CHARACTERS;
        let separator = if line_is_long { ' ' } else { '\n' };
        let parts: Vec<&str> = if line_is_long { line.split(' ').collect() } else { vec![line] };
        for part in parts {
            let size = part.chars().count() + 1;
            match pieces.last_mut() {
                Some((length, piece)) if *length + size <= PASSAGE_CHARACTERS => {
                    *length += size;
                    piece.push(separator);
                    piece.push_str(part);
                }
                _ => pieces.push((size, part.to_owned())),
            }
        }
    }
    pieces.into_iter().map(|(_, piece)| Block::Prose(piece)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::limit::open_fence;

    fn places(markdown: &str) -> Vec<(String, String)> {
        passages("guide/keys.md", markdown).into_iter().map(|passage| (passage.title, passage.location)).collect()
    }

    fn any_markdown() -> impl Strategy<Value = String> {
        let mark = proptest::sample::select(vec![
            "\n", "\n\n", "# ", "```", "~~~", "---", "    ", "\t", "\u{a0}", "<p>", "<", ">", "<!--", "-->", "[", "](",
            ")", "`", "- ", "1. ", "| ", "{#x}", "title: ", "word", "ü😀", ":::",
        ]);
        proptest::collection::vec(mark, 0..60).prop_map(|marks| marks.concat())
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_every_block_closes_its_fences(markdown in any_markdown()) {
            for passage in passages("a.md", &markdown) {
                for block in &passage.blocks {
                    prop_assert!(!block.text().trim().is_empty());
                    let fence = open_fence(block.text());
                    prop_assert!(fence.is_none() || matches!(block, Block::Prose(_)), "{:?}", block);
                }
            }
        }
    }

    fn place(title: &str, location: &str) -> (String, String) {
        (title.to_owned(), location.to_owned())
    }

    #[test]
    fn a_passage_knows_the_headings_above_it() {
        let found = places("# Keys\nintro\n## Rotate\nx\n### By hand\ny\n## Delete\nz");
        assert_eq!(
            found,
            [
                place("Keys", "guide/keys.md"),
                place("Keys › Rotate", "guide/keys.md#rotate"),
                place("Keys › Rotate › By hand", "guide/keys.md#by-hand"),
                place("Keys › Delete", "guide/keys.md#delete"),
            ]
        );
    }

    #[rstest]
    #[case("---\ntitle: \"All keys\"\nsidebar: x\n---\n# Keys\ntext", "All keys › Keys")]
    #[case("\u{feff}---\r\ntitle: Keys\r\n---\r\n# Keys\r\ntext", "Keys")]
    #[case("+++\ntitle = 'Keys'\n+++\ntext", "Keys")]
    #[case("---\nsidebar: x\n---\ntext", "keys")]
    #[case("---\n\ntext after a rule, never closed", "keys")]
    fn the_title_comes_from_front_matter_then_heading_then_file(#[case] markdown: &str, #[case] title: &str) {
        let found = passages("guide/keys.md", markdown);
        assert_eq!(found[0].title, title);
        assert!(!found[0].blocks.iter().any(|block| block.text().contains("sidebar")));
    }

    #[test]
    fn anchors_are_the_authors_or_made_from_the_heading_and_differ() {
        let found = places("# T\n## What's new?\na\n## Über uns\nb\n## Set {#own}\nc\n## Set\nd\n## Set\ne");
        let anchors: Vec<_> = found.iter().map(|(_, location)| location.as_str()).collect();
        let expected = ["whats-new", "über-uns", "own", "set", "set-1"].map(|anchor| format!("guide/keys.md#{anchor}"));
        assert_eq!(anchors, expected);
    }

    #[test]
    fn a_long_section_is_split_between_paragraphs() {
        let paragraph = "word ".repeat(100);
        let found = passages("a.md", &[paragraph.as_str(); 6].join("\n\n"));
        assert_eq!(found.iter().map(|passage| passage.blocks.len()).collect::<Vec<_>>(), [2, 2, 2]);
    }

    #[test]
    fn a_long_paragraph_is_split_and_loses_no_word() {
        let paragraph = (0..1_000).map(|number| format!("w{number}")).collect::<Vec<_>>().join(" ");
        let found = passages("a.md", &paragraph);
        let blocks: Vec<&str> = found.iter().flat_map(|passage| &passage.blocks).map(Block::text).collect();
        assert!(blocks.iter().all(|block| block.len() <= PASSAGE_CHARACTERS));
        assert_eq!(blocks.join(" "), paragraph);
    }

    #[test]
    fn a_code_block_stays_whole_and_with_its_introduction() {
        let code = format!("```\n{}```", "line of code\n".repeat(100));
        let found = passages("a.md", &format!("Run this:\n\n{code}"));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].blocks[1].text(), code);
    }
}
