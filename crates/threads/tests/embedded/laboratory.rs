//! A data file of its own for each behaviour, and what happens behind the store's back.

use std::{path::PathBuf, sync::Arc, time::Duration};

use redb::{Database, ReadableTable, ReadableTableMetadata, TableDefinition};
use serde_json::{Value, json};
use shared::{clock::Clock, config, conversation::Conversation, ts::MessageTs};
use tempfile::TempDir;
use threads::{EmbeddedThreads, Origin, conformance::Laboratory};

type Table = TableDefinition<'static, &'static str, &'static [u8]>;

const EPOCH: Table = TableDefinition::new("epoch");
const THREADS: Table = TableDefinition::new("threads");
const CONTEXTS: Table = TableDefinition::new("contexts");
const LANES: Table = TableDefinition::new("lanes");

pub(crate) struct EmbeddedLaboratory {
    folder: TempDir,
    /// How often the store was opened.
    opened: u32,
    pub(crate) clock: Clock,
    pub(crate) database: Arc<Database>,
    pub(crate) store: EmbeddedThreads,
}

impl EmbeddedLaboratory {
    pub(crate) fn new() -> Self {
        Self::at(1_790_000_000_000)
    }

    /// Begins at `millis` since 1970.
    pub(crate) fn at(millis: u64) -> Self {
        let (folder, clock) = (tempfile::tempdir().unwrap(), Clock::manual(millis));
        let (database, store) = open(folder.path().join("0.redb"), &clock, Origin::FirstStart);
        Self { folder, opened: 0, clock, database, store }
    }

    /// The process is killed, and another one starts: it finds what the killed one's file held at this moment, which was
    /// never closed.
    pub(crate) fn crash(&mut self) {
        let path = |n| self.folder.path().join(format!("{n}.redb"));
        std::fs::copy(path(self.opened), path(self.opened + 1)).unwrap();
        (self.database, self.store) = open(path(self.opened + 1), &self.clock, Origin::PossibleLoss);
        std::fs::remove_file(path(self.opened)).unwrap();
        self.opened += 1;
    }

    fn change(&self, table: Table, key: &str, change: impl FnOnce(Option<Value>) -> Option<Value>) {
        let transaction = self.database.begin_write().unwrap();
        {
            let mut table = transaction.open_table(table).unwrap();
            let before = table.get(key).unwrap().map(|value| serde_json::from_slice(value.value()).unwrap());
            match change(before) {
                Some(after) => drop(table.insert(key, serde_json::to_vec(&after).unwrap().as_slice()).unwrap()),
                None => drop(table.remove(key).unwrap()),
            }
        }
        transaction.commit().unwrap();
    }

    fn change_thread(&self, conversation: &Conversation, change: impl FnOnce(&mut Value)) {
        self.change(THREADS, &conversation.context_key(""), |thread| {
            let mut thread = thread.expect("the thread is known");
            change(&mut thread["value"]);
            Some(thread)
        });
    }

    /// How many values a table holds, whether their time is over or not.
    pub(crate) fn stored(&self, table: &str) -> usize {
        let transaction = self.database.begin_write().unwrap();
        let table: redb::Table<'_, &str, &[u8]> = transaction.open_table(TableDefinition::new(table)).unwrap();
        let stored = table.len().unwrap();
        usize::try_from(stored).unwrap()
    }
}

fn open(path: PathBuf, clock: &Clock, origin: Origin) -> (Arc<Database>, EmbeddedThreads) {
    let database = Arc::new(Database::create(path).unwrap());
    let context = config::Context { max_turns: 6, ..config::Context::default() };
    let delivery = config::Delivery::default();
    let store = EmbeddedThreads::open(Arc::clone(&database), &context, &delivery, clock.clone(), origin).unwrap();
    (database, store)
}

impl Laboratory for EmbeddedLaboratory {
    type Store = EmbeddedThreads;

    fn store(&self) -> &EmbeddedThreads {
        &self.store
    }

    fn now(&self) -> u64 {
        self.clock.millis()
    }

    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    async fn withdraw(&self, conversation: &Conversation, ts: MessageTs) {
        self.change_thread(conversation, |thread| thread["questions"][ts.to_string()]["stage"] = json!("withdrawn"));
    }

    async fn put_context(&self, conversation: &Conversation, json: &str) {
        let value = json!({ "expires": self.now() + 3_600_000, "value": json });
        self.change(CONTEXTS, &conversation.context_key(""), |_| Some(value));
    }

    async fn remove_context(&self, conversation: &Conversation) {
        self.change(CONTEXTS, &conversation.context_key(""), |_| None);
    }

    async fn context(&self, conversation: &Conversation) -> Option<String> {
        let mut found = None;
        self.change(CONTEXTS, &conversation.context_key(""), |stored| {
            found.clone_from(&stored);
            stored
        });
        let found = found.filter(|found| found["expires"].as_u64().unwrap() > self.now())?;
        Some(found["value"].as_str().unwrap().to_owned())
    }

    async fn lose_the_epoch(&self) {
        self.change(EPOCH, "current", |_| None);
    }

    async fn lose_everything(&self) {
        let transaction = self.database.begin_write().unwrap();
        for table in [EPOCH, THREADS, CONTEXTS, LANES] {
            transaction.delete_table(table).unwrap();
        }
        transaction.commit().unwrap();
    }
}
