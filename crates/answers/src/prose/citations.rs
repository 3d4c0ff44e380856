//! Citations: only passages that were given are cited, and a reader meets their numbers in order.

use std::{fmt::Write as _, sync::LazyLock};

use regex::Regex;

use super::output::REMOVED;
use crate::Found;

/// What stands between a citation's brackets: numbers, perhaps as a range, perhaps named.
static INSIDE: LazyLock<Regex> = LazyLock::new(|| {
    let form = r"(?i)^\s*(?:\^|(?:sources?|passages?|refs?|references?|documents?|docs?|quellen?)[\s:#.]*)?\d{1,3}(?:(?:\s*(?:,|;|&|and|und|-|–)\s*)(?:(?:source|passage|quelle)[\s:#]*)?\d{1,3})*\s*(?:†[^\]】]*)?$";
    Regex::new(form).expect("a citation is a regex")
});

static NUMBER_OR_RANGE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(\d{1,3})(?:\s*[-–]\s*(\d{1,3}))?").expect("a range is a regex"));

/// The numbers that a text gives to the passages it cites.
#[derive(Debug)]
pub(super) struct Citations {
    /// For each given passage the first one of the same page: several passages of a page are one source.
    page: Vec<usize>,
    /// The passages cited so far: the first one has the number 1.
    cited: Vec<usize>,
}

impl Citations {
    pub(super) fn of(sources: &[Found]) -> Self {
        let same = |a: &Found, b: &Found| a.location == b.location && a.title == b.title;
        let first = |found: &Found| sources.iter().position(|other| same(other, found)).unwrap_or_default();
        Self { page: sources.iter().map(first).collect(), cited: Vec::new() }
    }

    pub(super) fn into_cited(self) -> Vec<usize> {
        self.cited
    }

    /// The citation that stands between brackets, with the numbers of this text; [`REMOVED`] for passages that were not
    /// given. None if it is no citation.
    pub(super) fn read(&mut self, inside: &str) -> Option<String> {
        if !INSIDE.is_match(inside) {
            return None;
        }
        let numbers = inside.split('†').next().unwrap_or(inside);
        let mut written = String::new();
        for found in NUMBER_OR_RANGE.captures_iter(numbers) {
            let number = |group| found.get(group).and_then(|digits| digits.as_str().parse::<usize>().ok());
            let from = number(1).unwrap_or_default();
            let to = number(2).unwrap_or(from).min(self.page.len());
            for given in from..=to {
                self.cite(given, &mut written);
            }
        }
        Some(if written.is_empty() { REMOVED.to_string() } else { written })
    }

    /// Whether brackets hold a citation at all.
    pub(super) fn is_citation(inside: &str) -> bool {
        INSIDE.is_match(inside)
    }

    fn cite(&mut self, given: usize, written: &mut String) {
        let Some(page) = given.checked_sub(1).and_then(|index| self.page.get(index)).copied() else { return };
        let known = self.cited.iter().position(|cited| *cited == page);
        let index = known.unwrap_or_else(|| {
            self.cited.push(page);
            self.cited.len() - 1
        });
        let citation = format!("[{}]", index + 1);
        if !written.contains(&citation) {
            write!(written, "{citation}").unwrap_or_default();
        }
    }
}

/// Whether brackets hold `0`, as an index in code does.
pub(super) fn is_index(inside: &str) -> bool {
    inside.trim() == "0"
}
