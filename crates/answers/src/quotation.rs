//! Writes an answer of quotations: a line of introduction, the passages with their numbers, the list of sources.

use std::{
    collections::{BTreeSet, HashSet},
    fmt::Write as _,
    ops::Range,
};

use shared::{
    answer::{Answer, Format, MESSAGE_CHARACTERS},
    turn::Role,
};

use crate::{
    Found, Request,
    knowledge::{Block, blocks, terms},
    limit::{length, shorten},
    mention::neutralise,
    prose::{source, sources_list},
};

/// A longer passage is quoted in part, in characters: about what fits on a phone's screen.
const QUOTE_CHARACTERS: usize = 700;

/// The answer that quotes `passages` after `introduction`, the best one first; `remark` stands before their list.
pub(crate) fn compose(introduction: &str, passages: &[Found], remark: &str, request: &Request<'_>) -> Answer {
    let wanted = wanted(request);
    let mut body = introduction.to_owned();
    let mut sources = Vec::new();
    for (passage, number) in passages.iter().zip(1..) {
        for part in quote(passage, &wanted) {
            body.push_str("\n\n");
            body.push_str(&part);
        }
        write!(body, "\n\n[{number}]").unwrap_or_default();
        sources.push(source(passage));
    }
    let list = format!("{}\n\n{}", neutralise(remark), sources_list(&sources));
    let body = shorten(&neutralise(&body), MESSAGE_CHARACTERS.saturating_sub(length(&list)));
    Answer { text: format!("{body}{list}"), format: Format::Markdown, sources }
}

/// Words of the question and of the one before it: what a quoted paragraph should be about.
fn wanted(request: &Request<'_>) -> String {
    let previous = request.turns.iter().rev().find(|turn| turn.role == Role::User);
    format!("{} {}", request.question.text, previous.map_or("", |turn| turn.content.as_str()))
}

/// The passage's blocks that are most about `wanted`, in their order; left-out ones are marked. Code stands outside the
/// quotation marks, so that it can be copied.
fn quote(passage: &Found, wanted: &str) -> Vec<String> {
    let blocks = blocks(&passage.text);
    let chosen = choose(&blocks, wanted);
    let mut parts = Vec::new();
    if chosen.start > 0 {
        parts.push("> …".to_owned());
    }
    for block in &blocks[chosen.clone()] {
        parts.push(match block {
            Block::Prose(text) => text.lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n"),
            Block::Verbatim(text) => text.clone(),
        });
    }
    if chosen.end < blocks.len() {
        parts.push("> …".to_owned());
    }
    parts
}

/// The run of neighbouring blocks within [`QUOTE_CHARACTERS`] that holds most of what is wanted, the longest of equals.
/// One block is taken whole, whatever its length: code is never cut.
fn choose(blocks: &[Block], wanted: &str) -> Range<usize> {
    let size = |range: &Range<usize>| -> usize { blocks[range.clone()].iter().map(|b| length(b.text())).sum() };
    let fits = |range: &Range<usize>| range.len() <= 1 || size(range) <= QUOTE_CHARACTERS;
    if fits(&(0..blocks.len())) {
        return 0..blocks.len();
    }
    let wanted = Wanted::of(wanted, blocks);
    let mut best = (0..1, -1.0);
    for start in 0..blocks.len() {
        for end in start + 1..=blocks.len() {
            let range = start..end;
            if !fits(&range) {
                break;
            }
            let relevance = wanted.relevance(&range);
            if relevance > best.1 || (relevance >= best.1 && range.len() > best.0.len()) {
                best = (range, relevance);
            }
        }
    }
    best.0
}

/// The wanted words that the blocks of a passage have: where, and how much each tells blocks apart.
struct Wanted(Vec<(Vec<usize>, f32)>);

impl Wanted {
    fn of(wanted: &str, blocks: &[Block]) -> Self {
        let held: Vec<HashSet<String>> = blocks.iter().map(|block| terms(block.text()).collect()).collect();
        // Sorted, since a sum of floats depends on its order.
        let wanted: BTreeSet<String> = terms(wanted).collect();
        let place = |term: String| {
            let holders: Vec<usize> = (0..held.len()).filter(|block| held[*block].contains(&term)).collect();
            let all = count(blocks.len());
            let rarity = (1.0 + (all - count(holders.len()) + 0.5) / (count(holders.len()) + 0.5)).ln();
            (holders, rarity)
        };
        Self(wanted.into_iter().map(place).collect())
    }

    /// The rarity of the words that the blocks in `range` have.
    fn relevance(&self, range: &Range<usize>) -> f32 {
        let holds = |holders: &[usize]| holders.iter().any(|block| range.contains(block));
        self.0.iter().filter(|(holders, _)| holds(holders)).map(|(_, rarity)| rarity).sum()
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of blocks are far below 2^24")]
fn count(number: usize) -> f32 {
    number as f32
}
