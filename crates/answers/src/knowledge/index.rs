//! BM25 over passages, <https://en.wikipedia.org/wiki/Okapi_BM25>, with a weight for each word of the query.
//!
//! Words point to the passages that hold them, so a query touches only these: under a millisecond for thousands of
//! passages and a long thread. The `bm25` crate was measured beside it: 18 ms for a long question alone, since it looks
//! through every word of each passage; it has no weights, and ranks equals differently in each process.

use std::collections::{HashMap, HashSet};

use super::terms::terms;

/// How fast a word's repetition stops to count; the usual value.
const SATURATION: f32 = 1.2;
/// How much long passages are discounted; the usual value.
const LENGTH_DISCOUNT: f32 = 0.75;
/// A word that no passage has counts as this much of the rarest one: everyday words are missing too, in small folders.
const UNKNOWN_WORD: f32 = 0.6;
/// A word of the title counts as often as this many words of the text.
const TITLE_COUNT: u16 = 3;

/// The words of a query, each once, with its weight in 0..=1.
#[derive(Debug, Default)]
pub(super) struct WeightedTerms(HashMap<String, f32>);

impl WeightedTerms {
    /// Adds the word, or raises its weight.
    pub(super) fn raise(&mut self, term: String, weight: f32) {
        let held = self.0.entry(term).or_insert(weight);
        *held = held.max(weight);
    }

    pub(super) fn holds(&self, term: &str) -> bool {
        self.0.contains_key(term)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, f32)> {
        self.0.iter().map(|(term, weight)| (term.as_str(), *weight))
    }
}

/// One passage that shares words with the query.
#[derive(Debug, Clone, Copy)]
pub(super) struct Match {
    /// Its number, in the order in which passages were added.
    pub(super) passage: usize,
    /// Its BM25 score.
    pub(super) score: f32,
    /// How much of the query's weight it holds, 0..=1; words that no passage has count too.
    pub(super) coverage: f32,
}

#[derive(Debug)]
struct Posting {
    passage: u32,
    /// Occurrences, then (after `finish`) their saturated value.
    value: f32,
}

/// The index while passages are added.
#[derive(Debug, Default)]
pub(super) struct IndexBuilder {
    postings: HashMap<String, Vec<Posting>>,
    lengths: Vec<f32>,
}

impl IndexBuilder {
    pub(super) fn add(&mut self, title: &str, text: &str) {
        let passage = u32::try_from(self.lengths.len()).unwrap_or(u32::MAX);
        let mut counts: HashMap<String, u16> = HashMap::new();
        for term in terms(text) {
            let held = counts.entry(term).or_default();
            *held = held.saturating_add(1);
        }
        // Each word of the title once: headings under headings repeat their subject.
        for term in terms(title).collect::<HashSet<_>>() {
            let held = counts.entry(term).or_default();
            *held = held.saturating_add(TITLE_COUNT);
        }
        self.lengths.push(counts.values().map(|count| f32::from(*count)).sum());
        for (term, count) in counts {
            self.postings.entry(term).or_default().push(Posting { passage, value: f32::from(count) });
        }
    }

    pub(super) fn finish(mut self) -> Index {
        let passages = count(self.lengths.len());
        let average = (self.lengths.iter().sum::<f32>() / passages.max(1.0)).max(1.0);
        for posting in self.postings.values_mut().flatten() {
            let length = self.lengths[posting.passage as usize] / average;
            let damping = SATURATION * (1.0 - LENGTH_DISCOUNT + LENGTH_DISCOUNT * length);
            posting.value = posting.value * (SATURATION + 1.0) / (posting.value + damping);
        }
        Index { postings: self.postings, passages: self.lengths.len() }
    }
}

/// The finished index.
#[derive(Debug)]
pub(super) struct Index {
    postings: HashMap<String, Vec<Posting>>,
    passages: usize,
}

impl Index {
    /// How much a word tells passages apart: high for rare words, 0 for one that no passage has.
    pub(super) fn rarity(&self, term: &str) -> f32 {
        self.postings.get(term).map_or(0.0, |found| self.rarity_of(found.len()))
    }

