//! Configuration: defaults, then the TOML file named by `--config`, then the environment.
//!
//! Every option is checked at start. An unknown option, a value of the wrong type and an unknown `THREADKEEPER__*`
//! variable are errors that name the key and the known ones: an option that was accepted and ignored once made a bot
//! forget its threads.

mod error;
mod layers;
mod reference;
mod secret;
mod sections;

use std::path::Path;

use serde::{Deserialize, Serialize};

pub use self::{
    error::ConfigError,
    layers::Environment,
    reference::{Explained, explain, markdown},
    secret::{Secret, SecretUrl},
    sections::{
        Amqp, AnswerMode, Answers, Context, DeadLetters, Delivery, DirectMessages, Ingress, LanguageModel, Log,
        LogFormat, Pacing, Redis, Responder, Search, Slack, Streaming, Telemetry,
    },
};

/// Everything that can be configured, for all services: one file serves them all.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The service that receives Slack's events.
    pub ingress: Ingress,
    /// The service that answers.
    pub responder: Responder,
    /// The store of contexts and turns.
    pub redis: Redis,
    /// What a context keeps.
    pub context: Context,
    /// The broker of questions.
    pub amqp: Amqp,
    /// Slack's side.
    pub slack: Slack,
    /// How answers are made.
    pub answer: Answers,
    /// A search service that answers are made from.
    pub search: Search,
    /// The language model that writes them.
    pub model: LanguageModel,
    /// The times of the delivery protocol.
    pub delivery: Delivery,
    /// Questions that were given up.
    pub dead_letters: DeadLetters,
    /// What is logged, and how.
    pub log: Log,
    /// What is told to a collector beside.
    pub telemetry: Telemetry,
}

impl Settings {
    /// Reads, merges and checks all layers.
    ///
    /// # Errors
    /// The first of: an unreadable file, an unknown key, a value of the wrong type, a value out of its range.
    pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Self, ConfigError> {
        let settings: Self = layers::merge(file, environment)?;
        settings.validate()?;
        Ok(settings)
    }

