//! BM25 over passages, <https://en.wikipedia.org/wiki/Okapi_BM25>, with a weight for each word of the query.
//!
//! Words point to the passages that hold them, so a query touches only these: under a millisecond for thousands of
//! passages and a long thread. The `bm25` crate was measured beside it: 18 ms for a long question alone, since it looks
//! through every word of each passage; it has no weights, and ranks equals differently in each process.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

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

    /// All of them in a fixed order: sums of floats depend on it, and every worker has to rank alike.
    pub(super) fn sorted(&self) -> Vec<(&str, f32)> {
        let mut sorted: Vec<_> = self.0.iter().map(|(term, weight)| (term.as_str(), *weight)).collect();
        sorted.sort_unstable_by_key(|(term, _)| *term);
        sorted
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
    /// How much of the highest possible score it has, 0..=1; words that no passage has count too.
    pub(super) share: f32,
}

/// A word in a passage.
#[derive(Debug, Clone, Copy)]
struct Posting {
    passage: u32,
    /// What its occurrences are worth: their number, saturated.
    value: f32,
}

/// The words of some passages, counted. Several threads count, each its part of the passages.
#[derive(Debug, Default)]
pub(super) struct Counts {
    postings: HashMap<String, Occurrences>,
    lengths: Vec<f32>,
}

/// Where a word occurs, and how often, packed: a third of the finished postings' memory, beside which they stand.
#[derive(Debug, Default)]
struct Occurrences {
    packed: Vec<u8>,
    passages: usize,
    last: u32,
}

impl Occurrences {
    /// Adds a passage, which comes after those that were added.
    fn push(&mut self, passage: u32, count: u16) {
        pack(passage - self.last, &mut self.packed);
        pack(count.into(), &mut self.packed);
        self.last = passage;
        self.passages += 1;
    }

    /// Each passage, with the number of occurrences.
    fn iter(&self) -> impl Iterator<Item = (u32, u16)> {
        let mut packed = self.packed.iter().copied();
        let mut passage = 0;
        std::iter::from_fn(move || {
            passage += unpack(&mut packed)?;
            Some((passage, u16::try_from(unpack(&mut packed)?).unwrap_or(u16::MAX)))
        })
    }
}

/// Seven bits a byte, the lowest first; the eighth says that more follow (LEB128).
fn pack(mut number: u32, packed: &mut Vec<u8>) {
    while number > 0x7f {
        packed.push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
        number >>= 7;
    }
    packed.push(u8::try_from(number).unwrap_or_default());
}

fn unpack(packed: &mut impl Iterator<Item = u8>) -> Option<u32> {
    let mut number = 0;
    for shift in (0..).step_by(7) {
        let byte = packed.next()?;
        number |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some(number)
}

impl Counts {
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
            self.postings.entry(term).or_default().push(passage, count);
        }
    }
}

/// The finished index.
#[derive(Debug)]
pub(super) struct Index {
    /// Where in `postings` each word's are.
    words: HashMap<Box<str>, Range<usize>>,
    postings: Vec<Posting>,
    passages: usize,
}

impl Index {
    /// The index of all passages, in the order of the parts and within them.
    pub(super) fn of(mut parts: Vec<Counts>) -> Self {
        let lengths: Vec<f32> = parts.iter().flat_map(|part| part.lengths.iter().copied()).collect();
        let average = (lengths.iter().sum::<f32>() / count(lengths.len()).max(1.0)).max(1.0);
        let mut firsts = Vec::with_capacity(parts.len());
        let mut first = 0;
        for part in &parts {
            firsts.push(u32::try_from(first).unwrap_or(u32::MAX));
            first += part.lengths.len();
        }
        let total = parts.iter().flat_map(|part| part.postings.values().map(|found| found.passages)).sum();
        let mut index = Self { words: HashMap::new(), postings: Vec::with_capacity(total), passages: lengths.len() };
        for part in 0..parts.len() {
            for (word, found) in std::mem::take(&mut parts[part].postings) {
                let start = index.postings.len();
                index.append(&found, firsts[part], &lengths, average);
                for later in part + 1..parts.len() {
                    if let Some(found) = parts[later].postings.remove(&word) {
                        index.append(&found, firsts[later], &lengths, average);
                    }
                }
                index.words.insert(word.into_boxed_str(), start..index.postings.len());
            }
        }
        index
    }

