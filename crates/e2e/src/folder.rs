//! Temporary folders that are gone after the test, however it ends.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{HarnessError, reaper};

/// A temporary folder; removed with this value, or by the reaper.
#[derive(Debug)]
pub(crate) struct Folder(Option<tempfile::TempDir>, PathBuf);

impl Folder {
    /// A new empty folder whose name starts with `threadkeeper-{purpose}-`.
    pub(crate) fn create(purpose: &str) -> Result<Self, HarnessError> {
        let made = tempfile::Builder::new().prefix(&format!("threadkeeper-{purpose}-")).tempdir();
        let folder = made.map_err(|source| HarnessError::Write { path: std::env::temp_dir(), source })?;
        let path = folder.path().to_owned();
        reaper::order(&reaper::Order::Remove(path.clone()))?;
        Ok(Self(Some(folder), path))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.1
    }

    /// Writes a file into it and returns its path.
    pub(crate) fn write(&self, name: &str, content: &str) -> Result<PathBuf, HarnessError> {
        let path = self.1.join(name);
        fs::write(&path, content).map_err(|source| HarnessError::Write { path: path.clone(), source })?;
        Ok(path)
    }

    /// Makes a folder inside it and returns its path.
    pub(crate) fn subfolder(&self, name: &str) -> Result<PathBuf, HarnessError> {
        let path = self.1.join(name);
        fs::create_dir_all(&path).map_err(|source| HarnessError::Write { path: path.clone(), source })?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let removed = self.0.take().is_some_and(|folder| folder.close().is_ok());
        if removed {
            reaper::order(&reaper::Order::Forget(self.1.clone())).ok();
        }
    }
}
