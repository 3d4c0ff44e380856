//! Says under an answer where it is from, or that it is from nowhere.

use std::fmt::Write as _;

use shared::answer::{Answer, Format, MESSAGE_CHARACTERS};

use super::model::End;
use crate::{
    Findings, Found,
    limit::shorten,
    mention::neutralise,
    prose::{Sanitised, source, sources_list},
};

/// Most characters that are said, without the list of sources: four messages' worth. A longer answer is nothing that people
/// read, and each message of it takes a second of the channel's pace.
const MOST_SAID: usize = 4 * MESSAGE_CHARACTERS;

/// How an answer came out; a label of `threadkeeper_answers_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It cites what it is made from.
    Answered,
    /// It cites nothing, although something fits the question.
    Unsourced,
    /// Nothing fits the question, and it cites nothing.
    NothingFits,
    /// Nothing was asked: a person said thank you.
    NothingAsked,
}

impl Outcome {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Unsourced => "unsourced",
            Self::NothingFits => "nothing_fits",
            Self::NothingAsked => "nothing_asked",
        }
    }
}

/// What was found for an answer; none when nothing was searched.
pub(crate) type Searched<'a> = Option<&'a Findings>;

/// The finished answer: the text, remarks about it, and the list of what it cites. `passages` are those that the model had.
pub(crate) fn finish(said: &Sanitised, end: End, passages: &[Found], searched: Searched<'_>) -> (Answer, Outcome) {
    let body = shorten(said.text.trim_end(), MOST_SAID);
    let cited = cited_in(&body, said);
    let outcome = match searched {
        _ if !cited.is_empty() => Outcome::Answered,
        None => Outcome::NothingAsked,
        Some(_) if passages.iter().any(|found| found.fits) => Outcome::Unsourced,
        Some(_) => Outcome::NothingFits,
    };
    let sources: Vec<_> = cited.iter().filter_map(|index| passages.get(*index)).map(source).collect();
    let mut tail = String::new();
    for remark in remarks(outcome, end, searched) {
        write!(tail, "\n\n_{}_", neutralise(&remark)).unwrap_or_default();
    }
    let list = sources_list(&sources);
    if !list.is_empty() {
        tail.push_str("\n\n");
        tail.push_str(&list);
    }
    (Answer { text: format!("{body}{tail}"), format: Format::Markdown, sources }, outcome)
}

/// What `body`, the beginning of what was said, cites. The numbers have their order from where they first stand, so those that
/// are left out with the rest of the text are the last ones.
fn cited_in<'a>(body: &str, said: &'a Sanitised) -> &'a [usize] {
    if body == said.text.trim_end() {
        return &said.cited;
    }
    let left = (1..=said.cited.len()).take_while(|number| body.contains(&format!("[{number}]"))).count();
    &said.cited[..left]
}

fn remarks(outcome: Outcome, end: End, searched: Searched<'_>) -> Vec<String> {
    let mut remarks = Vec::new();
    if end.cut_short {
        remarks.push(
            "This answer was cut off: its length or its time was over. Ask for the part that is missing.".to_owned(),
        );
    }
    match (outcome, searched) {
        (Outcome::Unsourced, _) => {
            remarks.push("No source is named for this answer: check it before you rely on it.".to_owned());
        }
        (Outcome::NothingFits, Some(findings)) => {
            remarks.push(format!("{}: nothing above is from there.", findings.nothing_found(false)));
        }
        _ => {}
    }
    remarks.extend(searched.and_then(Findings::not_searched));
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: End = End { cut_short: false };

    fn found(fits: bool) -> Found {
        Found {
            id: "zebra".to_owned(),
            title: "Zebra".to_owned(),
            location: "zebra.md".to_owned(),
            text: "A zebra has stripes.".to_owned(),
            date: None,
            author: None,
            source: "pages".to_owned(),
            fits,
        }
    }

    fn findings(away: &[&str]) -> Findings {
        let away = away.iter().map(|name| (*name).to_owned()).collect();
        Findings { passages: Vec::new(), searched: vec!["298 documents".to_owned()], away }
    }

    fn said(text: &str, cited: &[usize]) -> Sanitised {
        Sanitised { rest: String::new(), text: text.to_owned(), cited: cited.to_vec() }
    }

    #[test]
    fn an_answer_lists_what_it_cites() {
        let (answer, outcome) = finish(&said("It has stripes. [1]", &[0]), WHOLE, &[found(true)], Some(&findings(&[])));
        assert_eq!(outcome, Outcome::Answered);
        assert_eq!(answer.text, "It has stripes. [1]\n\n**Sources**\n- [1] Zebra — `zebra.md`");
        assert_eq!(answer.sources.len(), 1);
    }

    #[test]
    fn an_answer_that_cites_nothing_says_so() {
        let (answer, outcome) = finish(&said("It has stripes.", &[]), WHOLE, &[found(true)], Some(&findings(&[])));
        assert_eq!(outcome, Outcome::Unsourced);
        assert!(answer.text.ends_with("_No source is named for this answer: check it before you rely on it._"));
    }

    #[test]
    fn where_nothing_fits_the_answer_says_what_was_searched_and_what_could_not_be() {
        let findings = findings(&["the wiki"]);
        let (answer, outcome) = finish(&said("I do not know.", &[]), WHOLE, &[found(false)], Some(&findings));
        assert_eq!(outcome, Outcome::NothingFits);
        assert!(answer.text.contains("I searched 298 documents and found nothing"), "{}", answer.text);
        assert!(answer.text.ends_with("_At present I cannot search the wiki._"), "{}", answer.text);
    }

    #[test]
    fn courtesy_needs_no_source() {
        let (answer, outcome) = finish(&said("You are welcome.", &[]), WHOLE, &[], None);
        assert_eq!((answer.text.as_str(), outcome), ("You are welcome.", Outcome::NothingAsked));
    }

    #[test]
    fn an_answer_that_was_cut_off_says_so() {
        let (answer, _) = finish(&said("So [1]", &[0]), End { cut_short: true }, &[found(true)], Some(&findings(&[])));
        assert!(
            answer.text.contains("cut off: its length or its time was over") && answer.text.ends_with("`zebra.md`")
        );
    }

    #[test]
    fn an_answer_of_several_messages_is_whole() {
        let text = "A zebra has stripes. [1]\n\n".repeat(22_000 / 26);
        let (answer, _) = finish(&said(&text, &[0]), WHOLE, &[found(true)], Some(&findings(&[])));
        assert_eq!(answer.text, format!("{}\n\n**Sources**\n- [1] Zebra — `zebra.md`", text.trim_end()));
    }

    #[test]
    fn an_endless_answer_is_shortened_and_lists_what_is_cited_in_what_is_left() {
        let text = format!("It has stripes. [1]\n\n{}And legs. [2]", "words ".repeat(20_000));
        let (answer, _) = finish(&said(&text, &[0, 1]), WHOLE, &[found(true), found(true)], Some(&findings(&[])));
        assert!(
            answer.text.contains("(shortened: the answer was") && answer.text.ends_with("\n- [1] Zebra — `zebra.md`")
        );
        assert_eq!(answer.sources.len(), 1);
    }
}