    /// Checks what one type cannot say: ranges, and options that contradict each other.
    ///
    /// # Errors
    /// Names the option, its value and what is allowed.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.ingress.validate()?;
        self.responder.validate()?;
        self.redis.validate()?;
        self.context.validate()?;
        self.amqp.validate()?;
        self.slack.validate()?;
        self.answer.validate()?;
        self.search.validate()?;
        self.model.validate()?;
        self.delivery.validate()?;
        if self.answer.mode == AnswerMode::Llm {
            self.model.validate_with(&self.delivery)?;
        }
        self.dead_letters.validate()?;
        self.telemetry.validate()
    }

    /// The effective configuration as TOML, with every secret redacted; what `--check-config` prints.
    pub fn to_redacted_toml(&self) -> String {
        toml::to_string_pretty(self).unwrap_or_else(|error| format!("# cannot be shown: {error}\n"))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use rstest::rstest;

    use super::*;

    fn load(variables: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        Settings::load(None, &Environment::of(variables))
    }

    fn refused(variables: &[(&str, &str)]) -> String {
        load(variables).unwrap_err().to_string()
    }

    #[test]
    fn defaults_are_valid_and_as_documented() {
        let settings = load(&[]).unwrap();
        assert_eq!(settings.ingress.listen.to_string(), "127.0.0.1:3000");
        assert_eq!(settings.redis.max_connections, 10);
        assert_eq!(settings.context.ttl.as_secs(), 3600);
        assert_eq!(settings.delivery.waits, [1_000, 5_000, 30_000, 120_000]);
    }

    #[test]
    fn an_unknown_option_is_refused_with_its_name_and_the_known_ones() {
        let message = refused(&[("THREADKEEPER__REDIS__CONNECTION_POOL_KWARGS", "{}")]);
        assert!(message.contains("THREADKEEPER__REDIS__CONNECTION_POOL_KWARGS"), "{message}");
        assert!(message.contains("max_connections"), "{message}");
    }

    #[rstest]
    #[case("THREADKEEPER__REDS__MAX_CONNECTIONS")]
    #[case("THREADKEEPER__REDIS")]
    #[case("THREADKEEPER_REDIS__MAX_CONNECTIONS")]
    fn a_variable_that_would_be_ignored_is_refused(#[case] name: &str) {
        let message = refused(&[(name, "1")]);
        assert!(message.contains(name), "{message}");
    }

    #[test]
    fn variables_that_kubernetes_sets_for_a_service_are_left_alone() {
        assert!(load(&[("THREADKEEPER_SERVICE_HOST", "10.0.0.1"), ("THREADKEEPER_PORT", "tcp://10.0.0.1:80")]).is_ok());
    }

    #[rstest]
    #[case("THREADKEEPER__REDIS__MAX_CONNECTIONS", "ten", "redis.max_connections")]
    #[case("THREADKEEPER__REDIS__MAX_CONNECTIONS", "10.7", "redis.max_connections")]
    #[case("THREADKEEPER__REDIS__MAX_CONNECTIONS", "-1", "redis.max_connections")]
    #[case("THREADKEEPER__REDIS__MAX_CONNECTIONS", "0", "redis.max_connections")]
    #[case("THREADKEEPER__REDIS__CONNECT_TIMEOUT", "5", "redis.connect_timeout")]
    #[case("THREADKEEPER__INGRESS__LISTEN", "localhost", "ingress.listen")]
    #[case("THREADKEEPER__ANSWER__MODE", "magic", "answer.mode")]
    #[case("THREADKEEPER__DELIVERY__WAITS", "1000,soon", "delivery.waits")]
    #[case("THREADKEEPER__DELIVERY__WAITS", "5000,1000", "delivery.waits")]
    #[case("SLACK_API_URL", "http://slack.example.com/api", "slack.api_url")]
    #[case("THREADKEEPER__SEARCH__URL", "http://search.example.com/", "search.url")]
    #[case("THREADKEEPER__SEARCH__URL", "https://user:hush@search.example.com/", "search.url")]
    #[case("THREADKEEPER__SEARCH__TIMEOUT", "2m", "search.timeout")]
    #[case("THREADKEEPER__SEARCH__LIMIT", "0", "search.limit")]
    #[case("THREADKEEPER__SEARCH__NAME", " ", "search.name")]
    #[case("AMQP_URL", "http://localhost", "amqp.url")]
    #[case("THREADKEEPER__AMQP__HEARTBEAT", "0s", "amqp.heartbeat")]
    #[case("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "telemetry.otlp_endpoint")]
    #[case("THREADKEEPER__ANSWER__MODE", "llm", "THREADKEEPER__MODEL__NAME")]
    #[case("OPENAI_BASE_URL", "http://models.example.com/v1", "model.openai_base_url")]
    #[case("THREADKEEPER__MODEL__OLLAMA_BASE_URL", "http://10.0.0.7:11434", "model.plain_http")]
    #[case("THREADKEEPER__MODEL__CONTEXT_TOKENS", "4096", "model.context_tokens")]
    #[case("THREADKEEPER__MODEL__FIRST_TOKEN_TIMEOUT", "0s", "model.first_token_timeout")]
    fn a_wrong_value_is_refused_with_its_key(#[case] name: &str, #[case] value: &str, #[case] key: &str) {
        let message = refused(&[(name, value)]);
        assert!(message.contains(key), "{message}");
    }

    #[test]
    fn an_answer_by_a_model_must_be_over_before_its_deadline() {
        let llm = [("THREADKEEPER__ANSWER__MODE", "llm"), ("THREADKEEPER__MODEL__NAME", "gpt-4.1-mini")];
        assert!(load(&llm).is_ok());
        let message = refused(&[llm[0], llm[1], ("THREADKEEPER__MODEL__ANSWER_TIMEOUT", "1m")]);
        assert!(message.contains("model.answer_timeout") && message.contains("delivery.retry_deadline"), "{message}");
    }

    #[test]
    fn a_model_in_a_trusted_network_may_be_asked_over_http() {
        let url = ("OPENAI_BASE_URL", "http://vllm.models.svc:8000/v1");
        assert!(load(&[url, ("THREADKEEPER__MODEL__PLAIN_HTTP", "true")]).is_ok());
        assert!(load(&[("OPENAI_BASE_URL", "http://127.0.0.1:8000/v1")]).is_ok());
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_defaults() {
        let mut file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
        write!(file, "[redis]\nmax_connections = 20\nmax_retries = 3\n").unwrap();
        let environment = Environment::of(&[("THREADKEEPER__REDIS__MAX_RETRIES", "1")]);
        let settings = Settings::load(Some(file.path()), &environment).unwrap();
        assert_eq!((settings.redis.max_connections, settings.redis.max_retries), (20, 1));
    }

    #[test]
    fn an_unknown_option_in_the_file_is_refused() {
        let mut file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
        write!(file, "[redis]\nconnection_pool_kwargs = {{ max = 1 }}\n").unwrap();
        let error = Settings::load(Some(file.path()), &Environment::of(&[])).unwrap_err().to_string();
        assert!(error.contains("redis.connection_pool_kwargs") && error.contains("max_connections"), "{error}");
    }

    #[test]
    fn text_that_looks_like_a_number_stays_text() {
        let settings = load(&[("THREADKEEPER__AMQP__PREFIX", "0123")]).unwrap();
        assert_eq!(settings.amqp.prefix, "0123");
    }

    #[test]
    fn secrets_appear_in_no_output() {
        let settings = load(&[
            ("SLACK_BOT_TOKEN", "xoxb-hush"),
            ("SLACK_SIGNING_SECRET", "hush"),
            ("SEARCH_TOKEN", "hush"),
            ("REDIS_URL", "rediss://user:hush@cache:6380/0?password=hush"),
            ("AMQP_URL", "amqps://user:hush@broker/vhost"),
            ("OPENAI_API_KEY", "sk-hush"),
            ("OPENAI_BASE_URL", "https://user:hush@models/v1?key=hush"),
            ("ANTHROPIC_API_KEY", "sk-ant-hush"),
            ("GEMINI_API_KEY", "hush"),
        ])
        .unwrap();
        let shown = settings.to_redacted_toml() + &format!("{settings:?}");
        assert!(!shown.contains("hush"), "{shown}");
        assert!(shown.contains("cache:6380") && shown.contains("broker"), "{shown}");
    }

    #[test]
    fn the_printed_configuration_is_a_valid_file() {
        let mut file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
        file.write_all(load(&[]).unwrap().to_redacted_toml().as_bytes()).unwrap();
        Settings::load(Some(file.path()), &Environment::of(&[])).unwrap();
    }
}
