//! The way of one question through `llm` mode.

use std::{
    borrow::Cow,
    time::{Duration, Instant},
};

use rand::{SeedableRng as _, rngs::StdRng};
use shared::{answer::Answer, config::Settings};

use super::{
    attempts::Models,
    budget::{self, Budget},
    model::Model,
    prompt::{Instructions, Material, Nonce},
    provenance::{self, Outcome},
    rewrite::Rewriter,
    said::thread,
    tokens::Counter,
};
use crate::{AnswerError, Answerer, Findings, Inquiry, Request, Sources, Step, heard::lending, knowledge::asks};

/// Has a language model answer from the sources.
#[derive(Debug)]
pub struct LlmAnswerer {
    sources: Sources,
    models: Models,
    rewriter: Rewriter,
    instructions: Instructions,
    budget: Budget,
    passages: usize,
    timeout: Duration,
}

impl LlmAnswerer {
    /// The configured models, over these sources. A TLS provider must be installed.
    ///
    /// # Errors
    /// When a model's name says no provider, its key is missing, or the prompt file cannot be read; each names the option.
    pub fn new(settings: &Settings, sources: Sources) -> Result<Self, AnswerError> {
        let config = &settings.model;
        let models = Models::open(config)?;
        Counter::load();
        // A request must fit whichever model gets it.
        let exact = models.each().all(|model| model.counter() == Counter::Exact);
        let counter = if exact { Counter::Exact } else { Counter::Cautious };
        let answer = usize::try_from(config.answer_tokens).unwrap_or(usize::MAX);
        let names: Vec<&str> = models.each().map(Model::name).collect();
        tracing::info!(model = names[0], "answers are written by {}", names.join(", else by "));
        Ok(Self {
            sources,
            rewriter: Rewriter::new(config.rewrite_timeout),
            instructions: Instructions::read(settings.answer.prompt_file.as_deref())?,
            budget: Budget { counter, tokens: config.context_tokens.saturating_sub(answer) },
            passages: config.passages,
            timeout: config.answer_timeout,
            models,
        })
    }

    async fn write(&self, request: &Request<'_>) -> Result<(Answer, Outcome), AnswerError> {
        let until = Instant::now() + self.timeout;
        let until = request.draft.until().map_or(until, |wanted| wanted.min(until));
        // Random per request, so that nobody who wrote a source or a message can have known it.
        let nonce = Nonce::random(&mut StdRng::from_os_rng());
        let question = request.question;
        let findings = if asks(&question.text) { Some(self.search(request, &nonce, until).await?) } else { None };
        let nothing = Findings::default();
        let Findings { passages, searched, .. } = findings.as_ref().unwrap_or(&nothing);
        let thread = thread(request);
        let material = Material { question, text: &question.text, thread: &thread, passages, searched };
        let fitted = budget::fit(self.budget, material, &self.instructions, &nonce);
        let passages = &passages[..fitted.passages];
        request.draft.step(Step::Thinking);
        let (writing, end) = self.models.write(&fitted.prompt, passages, request.draft, until).await?;
        Ok(provenance::finish(&writing.finish(), end, passages, findings.as_ref()))
    }

    async fn search(&self, request: &Request<'_>, nonce: &Nonce, until: Instant) -> Result<Findings, AnswerError> {
        request.draft.step(Step::Searching);
        let question = request.question;
        let rewritten = self.rewriter.rewrite(&self.models, request, nonce).await;
        let turns = if rewritten.is_some() { Cow::default() } else { lending(request) };
        let inquiry = Inquiry {
            query: rewritten.as_deref().unwrap_or(&question.text),
            turns: &turns,
            user: &question.user,
            channel: &question.channel,
            limit: self.passages,
        };
        let found = tokio::time::timeout_at(until.into(), self.sources.find(&inquiry)).await;
        found.unwrap_or_else(|late| {
            Err(AnswerError::DependencyDown { dependency: "what answers are made from", source: Box::new(late) })
        })
    }
}

impl Answerer for LlmAnswerer {
    async fn answer(&self, request: &Request<'_>) -> Result<Answer, AnswerError> {
        let (answer, outcome) = self.write(request).await?;
        metrics::counter!("threadkeeper_answers_total", "mode" => "llm", "outcome" => outcome.label()).increment(1);
        Ok(answer)
    }
}
