//! The language model that writes answers in `llm` mode.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{out_of_range, positive, within};
use crate::config::{ConfigError, Delivery, Secret, SecretUrl};

/// The language model of `answer.mode = llm`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LanguageModel {
    /// The model's name, as its provider writes it: `gpt-…` is OpenAI's, `claude-…` Anthropic's, `gemini-…` Google's. Any other
    /// name says its provider: `openai::NAME` for whatever speaks OpenAI's protocol at `OPENAI_BASE_URL`, `ollama::NAME`.
    /// Needed by `llm`.
    pub name: Option<String>,
    /// The model that answers while the first one stays away; written like `model.name`.
    pub fallback: Option<String>,
    /// Key for OpenAI, or for the server at `model.openai_base_url`. Set by `OPENAI_API_KEY`.
    pub openai_api_key: Option<Secret>,
    /// Where OpenAI's protocol is spoken. Set by `OPENAI_BASE_URL`; without it OpenAI itself. A server there may need no key.
    pub openai_base_url: Option<SecretUrl>,
    /// Key for Anthropic. Set by `ANTHROPIC_API_KEY`.
    pub anthropic_api_key: Option<Secret>,
    /// Key for Google's Gemini. Set by `GEMINI_API_KEY`.
    pub gemini_api_key: Option<Secret>,
    /// Where Ollama is. Set by `OLLAMA_BASE_URL`; without it `http://localhost:11434`.
    pub ollama_base_url: Option<SecretUrl>,
    /// Whether `http` is allowed beyond this machine, where questions, sources and key cross the network readable: for a network
    /// that you trust, such as a cluster's own.
    pub plain_http: bool,
    /// Opening a connection to the model, TLS included.
    #[serde(with = "humantime_serde")]
    pub connect_timeout: Duration,
    /// From a request to the first piece of the model's answer.
    #[serde(with = "humantime_serde")]
    pub first_token_timeout: Duration,
    /// Between two pieces of the model's answer.
    #[serde(with = "humantime_serde")]
    pub pause_timeout: Duration,
    /// Up to the first words of an answer: search, thoughts, retries and the fallback model included. Then the answer may go on up to
    /// its deadline in `delivery`, where it is cut off. Below `delivery.answer_deadline` and `delivery.retry_deadline`.
    #[serde(with = "humantime_serde")]
    pub answer_timeout: Duration,
    /// Making a follow-up stand by itself before it is searched; longer, and it is searched by its words and those of the
    /// questions before it.
    #[serde(with = "humantime_serde")]
    pub rewrite_timeout: Duration,
    /// Retries of a request that failed before anything of its answer was shown, with growing pauses, for each model.
    pub retries: u32,
    /// Most tokens of a request and its answer together: the model's context window, or less. What does not fit is left out,
    /// the oldest turns first, then passages from the last.
    pub context_tokens: usize,
    /// Most tokens of an answer, a model's hidden reasoning included.
    pub answer_tokens: u32,
    /// Most passages that are put before the model.
    pub passages: usize,
}

/// Hidden reasoning may take long before the first word; a person sees meanwhile that the model is thinking.
const FIRST_TOKEN_TIMEOUT: Duration = Duration::from_secs(20);

/// Below `delivery.retry_deadline` (1 min), so that the answerer itself says what was too slow.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(50);

/// Holds eight passages and a long thread, costs little, and every hosted model of today takes more.
const CONTEXT_TOKENS: usize = 32_000;

/// An answer that fits into one Slack message of 12,000 characters has about 3,000 tokens.
const ANSWER_TOKENS: u32 = 4_000;

impl Default for LanguageModel {
    fn default() -> Self {
        Self {
            name: None,
            fallback: None,
            openai_api_key: None,
            openai_base_url: None,
            anthropic_api_key: None,
            gemini_api_key: None,
            ollama_base_url: None,
            plain_http: false,
            connect_timeout: Duration::from_secs(3),
            first_token_timeout: FIRST_TOKEN_TIMEOUT,
            pause_timeout: Duration::from_secs(10),
            answer_timeout: ANSWER_TIMEOUT,
            rewrite_timeout: Duration::from_secs(3),
            retries: 2,
            context_tokens: CONTEXT_TOKENS,
            answer_tokens: ANSWER_TOKENS,
            passages: 8,
        }
    }
}

impl LanguageModel {
    /// The model's name.
    ///
    /// # Errors
    /// When `model.name` is not set.
    pub fn name(&self) -> Result<&str, ConfigError> {
        self.name.as_deref().filter(|name| !name.trim().is_empty()).ok_or(ConfigError::Missing {
            variable: "THREADKEEPER__MODEL__NAME",
            hint: "the language model of answer.mode = llm, such as gpt-4.1-mini, claude-sonnet-4-5 or ollama::qwen3",
        })
    }

    /// Checks what does not depend on the mode.
    pub(in crate::config) fn validate(&self) -> Result<(), ConfigError> {
        let urls = [("model.openai_base_url", &self.openai_base_url), ("model.ollama_base_url", &self.ollama_base_url)];
        for (key, url) in urls {
            url.iter().try_for_each(|url| self.check_url(key, url))?;
        }
        positive("model.connect_timeout", self.connect_timeout)?;
        positive("model.first_token_timeout", self.first_token_timeout)?;
        positive("model.pause_timeout", self.pause_timeout)?;
        positive("model.answer_timeout", self.answer_timeout)?;
        positive("model.rewrite_timeout", self.rewrite_timeout)?;
        within("model.retries", self.retries.into(), 0..=10, "0 to 10 retries")?;
        within("model.passages", self.passages as u64, 1..=50, "1 to 50 passages")?;
        within("model.answer_tokens", self.answer_tokens.into(), 100..=200_000, "100 to 200000 tokens")?;
        let least = u64::from(self.answer_tokens) + LEAST_REQUEST;
        let reason = "at least model.answer_tokens + 3000, for the instructions and the question";
        within("model.context_tokens", self.context_tokens as u64, least..=10_000_000, reason)
    }

    /// Checks what an `llm` responder needs: a model, and enough time for it.
    pub(in crate::config) fn validate_with(&self, delivery: &Delivery) -> Result<(), ConfigError> {
        self.name()?;
        if self.answer_timeout >= delivery.answer_deadline.min(delivery.retry_deadline) {
            let value = humantime::format_duration(self.answer_timeout);
            let reason =
                "less than delivery.answer_deadline and delivery.retry_deadline: else nobody hears what was too slow";
            return Err(out_of_range("model.answer_timeout", value, reason));
        }
        Ok(())
    }

    fn check_url(&self, key: &'static str, url: &SecretUrl) -> Result<(), ConfigError> {
        match url.scheme().as_str() {
            "https" => Ok(()),
            "http" if url.is_local() || self.plain_http => Ok(()),
            "http" => Err(out_of_range(
                key,
                url,
                "https: questions and the key would cross the network readable; http only towards this machine, or, in a \
                 network that you trust, with model.plain_http = true",
            )),
            _ => Err(out_of_range(key, url, "an https:// URL")),
        }
    }
}

/// Room that a request needs besides its answer: the instructions, a question as long as Slack takes one, and a passage.
const LEAST_REQUEST: u64 = 3_000;
