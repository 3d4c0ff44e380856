//! Whether the folder that was read is still there.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

use super::Knowledge;
use crate::{AnswerError, Findings, Inquiry, KnowledgeSource};

/// How long a look at the folder is good. A busy worker then looks once a second, and a person who opens a quoted page finds
/// it there.
const LOOK_GOOD_FOR: Duration = Duration::from_secs(1);

/// A folder's knowledge, given out only while the folder can be read: a source that nobody can open any more is not quoted.
#[derive(Debug)]
pub struct Library {
    folder: PathBuf,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    /// None = the folder was away at the last look.
    knowledge: Option<Arc<Knowledge>>,
    looked: Instant,
}

impl Library {
    /// Reads and indexes the folder; blocking.
    ///
    /// # Errors
    /// As [`Knowledge::open`].
    pub fn open(folder: &Path) -> Result<Self, AnswerError> {
        let knowledge = Some(Arc::new(Knowledge::open(folder)?));
        Ok(Self { folder: folder.to_owned(), held: Mutex::new(Held { knowledge, looked: Instant::now() }) })
    }

    /// The knowledge. Looks at the folder at most once a second while it is there; one that is back is read anew.
    ///
    /// # Errors
    /// While the folder is away, or is back without a page in it.
    async fn knowledge(&self) -> Result<Arc<Knowledge>, AnswerError> {
        let mut held = self.held.lock().await;
        if let Some(knowledge) = &held.knowledge
            && held.looked.elapsed() < LOOK_GOOD_FOR
        {
            return Ok(Arc::clone(knowledge));
        }
        let (folder, before) = (self.folder.clone(), held.knowledge.take());
        // A disk may be slow, and a folder large.
        let looking = tokio::task::spawn_blocking(move || look(&folder, before)).await;
        let found = looking.unwrap_or_else(|error| Err(self.unreadable(io::Error::other(error))))?;
        *held = Held { knowledge: Some(Arc::clone(&found)), looked: Instant::now() };
        Ok(found)
    }

    fn unreadable(&self, source: io::Error) -> AnswerError {
        AnswerError::KnowledgeUnreadable { path: self.folder.clone(), source }
    }
}

impl KnowledgeSource for Library {
    /// Searches on the caller's thread: a search over 5,500 passages takes under a millisecond.
    async fn find(&self, inquiry: &Inquiry<'_>) -> Result<Findings, AnswerError> {
        Ok(self.knowledge().await?.find(inquiry))
    }
}

/// What was known before, if the folder can be listed; what is in it now, if it was away.
fn look(folder: &Path, before: Option<Arc<Knowledge>>) -> Result<Arc<Knowledge>, AnswerError> {
    let Some(before) = before else { return Knowledge::open(folder).map(Arc::new) };
    match fs::read_dir(folder) {
        Ok(_) => Ok(before),
        Err(source) => Err(AnswerError::KnowledgeUnreadable { path: folder.to_owned(), source }),
    }
}
