//! A wrong configuration is one clear error at start.

use answers::AnyAnswerer;
use rstest::rstest;
use shared::config::Settings;

use crate::{Laboratory, log_line};

fn refused(set: impl FnOnce(&mut Settings)) -> String {
    let laboratory = Laboratory::new().with(set);
    log_line(&AnyAnswerer::from_config(&laboratory.settings).unwrap_err())
}

#[rstest]
#[case(None, "THREADKEEPER__MODEL__NAME")]
#[case(Some("llama-3.3"), "openai::NAME")]
#[case(Some("claude-sonnet-4-5"), "ANTHROPIC_API_KEY")]
#[tokio::test]
async fn a_model_that_cannot_be_asked_is_refused(#[case] name: Option<&str>, #[case] part: &str) {
    let message = refused(|settings| settings.model.name = name.map(str::to_owned));
    assert!(message.contains(part), "{message}");
}

#[tokio::test]
async fn a_fallback_without_a_key_is_refused_too() {
    let message = refused(|settings| settings.model.fallback = Some("gemini-2.5-flash".to_owned()));
    assert!(message.contains("model.fallback") && message.contains("GEMINI_API_KEY"), "{message}");
}

#[tokio::test]
async fn a_prompt_file_that_cannot_be_read_is_refused_with_its_path() {
    let message = refused(|settings| settings.answer.prompt_file = Some("/nowhere/prompt.md".into()));
    assert!(message.contains("answer.prompt_file") && message.contains("/nowhere/prompt.md"), "{message}");
}
