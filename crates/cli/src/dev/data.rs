//! The data folder: one file, which belongs to one process.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use etcetera::BaseStrategy as _;
use redb::{Database, DatabaseError};

/// The folder's name within the user's data.
const NAME: &str = "threadkeeper";

/// The file with queue, threads and workspace.
const FILE: &str = "threadkeeper.redb";

/// An open data folder.
pub(crate) struct DataFolder {
    path: PathBuf,
    database: Arc<Database>,
}

impl DataFolder {
    /// Opens the folder, or the user's own if none is named; makes what is not there yet.
    pub(crate) fn open(named: Option<&Path>) -> anyhow::Result<Self> {
        let path = named.map_or_else(of_user, |path| Ok(path.to_owned()))?;
        let shown = path.display();
        fs::create_dir_all(&path)
            .with_context(|| format!("data folder `{shown}` cannot be made: name another one with --data"))?;
        let database = match Database::create(path.join(FILE)) {
            Ok(database) => Arc::new(database),
            Err(DatabaseError::DatabaseAlreadyOpen) => {
                bail!(
                    "data folder `{shown}` is in use by another threadkeeper: end it, or name another one with --data"
                )
            }
            Err(error) => {
                let advice = "check who may write it, name another one with --data, or remove it to start anew";
                return Err(error).with_context(|| format!("data folder `{shown}` cannot be used: {advice}"));
            }
        };
        Ok(Self { path, database })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn database(&self) -> Arc<Database> {
        Arc::clone(&self.database)
    }
}

/// Where this user's data belongs.
fn of_user() -> anyhow::Result<PathBuf> {
    let folders = etcetera::choose_base_strategy().context("this user has no data folder: name one with --data")?;
    Ok(folders.data_dir().join(NAME))
}
