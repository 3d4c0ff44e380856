//! The simulated workspace outlives the process, as Slack does: each message is in the file before anybody is told of it.

use std::sync::Arc;

use anyhow::Context as _;
use playground::{Playground, Record};
use redb::{Database, ReadableTable, TableDefinition};

use super::data::DataFolder;

/// Under [`Record::key`]: the record as JSON.
const MESSAGES: TableDefinition<'static, &'static str, &'static [u8]> = TableDefinition::new("messages");

/// Puts back what was said before, and keeps what will be said.
pub(crate) fn restore(playground: &Playground, data: &DataFolder) -> anyhow::Result<()> {
    let database = data.database();
    let records = read(&database).with_context(|| {
        format!(
            "the workspace in data folder `{}` cannot be read; remove the folder to start anew",
            data.path().display()
        )
    })?;
    playground.restore(records);
    playground.keep_with(move |record| {
        if let Err(error) = keep(&database, record) {
            tracing::error!("a message of the simulated workspace is not kept beyond a restart: {error:#}");
        }
    });
    Ok(())
}

fn read(database: &Arc<Database>) -> anyhow::Result<Vec<Record>> {
    // A table that is not there yet is made by a transaction that writes.
    let transaction = database.begin_write()?;
    let records = {
        let table = transaction.open_table(MESSAGES)?;
        let entries = table.iter()?;
        entries.map(|entry| Ok(serde_json::from_slice(entry?.1.value())?)).collect::<anyhow::Result<_>>()?
    };
    transaction.commit()?;
    Ok(records)
}

fn keep(database: &Arc<Database>, record: &Record) -> anyhow::Result<()> {
    let transaction = database.begin_write()?;
    transaction.open_table(MESSAGES)?.insert(record.key().as_str(), serde_json::to_vec(record)?.as_slice())?;
    transaction.commit()?;
    Ok(())
}
