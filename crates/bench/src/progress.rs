//! A line that tells how far a measurement has come, for whoever waits longer than a second.

use std::{
    cell::Cell,
    io::{IsTerminal as _, Write as _, stderr},
    time::{Duration, Instant},
};

/// Nobody reads faster.
const PAUSE: Duration = Duration::from_millis(200);
/// What is done by then needs no line.
const PATIENCE: Duration = Duration::from_secs(1);

/// Writes to standard error, if that is a terminal.
#[derive(Debug)]
pub struct Progress {
    start: Instant,
    told: Cell<Option<Instant>>,
    shown: bool,
}

impl Progress {
    /// From now on.
    pub fn start() -> Self {
        Self { start: Instant::now(), told: Cell::new(None), shown: stderr().is_terminal() }
    }

    /// Shows the line in place of the last one.
    pub fn tell(&self, line: impl FnOnce() -> String) {
        let due = self.told.get().is_none_or(|told| told.elapsed() >= PAUSE);
        if self.shown && due && self.start.elapsed() >= PATIENCE {
            self.told.set(Some(Instant::now()));
            write!(stderr(), "\r\x1b[2K{}", line()).unwrap_or_default();
        }
    }
}

impl Drop for Progress {
    /// Takes the line away.
    fn drop(&mut self) {
        if self.told.get().is_some() {
            write!(stderr(), "\r\x1b[2K").unwrap_or_default();
        }
    }
}
