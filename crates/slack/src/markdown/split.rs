//! Cuts a long text into parts that stand by themselves.

use super::{
    length,
    mentions::silence_mentions,
    outline::{Kind, LeafKind, Line, Outline},
    prepare::{MOST_ROWS, TABLE_CHARACTERS, prepare},
    units::{CUTS, Cut, Unit, units, whole_characters},
};

/// The smallest limit that is kept, in characters: room for what is repeated at the beginning of a part.
const LEAST: usize = 400;
/// Room for the label of a part.
const LABEL_ROOM: usize = 16;
/// Stands in an item that goes on, instead of what was in it before.
const CONTINUED: &str = "…";
/// Keeps the beginning of a line from being read as a mark. Shows nothing.
const WORD_JOINER: char = '\u{2060}';

/// `markdown` in parts of at most `limit` (at least 400) characters, counted by [`length`]; one part if it fits.
///
/// It is cut between blocks, or else between items, lines, sentences, words, the first of these that leaves a part at least
/// half full. Each part is a Markdown text of its own: a code block is closed and opened again, a quote goes on, an item goes
/// on under its number with `…` in the place of what was before, a table has its head again. Apart from that every part is
/// the text as it was written, [silenced](silence_mentions), and the first is its beginning. Each has room for its
/// [label](numbered).
pub fn split(markdown: &str, limit: usize) -> Vec<String> {
    let limit = limit.max(LEAST);
    // Here too, because it makes a text longer.
    let markdown = silence_mentions(markdown);
    let Some(text) = prepare(&markdown, limit) else { return vec![markdown] };
    let outline = Outline::read(&text);
    let splitter = Splitter { units: units(&outline, limit / 8), outline: &outline, limit: limit - LABEL_ROOM };
    splitter.split()
}

/// Parts with labels that tell a reader how they belong together: `_(2/3)_`. The first one has none, so that an answer begins
/// with what it says.
pub fn numbered(parts: Vec<String>) -> Vec<String> {
    let count = parts.len();
    let label = |(index, part): (usize, String)| {
        if index == 0 { part } else { format!("_({}/{count})_\n\n{part}", index + 1) }
    };
    parts.into_iter().enumerate().map(label).collect()
}

struct Splitter<'a> {
    outline: &'a Outline<'a>,
    units: Vec<Unit>,
    limit: usize,
}

