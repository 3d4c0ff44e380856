//! The knowledge folder: pages as passages, ranked by BM25, held in memory. What is held never changes; when the folder
//! does, the next one is built beside it and takes its place ([`library`]).
//!
//! In reading order: [`folder`] finds the files, [`reading`] reads them on all cores, [`markdown`] and [`inline`],
//! [`html`] and [`plain_text`] know their formats, [`page`] makes passages, [`terms`] says what a word is, [`index`] ranks,
//! [`query`] makes the search of a question and its thread.

mod folder;
mod html;
mod index;
mod inline;
mod library;
mod markdown;
mod page;
mod plain_text;
mod query;
mod reading;
mod terms;

use std::{ops::Range, path::Path, sync::Arc, time::Instant};

use shared::turn::Turn;

use self::{
    folder::Listing,
    index::{Index, Match},
    query::Query,
    reading::{Page, Part},
};
pub use self::{folder::Skipped, library::Library, markdown::Block, page::Passage};
pub(crate) use self::{
    markdown::Fence,
    page::blocks,
    terms::{asks, is_stop_word, terms, words},
};
use crate::{AnswerError, Findings, Found, Inquiry};

/// A passage that is best, or nearly, fits when its strength is at least this. Strength is the geometric mean of two measures that fail in
/// different ways: the score in words that one passage alone has (a long question collects many weak words), and the score
/// as a share of the highest possible one (a single common word reaches it easily).
///
/// At this threshold 13 of 100 answerable questions of a public set find nothing, and of those that its collection cannot
/// answer, though it is about their subject, 62 of 100; of questions about other subjects 92 of 100. Questions that a
/// collection nearly answers cannot be told apart by words. docs/BENCHMARKS.md has the figures over all thresholds.
const FITTING_STRENGTH: f32 = 0.75;
/// … or when it holds at least this share of what was asked for (by rarity of the words): a question of one or two words
/// is strong nowhere, and answered where they stand.
const FITTING_COVERAGE: f32 = 0.8;
/// A further passage fits when it scores at least this share of the best one.
const FITTING_SHARE: f32 = 0.85;

/// All passages of a folder, searchable.
#[derive(Debug)]
pub struct Knowledge {
    pages: Vec<Arc<Page>>,
    /// The number of each page's first passage, and of all passages.
    firsts: Vec<usize>,
    index: Index,
    listing: Listing,
}

/// A passage for a question.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'a> {
    /// The passage.
    pub passage: &'a Passage,
    /// Its score; comparable within one search only.
    pub score: f32,
    /// How strongly it matches; comparable between searches. The best passage fits from a threshold on.
    pub strength: f32,
    /// Whether it is relevant enough to be quoted.
    pub fits: bool,
}

impl Knowledge {
    /// What the folder is called as a source, for a person.
    pub(crate) const SOURCE: &'static str = "documents";

    /// Reads the pages under `folder` (Markdown, plain text, HTML) and indexes them on all cores; blocking, about a second
    /// per thousand files.
    ///
    /// # Errors
    /// When the folder cannot be listed, or holds no readable page with text.
    pub fn open(folder: &Path) -> Result<Self, AnswerError> {
        Self::read(folder, folder::list(folder)?, None)
    }

    /// Reads what is listed; takes unchanged pages from `before`.
    fn read(folder: &Path, mut listing: Listing, before: Option<&Self>) -> Result<Self, AnswerError> {
        let start = Instant::now();
        let parts = reading::read(&listing.files, before.map_or(&[], |before| &before.pages));
        for failure in parts.iter().flat_map(|part| &part.pages).filter_map(|page| page.failure.clone()) {
            listing.skipped.unreadable += 1;
            listing.remarks.push(failure);
        }
        let knowledge = Self::of(parts, listing);
        if knowledge.passages() == 0 {
            let skipped = knowledge.listing.skipped.total();
            return Err(AnswerError::KnowledgeEmpty { path: folder.to_owned(), skipped });
        }
        knowledge.report(folder, start);
        Ok(knowledge)
    }

    /// Whether the folder holds what was read, by its listing.
    fn lists(&self, listing: &Listing) -> bool {
        self.listing.files == listing.files
    }

    /// The given passages, in their order; no folder is read.
    pub fn of_passages(passages: Vec<Passage>) -> Self {
        let mut part = Part::default();
        for passage in passages {
            let path = passage.page().to_owned();
            part.add(Arc::new(Page { path, stamp: None, passages: vec![passage], failure: None }));
        }
        Self::of(vec![part], Listing::default())
    }

