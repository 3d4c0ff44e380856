//! Who offers a model, by its name and the configuration.

use genai::{
    ModelIden, ServiceTarget,
    adapter::AdapterKind,
    resolver::{AuthData, Endpoint},
};
use shared::config::{LanguageModel, Secret, SecretUrl};

use super::tokens::Counter;
use crate::AnswerError;

/// Between a provider and the name of its model.
const SEPARATOR: &str = "::";

/// What is sent where a key is expected and none is configured: servers on one's own machine ask for none.
const NO_KEY: &str = "none";

/// Who offers a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provider {
    /// OpenAI, or whoever speaks its protocol at `OPENAI_BASE_URL`.
    OpenAi,
    /// Anthropic.
    Anthropic,
    /// Google.
    Gemini,
    /// Ollama.
    Ollama,
}

impl Provider {
    /// The provider and the bare name of the model called `name`.
    fn of(name: &str) -> Option<(Self, &str)> {
        if let Some((provider, bare)) = name.split_once(SEPARATOR) {
            let provider = match provider {
                "openai" => Self::OpenAi,
                "anthropic" => Self::Anthropic,
                "gemini" => Self::Gemini,
                "ollama" => Self::Ollama,
                _ => return None,
            };
            return Some((provider, bare)).filter(|_| !bare.is_empty());
        }
        let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
        // `gpt-oss` is an open model that many servers offer.
        let provider = match () {
            () if starts(&["gpt-oss"]) => return None,
            () if starts(&["gpt-", "chatgpt-", "o1", "o3", "o4"]) => Self::OpenAi,
            () if starts(&["claude-"]) => Self::Anthropic,
            () if starts(&["gemini-"]) => Self::Gemini,
            () => return None,
        };
        Some((provider, name))
    }

    /// What to look at when it refuses or cannot be reached.
    pub(crate) fn options(self) -> &'static str {
        match self {
            Self::OpenAi => "OPENAI_API_KEY and OPENAI_BASE_URL",
            Self::Anthropic => "ANTHROPIC_API_KEY",
            Self::Gemini => "GEMINI_API_KEY",
            Self::Ollama => "OLLAMA_BASE_URL",
        }
    }

    fn adapter(self) -> AdapterKind {
        match self {
            // Of OpenAI's two protocols the one that others speak too.
            Self::OpenAi => AdapterKind::OpenAI,
            Self::Anthropic => AdapterKind::Anthropic,
            Self::Gemini => AdapterKind::Gemini,
            Self::Ollama => AdapterKind::Ollama,
        }
    }

    fn default_base_url(self) -> &'static str {
        match self {
            Self::OpenAi => "https://api.openai.com/v1/",
            Self::Anthropic => "https://api.anthropic.com/v1/",
            Self::Gemini => "https://generativelanguage.googleapis.com/v1beta/",
            Self::Ollama => "http://localhost:11434/",
        }
    }
}

/// Where a model is and what opens it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The name as configured, for logs and metrics.
    pub(crate) name: String,
    pub(crate) provider: Provider,
    bare_name: String,
    key: Option<Secret>,
    base_url: Option<SecretUrl>,
}

impl Place {
    /// Finds the model that `option` names.
    ///
    /// # Errors
    /// When the name does not say a provider, or the provider's key is not set.
    pub(crate) fn find(option: &'static str, name: &str, config: &LanguageModel) -> Result<Self, AnswerError> {
        let name = name.trim();
        let wrong = |reason| Err(AnswerError::ModelUnusable { option, name: name.to_owned(), reason });
        let Some((provider, bare_name)) = Provider::of(name) else {
            return wrong(
                "its provider is not known: write openai::NAME for a server that speaks OpenAI's protocol at \
                 OPENAI_BASE_URL, anthropic::NAME, gemini::NAME or ollama::NAME",
            );
        };
        let (key, base_url) = match provider {
            Provider::OpenAi => (&config.openai_api_key, &config.openai_base_url),
            Provider::Anthropic => (&config.anthropic_api_key, &None),
            Provider::Gemini => (&config.gemini_api_key, &None),
            Provider::Ollama => (&None, &config.ollama_base_url),
        };
        match provider {
            _ if key.is_some() => {}
            Provider::OpenAi if base_url.is_none() => {
                return wrong("OPENAI_API_KEY is not set; a server of your own at OPENAI_BASE_URL may need none");
            }
            Provider::Anthropic => return wrong("ANTHROPIC_API_KEY is not set"),
            Provider::Gemini => return wrong("GEMINI_API_KEY is not set"),
            Provider::OpenAi | Provider::Ollama => {}
        }
        Ok(Self {
            name: name.to_owned(),
            provider,
            bare_name: bare_name.to_owned(),
            key: key.clone(),
            base_url: base_url.clone(),
        })
    }

