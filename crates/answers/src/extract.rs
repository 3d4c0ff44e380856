//! Extract mode: quotes the passages of the sources that answer the question, with their sources.

use std::time::Instant;

use shared::answer::{Answer, Format};

use crate::{AnswerError, Answerer, Found, Inquiry, Request, Sources, Step, knowledge::asks, quotation};

/// Most passages that one answer quotes.
const MOST_PASSAGES: usize = 3;
/// How many of the best passages are looked at for these: several may have one title.
const CANDIDATES: usize = 12;

/// Answers from the passages of the sources, while they are there.
#[derive(Debug)]
pub struct ExtractAnswerer {
    sources: Sources,
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
    /// Answers from these.
    pub fn new(sources: Sources) -> Self {
        Self { sources }
    }

    async fn compose(&self, request: &Request<'_>) -> Result<(Answer, Outcome), AnswerError> {
        let question = request.question;
        if !asks(&question.text) {
            let text = "Please ask in words: I look for the answer in what I have been given to read, and files I cannot open.".to_owned();
            return Ok((without_sources(text), Outcome::NothingAsked));
        }
        request.draft.step(Step::Searching);
        let findings = self
            .sources
            .find(&Inquiry {
                query: &question.text,
                turns: request.turns,
                user: &question.user,
                channel: &question.channel,
                limit: CANDIDATES,
            })
            .await?;
        let fitting = fitting(&findings.passages);
        if fitting.is_empty() {
            let text = format!(
                "I found nothing about this in the {} I have been given. Other words may help: names of commands, \
                 options or features.",
                findings.searched.join(" and "),
            );
            return Ok((without_sources(text), Outcome::NothingFits));
        }
        Ok((quotation::compose(&fitting, request), Outcome::Answered))
    }
}

/// The passages to quote, best first; none, when nothing is relevant. Of several with one title only the best: they are of
/// one section, or of pages that differ in little (one tutorial in five languages).
fn fitting(found: &[Found]) -> Vec<&Found> {
    let mut fitting: Vec<&Found> = Vec::new();
    for found in found.iter().filter(|found| found.fits) {
        if fitting.iter().all(|chosen| chosen.title != found.title) {
            fitting.push(found);
        }
    }
    fitting.truncate(MOST_PASSAGES);
    fitting
}

fn without_sources(text: String) -> Answer {
    Answer { text, format: Format::Markdown, sources: Vec::new() }
}

impl Answerer for ExtractAnswerer {
    async fn answer(&self, request: &Request<'_>) -> Result<Answer, AnswerError> {
        let start = Instant::now();
        let (answer, outcome) = self.compose(request).await?;
        metrics::histogram!("threadkeeper_answer_extract_seconds").record(start.elapsed().as_secs_f64());
        metrics::counter!("threadkeeper_answers_total", "mode" => "extract", "outcome" => outcome.label()).increment(1);
        Ok(answer)
    }
}
