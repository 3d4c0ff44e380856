//! A table whose last column takes what the terminal leaves, and wraps.

use anstyle::Style;
use unicode_width::UnicodeWidthStr as _;

use super::DIM;

/// Between two columns.
const GAP: usize = 2;

/// A last column narrower than this is written below its row instead.
const NARROWEST: usize = 30;

/// How far a last column that is written below its row is set in.
const INDENT: usize = 4;

/// One cell.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub(crate) fn styled(text: impl Into<String>, style: Style) -> Self {
        // What came from outside may hold anything: a terminal is not to be steered by it.
        let text = text.into().chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect();
        Self { text, style }
    }

    fn width(&self) -> usize {
        self.text.width()
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(text, Style::new())
    }
}

/// Rows under headings. The last column may have several lines; a row of one cell stands over those that follow.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub(crate) fn new(headings: &[&'static str]) -> Self {
        Self { headings: headings.to_vec(), rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table as text; `width` in columns, none = as wide as it is.
    pub(crate) fn render(&self, width: Option<usize>) -> String {
        let Some(last) = self.headings.len().checked_sub(1) else { return String::new() };
        let widths: Vec<usize> = (0..last)
            .map(|column| {
                let rows = self.rows.iter().filter(|row| row.len() > 1);
                let cells = rows.filter_map(|row| row.get(column)).map(Cell::width);
                cells.chain([self.headings[column].width()]).max().unwrap_or(0)
            })
            .collect();
        let before: usize = widths.iter().map(|width| width + GAP).sum();
        let rest = width.map(|width| width.saturating_sub(before));
        let below = rest.is_some_and(|rest| rest < NARROWEST);
        let (indent, rest) =
            if below { (INDENT, width.map(|width| width.saturating_sub(INDENT))) } else { (before, rest) };

        let headings: Vec<Cell> = self.headings.iter().map(|heading| Cell::styled(*heading, DIM)).collect();
        let mut text = String::new();
        for row in std::iter::once(&headings).chain(&self.rows) {
            let mut line = String::new();
            if let ([title], 1..) = (&row[..], last) {
                push(&mut line, &title.text, title.style);
                text.extend([line.as_str(), "\n"]);
                continue;
            }
            for (cell, width) in row.iter().zip(&widths) {
                let padding = width - cell.width().min(*width) + GAP;
                push(&mut line, &cell.text, cell.style);
                line.extend(std::iter::repeat_n(' ', padding));
            }
            let Some(cell) = row.get(last) else { continue };
            let lines: Vec<String> = cell.text.lines().flat_map(|line| wrapped(line, rest)).collect();
            if below {
                text.push_str(line.trim_end());
                line = String::new();
            }
            for (number, part) in lines.iter().enumerate() {
                if number > 0 || below {
                    text.push_str(line.trim_end());
                    if !text.is_empty() {
                        text.push('\n');
                    }
                    line = " ".repeat(indent);
                }
                push(&mut line, part, cell.style);
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

fn push(line: &mut String, text: &str, style: Style) {
    if text.is_empty() || style == Style::new() {
        line.push_str(text);
    } else {
        line.extend([&style.render().to_string(), text, &style.render_reset().to_string()]);
    }
}

/// A line, broken between words so that no part is wider than `width`; a word that is wider stands alone, whole, so that it
/// can be copied.
pub(crate) fn wrapped(line: &str, width: Option<usize>) -> Vec<String> {
    let Some(width) = width else { return vec![line.to_owned()] };
    let (mut lines, mut current) = (Vec::new(), String::new());
    for word in line.split_whitespace() {
        if !current.is_empty() && current.width() + 1 + word.width() > width {
            lines.push(std::mem::take(&mut current));
        }
        if !current.is_empty() {
            current.push(' ');
        }
        current.push_str(word);
    }
    lines.push(current);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["ID", "TRIES", "REASON"]);
        table.row(["bba23a7a46".into(), "5".into(), "the model refused the question again and again".into()]);
        table.row(["äöü".into(), "12".into(), Cell::styled("no task", super::super::BAD)]);
        table
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn the_last_column_takes_what_is_left_and_wraps() {
        let text = plain(&table().render(Some(52)));
        let expected = "\
ID          TRIES  REASON
bba23a7a46  5      the model refused the question
                   again and again
äöü         12     no task
";
        assert_eq!(text, expected);
        assert!(text.lines().all(|line| line.width() <= 52));
    }

    #[test]
    fn a_narrow_terminal_gets_the_last_column_below() {
        let expected = "\
ID          TRIES
    REASON
bba23a7a46  5
    the model refused the question
    again and again
äöü         12
    no task
";
        assert_eq!(plain(&table().render(Some(36))), expected);
    }

    #[test]
    fn what_is_no_terminal_gets_each_row_in_one_line() {
        assert_eq!(table().render(None).lines().count(), 3);
    }

    #[test]
    fn text_from_outside_cannot_steer_the_terminal() {
        let mut table = Table::new(&["TEXT"]);
        table.row(["red \u{1b}[31m alert \u{7}".into()]);
        assert!(!plain(&table.render(None)).contains(['\u{1b}', '\u{7}']));
    }
}
