//! Which copies are ready, and which come back when.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use shared::task::Task;

use crate::Headers;

/// One copy of a task outside the file.
#[derive(Debug)]
pub(super) struct Copy {
    /// Its number in the file.
    pub(super) number: u64,
    /// Its place among the ready ones: what is given back goes to where it was.
    pub(super) position: u64,
    pub(super) task: Task,
    pub(super) headers: Headers,
    pub(super) redelivered: bool,
}

/// The copies that nobody has in hand.
#[derive(Debug, Default)]
pub(super) struct Lines {
    ready: BTreeMap<u64, Copy>,
    waiting: BTreeMap<(Instant, u64), Copy>,
    /// The next copy's number, and the next position.
    next: u64,
}

/// What a consumer finds.
pub(super) enum Found {
    Copy(Box<Copy>),
    /// Nothing is ready; the next copy comes back then, if any.
    Nothing {
        until: Option<Instant>,
    },
}

impl Lines {
    /// Lines whose next number is `next`.
    pub(super) fn beginning_at(next: u64) -> Self {
        Self { next, ..Self::default() }
    }

    /// A number that no other copy has.
    pub(super) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Behind all that are ready.
    pub(super) fn append(&mut self, mut copy: Copy) {
        copy.position = self.number();
        self.ready.insert(copy.position, copy);
    }

    /// To where it was taken from.
    pub(super) fn give_back(&mut self, mut copy: Copy) {
        copy.redelivered = true;
        self.ready.insert(copy.position, copy);
    }

    /// Behind all that are ready, after this time.
    pub(super) fn put_aside(&mut self, copy: Copy, wait: Duration) {
        self.waiting.insert((Instant::now() + wait, copy.number), copy);
    }

    /// The oldest that is ready.
    pub(super) fn take(&mut self) -> Found {
        let now = Instant::now();
        while let Some(entry) = self.waiting.first_entry()
            && entry.key().0 <= now
        {
            let copy = entry.remove();
            self.append(copy);
        }
        match self.ready.pop_first() {
            Some((_, copy)) => Found::Copy(Box::new(copy)),
            None => Found::Nothing { until: self.waiting.first_key_value().map(|((until, _), _)| *until) },
        }
    }

    /// Whether nothing is ready and nothing waits.
    pub(super) fn are_empty(&self) -> bool {
        self.ready.is_empty() && self.waiting.is_empty()
    }
}
