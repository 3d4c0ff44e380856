//! What the data file holds of threads: one table per kind, each value a piece of JSON.

use redb::{ReadableTable, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{epoch::EpochId, error::ThreadError};

type Table = TableDefinition<'static, &'static str, &'static [u8]>;

/// Under [`CURRENT`]: the [`Epoch`].
pub(super) const EPOCH: Table = TableDefinition::new("epoch");
/// Under the context's key: [`Turns`](crate::turns::Turns), for `delivery.remember`.
pub(super) const THREADS: Table = TableDefinition::new("threads");
/// Under the context's key: its JSON as text, for `context.ttl`.
pub(super) const CONTEXTS: Table = TableDefinition::new("contexts");
/// Under the lane's name: when its bucket is empty, in ms since 1970.
pub(super) const LANES: Table = TableDefinition::new("lanes");
/// Under the context's key: when people were told that a question waits, in ms since 1970.
pub(super) const TOLD: Table = TableDefinition::new("told");
/// Under the context's key: when the thread was last forgotten on request.
pub(super) const FORGOTTEN: Table = TableDefinition::new("forgotten");

/// The one key of [`EPOCH`].
pub(super) const CURRENT: &str = "current";

/// The epoch of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Epoch {
    pub(super) id: EpochId,
    /// Questions older than this (ms since 1970) may be of before a loss; 0 = none.
    pub(super) since: u64,
    /// Until then (ms since 1970) claims wait.
    pub(super) settle_until: u64,
}

/// A value that is forgotten after a time.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Expiring<T> {
    /// Ms since 1970.
    pub(super) expires: u64,
    pub(super) value: T,
}

/// One transaction on behalf of one call.
pub(super) struct Step<'t> {
    pub(super) transaction: &'t WriteTransaction,
    pub(super) call: &'static str,
    /// The key that errors name.
    pub(super) key: &'t str,
    /// Ms since 1970.
    pub(super) now: u64,
}

impl Step<'_> {
    pub(super) fn failed<E: Into<redb::Error>>(&self, error: E) -> ThreadError {
        ThreadError::File { call: self.call, key: self.key.to_owned(), source: Box::new(error.into()) }
    }

    pub(super) fn get<T: DeserializeOwned>(&self, table: Table, key: &str) -> Result<Option<T>, ThreadError> {
        let table = self.transaction.open_table(table).map_err(|error| self.failed(error))?;
        let Some(value) = table.get(key).map_err(|error| self.failed(error))? else { return Ok(None) };
        let foreign = |source| ThreadError::Foreign { call: self.call, key: key.to_owned(), source };
        serde_json::from_slice(value.value()).map(Some).map_err(foreign)
    }

    pub(super) fn put<T: Serialize>(&self, table: Table, key: &str, value: &T) -> Result<(), ThreadError> {
        let json = serde_json::to_vec(value).map_err(|source| ThreadError::Encode { call: self.call, source })?;
        let mut table = self.transaction.open_table(table).map_err(|error| self.failed(error))?;
        table.insert(key, json.as_slice()).map_err(|error| self.failed(error))?;
        Ok(())
    }

    pub(super) fn remove(&self, table: Table, key: &str) -> Result<(), ThreadError> {
        let mut table = self.transaction.open_table(table).map_err(|error| self.failed(error))?;
        table.remove(key).map_err(|error| self.failed(error))?;
        Ok(())
    }

    /// A value whose time is not over.
    pub(super) fn living<T: DeserializeOwned>(&self, table: Table, key: &str) -> Result<Option<T>, ThreadError> {
        let found: Option<Expiring<T>> = self.get(table, key)?;
        Ok(found.filter(|found| found.expires > self.now).map(|found| found.value))
    }

    /// Passes over all values of a table that expire: removes what is over, and writes what `change` changed.
    pub(super) fn tidy<T: Serialize + DeserializeOwned>(
        &self,
        table: Table,
        mut change: impl FnMut(&mut T),
    ) -> Result<(), ThreadError> {
        let mut table = self.transaction.open_table(table).map_err(|error| self.failed(error))?;
        let mut changes: Vec<(String, Option<Vec<u8>>)> = Vec::new();
        for entry in table.iter().map_err(|error| self.failed(error))? {
            let (key, value) = entry.map_err(|error| self.failed(error))?;
            let (key, before) = (key.value().to_owned(), value.value());
            let foreign = |source| ThreadError::Foreign { call: self.call, key: key.clone(), source };
            let mut found: Expiring<T> = serde_json::from_slice(before).map_err(foreign)?;
            if found.expires <= self.now {
                changes.push((key, None));
                continue;
            }
            change(&mut found.value);
            let after = serde_json::to_vec(&found).map_err(|source| ThreadError::Encode { call: self.call, source })?;
            if after != before {
                changes.push((key, Some(after)));
            }
        }
        for (key, value) in changes {
            match value {
                Some(value) => table.insert(key.as_str(), value.as_slice()),
                None => table.remove(key.as_str()),
            }
            .map_err(|error| self.failed(error))?;
        }
        Ok(())
    }
}