    /// How its tokens are counted: only of OpenAI's own models the tokenizer is known.
    pub(crate) fn counter(&self) -> Counter {
        if self.provider == Provider::OpenAi && self.base_url.is_none() { Counter::Exact } else { Counter::Cautious }
    }

    /// Whether it is on this machine.
    pub(crate) fn is_local(&self) -> bool {
        self.base_url.as_ref().map_or(self.provider == Provider::Ollama, SecretUrl::is_local)
    }

    /// The client library's words for it.
    pub(crate) fn target(&self) -> ServiceTarget {
        let url = self.base_url.as_ref().map_or(self.provider.default_base_url(), SecretUrl::expose);
        // Paths are joined to it: without the slash its last part would be replaced.
        let url = if url.ends_with('/') || url.contains('?') { url.to_owned() } else { format!("{url}/") };
        ServiceTarget {
            endpoint: Endpoint::from_owned(url),
            auth: AuthData::from_single(self.key.as_ref().map_or(NO_KEY, Secret::expose)),
            model: ModelIden::new(self.provider.adapter(), self.bare_name.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("gpt-4.1-mini", Provider::OpenAi, "gpt-4.1-mini")]
    #[case("o3-mini", Provider::OpenAi, "o3-mini")]
    #[case("claude-sonnet-4-5", Provider::Anthropic, "claude-sonnet-4-5")]
    #[case("gemini-2.5-flash", Provider::Gemini, "gemini-2.5-flash")]
    #[case("ollama::qwen3:8b", Provider::Ollama, "qwen3:8b")]
    #[case("openai::meta-llama/Llama-3.3-70B", Provider::OpenAi, "meta-llama/Llama-3.3-70B")]
    #[case("openai::claude-sonnet-4-5", Provider::OpenAi, "claude-sonnet-4-5")]
    fn a_name_says_who_offers_the_model(#[case] name: &str, #[case] provider: Provider, #[case] bare: &str) {
        assert_eq!(Provider::of(name), Some((provider, bare)));
    }

    #[rstest]
    #[case("llama-3.3-70b")]
    #[case("gpt-oss-120b")]
    #[case("mistral::large")]
    #[case("openai::")]
    #[case("")]
    fn a_name_that_says_no_provider_is_refused_with_the_known_ones(#[case] name: &str) {
        let error = Place::find("model.name", name, &LanguageModel::default()).unwrap_err().to_string();
        assert!(error.contains("model.name") && error.contains("ollama::NAME"), "{error}");
    }

    #[rstest]
    #[case("gpt-4.1-mini", "OPENAI_API_KEY")]
    #[case("claude-sonnet-4-5", "ANTHROPIC_API_KEY")]
    #[case("gemini-2.5-flash", "GEMINI_API_KEY")]
    fn a_model_without_its_providers_key_is_refused(#[case] name: &str, #[case] key: &str) {
        let error = Place::find("model.fallback", name, &LanguageModel::default()).unwrap_err().to_string();
        assert!(error.contains(key) && error.contains("model.fallback"), "{error}");
    }

    #[test]
    fn a_key_is_never_shown() {
        let config = LanguageModel { openai_api_key: Some(Secret::new("sk-hush")), ..LanguageModel::default() };
        let place = Place::find("model.name", "gpt-4.1-mini", &config).unwrap();
        let shown = format!("{place:?} {:?}", place.target());
        assert!(!shown.contains("hush"), "{shown}");
    }
}
