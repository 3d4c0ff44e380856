//! A table for a terminal.

use std::fmt;

/// Between two columns.
const GAP: &str = "   ";

/// Rows under a head; the first column is text, the others are figures.
#[derive(Debug, Clone)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with this head.
    pub fn new<const N: usize>(head: [&str; N]) -> Self {
        Self { rows: vec![head.map(str::to_owned).to_vec()] }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows[0].len();
        let width = |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for (number, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
                0 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            });
            writeln!(f, "  {}", cells.collect::<Vec<_>>().join(GAP).trim_end())?;
            if number == 0 {
                let whole = widths.iter().sum::<usize>() + GAP.len() * (columns - 1);
                writeln!(f, "  {}", "─".repeat(whole))?;
            }
        }
        Ok(())
    }
}

/// A share as a person reads it: `74.1 %`.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(["method", "hit@1"]);
        table.row(["ours".to_owned(), percent(0.741)]);
        assert_eq!(table.to_string(), "  method    hit@1\n  ───────────────\n  ours     74.1 %\n");
    }
}
