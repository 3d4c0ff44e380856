//! Finds the pages of a folder, and says whether they changed.

use std::{
    collections::HashSet,
    fs::{self, Metadata},
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::reading::Format;
use crate::AnswerError;

/// Larger files are passed over: no page for people is that long, it would be a dump. 1 MiB, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// A page's file, unread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    /// Its path in the folder, with `/`.
    pub(super) path: String,
    /// Where to read it.
    pub(super) place: PathBuf,
    /// How it is written.
    pub(super) format: Format,
    /// What it was like when it was found.
    pub(super) stamp: Stamp,
}

/// What changes when a file does. A copy that keeps length and time is another file with another number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) bytes: u64,
    modified: Option<SystemTime>,
    /// Number of the file and time of its last change of any kind, where the system has them.
    identity: Option<(u64, i64, i64)>,
}

impl Stamp {
    #[cfg(unix)]
    fn of(about: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        let identity = Some((about.ino(), about.ctime(), about.ctime_nsec()));
        Self { bytes: about.len(), modified: about.modified().ok(), identity }
    }

    #[cfg(not(unix))]
    fn of(about: &Metadata) -> Self {
        Self { bytes: about.len(), modified: about.modified().ok(), identity: None }
    }
}

/// What was passed over, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Files and folders whose name starts with a point.
    pub hidden: usize,
    /// Pages over 1 MiB.
    pub too_large: usize,
    /// Pages and folders that could not be read, or that are no UTF-8.
    pub unreadable: usize,
}

impl Skipped {
    /// All of them.
    pub fn total(self) -> usize {
        self.hidden + self.too_large + self.unreadable
    }
}

/// What a folder holds at one moment.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    /// Its pages, in the order of their paths.
    pub(super) files: Vec<File>,
    /// What was passed over.
    pub(super) skipped: Skipped,
    /// For a person: which, and why; not what is hidden.
    pub(super) remarks: Vec<String>,
}

/// Lists every page under `root`. Links are followed, each folder is listed once: a Kubernetes `ConfigMap` is mounted as
/// links into a hidden folder.
pub(super) fn list(root: &Path) -> Result<Listing, AnswerError> {
    let unreadable = |source| AnswerError::KnowledgeUnreadable { path: root.to_owned(), source };
    let mut walk = Walk { root, listing: Listing::default(), seen: HashSet::new() };
    walk.seen.insert(fs::canonicalize(root).map_err(unreadable)?);
    walk.folder(root).map_err(unreadable)?;
    Ok(walk.listing)
}

struct Walk<'a> {
    root: &'a Path,
    listing: Listing,
    seen: HashSet<PathBuf>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path) -> io::Result<()> {
        let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_unstable_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                self.listing.skipped.hidden += 1;
            } else if let Err(error) = self.entry(&path) {
                self.listing.remarks.push(format!("{} skipped, it cannot be read: {error}", path.display()));
                self.listing.skipped.unreadable += 1;
            }
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path) -> io::Result<()> {
        let format = Format::of(path);
        let about = match fs::metadata(path) {
            Ok(about) => about,
            // A dangling link to something else than a page is no loss.
            Err(_) if format.is_none() => return Ok(()),
            Err(error) => return Err(error),
        };
        if about.is_dir() {
            return if self.seen.insert(fs::canonicalize(path)?) { self.folder(path) } else { Ok(()) };
        }
        let Some(format) = format.filter(|_| about.is_file()) else { return Ok(()) };
        if about.len() > MAX_FILE_BYTES {
            self.listing.remarks.push(format!("{} skipped, over 1 MiB", path.display()));
            self.listing.skipped.too_large += 1;
            return Ok(());
        }
        let inside = path.strip_prefix(self.root).unwrap_or(path);
        let parts: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        let stamp = Stamp::of(&about);
        self.listing.files.push(File { path: parts.join("/"), place: path.to_owned(), format, stamp });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, path: &str, bytes: &[u8]) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn paths(listing: &Listing) -> Vec<&str> {
        listing.files.iter().map(|file| file.path.as_str()).collect()
    }

    #[test]
    fn pages_are_listed_and_the_rest_is_counted_or_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, "b/two.MDX", b"two");
        write(root, "a.md", b"one");
        write(root, "b/c/three.markdown", b"three");
        write(root, "c.html", b"three");
        write(root, "notes.txt", b"four");
        write(root, "data.json", b"no page");
        write(root, ".git/x.md", b"hidden");
        write(root, ".hidden.md", b"hidden");
        write(root, "huge.md", &vec![b'x'; (1 << 20) + 1]);
        let listing = list(root).unwrap();
        assert_eq!(paths(&listing), ["a.md", "b/c/three.markdown", "b/two.MDX", "c.html", "notes.txt"]);
        assert_eq!(listing.skipped, Skipped { hidden: 2, too_large: 1, unreadable: 0 });
        assert!(listing.remarks.len() == 1 && listing.remarks[0].contains("huge.md"), "{:?}", listing.remarks);
    }

    #[test]
    fn a_listing_differs_after_any_change_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, "a.md", b"one");
        write(root, "b.md", b"two");
        let before = list(root).unwrap();
        assert_eq!(list(root).unwrap(), before);
        // As long, and as old: another file took its place.
        write(root, "new", b"six");
        let file = fs::File::options().write(true).open(root.join("new")).unwrap();
        file.set_modified(fs::metadata(root.join("a.md")).unwrap().modified().unwrap()).unwrap();
        fs::rename(root.join("new"), root.join("a.md")).unwrap();
        let replaced = list(root).unwrap();
        assert_ne!(replaced, before);
        fs::remove_file(root.join("b.md")).unwrap();
        assert_ne!(list(root).unwrap(), replaced);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_a_circle_ends() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, "..data/page.md", b"mounted");
        symlink("..data/page.md", root.join("page.md")).unwrap();
        symlink(".", root.join("circle")).unwrap();
        symlink("nowhere", root.join("dangling")).unwrap();
        let listing = list(root).unwrap();
        assert_eq!(paths(&listing), ["page.md"]);
        assert_eq!(listing.skipped, Skipped { hidden: 1, ..Skipped::default() });
    }
}
