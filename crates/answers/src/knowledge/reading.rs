//! Reads the pages of a listing, on all cores, and counts their words.

use std::{
    collections::HashMap,
    fs,
    num::NonZero,
    path::Path,
    sync::Arc,
    thread::{self, ScopedJoinHandle},
};

use super::{
    folder::{File, Stamp},
    html,
    index::Counts,
    page::{self, Passage},
};

/// More threads would take a large machine from those who use it, for seconds saved once.
const MOST_THREADS: usize = 8;

/// How a page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Markdown,
    /// Paragraphs between blank lines, headings underlined; reStructuredText is read like this too.
    Text,
    Html,
}

impl Format {
    /// The format that a file's name tells; none, if it is no page.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "md" | "mdx" | "markdown" => Some(Self::Markdown),
            "txt" | "text" | "rst" => Some(Self::Text),
            "html" | "htm" | "xhtml" => Some(Self::Html),
            _ => None,
        }
    }

    /// The passages of the page at `path` in its folder.
    fn passages(self, path: &str, text: &str) -> Result<Vec<Passage>, String> {
        match self {
            Self::Markdown => Ok(page::passages(path, text)),
            Self::Text => Ok(page::passages_of_text(path, text)),
            Self::Html => html::passages(path, text),
        }
    }
}

/// A page that was read. One that did not change is shared with the knowledge that is built next.
#[derive(Debug)]
pub(super) struct Page {
    /// Its path in the folder.
    pub(super) path: String,
    /// None = given, and not read from a file.
    pub(super) stamp: Option<Stamp>,
    pub(super) passages: Vec<Passage>,
    /// For a person: why it could not be read.
    pub(super) failure: Option<String>,
}

/// Some of the pages, with their words.
#[derive(Default)]
pub(super) struct Part {
    pub(super) pages: Vec<Arc<Page>>,
    pub(super) counts: Counts,
}

impl Part {
    pub(super) fn add(&mut self, page: Arc<Page>) {
        for passage in &page.passages {
            self.counts.add(&passage.title, &passage.text());
        }
        self.pages.push(page);
    }
}

/// Reads the files, in their order; takes from `before` what did not change.
pub(super) fn read(files: &[File], before: &[Arc<Page>]) -> Vec<Part> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
    let bytes: u64 = files.iter().map(|file| file.stamp.bytes).sum();
    let shares = shares(files, bytes / u64::try_from(threads).unwrap_or(1) + 1);
    thread::scope(|scope| {
        let reading: Vec<_> = shares.map(|share| scope.spawn(move || read_share(share, before))).collect();
        let done = reading.into_iter().map(ScopedJoinHandle::join);
        done.map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

/// The files in runs of about `bytes` each.
fn shares(files: &[File], bytes: u64) -> impl Iterator<Item = &[File]> {
    let mut held = 0;
    files.chunk_by(move |file, _| {
        held += file.stamp.bytes;
        let full = held >= bytes;
        if full {
            held = 0;
        }
        !full
    })
}

fn read_share(files: &[File], before: &[Arc<Page>]) -> Part {
    let mut part = Part::default();
    let known: HashMap<&str, &Arc<Page>> = before.iter().map(|page| (page.path.as_str(), page)).collect();
    for file in files {
        let unchanged = known.get(file.path.as_str()).copied().filter(|page| page.stamp == Some(file.stamp));
        part.add(unchanged.map_or_else(|| Arc::new(read_file(file)), Arc::clone));
    }
    part
}

fn read_file(file: &File) -> Page {
    let text = fs::read_to_string(&file.place).map_err(|error| error.to_string());
    let (passages, failure) = match text.and_then(|text| file.format.passages(&file.path, &text)) {
        Ok(passages) => (passages, None),
        Err(why) => (Vec::new(), Some(format!("{} skipped, it cannot be read: {why}", file.place.display()))),
    };
    Page { path: file.path.clone(), stamp: Some(file.stamp), passages, failure }
}

#[cfg(test)]
mod tests {
    use super::{super::folder, *};

    #[test]
    fn pages_are_in_the_order_of_the_listing_however_many_threads_read_them_and_unchanged_ones_are_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..100 {
            fs::write(folder.path().join(format!("{number:03}.md")), format!("Page {number}.")).unwrap();
        }
        let pages = |before: &[Arc<Page>]| {
            let listing = folder::list(folder.path()).unwrap();
            read(&listing.files, before).into_iter().flat_map(|part| part.pages).collect::<Vec<_>>()
        };
        let first = pages(&[]);
        assert_eq!(first.len(), 100);
        assert!(first.is_sorted_by_key(|page| &page.path));
        fs::write(folder.path().join("050.md"), "Another text.").unwrap();
        let second = pages(&first);
        let shared = first.iter().zip(&second).filter(|(old, new)| Arc::ptr_eq(old, new)).count();
        assert_eq!(shared, 99);
        assert_eq!(second[50].passages[0].text(), "Another text.");
    }

    #[test]
    fn a_page_that_is_no_text_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("latin1.md"), b"caf\xe9").unwrap();
        let listing = folder::list(folder.path()).unwrap();
        let parts = read(&listing.files, &[]);
        let failure = parts[0].pages[0].failure.as_deref().unwrap();
        assert!(failure.contains("latin1.md") && failure.contains("UTF-8"), "{failure}");
    }
}
