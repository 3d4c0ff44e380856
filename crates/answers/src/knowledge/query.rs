//! From a question and its thread to the words that are searched for.
//!
//! Follow-ups leave out what was said before ("and how do I turn that off?"). The earlier questions lend their words, at a
//! lower weight, the newest most. The previous answer lends the few words that it is most about, at a weight so low that
//! they only decide between passages that the questions leave equal: all its words would drown the question's. It also
//! lends the pages that it cited.
//!
//! The numbers were chosen where the results of two public sets of conversations are flat around them; docs/BENCHMARKS.md
//! has the figures, and `bench-retrieval` measures them anew.

use std::collections::{HashMap, HashSet};

use shared::turn::{Role, Turn};

use super::{
    index::{Index, WeightedTerms},
    terms::terms,
};
use crate::citation;

/// A question whose words carry this much rarity together (in words that one passage alone has) stands by itself.
const SELF_CONTAINED: f32 = 3.0;
/// Weight of the previous question's words.
const LENT: f32 = 0.4;
/// Each earlier question lends this much of what the one after it lends.
const FADING: f32 = 0.8;
/// Weight of the previous answer's words.
const LENT_BY_ANSWER: f32 = 0.1;
/// How many words the previous answer lends: those that it repeats most and that are rarest.
const ANSWER_TERMS: usize = 10;
/// Earlier questions beyond this one lend nothing: 0.4 · 0.8^8 is below 0.07.
const EARLIER_QUESTIONS: usize = 8;
/// Most different words of one question: a pasted log file stays a query.
const MOST_TERMS: usize = 100;
/// A passage of a page that the previous answer cited scores up to this much higher, where the question says nothing by
/// itself.
const CITED_BONUS: f32 = 0.5;

/// What is searched for.
#[derive(Debug)]
pub(super) struct Query<'a> {
    pub(super) terms: WeightedTerms,
    /// The pages that the previous answer cited.
    pub(super) cited: HashSet<&'a str>,
    /// How much the question leans on what was said before it, 0..=1.
    leaning: f32,
}

impl<'a> Query<'a> {
    pub(super) fn new(question: &str, turns: &'a [Turn], index: &Index) -> Self {
        let own = distinct(question);
        let said: f32 = own.iter().map(|term| index.rarity(term)).sum();
        let leaning = (1.0 - said / (SELF_CONTAINED * index.rarest())).clamp(0.0, 1.0);
        let mut query = WeightedTerms::default();
        for term in own {
            query.raise(term, 1.0);
        }
        let mut weight = LENT;
        let earlier = turns.iter().rev().filter(|turn| turn.role == Role::User).map(|turn| distinct(&turn.content));
        for lent in earlier.filter(|lent| !lent.is_empty()).take(EARLIER_QUESTIONS) {
            for term in lent {
                query.raise(term, weight);
            }
            weight *= FADING;
        }
        let answer = turns.iter().rev().find(|turn| turn.role == Role::Assistant);
        for term in answer.map(|answer| subject(&answer.content, index)).unwrap_or_default() {
            query.raise(term, LENT_BY_ANSWER);
        }
        let cited =
            answer.map(|answer| citation::cited(&answer.content).map(citation::page).collect()).unwrap_or_default();
        Self { terms: query, cited, leaning }
    }

    /// Whether every word of `title` is asked for.
    pub(super) fn names(&self, title: &str) -> bool {
        let mut words = terms(title).peekable();
        words.peek().is_some() && words.all(|word| self.terms.holds(&word))
    }

    /// Whether `heading` says what is asked for: every word of it, and more than one, since many sections are called
    /// "Example" or "Overview".
    pub(super) fn names_section(&self, heading: &str) -> bool {
        terms(heading).nth(1).is_some() && self.names(heading)
    }

    /// What a passage of the cited pages has its score multiplied with.
    pub(super) fn bonus(&self) -> f32 {
        1.0 + CITED_BONUS * self.leaning
    }
}

fn distinct(text: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    terms(text).filter(|term| seen.insert(term.clone())).take(MOST_TERMS).collect()
}

/// The words that an answer is most about. Its list of sources is no text, and the pages in it are lent as such.
fn subject(answer: &str, index: &Index) -> Vec<String> {
    let mut counts: HashMap<String, f32> = HashMap::new();
    for term in terms(citation::without_list(answer)) {
        *counts.entry(term).or_default() += 1.0;
    }
    let worth = |(term, count): (String, f32)| (count * index.rarity(&term), term);
    let mut words: Vec<(f32, String)> = counts.into_iter().map(worth).filter(|(worth, _)| *worth > 0.0).collect();
    words.sort_unstable_by(|(a, one), (b, other)| b.total_cmp(a).then_with(|| one.cmp(other)));
    words.into_iter().take(ANSWER_TERMS).map(|(_, term)| term).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_names_the_question_if_all_its_words_are_asked_for_and_it_has_more_than_one() {
        let index = Index::of(Vec::new());
        let query = Query::new("What happens when Redis is away?", &[], &index);
        assert!(query.names_section("Redis is away"));
        assert!(!query.names_section("RabbitMQ is away"));
        assert!(!Query::new("can you give me an example?", &[], &index).names_section("Example"));
    }
}
