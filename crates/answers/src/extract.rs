//! Extract mode: quotes the passages of the knowledge folder that answer the question, with their sources.

use std::{path::Path, time::Instant};

use shared::answer::{Answer, Format};

use crate::{
    AnswerError, Answerer, Request,
    knowledge::{Knowledge, Library, Passage},
    quotation,
};

/// Most passages that one answer quotes.
const MOST_PASSAGES: usize = 3;
/// How many of the best passages are looked at for these: several may have one title.
const CANDIDATES: usize = 12;

/// Answers from the passages of a folder, while the folder is there.
#[derive(Debug)]
pub struct ExtractAnswerer {
    library: Library,
}

/// How an answer came out; a label of `threadkeeper_answers_total`.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    Answered,
    NothingFits,
    NothingAsked,
}

impl Outcome {
    fn label(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::NothingFits => "nothing_fits",
            Self::NothingAsked => "nothing_asked",
        }
    }
}

impl ExtractAnswerer {
    /// Reads and indexes the folder; blocking.
    ///
    /// # Errors
    /// As [`Knowledge::open`].
    pub fn open(folder: &Path) -> Result<Self, AnswerError> {
        Ok(Self { library: Library::open(folder)? })
    }
}

fn compose(knowledge: &Knowledge, request: &Request<'_>) -> (Answer, Outcome) {
    let files = knowledge.files();
    let documents = if files == 1 { "the 1 document".to_owned() } else { format!("the {files} documents") };
    let question = &request.question.text;
    if !Knowledge::asks(question) {
        let text = format!(
            "Please ask in words: I look for the answer in {documents} I have been given, and files I cannot read."
        );
        return (without_sources(text), Outcome::NothingAsked);
    }
    let fitting = fitting(knowledge, request);
    if fitting.is_empty() {
        let text = format!(
            "I found nothing about this in {documents} I have been given. Other words may help: names of commands, \
             options or features."
        );
        return (without_sources(text), Outcome::NothingFits);
    }
    (quotation::compose(knowledge, &fitting, request), Outcome::Answered)
}

/// The passages to quote, best first; none, when nothing is relevant. Of several with one title only the best: they are of
/// one section, or of pages that differ in little (one tutorial in five languages).
fn fitting<'k>(knowledge: &'k Knowledge, request: &Request<'_>) -> Vec<&'k Passage> {
    let mut fitting: Vec<&Passage> = Vec::new();
    let hits = knowledge.search(&request.question.text, request.turns, CANDIDATES);
    for hit in hits.into_iter().filter(|hit| hit.fits) {
        if fitting.iter().all(|chosen| chosen.title != hit.passage.title) {
            fitting.push(hit.passage);
        }
    }
    fitting.truncate(MOST_PASSAGES);
    fitting
}

fn without_sources(text: String) -> Answer {
    Answer { text, format: Format::Markdown, sources: Vec::new() }
}

impl Answerer for ExtractAnswerer {
    /// Searches on the caller's thread: a search over 5,500 passages takes under a millisecond.
    async fn answer(&self, request: &Request<'_>) -> Result<Answer, AnswerError> {
        let knowledge = self.library.knowledge().await?;
        let start = Instant::now();
        let (answer, outcome) = compose(&knowledge, request);
        metrics::histogram!("threadkeeper_answer_extract_seconds").record(start.elapsed().as_secs_f64());
        metrics::counter!("threadkeeper_answers_total", "mode" => "extract", "outcome" => outcome.label()).increment(1);
        Ok(answer)
    }
}
