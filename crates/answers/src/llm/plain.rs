//! What of a model's text may be shown: whole lines in which nobody is called, and citations of given passages only.

use std::{collections::BTreeSet, fmt::Write as _};

use shared::answer::Source;

use crate::{Found, mention::neutralise};

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sanitised {
    /// What is to be shown after all that [`Sanitiser::push`] gave.
    pub(crate) rest: String,
    /// The whole text.
    pub(crate) text: String,
    /// The passages that it cites, as indices of those that were given.
    pub(crate) cited: Vec<usize>,
}

/// Takes a model's text while it comes.
#[derive(Debug)]
pub(crate) struct Sanitiser {
    sources: usize,
    line: String,
    text: String,
}

impl Sanitiser {
    /// For an answer that may cite `sources`.
    pub(crate) fn new(sources: &[Found]) -> Self {
        Self { sources: sources.len(), line: String::new(), text: String::new() }
    }

    /// Takes what the model wrote next, and gives what may be shown.
    pub(crate) fn push(&mut self, text: &str) -> String {
        self.line.push_str(text);
        let Some((whole, rest)) = self.line.rsplit_once('\n') else { return String::new() };
        let shown = neutralise(whole).into_owned() + "\n";
        self.line = rest.to_owned();
        self.text.push_str(&shown);
        shown
    }

    /// Ends the text.
    pub(crate) fn finish(mut self) -> Sanitised {
        let rest = neutralise(&self.line).into_owned();
        self.text.push_str(&rest);
        let numbers = self.text.split('[').filter_map(|part| part.split_once(']')?.0.parse::<usize>().ok());
        let cited: BTreeSet<usize> = numbers.filter(|number| (1..=self.sources).contains(number)).collect();
        Sanitised { rest, text: self.text, cited: cited.into_iter().map(|number| number - 1).collect() }
    }
}

/// The source that a passage is from.
pub(crate) fn source(found: &Found) -> Source {
    Source { title: neutralise(&found.title).into_owned(), location: found.location.clone() }
}

/// The list that stands under an answer.
pub(crate) fn sources_list(sources: &[Source]) -> String {
    let mut list = String::new();
    for (source, number) in sources.iter().zip(1..) {
        if list.is_empty() {
            list.push_str("**Sources**");
        }
        write!(list, "\n- [{number}] {} — `{}`", source.title, source.location).unwrap_or_default();
    }
    list
}