    fn append(&mut self, found: &Occurrences, first: u32, lengths: &[f32], average: f32) {
        self.postings.extend(found.iter().map(|(passage, count)| {
            let passage = first + passage;
            let length = lengths[passage as usize] / average;
            let damping = SATURATION * (1.0 - LENGTH_DISCOUNT + LENGTH_DISCOUNT * length);
            let count = f32::from(count);
            Posting { passage, value: count * (SATURATION + 1.0) / (count + damping) }
        }));
    }

    fn postings(&self, term: &str) -> Option<&[Posting]> {
        self.words.get(term).map(|range| &self.postings[range.clone()])
    }

    /// How many passages there are.
    pub(super) fn passages(&self) -> usize {
        self.passages
    }

    /// How much a word tells passages apart: high for rare words, 0 for one that no passage has.
    pub(super) fn rarity(&self, term: &str) -> f32 {
        self.postings(term).map_or(0.0, |found| self.rarity_of(found.len()))
    }

    /// The rarity of a word that one passage alone has.
    pub(super) fn rarest(&self) -> f32 {
        self.rarity_of(1)
    }

    fn rarity_of(&self, holders: usize) -> f32 {
        let (passages, holders) = (count(self.passages), count(holders));
        (1.0 + (passages - holders + 0.5) / (holders + 0.5)).ln()
    }