impl Splitter<'_> {
    fn split(&self) -> Vec<String> {
        let mut parts = Vec::new();
        let mut start = 0;
        while start < self.units.len() {
            let opening = self.opening(&self.units[start]);
            let end = self.end(start, length(&opening));
            let part = self.part(opening, start, end);
            push_within(&part, self.limit, &mut parts);
            start = end;
        }
        if parts.is_empty() {
            parts.push(String::new());
        }
        parts
    }

    /// Where the part that begins at unit `start` ends.
    fn end(&self, start: usize, opening: usize) -> usize {
        // How long the part is, if it ends before each unit.
        let mut sizes = Vec::new();
        let mut size = opening;
        let mut table = Table::default();
        let mut end = start;
        while let Some(unit) = self.units.get(end) {
            let before = if end > start { self.units[end - 1].end } else { self.begin(unit) };
            size += length(&self.outline.text[before..unit.end]);
            let full = size + self.closing_room(unit) > self.limit || !table.takes(self.outline, unit, end == start);
            if full && end > start {
                break;
            }
            end += 1;
            sizes.push(size);
        }
        if end == self.units.len() {
            return end;
        }
        let half = sizes.last().copied().unwrap_or_default() / 2;
        let fits = |cut: Cut| {
            (start + 1..=end).rev().find(|end| self.units[*end].cut == cut && sizes[end - start - 1] >= half)
        };
        CUTS.into_iter().find_map(fits).unwrap_or(end)
    }

    /// Where the text of a part that begins with this unit starts.
    fn begin(&self, unit: &Unit) -> usize {
        if unit.begins_line { self.outline.lines[unit.line].opened_at } else { unit.start }
    }

    fn line(&self, unit: &Unit) -> &Line {
        &self.outline.lines[unit.line]
    }

    fn leaf(&self, unit: &Unit) -> Option<&LeafKind> {
        self.line(unit).leaf.map(|leaf| &self.outline.leaves[leaf].kind)
    }

    /// The line that closes a code block after this unit.
    fn closing(&self, unit: &Unit) -> Option<String> {
        let line = self.line(unit);
        match self.leaf(unit) {
            Some(LeafKind::Fence { closing, .. }) if !line.closes => {
                Some(format!("\n{}{closing}", self.outline.prefix(&line.chain)))
            }
            _ => None,
        }
    }

    fn closing_room(&self, unit: &Unit) -> usize {
        self.closing(unit).map_or(0, |closing| length(&closing))
    }

    fn part(&self, opening: String, start: usize, end: usize) -> String {
        let last = &self.units[end - 1];
        let mut part = opening;
        part.push_str(&self.outline.text[self.begin(&self.units[start])..last.end]);
        let next = self.units.get(end);
        if next.is_some_and(|next| self.line(next).leaf == self.line(last).leaf)
            && let Some(closing) = self.closing(last)
        {
            part.push_str(&closing);
        }
        part
    }

    /// What is repeated before the first unit of a part, so that it stands where it stood.
    fn opening(&self, unit: &Unit) -> String {
        let line = self.line(unit);
        let leaf = self.leaf(unit);
        let continued = if unit.begins_line { &line.chain[..line.chain.len() - line.opens] } else { &line.chain[..] };
        let (mut opening, has_items) = self.reopened(continued);
        let prefix = self.outline.prefix(continued);
        let is_inside = !unit.begins_line || line.place > 0;
        let is_fence = matches!(leaf, Some(LeafKind::Fence { .. }));
        let is_text = leaf.is_none() || (!unit.begins_line && !is_fence);
        // The same text goes on; anything else is a block of its own.
        let goes_on = is_text && unit.cut >= Cut::Line && unit.cut <= Cut::Character;
        let opens = unit.begins_line && line.opens > 0;
        if has_items && (opens || !(goes_on || is_fence)) {
            opening.push_str(prefix.trim_end());
            opening.push('\n');
        }
        match leaf {
            Some(LeafKind::Fence { opening: fence, .. }) if is_inside => {
                opening.extend([&prefix, fence, "\n"]);
            }
            Some(LeafKind::Table { .. }) if is_inside => {
                for head in self.table_head(unit) {
                    opening.extend([&prefix, head, "\n"]);
                }
            }
            _ => {}
        }
        opening.push_str(&prefix);
        if goes_on && reads_as_mark(&self.outline.text[self.begin(unit)..line.end]) {
            opening.push(WORD_JOINER);
        }
        opening
    }

    /// The lines with the marks of items that go on, and whether there are any.
    fn reopened(&self, continued: &[usize]) -> (String, bool) {
        let mut lines = String::new();
        let mut has_items = false;
        for (number, container) in continued.iter().enumerate() {
            let container = &self.outline.containers[*container];
            if let Kind::Item { .. } = container.kind {
                let prefix = self.outline.prefix(&continued[..number]);
                if has_items {
                    // Only `1.` could begin a list at once after text.
                    lines.extend([prefix.trim_end(), "\n"]);
                }
                lines.extend([&prefix, &*container.mark, CONTINUED, "\n"]);
                has_items = true;
            }
        }
        (lines, has_items)
    }

    /// The first two lines of a unit's table.
    fn table_head(&self, unit: &Unit) -> Vec<&str> {
        let leaf = self.line(unit).leaf;
        let lines = self.outline.lines[..unit.line].iter().rev().take_while(|line| line.leaf == leaf);
        let mut head: Vec<&str> = lines.map(|line| self.outline.content(line)).collect();
        head.reverse();
        head.truncate(2);
        head
    }
}

/// How much of one table a part has.
#[derive(Default)]
struct Table {
    leaf: Option<usize>,
    rows: usize,
    size: usize,
}

impl Table {
    /// Whether a part can take this unit too.
    fn takes(&mut self, outline: &Outline<'_>, unit: &Unit, is_first: bool) -> bool {
        let line = &outline.lines[unit.line];
        let leaf = line.leaf.filter(|leaf| matches!(outline.leaves[*leaf].kind, LeafKind::Table { .. }));
        if self.leaf != leaf {
            // The head is there in any case.
            *self = Self { leaf, rows: usize::from(is_first && line.place > 0), size: 0 };
        }
        // The second line of the head is no row.
        self.rows += usize::from(line.place != 1);
        self.size += length(&outline.text[unit.start..unit.end]);
        leaf.is_none() || (self.rows <= MOST_ROWS && self.size <= TABLE_CHARACTERS)
    }
}

/// Whether a line that begins so would be read as something else than text.
fn reads_as_mark(text: &str) -> bool {
    let only = |marks: &str| !text.trim().is_empty() && text.trim().chars().all(|c| marks.contains(c));
    text.starts_with(|c: char| c.is_ascii_digit() || "#>-+=~|<:\t".contains(c))
        || ["* ", "_ ", "```", "    "].iter().any(|mark| text.starts_with(mark))
        || only("* ")
        || only("_ ")
}

/// Adds a part; one that is too long all the same is cut anywhere.
fn push_within(part: &str, limit: usize, parts: &mut Vec<String>) {
    let mut rest = part;
    while length(rest) > limit {
        let (fits, after) = rest.split_at(whole_characters(rest, limit));
        parts.push(fits.to_owned());
        rest = after;
    }
    parts.push(rest.to_owned());
}
