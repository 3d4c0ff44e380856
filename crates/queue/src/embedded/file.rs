//! What the data file holds of the queue: one table, one piece of JSON per copy.

use redb::{Database, ReadableTable, Table, TableDefinition};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::task::Task;

use crate::{Headers, QueueError};

/// Copies by number, in the order in which they were published.
const COPIES: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("copies");

/// The name of the queue in errors.
const QUEUE: &str = "copies";

/// Where a copy is. In a worker's hand it is still in `Work`: if the process dies it comes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Place {
    /// Ready, or in hand.
    Work,
    /// Put aside for `wait_ms`, which is over at `until` (ms since 1970).
    Wait { until: u64, wait_ms: u64 },
    /// Given up.
    Dead { reason: String, attempts: u32 },
}

/// One copy as it is stored. The task is written as it came, so that a newer version's is not cut down.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Stored {
    pub(super) place: Place,
    pub(super) headers: Headers,
    pub(super) task: Box<RawValue>,
}

impl Stored {
    pub(super) fn new(place: Place, headers: Headers, task: &Task) -> Result<Self, QueueError> {
        let task = serde_json::value::to_raw_value(task)
            .map_err(|source| QueueError::Encode { queue: QUEUE.to_owned(), source })?;
        Ok(Self { place, headers, task })
    }
}

/// One write transaction on the copies; on disk when it returns, and nothing of it if it fails.
pub(super) fn write<T>(
    database: &Database,
    work: impl FnOnce(&mut Copies<'_>) -> Result<T, QueueError>,
) -> Result<T, QueueError> {
    let transaction = database.begin_write().map_err(failed)?;
    let outcome = work(&mut Copies(transaction.open_table(COPIES).map_err(failed)?))?;
    transaction.commit().map_err(failed)?;
    Ok(outcome)
}

/// The copies within a transaction.
pub(super) struct Copies<'t>(Table<'t, u64, &'static [u8]>);

impl Copies<'_> {
    pub(super) fn put(&mut self, number: u64, stored: &Stored) -> Result<(), QueueError> {
        let json =
            serde_json::to_vec(stored).map_err(|source| QueueError::Encode { queue: QUEUE.to_owned(), source })?;
        self.0.insert(number, json.as_slice()).map_err(failed)?;
        Ok(())
    }

    pub(super) fn remove(&mut self, number: u64) -> Result<(), QueueError> {
        self.0.remove(number).map_err(failed)?;
        Ok(())
    }

    /// All copies, in the order of their numbers.
    pub(super) fn all(&self) -> Result<Vec<(u64, Stored)>, QueueError> {
        let mut all = Vec::new();
        for entry in self.0.iter().map_err(failed)? {
            let (number, json) = entry.map_err(failed)?;
            let number = number.value();
            let stored =
                serde_json::from_slice(json.value()).map_err(|source| QueueError::Foreign { number, source })?;
            all.push((number, stored));
        }
        Ok(all)
    }
}

fn failed<E: Into<redb::Error>>(error: E) -> QueueError {
    QueueError::File { source: Box::new(error.into()) }
}
