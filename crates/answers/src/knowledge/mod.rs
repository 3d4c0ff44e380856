//! The knowledge folder: Markdown files as passages, ranked by BM25. Read at start, then held in memory and never changed;
//! read again after the folder was away ([`library`]).
//!
//! In reading order: [`folder`] finds the files, [`markdown`] and [`inline`] read them, [`page`] makes passages,
//! [`terms`] says what a word is, [`index`] ranks, [`query`] makes the search of a question and its thread.

mod folder;
mod index;
mod inline;
mod library;
mod markdown;
mod page;
mod query;
mod terms;

use std::{path::Path, time::Instant};

use shared::turn::Turn;

pub use self::{folder::Skipped, library::Library, markdown::Block, page::Passage};
use self::{
    index::{Index, IndexBuilder, Match},
    query::Query,
};
pub(crate) use self::{
    markdown::Fence,
    page::blocks,
    terms::{asks, terms},
};
use crate::{AnswerError, Findings, Found, Inquiry};

/// The best passage fits when it holds at least this share of what was asked for (by rarity of the words) …
///
/// Together with the next condition: of 145 questions that a collection of 1,152 pages answers, 90 in 100 found something
/// fitting; of 345 about other subjects 16 in 100 there, and 2 in 100 in a documentation of 298 pages. Questions that
/// the collection nearly answers cannot be told apart by words: half of them are answered with what is near.
const FITTING_COVERAGE: f32 = 0.6;
/// … or when it scores as two words that it alone has, or when the question names the page by its whole title.
const FITTING_RARE_WORDS: f32 = 2.0;
/// A further passage fits when it scores at least this share of the best one.
const FITTING_SHARE: f32 = 0.85;

/// All passages of a folder, searchable.
#[derive(Debug)]
pub struct Knowledge {
    passages: Vec<Passage>,
    index: Index,
    files: usize,
    skipped: Skipped,
}

/// A passage for a question.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'a> {
    /// The passage.
    pub passage: &'a Passage,
    /// Its score; comparable within one search only.
    pub score: f32,
    /// Whether it is relevant enough to be quoted.
    pub fits: bool,
}

impl Knowledge {
    /// What the folder is called as a source, for a person.
    pub(crate) const SOURCE: &'static str = "documents";

    /// Reads the Markdown files (`.md`, `.mdx`, `.markdown`) under `folder` and indexes them; blocking, some ms per
    /// hundred files.
    ///
    /// # Errors
    /// When the folder cannot be listed, or holds no readable Markdown file with text.
    pub fn open(folder: &Path) -> Result<Self, AnswerError> {
        let start = Instant::now();
        let (files, skipped) = folder::read(folder)?;
        let passages: Vec<Passage> = files.iter().flat_map(|file| page::passages(&file.path, &file.text)).collect();
        if passages.is_empty() {
            return Err(AnswerError::KnowledgeEmpty { path: folder.to_owned(), skipped: skipped.total() });
        }
        let mut index = IndexBuilder::default();
        for passage in &passages {
            let text: Vec<&str> = passage.blocks.iter().map(Block::text).collect();
            index.add(&passage.title, &text.join("\n"));
        }
        let knowledge = Self { index: index.finish(), files: files.len(), passages, skipped };
        knowledge.report(folder, start);
        Ok(knowledge)
    }

    fn report(&self, folder: &Path, start: Instant) {
        let elapsed_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (files, passages, skipped) = (self.files, self.passages.len(), self.skipped.total());
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
        self.files
    }

    /// How many passages can be searched.
    pub fn passages(&self) -> usize {
        self.passages.len()
    }

    /// What was passed over in the folder.
    pub fn skipped(&self) -> Skipped {
        self.skipped
    }

    /// The `most` best passages for `question`, asked after `turns`; best first.
    pub fn search(&self, question: &str, turns: &[Turn], most: usize) -> Vec<Hit<'_>> {
        let query = Query::new(question, turns, &self.index);
        let mut matches = self.index.search(&query.terms);
        for found in &mut matches {
            let bonus = query.bonus(self.passages[found.passage].page());
            found.score *= bonus;
            found.coverage *= bonus;
        }
        matches.sort_by(|a, b| b.score.total_cmp(&a.score));
        let Some(best) = matches.first().copied() else { return Vec::new() };
        let any_fits = self.fits(&query, best);
        let hit = |found: &Match| Hit {
            passage: &self.passages[found.passage],
            score: found.score,
            fits: any_fits && found.score >= FITTING_SHARE * best.score,
        };
        matches.iter().take(most).map(hit).collect()
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
        let searched = if self.files == 1 { "1 document".to_owned() } else { format!("{} documents", self.files) };
        let hits = self.search(inquiry.query, inquiry.turns, inquiry.limit);
        Findings { passages: hits.into_iter().map(found).collect(), searched: vec![searched], away: Vec::new() }
    }

    fn fits(&self, query: &Query<'_>, best: Match) -> bool {
        best.coverage >= FITTING_COVERAGE
            || best.score >= FITTING_RARE_WORDS * self.index.rarest()
            || query.names(self.passages[best.passage].page_title())
            || query.names_section(self.passages[best.passage].heading())
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of files and passages are far below 2^53")]
fn gauge(name: &'static str, value: usize) {
    metrics::gauge!(name).set(value as f64);
}