    /// The `most` best passages that share a word with the query, best first; equals in the order of the passages.
    /// Those in the `raised` ranges score this many times more.
    pub(super) fn search(&self, query: &WeightedTerms, raised: &[(Range<usize>, f32)], most: usize) -> Vec<Match> {
        let mut scores = vec![(0.0_f32, 0.0_f32); self.passages];
        let mut whole = 0.0;
        for (term, weight) in query.sorted() {
            let Some(postings) = self.postings(term) else {
                whole += weight * self.rarest() * UNKNOWN_WORD;
                continue;
            };
            let worth = weight * self.rarity_of(postings.len());
            whole += worth;
            for posting in postings {
                let (score, covered) = &mut scores[posting.passage as usize];
                *score += worth * posting.value;
                *covered += worth;
            }
        }
        for (range, factor) in raised {
            for (score, covered) in &mut scores[range.clone()] {
                *score *= factor;
                *covered *= factor;
            }
        }
        let touched = scores.into_iter().enumerate().filter(|(_, (score, _))| *score > 0.0);
        let mut matches: Vec<Match> = touched
            .map(|(passage, (score, covered))| Match {
                passage,
                score,
                coverage: covered / whole,
                share: score / (whole * (SATURATION + 1.0)),
            })
            .collect();
        let order = |a: &Match, b: &Match| b.score.total_cmp(&a.score).then(a.passage.cmp(&b.passage));
        // All of many thousands need not be sorted for the few that are wanted.
        if most > 0 && most < matches.len() {
            matches.select_nth_unstable_by(most - 1, order);
        }
        matches.truncate(most);
        matches.sort_unstable_by(order);
        matches
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of passages and words are far below 2^24")]
fn count(number: usize) -> f32 {
    number as f32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counts(passages: &[(&str, &str)]) -> Counts {
        let mut counts = Counts::default();
        for (title, text) in passages {
            counts.add(title, text);
        }
        counts
    }

    fn index(passages: &[(&str, &str)]) -> Index {
        Index::of(vec![counts(passages)])
    }

    fn query(words: &[(&str, f32)]) -> WeightedTerms {
        let mut query = WeightedTerms::default();
        for (word, weight) in words {
            query.raise((*word).to_owned(), *weight);
        }
        query
    }

    fn search(index: &Index, words: &[(&str, f32)]) -> Vec<Match> {
        index.search(&query(words), &[], usize::MAX)
    }

    #[test]
    fn score_is_bm25() {
        let found = search(&index(&[("", "plum plum pear"), ("", "pear")]), &[("plum", 1.0)]);
        // idf = ln(1 + (2 - 1 + 0.5) / 1.5) = ln 2; tf = 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / 2))
        let expected = 2.0_f32.ln() * 4.4 / 3.65;
        assert_eq!(found.len(), 1);
        assert!((found[0].score - expected).abs() < 1e-5, "{found:?}");
        assert!((found[0].share - 2.0 / 3.65).abs() < 1e-5, "{found:?}");
    }

    #[test]
    fn a_word_in_the_title_counts_more_than_one_in_the_text() {
        let index = index(&[("pear", "plum"), ("plum", "pear")]);
        assert_eq!(search(&index, &[("plum", 1.0)])[0].passage, 1);
    }

    #[test]
    fn weights_decide_between_words() {
        let index = index(&[("", "plum"), ("", "pear")]);
        assert_eq!(search(&index, &[("plum", 0.3), ("pear", 1.0)])[0].passage, 1);
        assert_eq!(search(&index, &[("plum", 1.0), ("pear", 0.3)])[0].passage, 0);
    }

    #[test]
    fn a_raised_range_comes_first_among_equals() {
        let index = index(&[("", "plum"), ("", "plum"), ("", "plum")]);
        let found = index.search(&query(&[("plum", 1.0)]), &[(1..2, 1.5)], 2);
        assert_eq!(found.iter().map(|found| found.passage).collect::<Vec<_>>(), [1, 0]);
    }

    #[test]
    fn an_unknown_word_lowers_the_coverage_and_not_the_score() {
        let index = index(&[("", "plum"), ("", "pear")]);
        let known = search(&index, &[("plum", 1.0)])[0];
        let half = search(&index, &[("plum", 1.0), ("fig", 1.0)])[0];
        assert!((known.coverage - 1.0).abs() < 1e-6);
        assert!((half.coverage - 1.0 / (1.0 + UNKNOWN_WORD)).abs() < 1e-6);
        assert!((half.share - known.share * half.coverage).abs() < 1e-6);
        assert!((known.score - half.score).abs() < 1e-6);
    }

    #[test]
    fn nothing_in_common_finds_nothing() {
        assert!(search(&index(&[("", "plum")]), &[("fig", 1.0)]).is_empty());
        assert!(search(&index(&[]), &[("fig", 1.0)]).is_empty());
    }

    proptest! {
        #[test]
        fn what_is_packed_is_read_again(steps in proptest::collection::vec((1..300_000_u32, 1..u16::MAX), 0..20)) {
            let mut occurrences = Occurrences::default();
            let mut expected = Vec::new();
            let mut passage = 0;
            for (step, count) in steps {
                passage += step;
                occurrences.push(passage, count);
                expected.push((passage, count));
            }
            prop_assert_eq!(occurrences.iter().collect::<Vec<_>>(), expected);
        }

        #[test]
        fn counting_in_parts_changes_nothing_and_the_best_few_are_the_first_of_all(
            texts in proptest::collection::vec("([a-e]{4} ){0,6}", 0..12),
            cut in 0_usize..12,
            most in 0_usize..6,
        ) {
            let passages: Vec<(&str, &str)> = texts.iter().map(|text| ("", text.as_str())).collect();
            let (one, other) = passages.split_at(cut.min(passages.len()));
            let (whole, parted) = (index(&passages), Index::of(vec![counts(one), counts(other)]));
            let asked = query(&[("aaaa", 1.0), ("bbbb", 0.5), ("abcd", 0.2), ("eeee", 1.0)]);
            let places = |found: Vec<Match>| found.iter().map(|m| (m.passage, m.score.to_bits())).collect::<Vec<_>>();
            let all = places(whole.search(&asked, &[], usize::MAX));
            prop_assert_eq!(&all, &places(parted.search(&asked, &[], usize::MAX)));
            prop_assert_eq!(&all[..most.min(all.len())], &places(parted.search(&asked, &[], most))[..]);
        }
    }
}
