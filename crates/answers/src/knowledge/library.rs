//! The folder's knowledge as it is now: whether the folder is still there, and whether it changed.
//!
//! Changes are found by listing the folder again and again, not by the system's notifications: these do not tell of what
//! another machine does on a network file system, nor reliably of a mounted `ConfigMap`, whose files are links that are
//! turned over elsewhere; and listing is cheap (10,000 files take some tens of milliseconds).

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

use super::{Knowledge, folder};
use crate::{AnswerError, Findings, Inquiry, KnowledgeSource};

/// How long a look at the folder is good. A busy worker then looks once a second, and a person who opens a quoted page finds
/// it there.
const LOOK_GOOD_FOR: Duration = Duration::from_secs(1);
/// The shortest pause between two listings.
const LISTING_PAUSE: Duration = Duration::from_secs(1);
/// The pause is at least this many times as long as the last listing took: two hundredths of one core at most.
const LISTING_SHARE: u32 = 50;
/// The pause is at least this many times as long as the last reading took: who saves a page of a large folder every few
/// seconds keeps a fifth of the cores busy at most.
const READING_SHARE: u32 = 4;

/// A folder's knowledge, given out only while the folder can be read: a source that nobody can open any more is not quoted.
/// When the folder changes, it is read beside what is known, and questions meanwhile are answered from that.
#[derive(Debug)]
pub struct Library {
    shelf: Arc<Shelf>,
    /// Dropped with the library, which ends the thread that watches.
    _watching: Sender<()>,
}

#[derive(Debug)]
struct Shelf {
    folder: PathBuf,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    /// What was read last; unchanged pages of it are taken over.
    knowledge: Arc<Knowledge>,
    /// Whether the folder was away, or empty, at the last look.
    away: bool,
    looked: Instant,
}

impl Library {
    /// Reads and indexes the folder; blocking. From then on a thread looks for changes, until the library is dropped.
    ///
    /// # Errors
    /// As [`Knowledge::open`].
    pub fn open(folder: &Path) -> Result<Self, AnswerError> {
        let knowledge = Arc::new(Knowledge::open(folder)?);
        let held = Mutex::new(Held { knowledge, away: false, looked: Instant::now() });
        let shelf = Arc::new(Shelf { folder: folder.to_owned(), held });
        let (watching, ended) = channel();
        let watched = Arc::clone(&shelf);
        let unreadable = |source| AnswerError::KnowledgeUnreadable { path: folder.to_owned(), source };
        thread::Builder::new().name("knowledge".to_owned()).spawn(move || watched.watch(&ended)).map_err(unreadable)?;
        Ok(Self { shelf, _watching: watching })
    }

    /// The knowledge. Looks at the folder at most once a second while it is there; one that is back is read again.
    ///
    /// # Errors
    /// While the folder is away, or is back without a page in it.
    async fn knowledge(&self) -> Result<Arc<Knowledge>, AnswerError> {
        let mut held = self.shelf.held.lock().await;
        if !held.away && held.looked.elapsed() < LOOK_GOOD_FOR {
            return Ok(Arc::clone(&held.knowledge));
        }
        let (folder, before, was_away) = (self.shelf.folder.clone(), Arc::clone(&held.knowledge), held.away);
        held.away = true;
        // A disk may be slow, and a folder large.
        let looking = tokio::task::spawn_blocking(move || look(&folder, before, was_away)).await;
        let found = looking.unwrap_or_else(|error| {
            let source = io::Error::other(error);
            Err(AnswerError::KnowledgeUnreadable { path: self.shelf.folder.clone(), source })
        })?;
        *held = Held { knowledge: Arc::clone(&found), away: false, looked: Instant::now() };
        Ok(found)
    }
}

impl KnowledgeSource for Library {
    /// Searches on the caller's thread: it takes a few milliseconds in the largest folders.
    async fn find(&self, inquiry: &Inquiry<'_>) -> Result<Findings, AnswerError> {
        Ok(self.knowledge().await?.find(inquiry))
    }
}

/// What was known before, if the folder can be listed; what is in it now, if it was away.
fn look(folder: &Path, before: Arc<Knowledge>, was_away: bool) -> Result<Arc<Knowledge>, AnswerError> {
    if was_away {
        let listing = folder::list(folder)?;
        return Knowledge::read(folder, listing, Some(&before)).map(Arc::new);
    }
    match fs::read_dir(folder) {
        Ok(_) => Ok(before),
        Err(source) => Err(AnswerError::KnowledgeUnreadable { path: folder.to_owned(), source }),
    }
}

impl Shelf {
    /// Lists the folder and reads it when it changed, until `ended`.
    fn watch(&self, ended: &Receiver<()>) {
        let mut pause = LISTING_PAUSE;
        while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
            let start = Instant::now();
            let listed = folder::list(&self.folder);
            pause = LISTING_PAUSE.max(start.elapsed() * LISTING_SHARE);
            let before = {
                let held = self.held.blocking_lock();
                if held.away {
                    continue;
                }
                Arc::clone(&held.knowledge)
            };
            // A folder that is away is the questions' to notice.
            let Ok(listing) = listed else { continue };
            if before.lists(&listing) {
                continue;
            }
            let start = Instant::now();
            let read = Knowledge::read(&self.folder, listing, Some(&before));
            pause = pause.max(start.elapsed() * READING_SHARE);
            let mut held = self.held.blocking_lock();
            match read {
                Ok(knowledge) => held.knowledge = Arc::new(knowledge),
                Err(error) => {
                    tracing::warn!(%error, "knowledge: {error}");
                    held.away = true;
                }
            }
        }
    }
}
