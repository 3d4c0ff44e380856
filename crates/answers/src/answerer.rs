//! The seam: what every way of answering has in common, and the choice between them.

use std::{future::Future, sync::Arc};

use shared::{
    answer::Answer,
    config::{AnswerMode, Settings},
    task::Question,
    turn::Turn,
};

use crate::{AnswerError, DraftWriter, Heard, LlmAnswerer, Sources, echo::EchoAnswerer, extract::ExtractAnswerer};

/// What an answer is made from.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The question.
    pub question: &'a Question,
    /// The conversation before it, oldest first, without the question itself.
    pub turns: &'a [Turn],
    /// What others said in the thread before the question, oldest first; known only where the thread was read from Slack. It is
    /// no part of the stored context: another application shares that, as pairs of question and answer.
    pub heard: &'a [Heard],
    /// Where to tell how far the answer has come.
    pub draft: &'a DraftWriter,
}

/// Makes answers.
///
/// An implementation keeps nothing between calls: all that an answer knows of its thread is in the [`Request`], so any
/// worker gives the same answer. It may be dropped at any await (deadline, shutdown, lost lease) and is then asked
/// again, perhaps in another process.
pub trait Answerer: Send + Sync {
    /// Answers one question.
    ///
    /// # Errors
    /// [`AnswerError::blame`] tells whether the question or a dependency is the cause.
    fn answer(&self, request: &Request<'_>) -> impl Future<Output = Result<Answer, AnswerError>> + Send;
}

/// One answerer for several workers of a process.
impl<T: Answerer> Answerer for Arc<T> {
    async fn answer(&self, request: &Request<'_>) -> Result<Answer, AnswerError> {
        self.as_ref().answer(request).await
    }
}

/// The answerer of the configured `answer.mode`.
#[derive(Debug)]
pub enum AnyAnswerer {
    /// `echo`.
    Echo(EchoAnswerer),
    /// `extract`.
    Extract(ExtractAnswerer),
    /// `llm`.
    Llm(Box<LlmAnswerer>),
}

impl AnyAnswerer {
    /// Builds the configured answerer. A folder of knowledge is read here, blocking: call it at start, after a TLS provider was
    /// installed.
    ///
    /// # Errors
    /// As [`Sources::from_config`], unless in echo mode, and as [`LlmAnswerer::new`].
    pub fn from_config(settings: &Settings) -> Result<Self, AnswerError> {
        match settings.answer.mode {
            AnswerMode::Echo => {
                let config = &settings.answer;
                Ok(Self::Echo(EchoAnswerer::new(config.echo_delay).with_sentences(config.echo_sentences)))
            }
            AnswerMode::Extract => Ok(Self::Extract(ExtractAnswerer::new(Sources::from_config(settings)?))),
            AnswerMode::Llm => {
                let sources = Sources::from_config(settings)?;
                Ok(Self::Llm(Box::new(LlmAnswerer::new(settings, sources)?)))
            }
        }
    }
}

impl Answerer for AnyAnswerer {
    async fn answer(&self, request: &Request<'_>) -> Result<Answer, AnswerError> {
        match self {
            Self::Echo(echo) => echo.answer(request).await,
            Self::Extract(extract) => extract.answer(request).await,
            Self::Llm(llm) => llm.answer(request).await,
        }
    }
}
