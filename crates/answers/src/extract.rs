//! Extract mode: quotes the passages of the sources that answer the question, with their sources.

use std::time::Instant;

use shared::{
    answer::{Answer, Format},
    turn::Turn,
};

use crate::{
    AnswerError, Answerer, Findings, Found, Inquiry, Request, Sources, Step, heard::lending, knowledge::asks,
    more::More, quotation,
};

/// Most passages that one answer quotes.
const MOST_PASSAGES: usize = 3;
/// How many of the best passages are looked at for these: several may have one title.
const CANDIDATES: usize = 12;
/// Where more is wanted, the first of them were quoted.
const CANDIDATES_FOR_MORE: usize = 40;

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
        if !asks(&request.question.text) {
            let text = "Please ask in words: I look for the answer in what I have been given to read, and files I cannot open.";
            return Ok((without_sources(text.to_owned()), Outcome::NothingAsked));
        }
        request.draft.step(Step::Searching);
        match More::of(request) {
            Some(more) => self.more(request, &more).await,
            None => self.first(request).await,
        }
    }

    /// What the sources say.
    async fn first(&self, request: &Request<'_>) -> Result<(Answer, Outcome), AnswerError> {
        let mut findings = self.find(request, &request.question.text, &lending(request), CANDIDATES).await?;
        let passages = std::mem::take(&mut findings.passages);
        let fitting: Vec<Found> = passages.into_iter().filter(|found| found.fits).collect();
        let nothing = || {
            let nothing = findings.nothing_found(false);
            format!("{nothing}. Other words may help: names of commands, options or features.")
        };
        Ok(answer("This is what the documents say:", fitting, nothing, &findings, request))
    }

    /// What they say besides what was quoted.
    async fn more(&self, request: &Request<'_>, more: &More<'_>) -> Result<(Answer, Outcome), AnswerError> {
        let mut findings = self.find(request, more.question, more.turns, CANDIDATES_FOR_MORE).await?;
        let left = more.of_these(std::mem::take(&mut findings.passages));
        let nothing = || format!("{}.", findings.nothing_found(true));
        Ok(answer("The documents also say:", left, nothing, &findings, request))
    }

    async fn find(
        &self,
        request: &Request<'_>,
        query: &str,
        turns: &[Turn],
        limit: usize,
    ) -> Result<Findings, AnswerError> {
        let (user, channel) = (&request.question.user, &request.question.channel);
        self.sources.find(&Inquiry { query, turns, user, channel, limit }).await
    }
}

/// Quotes the passages after `introduction`, or says what `nothing` says; names what is away.
fn answer(
    introduction: &str,
    found: Vec<Found>,
    nothing: impl FnOnce() -> String,
    findings: &Findings,
    request: &Request<'_>,
) -> (Answer, Outcome) {
    let away = findings.not_searched().map(|remark| format!("\n\n_{remark}_")).unwrap_or_default();
    let chosen = choose(found);
    if chosen.is_empty() {
        return (without_sources(nothing() + &away), Outcome::NothingFits);
    }
    (quotation::compose(introduction, &chosen, &away, request), Outcome::Answered)
}

/// The passages to quote, best first. Of several with one title only the best: they are of one section, or of pages that
/// differ in little (one tutorial in five languages).
fn choose(found: Vec<Found>) -> Vec<Found> {
    let mut chosen: Vec<Found> = Vec::new();
    for found in found {
        if chosen.len() < MOST_PASSAGES && chosen.iter().all(|chosen| chosen.title != found.title) {
            chosen.push(found);
        }
    }
    chosen
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
