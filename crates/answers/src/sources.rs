//! Several sources at once: each is asked, and their rankings become one.

use std::collections::HashMap;

use futures_util::future::join_all;
use shared::{config::Settings, telemetry::chain};

use crate::{
    AnswerError, Findings, Found, Inquiry, KnowledgeSource, SearchService,
    knowledge::{Knowledge, Library},
    prose::mask_secrets,
};

/// How much the first places count for more than the later ones when rankings are fused; the usual value of reciprocal
/// rank fusion, <https://plg.uwaterloo.ca/~gvcormac/cormacksigir09-rrf.pdf>.
const RANK_OFFSET: f32 = 60.0;

/// One source of the configured kind.
#[derive(Debug)]
pub enum AnySource {
    /// A folder of pages, searched here.
    Folder(Library),
    /// A search service of the team.
    Http(SearchService),
}

impl AnySource {
    /// What it is called, for a person.
    fn name(&self) -> &str {
        match self {
            Self::Folder(_) => Knowledge::SOURCE,
            Self::Http(service) => service.name(),
        }
    }
}

impl KnowledgeSource for AnySource {
    async fn find(&self, inquiry: &Inquiry<'_>) -> Result<Findings, AnswerError> {
        match self {
            Self::Folder(library) => library.find(inquiry).await,
            Self::Http(service) => service.find(inquiry).await,
        }
    }
}

/// All that answers are made from.
#[derive(Debug)]
pub struct Sources(Vec<AnySource>);

impl Sources {
    /// The given sources; of equally ranked passages those of an earlier one come first.
    pub fn new(sources: Vec<AnySource>) -> Self {
        Self(sources)
    }

    /// Opens the configured sources. A folder is read here, blocking: call it at start.
    ///
    /// # Errors
    /// When no source is configured, or the folder cannot serve; each names the option.
    pub fn from_config(settings: &Settings) -> Result<Self, AnswerError> {
        let mut sources = Vec::new();
        if let Some(folder) = &settings.answer.knowledge {
            sources.push(AnySource::Folder(Library::open(folder)?));
        }
        if let Some(url) = &settings.search.url {
            sources.push(AnySource::Http(SearchService::new(url, &settings.search)?));
        }
        if sources.is_empty() { Err(AnswerError::KnowledgeUnset) } else { Ok(Self::new(sources)) }
    }

    /// Asks all sources at the same time and makes one ranking of theirs: first the passages that fit, then the others,
    /// both by reciprocal rank fusion. Scores of different sources cannot be compared; places can. A passage that two
    /// sources found counts once, with the sum of what both say.
    ///
    /// Secrets of known forms are masked in the passages, whatever is made of them.
    ///
    /// A source that is away is named in [`Findings::away`], and the others answer.
    ///
    /// # Errors
    /// [`AnswerError::DependencyDown`] when every source is away; a single source's own error.
    pub async fn find(&self, inquiry: &Inquiry<'_>) -> Result<Findings, AnswerError> {
        let mut findings = self.find_written(inquiry).await?;
        for found in &mut findings.passages {
            found.title = mask_secrets(&found.title);
            found.text = mask_secrets(&found.text);
        }
        Ok(findings)
    }

    /// What is found, as it was written.
    async fn find_written(&self, inquiry: &Inquiry<'_>) -> Result<Findings, AnswerError> {
        if let [only] = self.0.as_slice() {
            return only.find(inquiry).await;
        }
        let asked = join_all(self.0.iter().map(|source| source.find(inquiry))).await;
        let mut found = Vec::new();
        let mut failures = Vec::new();
        for (source, outcome) in self.0.iter().zip(asked) {
            match outcome {
                Ok(findings) => found.push(findings),
                Err(error) => failures.push((source.name(), error)),
            }
        }
        let outcome = if found.is_empty() { "cannot be searched" } else { "is skipped, the other sources answer" };
        for (name, error) in &failures {
            let reason = reason(error);
            tracing::warn!(source = name, reason, "{name} {outcome}: {reason}");
        }
        let away: Vec<String> = failures.iter().map(|(name, _)| (*name).to_owned()).collect();
        match failures.into_iter().next() {
            Some((_, error)) if found.is_empty() => {
                Err(AnswerError::DependencyDown { dependency: "every knowledge source", source: Box::new(error) })
            }
            _ => {
                let mut findings = fuse(found, inquiry.limit);
                findings.away.extend(away);
                Ok(findings)
            }
        }
    }
}

