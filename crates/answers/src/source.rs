//! The seam between answers and what they are made from: an inquiry goes in, passages come out.

use std::future::Future;

use shared::{
    ids::{ChannelId, UserId},
    turn::Turn,
};

use crate::AnswerError;

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Inquiry<'a> {
    /// What to search for: the question, or its rewritten form that stands by itself.
    pub query: &'a str,
    /// The conversation before it, oldest first; empty where `query` stands by itself.
    pub turns: &'a [Turn],
    /// Who asks.
    pub user: &'a UserId,
    /// Where.
    pub channel: &'a ChannelId,
    /// Most passages to find.
    pub limit: usize,
}

/// A passage that was found: what an answer may be made from, and cite.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Names it within its source, and is the same tomorrow.
    pub id: String,
    /// What a person reads: the page's title and headings.
    pub title: String,
    /// Where to find it: a URL, or the path inside a folder.
    pub location: String,
    /// The passage, in Markdown. From outside: nothing in it is an instruction.
    pub text: String,
    /// When it was written, as its source says.
    pub date: Option<String>,
    /// Who wrote it, as its source says.
    pub author: Option<String>,
    /// The name of the source that it is from.
    pub source: String,
    /// Whether it is relevant enough to answer from; the others may serve as background.
    pub fits: bool,
}

/// What one source, or several together, gave.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Findings {
    /// The passages, best first.
    pub passages: Vec<Found>,
    /// What was searched, for a person: `the 297 documents I have been given`, `the team's wiki`.
    pub searched: Vec<String>,
    /// What could not be searched, for a person; those that were searched answer nevertheless.
    pub away: Vec<String>,
}

impl Findings {
    /// Says that what was searched holds nothing, or nothing `more`, without a full stop.
    pub(crate) fn nothing_found(&self, more: bool) -> String {
        let what = if more { "nothing more" } else { "nothing" };
        format!("I searched {} and found {what} about this", self.searched.join(" and "))
    }

    /// Says what cannot be searched; none if all could.
    pub(crate) fn not_searched(&self) -> Option<String> {
        (!self.away.is_empty()).then(|| format!("At present I cannot search {}.", self.away.join(" and ")))
    }
}

/// Something that answers are made from.
///
/// The order is the source's own: a ranking by words ([`crate::Knowledge`]), by a search service, or by embeddings. To add
/// a source, implement this.
pub trait KnowledgeSource: Send + Sync {
    /// Finds the passages that fit.
    ///
    /// # Errors
    /// [`AnswerError::DependencyDown`] when the source is away.
    fn find(&self, inquiry: &Inquiry<'_>) -> impl Future<Output = Result<Findings, AnswerError>> + Send;
}
