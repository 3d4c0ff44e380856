//! A shortest question to each model, for an operator who wants to know whether they answer.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use shared::{config::LanguageModel, telemetry::chain};

use super::{attempts::Models, prompt::Prompt};
use crate::AnswerError;

/// Enough for one word; some providers refuse to be asked for less.
const ANSWER_TOKENS: u32 = 16;

/// What became of a shortest question to one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelCheck {
    /// Its name as configured.
    pub model: String,
    /// What it answered within.
    ///
    /// # Errors
    /// Why it did not answer, and what to check; never what a server wrote.
    pub outcome: Result<Duration, String>,
}

/// Asks each configured model a shortest question, all at the same time, each for `within` at most. A TLS provider must be
/// installed.
///
/// # Errors
/// When a model's name says no provider or its key is missing; each names the option.
pub async fn check_models(config: &LanguageModel, within: Duration) -> Result<Vec<ModelCheck>, AnswerError> {
    let models = Models::open(config)?;
    let prompt = Prompt { system: "Answer with one word.".to_owned(), user: "Say: well".to_owned() };
    let checks = models.each().map(async |model| {
        let started = Instant::now();
        let outcome = match tokio::time::timeout(within, model.ask_briefly(&prompt, ANSWER_TOKENS)).await {
            Ok(Ok(_)) => Ok(started.elapsed()),
            Ok(Err(failure)) => Err(chain(&failure)),
            Err(_) => Err(format!("language model {}: no answer within {} ms", model.name(), within.as_millis())),
        };
        ModelCheck { model: model.name().to_owned(), outcome }
    });
    Ok(join_all(checks).await)
}
