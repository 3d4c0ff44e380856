//! "Tell me more": which question it goes on with, and what was said about that already.

use shared::turn::{Role, Turn};

use crate::{
    Found, Request, citation,
    knowledge::{Block, asks, blocks, is_stop_word, words},
};

/// Words of which one makes a message a wish for more.
const MARKERS: &str = "more else further continue elaborate expand another next on going";
/// Words that say nothing about a subject in a wish for more, besides the stop words.
const FILLERS: &str = "anything everything detail details info information explain keep please show know add ok okay \
    thanks thank great good";
/// What follows a marker where a subject follows: "more about keys", "more details on keys".
const LEADS: &str = "about on regarding detail details information info";

/// A wish for more than was quoted so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct More<'a> {
    /// The question that it goes on with.
    pub(crate) question: &'a str,
    /// The conversation before that.
    pub(crate) turns: &'a [Turn],
    /// All that was answered in the thread, letters and digits only.
    said: String,
    /// The pages that were cited since the question.
    pages: Vec<&'a str>,
}

impl<'a> More<'a> {
    /// The wish for more in a request; none, if it is another question, or nothing was quoted before.
    pub(crate) fn of(request: &Request<'a>) -> Option<Self> {
        let (text, turns) = (request.question.text.as_str(), request.turns);
        let (question, at) = if is_bare(text) {
            let asked = |turn: &Turn| turn.role == Role::User && !is_bare(&turn.content) && asks(&turn.content);
            let at = turns.iter().rposition(asked)?;
            (turns[at].content.as_str(), at)
        } else if leads_to_a_subject(text) {
            (text, turns.len())
        } else {
            return None;
        };
        let answers = || turns.iter().filter(|turn| turn.role == Role::Assistant);
        let since = turns[at..].iter().filter(|turn| turn.role == Role::Assistant);
        let pages: Vec<&str> = since.flat_map(|turn| citation::cited(&turn.content)).map(citation::page).collect();
        let quoted = answers().any(|turn| citation::cited(&turn.content).next().is_some());
        let said = answers().map(|turn| letters(&turn.content)).collect();
        quoted.then_some(Self { question, turns: &turns[..at], said, pages })
    }

    /// What of the passages was not said yet: those that fit, and those on the pages that were cited.
    pub(crate) fn of_these(&self, found: Vec<Found>) -> Vec<Found> {
        let wanted = |found: &Found| found.fits || self.pages.contains(&citation::page(&found.location));
        found.into_iter().filter(wanted).filter_map(|found| self.rest(found)).collect()
    }

    /// The passage without the blocks that were said; none, if nothing is left.
    fn rest(&self, found: Found) -> Option<Found> {
        let new = |block: &Block| !letters(block.text()).is_empty() && !self.said.contains(&letters(block.text()));
        let left: Vec<Block> = blocks(&found.text).into_iter().filter(new).collect();
        if left.iter().all(|block| words(block.text()).all(|word| is_stop_word(&word))) {
            return None;
        }
        let text = left.iter().map(Block::text).collect::<Vec<_>>().join("\n\n");
        Some(Found { text, fits: true, ..found })
    }
}

/// Whether the message wants more and names no subject: "tell me more", "and what else?", "go on".
fn is_bare(text: &str) -> bool {
    let mut marked = false;
    for word in words(text) {
        marked |= is_one_of(&word, MARKERS);
        if !is_stop_word(&word) && !is_one_of(&word, MARKERS) && !is_one_of(&word, FILLERS) {
            return false;
        }
    }
    marked
}

/// Whether the message wants more about a subject that it names: "tell me more about keys".
fn leads_to_a_subject(text: &str) -> bool {
    let words: Vec<String> = words(text).collect();
    words.windows(2).any(|pair| ["more", "else", "further"].contains(&pair[0].as_str()) && is_one_of(&pair[1], LEADS))
}

fn is_one_of(word: &str, list: &str) -> bool {
    list.split_whitespace().any(|known| known == word)
}

/// The text without marks, so that a quotation is found however it was marked up and wrapped.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("tell me more")]
    #[case("And what else?")]
    #[case("more details please")]
    #[case("go on")]
    #[case("anything else I should know?")]
    #[case("can you elaborate on that?")]
    fn a_wish_for_more_without_a_subject(#[case] text: &str) {
        assert!(is_bare(text));
    }

    #[rstest]
    #[case("why?")]
    #[case("thanks")]
    #[case("")]
    #[case("how do I run more than five nodes?")]
    #[case("turn the alert on")]
    fn another_question_is_no_wish_for_more(#[case] text: &str) {
        assert!(!is_bare(text) && !leads_to_a_subject(text));
    }

    #[test]
    fn a_subject_may_be_named() {
        assert!(leads_to_a_subject("tell me more about signing keys"));
        assert!(leads_to_a_subject("more details on backups"));
    }
}
