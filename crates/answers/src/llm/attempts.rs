//! Asks the models: again where that may help, and the fallback while the first one stays away.

use std::time::{Duration, Instant};

use rand::{SeedableRng as _, rngs::StdRng};
use shared::{config::LanguageModel, retry::Backoff, telemetry::chain};

use super::{
    failure::{Failure, Kind},
    model::{End, Model, Patience},
    prompt::Prompt,
    writing::Writing,
};
use crate::{AnswerError, DraftWriter, Found};

/// Between two attempts, unless the server says how long to wait.
const PAUSES: Backoff = Backoff { first: Duration::from_millis(250), longest: Duration::from_secs(4) };

/// A longer wait is not sat out with a person waiting: the model is left alone until then.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A first model that stayed away through all its retries is not asked for so long, where there is a fallback: each question
/// would wait for it before it is answered.
const REST: Duration = Duration::from_secs(15);

/// A server that asks for a longer rest is tried earlier: it may have meant another limit.
const LONGEST_REST: Duration = Duration::from_mins(1);

/// The models that may answer.
#[derive(Debug)]
pub(crate) struct Models {
    first: Model,
    fallback: Option<Model>,
    retries: u32,
    answer_tokens: u32,
    first_token: Duration,
    pause: Duration,
}

impl Models {
    /// The configured models.
    ///
    /// # Errors
    /// When a name or its key is missing or wrong; names the option.
    pub(crate) fn open(config: &LanguageModel) -> Result<Self, AnswerError> {
        let name = config.name().map_err(|error| AnswerError::ModelUnset { source: error })?;
        let fallback = config.fallback.as_deref().filter(|name| !name.trim().is_empty());
        Ok(Self {
            first: Model::open("model.name", name, config)?,
            fallback: fallback.map(|name| Model::open("model.fallback", name, config)).transpose()?,
            retries: config.retries,
            answer_tokens: config.answer_tokens,
            first_token: config.first_token_timeout,
            pause: config.pause_timeout,
        })
    }

    /// The model that is asked first, now.
    pub(crate) fn preferred(&self) -> &Model {
        self.fallback.as_ref().filter(|_| self.first.rests()).unwrap_or(&self.first)
    }

    /// Each model in the order in which they are asked.
    pub(crate) fn each(&self) -> impl Iterator<Item = &Model> {
        std::iter::once(&self.first).chain(&self.fallback)
    }

