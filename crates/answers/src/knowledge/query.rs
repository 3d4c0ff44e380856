//! From a question and its thread to the words that are searched for.
//!
//! Follow-ups leave out what was said before ("and how do I turn that off?"). The earlier questions lend their words,
//! at a lower weight: the less the question says by itself, the more they lend. Earlier answers lend no words, since
//! their many words drown the question's; they lend the pages that they cited.
//!
//! The numbers were chosen on 170 multi-turn questions with known passages, where results are flat around them, so that
//! they are no fit to one set. The right file came first for 71 of 100 by the last question alone, for 70 by all
//! questions joined, for 82 by this; among the first five for 84, 89 and 94.

use std::collections::HashSet;

use shared::turn::{Role, Turn};

use super::{
    index::{Index, WeightedTerms},
    terms::terms,
};

/// A question whose words carry this much rarity together (in words that one passage alone has) stands by itself.
const SELF_CONTAINED: f32 = 3.0;
/// Weight of the previous question's words beside a question that stands by itself.
const LENT_LEAST: f32 = 0.4;
/// Weight of the previous question's words beside a question that says nothing by itself.
const LENT_MOST: f32 = 0.7;
/// Each earlier question lends this much of what the one after it lends.
const FADING: f32 = 0.7;
/// Earlier questions beyond this one lend nothing: 0.7^8 is below 0.06.
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
    cited: HashSet<&'a str>,
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
        let mut weight = LENT_LEAST + (LENT_MOST - LENT_LEAST) * leaning;
        let earlier = turns.iter().rev().filter(|turn| turn.role == Role::User).map(|turn| distinct(&turn.content));
        for lent in earlier.filter(|lent| !lent.is_empty()).take(EARLIER_QUESTIONS) {
            for term in lent {
                query.raise(term, weight);
            }
            weight *= FADING;
        }
        let answer = turns.iter().rev().find(|turn| turn.role == Role::Assistant);
        let cited = answer.map(|answer| cited_pages(&answer.content).collect()).unwrap_or_default();
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

    /// What a passage of `page` has its score multiplied with.
    pub(super) fn bonus(&self, page: &str) -> f32 {
        if self.cited.contains(page) { 1.0 + CITED_BONUS * self.leaning } else { 1.0 }
    }
}

fn distinct(text: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    terms(text).filter(|term| seen.insert(term.clone())).take(MOST_TERMS).collect()
}

/// The pages in the source list of an answer, as extract mode writes it: `- [1] Title — ` and the location as code.
fn cited_pages(answer: &str) -> impl Iterator<Item = &str> {
    answer.lines().filter(|line| line.starts_with("- [")).filter_map(|line| {
        let (_, location) = line.trim_end().strip_suffix('`')?.rsplit_once('`')?;
        Some(location.split_once('#').map_or(location, |(page, _)| page))
    })
}

#[cfg(test)]
mod tests {
    use super::{super::index::IndexBuilder, *};

    #[test]
    fn a_heading_names_the_question_if_all_its_words_are_asked_for_and_it_has_more_than_one() {
        let index = IndexBuilder::default().finish();
        let query = Query::new("What happens when Redis is away?", &[], &index);
        assert!(query.names_section("Redis is away"));
        assert!(!query.names_section("RabbitMQ is away"));
        assert!(!Query::new("can you give me an example?", &[], &index).names_section("Example"));
    }
}