/// Why a source gave nothing, without what the error says of the question: whether it waits depends on the other sources.
fn reason(error: &AnswerError) -> String {
    match error {
        AnswerError::DependencyDown { source, .. } | AnswerError::QuestionFails { source } => chain(source.as_ref()),
        error => chain(error),
    }
}

/// One ranking of several; see [`Sources::find`].
fn fuse(rankings: Vec<Findings>, limit: usize) -> Findings {
    let mut fused = Findings::default();
    let mut places: HashMap<(String, String), usize> = HashMap::new();
    let mut ranked: Vec<(f32, Found)> = Vec::new();
    for findings in rankings {
        fused.searched.extend(findings.searched);
        fused.away.extend(findings.away);
        let mut rank = RANK_OFFSET;
        for found in findings.passages {
            rank += 1.0;
            let place = *places.entry((found.location.clone(), found.text.clone())).or_insert(ranked.len());
            match ranked.get_mut(place) {
                Some((score, held)) => {
                    *score += 1.0 / rank;
                    held.fits |= found.fits;
                }
                None => ranked.push((1.0 / rank, found)),
            }
        }
    }
    // Stable: equals stay in the order of the sources.
    ranked.sort_by(|(a, one), (b, other)| other.fits.cmp(&one.fits).then(b.total_cmp(a)));
    fused.passages = ranked.into_iter().map(|(_, found)| found).take(limit).collect();
    fused
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(id: &str, source: &str, fits: bool) -> Found {
        Found {
            id: id.to_owned(),
            title: id.to_owned(),
            location: format!("{id}.md"),
            text: id.to_owned(),
            date: None,
            author: None,
            source: source.to_owned(),
            fits,
        }
    }

    fn ranking(source: &str, passages: &[(&str, bool)]) -> Findings {
        Findings {
            passages: passages.iter().map(|(id, fits)| found(id, source, *fits)).collect(),
            searched: vec![source.to_owned()],
            away: Vec::new(),
        }
    }

    fn ids(findings: &Findings) -> Vec<&str> {
        findings.passages.iter().map(|found| found.id.as_str()).collect()
    }

    #[test]
    fn sources_take_turns_and_what_fits_comes_first() {
        let one = ranking("one", &[("a", true), ("b", true), ("c", false)]);
        let other = ranking("other", &[("x", true), ("y", false)]);
        let fused = fuse(vec![one, other], 10);
        assert_eq!(ids(&fused), ["a", "x", "b", "y", "c"]);
        assert_eq!(fused.searched, ["one", "other"]);
    }

    #[test]
    fn a_passage_that_two_sources_found_is_given_once_and_moves_up() {
        let one = ranking("one", &[("a", true), ("b", true)]);
        let other = ranking("other", &[("x", true), ("b", false)]);
        assert_eq!(ids(&fuse(vec![one, other], 10)), ["b", "a", "x"]);
    }

    #[test]
    fn of_a_source_that_is_skipped_no_question_is_said_to_wait() {
        let away = AnswerError::DependencyDown { dependency: "the search service", source: "it answered 500".into() };
        assert_eq!(reason(&away), "it answered 500");
        let refused = AnswerError::QuestionFails { source: "it answered 422".into() };
        assert_eq!(reason(&refused), "it answered 422");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_doubled_and_one_source_keeps_its_order(
            one in proptest::collection::hash_set("[a-m]{1,3}", 0..12),
            other in proptest::collection::hash_set("[n-z]{1,3}", 0..12),
            limit in 0_usize..30,
        ) {
            let rank = |name, ids: &std::collections::HashSet<String>| {
                let passages: Vec<_> = ids.iter().map(|id| (id.as_str(), true)).collect();
                ranking(name, &passages)
            };
            let (first, second) = (rank("one", &one), rank("other", &other));
            let fused = fuse(vec![first.clone(), second.clone()], limit);
            prop_assert_eq!(fused.passages.len(), limit.min(one.len() + other.len()));
            for ranking in [first, second] {
                let kept: Vec<_> = fused.passages.iter().filter(|found| found.source == ranking.searched[0]).collect();
                let expected: Vec<_> = ranking.passages.iter().take(kept.len()).collect();
                prop_assert_eq!(kept, expected);
            }
        }
    }
}
