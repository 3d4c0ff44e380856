//! An answer says where it is from, and when it is from nowhere.

use answers::Step;
use shared::answer::Format;
use simulated_model::{Ending, Reply};

use crate::Laboratory;

#[tokio::test]
async fn an_answer_cites_its_sources_and_lists_them() {
    let laboratory = Laboratory::new();
    let outcome = laboratory.ask("how can I roll back a deployment?", &[]).await;
    let mut draft = outcome.draft.clone();
    let answer = outcome.answer();
    assert_eq!(answer.format, Format::Markdown);
    assert!(answer.text.contains("[1]") && answer.text.contains("**Sources**"), "{}", answer.text);
    assert_eq!(answer.sources[0].location, "operations/deployments.md#rolling-back");
    let draft = draft.now();
    assert_eq!(draft.step, Step::Writing);
    assert!(!draft.text.is_empty() && answer.text.starts_with(&draft.text), "{}", draft.text);
}

#[tokio::test]
async fn an_answer_that_cites_nothing_is_marked() {
    let laboratory = Laboratory::new();
    laboratory.model.next(Reply::says("Just press the button."));
    let answer = laboratory.ask("how can I roll back a deployment?", &[]).await.answer();
    assert!(answer.sources.is_empty());
    assert!(answer.text.starts_with("Just press the button.\n\n_No source is named"), "{}", answer.text);
}

#[tokio::test]
async fn where_no_source_tells_the_answer_says_what_was_searched() {
    let laboratory = Laboratory::new();
    laboratory.model.next(Reply::says("The documents do not tell."));
    let answer = laboratory.ask("what is the capital of Mongolia?", &[]).await.answer();
    assert!(answer.text.contains("The documents do not tell."), "{}", answer.text);
    assert!(answer.text.contains("I searched ") && answer.text.contains("documents"), "{}", answer.text);
}

#[tokio::test]
async fn a_source_that_was_not_given_cannot_be_cited() {
    let laboratory = Laboratory::new();
    laboratory.model.next(Reply::says("So it is said. [99]"));
    let answer = laboratory.ask("how can I roll back a deployment?", &[]).await.answer();
    assert!(answer.sources.is_empty() && answer.text.contains("_No source is named"), "{}", answer.text);
}

#[tokio::test]
async fn courtesy_is_answered_without_a_search() {
    let laboratory = Laboratory::new();
    laboratory.model.next(Reply::says("You are welcome."));
    let answer = laboratory.ask("thank you!", &[]).await.answer();
    assert_eq!(answer.text, "You are welcome.");
    assert!(!laboratory.model.requests()[0].messages[1].1.contains("<source-"));
}

#[tokio::test]
async fn an_answer_at_its_longest_length_says_that_it_was_cut_off() {
    let laboratory = Laboratory::new();
    laboratory.model.next(Reply::says("First of all [1]").ending(Ending::TooLong));
    let answer = laboratory.ask("how can I roll back a deployment?", &[]).await.answer();
    assert!(answer.text.contains("_This answer was cut off"), "{}", answer.text);
}

#[tokio::test]
async fn what_a_model_thinks_aloud_is_not_shown() {
    let laboratory = Laboratory::new();
    laboratory.model.next(Reply::says("<think> They want the tag. </think>\n\nDeploy the tag before it. [1]"));
    let answer = laboratory.ask("how can I roll back a deployment?", &[]).await.answer();
    assert!(answer.text.starts_with("Deploy the tag before it. [1]"), "{}", answer.text);
}

#[tokio::test]
async fn an_answer_calls_nobody() {
    let laboratory = Laboratory::new();
    laboratory.model.next(Reply::says("Ask <!channel> and <@U012AB>. [1]"));
    let answer = laboratory.ask("how can I roll back a deployment?", &[]).await.answer();
    assert!(!answer.text.contains("<!channel>") && !answer.text.contains("<@U012AB>"), "{}", answer.text);
}
