//! Makes of a text one that can be cut: right numbers in its lists, no table that Slack does not show.

use std::borrow::Cow;

use super::{
    length,
    outline::{Kind, LeafKind, Outline},
};

/// Most rows, columns and characters of a table, <https://docs.slack.dev/reference/block-kit/blocks/table-block>.
pub(super) const MOST_ROWS: usize = 100;
const MOST_COLUMNS: usize = 20;
pub(super) const TABLE_CHARACTERS: usize = 10_000;

/// The text to be cut; none if `markdown` can be sent as it is.
pub(super) fn prepare(markdown: &str, limit: usize) -> Option<Cow<'_, str>> {
    let fits = length(markdown) <= limit;
    if fits && !markdown.contains('|') {
        return None;
    }
    let outline = Outline::read(markdown);
    let wide = wide_tables(&outline, limit);
    if wide.is_empty() && fits && tallest_table(&outline) <= MOST_ROWS {
        return None;
    }
    let text = if wide.is_empty() { Cow::Borrowed(markdown) } else { Cow::Owned(as_code(&outline, &wide)) };
    Some(numbered_lists(text))
}

/// Rows of the longest table; more characters than a table may have count as too many rows.
fn tallest_table(outline: &Outline<'_>) -> usize {
    let (mut rows, mut size, mut tallest) = (0, 0, 0);
    let mut last = None;
    for line in &outline.lines {
        let table = line.leaf.filter(|leaf| matches!(outline.leaves[*leaf].kind, LeafKind::Table { .. }));
        if table != last {
            (rows, size) = (0, 0);
        }
        last = table;
        if table.is_some() {
            // The second line of the head is no row.
            rows += usize::from(line.place != 1);
            size += length(&outline.text[line.start..line.end]);
            tallest = tallest.max(if size > TABLE_CHARACTERS { usize::MAX } else { rows });
        }
    }
    tallest
}

/// The tables that have too many columns, or rows that cannot be cut into parts.
fn wide_tables(outline: &Outline<'_>, limit: usize) -> Vec<usize> {
    let mut wide = Vec::new();
    for line in &outline.lines {
        let Some(leaf) = line.leaf else { continue };
        let LeafKind::Table { columns } = outline.leaves[leaf].kind else { continue };
        let too_wide = columns > MOST_COLUMNS || length(&outline.text[line.start..line.end]) > limit / 8;
        if too_wide && wide.last() != Some(&leaf) {
            wide.push(leaf);
        }
    }
    wide
}

/// The text with these tables as code: their columns are still there to be read.
fn as_code(outline: &Outline<'_>, tables: &[usize]) -> String {
    let mut text = String::new();
    let mut done = 0;
    for (number, line) in outline.lines.iter().enumerate() {
        if !line.leaf.is_some_and(|leaf| tables.contains(&leaf)) {
            continue;
        }
        let prefix = outline.prefix(&line.chain);
        text.push_str(&outline.text[done..line.start]);
        if line.place == 0 {
            text.push_str(&outline.text[line.start..line.content]);
            text.extend(["````\n", &prefix, outline.content(line)]);
        } else {
            text.extend([&prefix, outline.content(line)]);
        }
        if outline.lines.get(number + 1).is_none_or(|next| next.leaf != line.leaf) {
            text.extend(["\n", &prefix, "````"]);
        }
        done = line.end;
    }
    text.push_str(&outline.text[done..]);
    text
}

/// A longer number begins no item, <https://spec.commonmark.org/0.31.2/#ordered-list-marker>.
const MOST_DIGITS: usize = 9;

/// The text with the number of each item as it is shown: `1.` before every item is allowed, but an item that begins a part has
/// to bring its own.
fn numbered_lists(text: Cow<'_, str>) -> Cow<'_, str> {
    let outline = Outline::read(&text);
    let mut changed = String::new();
    let mut done = 0;
    // How much wider the marks of items became, by container.
    let mut wider = vec![0; outline.containers.len()];
    for line in &outline.lines {
        let opened_from = line.chain.len() - line.opens;
        let mut begin = line.start;
        for (depth, (container, end)) in line.chain.iter().zip(&line.after).enumerate() {
            let item = &outline.containers[*container];
            let mark = &outline.text[begin..*end];
            let start = begin + (mark.len() - mark.trim_start().len());
            begin = *end;
            if depth < opened_from {
                if wider[*container] > 0 {
                    changed.push_str(&outline.text[done..*end]);
                    changed.extend(std::iter::repeat_n(' ', wider[*container]));
                    done = *end;
                }
            } else if let Kind::Item { number: Some(number), .. } = item.kind {
                let written = mark.trim().trim_end_matches(['.', ')']);
                let right = number.to_string();
                if written != right && right.len() <= MOST_DIGITS {
                    changed.extend([&outline.text[done..start], &right]);
                    done = start + written.len();
                    wider[*container] = right.len().saturating_sub(written.len());
                    // A shorter number is followed by more space, so that the item's other lines stay inside of it.
                    changed.push_str(&outline.text[done..*end]);
                    changed.extend(std::iter::repeat_n(' ', written.len().saturating_sub(right.len()).min(3)));
                    done = *end;
                }
            }
        }
    }
    if done == 0 {
        return text;
    }
    changed.push_str(&outline.text[done..]);
    Cow::Owned(changed)
}