    /// The rarity of a word that one passage alone has.
    pub(super) fn rarest(&self) -> f32 {
        self.rarity_of(1)
    }

    fn rarity_of(&self, holders: usize) -> f32 {
        let (passages, holders) = (count(self.passages), count(holders));
        (1.0 + (passages - holders + 0.5) / (holders + 0.5)).ln()
    }

    /// All passages that share a word with the query, best first; equals in the order of the folder.
    pub(super) fn search(&self, query: &WeightedTerms) -> Vec<Match> {
        let mut scores = vec![(0.0_f32, 0.0_f32); self.passages];
        let mut touched = HashSet::new();
        let mut whole = 0.0;
        // In a fixed order: sums of floats depend on it, and every worker has to rank alike.
        let mut query: Vec<_> = query.iter().collect();
        query.sort_unstable_by_key(|(term, _)| *term);
        for (term, weight) in query {
            let Some(postings) = self.postings.get(term) else {
                whole += weight * self.rarest() * UNKNOWN_WORD;
                continue;
            };
            let worth = weight * self.rarity_of(postings.len());
            whole += worth;
            for posting in postings {
                let (score, covered) = &mut scores[posting.passage as usize];
                *score += worth * posting.value;
                *covered += worth;
                touched.insert(posting.passage as usize);
            }
        }
        let mut matches: Vec<Match> = touched
            .into_iter()
            .map(|passage| Match { passage, score: scores[passage].0, coverage: scores[passage].1 / whole })
            .collect();
        matches.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.passage.cmp(&b.passage)));
        matches
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of passages and words are far below 2^24")]
fn count(number: usize) -> f32 {
    number as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(passages: &[(&str, &str)]) -> Index {
        let mut builder = IndexBuilder::default();
        for (title, text) in passages {
            builder.add(title, text);
        }
        builder.finish()
    }

    fn query(words: &[(&str, f32)]) -> WeightedTerms {
        let mut query = WeightedTerms::default();
        for (word, weight) in words {
            query.raise((*word).to_owned(), *weight);
        }
        query
    }

    #[test]
    fn score_is_bm25() {
        let index = index(&[("", "plum plum pear"), ("", "pear")]);
        let found = index.search(&query(&[("plum", 1.0)]));
        // idf = ln(1 + (2 - 1 + 0.5) / 1.5) = ln 2; tf = 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / 2))
        let expected = 2.0_f32.ln() * 4.4 / 3.65;
        assert_eq!(found.len(), 1);
        assert!((found[0].score - expected).abs() < 1e-5, "{found:?}");
    }

    #[test]
    fn a_word_in_the_title_counts_more_than_one_in_the_text() {
        let index = index(&[("pear", "plum"), ("plum", "pear")]);
        assert_eq!(index.search(&query(&[("plum", 1.0)]))[0].passage, 1);
    }

    #[test]
    fn weights_decide_between_words() {
        let index = index(&[("", "plum"), ("", "pear")]);
        assert_eq!(index.search(&query(&[("plum", 0.3), ("pear", 1.0)]))[0].passage, 1);
        assert_eq!(index.search(&query(&[("plum", 1.0), ("pear", 0.3)]))[0].passage, 0);
    }

    #[test]
    fn an_unknown_word_lowers_the_coverage_and_not_the_score() {
        let index = index(&[("", "plum"), ("", "pear")]);
        let known = index.search(&query(&[("plum", 1.0)]))[0];
        let half = index.search(&query(&[("plum", 1.0), ("fig", 1.0)]))[0];
        assert!((known.coverage - 1.0).abs() < 1e-6);
        assert!((half.coverage - 1.0 / (1.0 + UNKNOWN_WORD)).abs() < 1e-6);
        assert!((known.score - half.score).abs() < 1e-6);
    }

    #[test]
    fn nothing_in_common_finds_nothing() {
        assert!(index(&[("", "plum")]).search(&query(&[("fig", 1.0)])).is_empty());
        assert!(index(&[]).search(&query(&[("fig", 1.0)])).is_empty());
    }
}
