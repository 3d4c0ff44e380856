//! Where a text may be cut, and how good a place each is.

use unicode_segmentation::UnicodeSegmentation as _;

use super::{
    length,
    outline::{Kind, LeafKind, Line, Outline},
};

/// How good it is to cut before a unit; less is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cut {
    /// Between blocks that belong to nothing.
    Block,
    /// Between the items of a list, or the blocks of a quote.
    Item,
    /// The same, deeper.
    Nested,
    Line,
    Sentence,
    Word,
    Character,
    /// Behind a heading or a bold line that stands for one, before the end of code, in the head of a table: only if nothing else is left.
    Never,
}

/// The cuts, the best first.
pub(super) const CUTS: [Cut; 8] =
    [Cut::Block, Cut::Item, Cut::Nested, Cut::Line, Cut::Sentence, Cut::Word, Cut::Character, Cut::Never];

/// What is not cut any further: a line, or a part of a long one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The number of its line.
    pub(super) line: usize,
    pub(super) begins_line: bool,
    pub(super) cut: Cut,
}

/// The units of a text; none is longer than `longest`.
pub(super) fn units(outline: &Outline<'_>, longest: usize) -> Vec<Unit> {
    let mut units = Vec::new();
    let mut previous: Option<&Line> = None;
    for (number, line) in outline.lines.iter().enumerate().filter(|(_, line)| !line.is_blank) {
        let whole = Unit {
            start: line.start,
            end: line.end,
            line: number,
            begins_line: true,
            cut: previous.map_or(Cut::Block, |previous| before_line(outline, previous, line)),
        };
        previous = Some(line);
        if length(&outline.text[line.start..line.end]) <= longest {
            units.push(whole);
        } else {
            divide(outline, line, whole, longest, &mut units);
        }
    }
    units
}

fn before_line(outline: &Outline<'_>, previous: &Line, line: &Line) -> Cut {
    let leaf = |line: &Line| line.leaf.map(|leaf| &outline.leaves[leaf].kind);
    let after_heading =
        leaf(previous) == Some(&LeafKind::Heading) || (previous.leaf.is_none() && is_bold(outline.content(previous)));
    if line.leaf.is_some() && line.leaf == previous.leaf {
        return match leaf(line) {
            Some(LeafKind::Heading) => Cut::Never,
            Some(LeafKind::Fence { .. }) if line.closes || line.place < 2 => Cut::Never,
            Some(LeafKind::Table { .. }) if line.place < 3 => Cut::Never,
            _ => Cut::Line,
        };
    }
    let same_text = line.leaf.is_none() && previous.leaf.is_none() && line.opens == 0 && !line.after_blank;
    if same_text {
        Cut::Line
    } else if after_heading {
        Cut::Never
    } else {
        let continued = line.chain.len() - line.opens;
        let opened = line.chain.get(continued).map(|container| outline.containers[*container].kind);
        let in_a_list = matches!(opened, Some(Kind::Item { is_first: false, .. }));
        match continued {
            0 if !in_a_list => Cut::Block,
            0 | 1 => Cut::Item,
            _ => Cut::Nested,
        }
    }
}

/// Whether a line is all bold, as a heading over a list often is: `**Sources**`.
fn is_bold(content: &str) -> bool {
    let bold = content.trim().trim_end_matches(':').strip_prefix("**").and_then(|rest| rest.strip_suffix("**"));
    bold.is_some_and(|words| !words.is_empty() && !words.trim_end_matches(':').contains("**"))
}

/// Adds the parts of a long line.
fn divide(outline: &Outline<'_>, line: &Line, whole: Unit, longest: usize, units: &mut Vec<Unit>) {
    let mut rest = whole;
    let is_code = line.leaf.is_some_and(|leaf| matches!(outline.leaves[leaf].kind, LeafKind::Fence { .. }));
    let borders = if is_code { Vec::new() } else { borders(outline, line) };
    let size = |start: usize, end: usize| length(&outline.text[start..end]);
    let mut borders = borders.into_iter().peekable();
    while size(rest.start, rest.end) > longest {
        // The last border within reach; a sentence's, if it leaves a half.
        let mut chosen: Option<Border> = None;
        let mut sentence: Option<Border> = None;
        while let Some(border) = borders.next_if(|border| size(rest.start, border.end) <= longest) {
            if border.end > rest.start {
                chosen = Some(border);
                sentence = if border.cut == Cut::Sentence { Some(border) } else { sentence };
            }
        }
        let border = sentence.or(chosen).unwrap_or_else(|| {
            let at = whole_characters(&outline.text[rest.start..rest.end], longest) + rest.start;
            Border { end: at, start: at, cut: Cut::Character }
        });
        units.push(Unit { end: border.end, ..rest });
        rest = Unit { start: border.start, begins_line: false, cut: border.cut, ..rest };
    }
    units.push(rest);
}

/// The white space between two words: the text before it ends at `end`, the text after it begins at `start`.
#[derive(Debug, Clone, Copy)]
struct Border {
    end: usize,
    start: usize,
    cut: Cut,
}

/// The borders in a line of text outside of emphasis, links and code.
fn borders(outline: &Outline<'_>, line: &Line) -> Vec<Border> {
    let content = outline.content(line);
    let first_span = outline.spans.partition_point(|span| span.1 <= line.content);
    let mut spans = outline.spans[first_span..].iter().peekable();
    let mut borders = Vec::new();
    for (at, _) in content.match_indices(' ') {
        let end = line.content + at;
        while spans.next_if(|span| span.1 <= end).is_some() {}
        let in_span = spans.peek().is_some_and(|span| span.0 <= end);
        let (before, after) = (&content[..at], content[at..].trim_start());
        if in_span || before.is_empty() || before.ends_with([' ', '\\']) || after.is_empty() {
            continue;
        }
        let closed = before.trim_end_matches(['"', '\'', ')', ']', '*', '_', '”', '’', '»', '`']);
        let cut = if closed.ends_with(['.', '!', '?', '…', '。']) { Cut::Sentence } else { Cut::Word };
        borders.push(Border { end, start: line.end - after.len(), cut });
    }
    borders
}

/// The length in bytes of the longest beginning of `text` of whole characters, as people see them, within `longest`; at
/// least one character of Unicode.
pub(super) fn whole_characters(text: &str, longest: usize) -> usize {
    let mut used = 0;
    let mut end = 0;
    for cluster in text.graphemes(true) {
        used += length(cluster);
        if used > longest {
            break;
        }
        end += cluster.len();
    }
    // A cluster can be of any length.
    if end == 0 { prefix(text, longest).max(text.chars().next().map_or(0, char::len_utf8)) } else { end }
}

fn prefix(text: &str, longest: usize) -> usize {
    let mut used = 0;
    let beyond = text.char_indices().find(|(_, c)| {
        used += c.len_utf16();
        used > longest
    });
    beyond.map_or(text.len(), |(at, _)| at)
}
