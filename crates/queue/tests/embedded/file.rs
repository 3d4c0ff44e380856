//! A data file of its own for each test.

#![expect(clippy::unwrap_used, reason = "a test fails where its surroundings do")]

use std::{path::PathBuf, sync::Arc};

use queue::{EmbeddedQueue, conformance::DeadLetter, embedded::EmbeddedConsumer};
use redb::{Database, ReadableTable, TableDefinition};
use serde_json::Value;
use shared::clock::Clock;
use tempfile::TempDir;

/// Short, so that the tests are; the second one longer than any test waits for it.
pub(crate) const WAITS_MS: [u64; 2] = [300, 60_000];

pub(crate) const COPIES: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("copies");

pub(crate) struct File {
    folder: TempDir,
    /// How often the queue was opened.
    opened: u32,
    pub(crate) database: Arc<Database>,
    pub(crate) queue: EmbeddedQueue,
}

impl File {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (database, queue) = open(folder.path().join("0.redb"));
        Self { folder, opened: 0, database, queue }
    }

    /// The process is killed, and another one starts: it finds what the killed one's file held at this moment, which was
    /// never closed.
    pub(crate) fn crash(&mut self) {
        let path = |n| self.folder.path().join(format!("{n}.redb"));
        std::fs::copy(path(self.opened), path(self.opened + 1)).unwrap();
        self.opened += 1;
        (self.database, self.queue) = open(path(self.opened));
    }

    pub(crate) fn pair(&self, prefetch: u16) -> (EmbeddedQueue, EmbeddedConsumer) {
        (self.queue.clone(), self.queue.consumer(prefetch))
    }

    /// All copies as they are stored.
    pub(crate) fn stored(&self) -> Vec<Value> {
        let transaction = self.database.begin_write().unwrap();
        let table = transaction.open_table(COPIES).unwrap();
        let copies = table.iter().unwrap();
        copies.map(|entry| serde_json::from_slice(entry.unwrap().1.value()).unwrap()).collect()
    }

    pub(crate) fn oldest_dead_letter(&self) -> DeadLetter {
        let copy = self.stored().into_iter().find(|copy| copy["place"]["dead"].is_object()).expect("a dead letter");
        DeadLetter {
            task: serde_json::from_value(copy["task"].clone()).unwrap(),
            reason: copy["place"]["dead"]["reason"].as_str().unwrap().to_owned(),
            attempts: serde_json::from_value(copy["place"]["dead"]["attempts"].clone()).unwrap(),
        }
    }
}

fn open(path: PathBuf) -> (Arc<Database>, EmbeddedQueue) {
    let database = Arc::new(Database::create(path).unwrap());
    let queue = EmbeddedQueue::open(Arc::clone(&database), &WAITS_MS, Clock::System).unwrap();
    (database, queue)
}
