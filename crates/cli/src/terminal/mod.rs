//! What operators see: tables that fit their terminal, in colours where they want them.
//!
//! Everything is printed through `anstream`, which removes colours where the output is no terminal or `NO_COLOR` is set.

mod table;
mod time;

use std::io::{self, IsTerminal as _};

use anstyle::{AnsiColor, Style};

pub(crate) use self::{
    table::{Cell, Table, wrapped},
    time::{ago, duration, timestamp},
};

/// What needs attention now.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// What needs attention soon.
pub(crate) const DOUBTFUL: Style = AnsiColor::Yellow.on_default();
/// What is as it should be.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What is read second.
pub(crate) const DIM: Style = Style::new().dimmed();
/// Headings.
pub(crate) const BOLD: Style = Style::new().bold();

/// The width of the terminal, in columns; none = the output is no terminal, and lines are as long as they are.
pub(crate) fn width() -> Option<usize> {
    let stdout = io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let columns = rustix::termios::tcgetwinsize(&stdout).ok().map(|size| usize::from(size.ws_col));
    columns.filter(|columns| *columns > 0)
}

/// Prints JSON for other programs.
pub(crate) fn print_json(value: &serde_json::Value) {
    println!("{value:#}");
}