    fn of(parts: Vec<Part>, listing: Listing) -> Self {
        let (pages, counts): (Vec<_>, Vec<_>) = parts.into_iter().map(|part| (part.pages, part.counts)).unzip();
        let pages: Vec<Arc<Page>> = pages.into_iter().flatten().collect();
        let mut firsts = vec![0];
        for page in &pages {
            firsts.push(firsts[firsts.len() - 1] + page.passages.len());
        }
        Self { pages, firsts, index: Index::of(counts), listing }
    }

    fn report(&self, folder: &Path, start: Instant) {
        for remark in &self.listing.remarks {
            tracing::warn!("knowledge: {remark}");
        }
        let elapsed_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (files, passages, skipped) = (self.files(), self.passages(), self.skipped().total());
        tracing::info!(
            folder = %folder.display(),
            files,
            passages,
            skipped,
            elapsed_ms,
            "knowledge read: {files} files, {passages} passages from {} in {elapsed_ms} ms, {skipped} skipped",
            folder.display(),
        );
        gauge("threadkeeper_knowledge_files", files);
        gauge("threadkeeper_knowledge_passages", passages);
        gauge("threadkeeper_knowledge_skipped_files", skipped);
    }

    /// How many files can be searched.
    pub fn files(&self) -> usize {
        self.pages.iter().filter(|page| page.failure.is_none()).count()
    }

    /// How many passages can be searched.
    pub fn passages(&self) -> usize {
        self.index.passages()
    }

    /// What was passed over in the folder.
    pub fn skipped(&self) -> Skipped {
        self.listing.skipped
    }

    /// The `most` best passages for `question`, asked after `turns`; best first.
    pub fn search(&self, question: &str, turns: &[Turn], most: usize) -> Vec<Hit<'_>> {
        let query = Query::new(question, turns, &self.index);
        let raised: Vec<(Range<usize>, f32)> = self.cited(&query).map(|pages| (pages, query.bonus())).collect();
        let matches = self.index.search(&query.terms, &raised, most.max(1));
        let Some(best) = matches.first().copied() else { return Vec::new() };
        let near = |found: &Match| found.score >= FITTING_SHARE * best.score;
        // A section that the question names may stand behind a longer passage that says the same words more often.
        let any_fits = matches.iter().take_while(|found| near(found)).any(|found| self.fits(&query, *found));
        let hit = |found: &Match| Hit {
            passage: self.passage(found.passage),
            score: found.score,
            strength: self.strength(*found),
            fits: any_fits && near(found),
        };
        matches.iter().take(most).map(hit).collect()
    }

    /// What is searched for after `turns`: each word with its weight times its rarity here, in the order of the words.
    pub fn words(&self, question: &str, turns: &[Turn]) -> Vec<(String, f32)> {
        let query = Query::new(question, turns, &self.index);
        let weighed = query.terms.sorted().into_iter();
        weighed.map(|(term, weight)| (term.to_owned(), weight * self.index.rarity(term))).collect()
    }

    /// The numbers of the passages of each page that the previous answer cited.
    fn cited<'a>(&'a self, query: &'a Query<'_>) -> impl Iterator<Item = Range<usize>> + 'a {
        let pages = if query.cited.is_empty() { &[] } else { self.pages.as_slice() };
        let cited = pages.iter().enumerate().filter(|(_, page)| query.cited.contains(page.path.as_str()));
        cited.map(|(number, _)| self.firsts[number]..self.firsts[number + 1])
    }

    fn passage(&self, number: usize) -> &Passage {
        let page = self.firsts.partition_point(|first| *first <= number) - 1;
        &self.pages[page].passages[number - self.firsts[page]]
    }

    fn strength(&self, found: Match) -> f32 {
        (found.score / self.index.rarest() * found.share).sqrt()
    }

    /// What an inquiry finds here.
    pub(crate) fn find(&self, inquiry: &Inquiry<'_>) -> Findings {
        let found = |hit: Hit<'_>| Found {
            id: hit.passage.id(),
            title: hit.passage.title.clone(),
            location: hit.passage.location.clone(),
            text: hit.passage.text(),
            date: None,
            author: None,
            source: Self::SOURCE.to_owned(),
            fits: hit.fits,
        };
        let files = self.files();
        let searched = if files == 1 { "document" } else { "documents" };
        let searched = format!("the {files} {searched} I have been given");
        let hits = self.search(inquiry.query, inquiry.turns, inquiry.limit);
        Findings { passages: hits.into_iter().map(found).collect(), searched: vec![searched], away: Vec::new() }
    }

    fn fits(&self, query: &Query<'_>, found: Match) -> bool {
        let passage = self.passage(found.passage);
        self.strength(found) >= FITTING_STRENGTH
            || found.coverage >= FITTING_COVERAGE
            || query.names(passage.page_title())
            || query.names_section(passage.heading())
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of files and passages are far below 2^53")]
fn gauge(name: &'static str, value: usize) {
    metrics::gauge!(name).set(value as f64);
}