    /// Has the answer written, its first words by `until`. What may be shown of it goes into `draft` while it comes.
    ///
    /// # Errors
    /// [`AnswerError::DependencyDown`] when no model began to answer. [`AnswerError::QuestionFails`] when this request was
    /// refused or brought a model to no end, and when an answer broke off after a part of it was shown: it is made anew as another attempt at the question,
    /// and a question at which every model breaks off does not wait for ever.
    pub(crate) async fn write<'a>(
        &self,
        prompt: &Prompt,
        sources: &'a [Found],
        draft: &'a DraftWriter,
        until: Instant,
    ) -> Result<(Writing<'a>, End), AnswerError> {
        let mut last: Option<Failure> = None;
        for model in self.each() {
            if Instant::now() >= until {
                break;
            }
            if let Some(failure) = &last {
                metrics::counter!("threadkeeper_model_fallbacks_total", "model" => model.name().to_owned())
                    .increment(1);
                tracing::warn!(model = model.name(), "{}; the fallback {} is asked", chain(failure), model.name());
            }
            match self.write_with(model, prompt, (sources, draft), until).await {
                Ok(written) => return Ok(written),
                Err(Unwritten { failure, begun }) if begun || !failure.may_pass_elsewhere() => {
                    return Err(AnswerError::QuestionFails { source: Box::new(failure) });
                }
                // What one model says of the question is not undone by another one's absence.
                Err(Unwritten { failure, .. }) => last = last.filter(Failure::is_the_questions).or(Some(failure)),
            }
        }
        let failure = last.unwrap_or_else(|| Failure::new(&self.first.place, Kind::Late));
        if failure.is_the_questions() {
            return Err(AnswerError::QuestionFails { source: Box::new(failure) });
        }
        Err(AnswerError::DependencyDown { dependency: "the language model", source: Box::new(failure) })
    }

    /// Has one model write the answer, again while that may help.
    async fn write_with<'a>(
        &self,
        model: &Model,
        prompt: &Prompt,
        (sources, draft): (&'a [Found], &'a DraftWriter),
        until: Instant,
    ) -> Result<(Writing<'a>, End), Unwritten> {
        if model.rests() {
            return Err(Unwritten { failure: Failure::new(&model.place, Kind::Resting), begun: false });
        }
        let silent_until = self.silent_until(model, until);
        let patience = Patience { first_token: self.first_token, silent_until, pause: self.pause, until, draft };
        let mut attempt = 0;
        loop {
            attempt += 1;
            let mut writing = Writing::new(sources, draft);
            let asked = model.ask(prompt, self.answer_tokens, patience, |piece| writing.hear(piece)).await;
            let failure = match asked {
                Ok(end) => return Ok((writing, end)),
                Err(failure) => failure,
            };
            count(model, &failure);
            let begun = writing.is_shown();
            // A hanging server hangs again, for as long: rather ask another one.
            let hangs = matches!(failure.kind, Kind::Silent(_)) && self.after(model).is_some();
            match self.pause_before(&failure, attempt, silent_until) {
                Some(pause) if !begun && !hangs => {
                    metrics::counter!("threadkeeper_model_retries_total", "model" => model.name().to_owned())
                        .increment(1);
                    tracing::warn!(
                        model = model.name(),
                        kind = failure.kind.label(),
                        attempt,
                        "{}; asked again in {} ms",
                        chain(&failure),
                        pause.as_millis(),
                    );
                    tokio::time::sleep(pause).await;
                }
                _ => {
                    self.let_rest(model, &failure);
                    return Err(Unwritten { failure, begun });
                }
            }
        }
    }

    /// The model that is asked when `model` does not answer.
    fn after(&self, model: &Model) -> Option<&Model> {
        self.fallback.as_ref().filter(|other| !std::ptr::eq(*other, model) && !other.rests())
    }

    /// Until when `model` may say nothing: the fallback, if there is one, keeps its time for a first word, or half of what is
    /// left if that is less.
    fn silent_until(&self, model: &Model, until: Instant) -> Instant {
        if self.after(model).is_none() {
            return until;
        }
        let left = until.saturating_duration_since(Instant::now());
        Instant::now() + left.saturating_sub(self.first_token).max(left / 2)
    }

    /// The pause before the next attempt; none when there is to be none.
    fn pause_before(&self, failure: &Failure, attempt: u32, until: Instant) -> Option<Duration> {
        if !failure.kind.may_pass() || attempt > self.retries {
            return None;
        }
        let pause = failure.retry_after.unwrap_or_else(|| PAUSES.delay(attempt, &mut StdRng::from_os_rng()));
        let in_time = Instant::now() + pause < until;
        (pause <= LONGEST_PAUSE && in_time).then_some(pause)
    }

    fn let_rest(&self, model: &Model, failure: &Failure) {
        if let Some(wanted) = failure.retry_after {
            model.rest(wanted.min(LONGEST_REST));
        } else if self.fallback.is_some() && failure.kind != Kind::Late && !failure.is_the_questions() {
            // One that is late had no time to show whether it is there.
            model.rest(REST);
        }
    }
}

/// No answer, or a part of one.
struct Unwritten {
    failure: Failure,
    /// Whether something of it was shown.
    begun: bool,
}

/// Counts a failure of a model.
pub(crate) fn count(model: &Model, failure: &Failure) {
    let (name, kind) = (model.name().to_owned(), failure.kind.label());
    metrics::counter!("threadkeeper_model_failures_total", "model" => name, "kind" => kind).increment(1);
}
