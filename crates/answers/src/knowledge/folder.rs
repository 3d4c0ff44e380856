//! Finds and reads the Markdown files of a folder.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
};

use crate::AnswerError;

/// Larger files are passed over: no page for people is that long, it would be a dump. 1 MiB, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// A file that was read.
pub(super) struct File {
    /// Its path in the folder, with `/`.
    pub(super) path: String,
    /// Its text.
    pub(super) text: String,
}

/// What was passed over, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Files and folders whose name starts with a point.
    pub hidden: usize,
    /// Markdown files over 1 MiB.
    pub too_large: usize,
    /// Markdown files and folders that could not be read, or that are no UTF-8.
    pub unreadable: usize,
}

impl Skipped {
    /// All of them.
    pub fn total(self) -> usize {
        self.hidden + self.too_large + self.unreadable
    }
}

/// Reads every Markdown file under `root`, in the order of their paths. Links are followed, each folder is read once:
/// a Kubernetes `ConfigMap` is mounted as links into a hidden folder.
pub(super) fn read(root: &Path) -> Result<(Vec<File>, Skipped), AnswerError> {
    let unreadable = |source| AnswerError::KnowledgeUnreadable { path: root.to_owned(), source };
    let mut walk = Walk { root, files: Vec::new(), skipped: Skipped::default(), seen: HashSet::new() };
    walk.seen.insert(fs::canonicalize(root).map_err(unreadable)?);
    walk.folder(root).map_err(unreadable)?;
    Ok((walk.files, walk.skipped))
}

struct Walk<'a> {
    root: &'a Path,
    files: Vec<File>,
    skipped: Skipped,
    seen: HashSet<PathBuf>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path) -> io::Result<()> {
        let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_unstable_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                self.skipped.hidden += 1;
            } else if let Err(error) = self.entry(&path) {
                tracing::warn!(path = %path.display(), %error, "knowledge: {} skipped, it cannot be read", path.display());
                self.skipped.unreadable += 1;
            }
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path) -> io::Result<()> {
        let markdown = is_markdown(path);
        let about = match fs::metadata(path) {
            Ok(about) => about,
            // A dangling link to something else than a page is no loss.
            Err(_) if !markdown => return Ok(()),
            Err(error) => return Err(error),
        };
        if about.is_dir() {
            return if self.seen.insert(fs::canonicalize(path)?) { self.folder(path) } else { Ok(()) };
        }
        if !markdown || !about.is_file() {
            return Ok(());
        }
        if about.len() > MAX_FILE_BYTES {
            tracing::warn!(path = %path.display(), bytes = about.len(), "knowledge: {} skipped, over 1 MiB", path.display());
            self.skipped.too_large += 1;
            return Ok(());
        }
        let text = fs::read_to_string(path)?;
        let inside = path.strip_prefix(self.root).unwrap_or(path);
        let parts: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        self.files.push(File { path: parts.join("/"), text });
        Ok(())
    }
}

fn is_markdown(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ["md", "mdx", "markdown"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, path: &str, bytes: &[u8]) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    #[test]
    fn markdown_is_read_and_the_rest_is_counted_or_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, "b/two.MDX", b"two");
        write(root, "a.md", b"one");
        write(root, "b/c/three.markdown", b"three");
        write(root, "notes.txt", b"no page");
        write(root, ".git/x.md", b"hidden");
        write(root, ".hidden.md", b"hidden");
        write(root, "huge.md", &vec![b'x'; (1 << 20) + 1]);
        write(root, "latin1.md", b"caf\xe9");
        let (files, skipped) = read(root).unwrap();
        let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["a.md", "b/c/three.markdown", "b/two.MDX"]);
        assert_eq!(skipped, Skipped { hidden: 2, too_large: 1, unreadable: 1 });
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
        let (files, skipped) = read(root).unwrap();
        assert_eq!(files.len(), 1);
        assert_eq!((files[0].path.as_str(), files[0].text.as_str()), ("page.md", "mounted"));
        assert_eq!(skipped, Skipped { hidden: 1, ..Skipped::default() });
    }
}
