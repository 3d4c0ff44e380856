//! Every way in which a model fails, and what becomes of the question.

use std::time::{Duration, Instant};

use answers::{Answerer as _, Blame, Request, Step};
use rstest::rstest;
use simulated_model::{Ending, Reply, SimulatedModel};

use crate::{Laboratory, PATIENCE, ask, log_line, question};

const QUESTION: &str = "how can I roll back a deployment?";

/// Short times; nothing that is expected to come needs them.
fn impatient() -> Laboratory {
    Laboratory::new().with(|settings| {
        settings.model.first_token_timeout = Duration::from_millis(400);
        settings.model.pause_timeout = Duration::from_millis(400);
    })
}

#[rstest]
#[case::too_many_requests(Reply::refuses(429).after_seconds(0))]
#[case::server_error(Reply::refuses(500))]
#[case::overloaded(Reply::refuses(529))]
#[case::silence(Reply::Hangs)]
#[case::silence_after_the_head(Reply::says("").ending(Ending::Silence))]
#[case::cut_before_a_word(Reply::says("").ending(Ending::Cut))]
#[case::closed_before_a_word(Reply::says("").ending(Ending::Unfinished))]
#[case::malformed_before_a_word(Reply::says("").ending(Ending::Malformed))]
#[case::error_in_the_stream(Reply::says("").ending(Ending::Error))]
#[case::cut_before_anything_was_shown(Reply::says("The").ending(Ending::Cut))]
#[case::empty(Reply::says(""))]
#[tokio::test]
async fn a_failure_before_anything_is_shown_is_tried_again(#[case] failing: Reply) {
    let laboratory = impatient();
    laboratory.model.next(failing);
    let mut outcome = laboratory.ask(QUESTION, &[]).await;
    let shown = outcome.shown();
    let answer = outcome.answer();
    assert!(answer.text.contains("[1]") && answer.text.starts_with(&shown), "{}", answer.text);
    assert_eq!(laboratory.model.requests().len(), 2);
}

#[rstest]
#[case::cut(Ending::Cut, "broke off")]
#[case::closed(Ending::Unfinished, "broke off")]
#[case::malformed(Ending::Malformed, "no answer in its protocol")]
#[case::error(Ending::Error, "its server failed")]
#[case::silence(Ending::Silence, "nothing more came")]
#[tokio::test]
async fn an_answer_that_breaks_off_after_it_was_shown_fails_the_attempt(#[case] ending: Ending, #[case] part: &str) {
    let laboratory = impatient();
    laboratory
        .model
        .next(Reply::says("First of all, one thing. [1]\n\nThen, another thing. [1]\n\nAnd").ending(ending));
    let mut outcome = laboratory.ask(QUESTION, &[]).await;
    assert!(outcome.shown().contains("First of all, one thing."), "{}", outcome.shown());
    let error = outcome.error();
    assert_eq!(error.blame(), Blame::Question, "it is made anew as another attempt");
    assert!(log_line(&error).contains(part), "{}", log_line(&error));
    assert_eq!(laboratory.model.requests().len(), 1, "nothing is added to what was shown");
}

#[rstest]
#[case::too_long(Reply::refuses(400).because_of("context_length_exceeded"), "context_length_exceeded")]
#[case::unprocessable(Reply::refuses(422), "HTTP 422")]
#[case::filtered(Reply::says("").ending(Ending::Filtered), "filter")]
#[case::spent(Reply::says("").ending(Ending::TooLong), "model.answer_tokens: raise it")]
#[tokio::test]
async fn a_request_that_is_refused_is_the_questions_failure(#[case] refusal: Reply, #[case] part: &str) {
    let laboratory = Laboratory::new();
    laboratory.model.next(refusal);
    let error = laboratory.ask(QUESTION, &[]).await.error();
    assert_eq!(error.blame(), Blame::Question);
    assert!(log_line(&error).contains(part), "{}", log_line(&error));
    assert_eq!(laboratory.model.requests().len(), 1, "it would be refused again");
}

#[rstest]
#[case::key(Reply::refuses(401), "OPENAI_API_KEY")]
#[case::forbidden(Reply::refuses(403), "OPENAI_API_KEY")]
#[case::no_such_model(Reply::refuses(404), "model.name")]
#[case::no_credit(Reply::refuses(429).because_of("insufficient_quota"), "credit")]
#[tokio::test]
async fn a_wrong_key_or_name_makes_questions_wait_and_says_what_to_check(#[case] refusal: Reply, #[case] part: &str) {
    let laboratory = Laboratory::new();
    laboratory.model.otherwise(refusal);
    let error = laboratory.ask(QUESTION, &[]).await.error();
    assert_eq!(error.blame(), Blame::Dependency);
    let line = log_line(&error);
    assert!(line.contains(part) && line.contains("openai::simulated") && !line.contains("hush"), "{line}");
    assert_eq!(laboratory.model.requests().len(), 1, "asking again does not help");
}

#[tokio::test]
async fn a_model_that_stays_away_makes_the_question_wait() {
    let laboratory = Laboratory::new().with(|settings| settings.model.retries = 1);
    laboratory.model.otherwise(Reply::refuses(503));
    let outcome = laboratory.ask(QUESTION, &[]).await;
    assert_eq!(outcome.draft.clone().now().step, Step::Thinking);
    let error = outcome.error();
    assert_eq!(error.blame(), Blame::Dependency);
    assert!(log_line(&error).contains("HTTP 503"), "{}", log_line(&error));
    assert_eq!(laboratory.model.requests().len(), 2);
}

#[tokio::test]
async fn a_model_that_nobody_serves_makes_the_question_wait() {
    let Laboratory { model, settings } = Laboratory::new().with(|settings| settings.model.retries = 0);
    let answerer = answers::AnyAnswerer::from_config(&settings).unwrap();
    drop(model);
    let error = ask(&answerer, &question(QUESTION), &[]).await.error();
    assert_eq!(error.blame(), Blame::Dependency);
    assert!(log_line(&error).contains("OPENAI_BASE_URL"), "{}", log_line(&error));
}

#[tokio::test]
async fn a_wish_to_wait_is_honoured() {
    let laboratory = Laboratory::new();
    laboratory.model.next(Reply::refuses(429).after_seconds(1));
    let start = Instant::now();
    laboratory.ask(QUESTION, &[]).await.answer();
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_model_that_asks_for_a_long_rest_is_not_asked_meanwhile() {
    let laboratory = Laboratory::new();
    laboratory.model.next(Reply::refuses(429).after_seconds(40));
    let answerer = laboratory.answerer();
    for _ in 0..3 {
        let error = ask(&answerer, &question(QUESTION), &[]).await.error();
        assert_eq!(error.blame(), Blame::Dependency);
    }
    assert_eq!(laboratory.model.requests().len(), 1);
}

#[tokio::test]
async fn an_answer_that_does_not_begin_in_time_is_given_up() {
    let laboratory = Laboratory::new().with(|settings| settings.model.answer_timeout = Duration::from_millis(600));
    laboratory.model.otherwise(Reply::Hangs);
    let error = laboratory.ask(QUESTION, &[]).await.error();
    assert_eq!(error.blame(), Blame::Dependency, "not a word was said");
    assert!(log_line(&error).contains("model.answer_timeout"), "{}", log_line(&error));
}

/// Far longer than `model.answer_timeout` in the tests below, and than the first words of it need.
const SLOW: Duration = Duration::from_millis(100);

#[tokio::test]
async fn an_answer_that_keeps_coming_is_completed() {
    let laboratory = Laboratory::new().with(|settings| settings.model.answer_timeout = 20 * SLOW);
    laboratory.model.next(Reply::says("One more word. ".repeat(10) + "The end. [1]").pausing(SLOW));
    let start = Instant::now();
    let answer = laboratory.ask(QUESTION, &[]).await.answer();
    assert!(start.elapsed() > laboratory.settings.model.answer_timeout);
    assert!(answer.text.contains("The end. [1]") && !answer.text.contains("cut off"), "{}", answer.text);
}

#[tokio::test]
async fn an_answer_that_cannot_be_finished_in_time_ends_with_a_remark() {
    let laboratory = Laboratory::new();
    laboratory.model.next(Reply::says("One more word. [1] ".repeat(10_000)).pausing(SLOW));
    let (answerer, question) = (laboratory.answerer(), question(QUESTION));
    let (draft, mut reader) = answers::draft();
    let request = Request { question: &question, turns: &[], heard: &[], draft: &draft };
    let shown = async {
        while reader.now().text.is_empty() {
            assert!(reader.changed().await);
        }
        reader.finish_by(Instant::now() + 5 * SLOW);
        std::future::pending::<()>().await;
    };
    let answer = tokio::select! {
        answer = answerer.answer(&request) => answer.unwrap(),
        () = shown => unreachable!("it waits for the answer"),
    };
    assert!(answer.text.starts_with("One more word. [1]"), "{}", answer.text);
    assert!(answer.text.contains("cut off") && answer.text.contains("**Sources**"), "{}", answer.text);
}

#[tokio::test]
async fn an_answer_that_breaks_off_unseen_is_asked_for_again() {
    let laboratory = Laboratory::new().with(|settings| settings.model.retries = 1);
    laboratory.model.next(Reply::says("A zebra has stripes. [1] It has").ending(Ending::Cut));
    laboratory.model.next(Reply::says("A zebra is striped. [1]"));
    let (answerer, question) = (laboratory.answerer(), question(QUESTION));
    let (draft, mut reader) = answers::draft();
    reader.hide();
    let request = Request { question: &question, turns: &[], heard: &[], draft: &draft };
    let answer = answerer.answer(&request).await.unwrap();
    assert!(answer.text.starts_with("A zebra is striped. [1]"), "{}", answer.text);
    assert_eq!((reader.now().text, laboratory.model.requests().len()), (String::new(), 2));
}

#[tokio::test]
async fn the_fallback_answers_while_the_first_model_stays_away() {
    let laboratory = Laboratory::new().with(|settings| {
        settings.model.retries = 0;
        settings.model.fallback = Some("openai::second".to_owned());
    });
    laboratory.model.next(Reply::refuses(503));
    let answerer = laboratory.answerer();
    for _ in 0..2 {
        let answer = ask(&answerer, &question(QUESTION), &[]).await.answer();
        assert!(answer.text.contains("[1]"), "{}", answer.text);
    }
    let asked: Vec<String> = laboratory.model.requests().into_iter().map(|request| request.model).collect();
    assert_eq!(asked, ["simulated", "second", "second"], "one that failed is left alone for a while");
}

/// In the proportions of the defaults, which are five times as long: 50 s for all, 20 s for a first word.
#[tokio::test]
async fn the_fallback_answers_while_the_first_model_hangs() {
    let laboratory = Laboratory::new().with(|settings| {
        settings.model.answer_timeout = Duration::from_secs(10);
        settings.model.first_token_timeout = Duration::from_secs(4);
        settings.model.fallback = Some("openai::second".to_owned());
    });
    laboratory.model.next(Reply::Hangs);
    let answerer = laboratory.answerer();
    for _ in 0..2 {
        let answer = ask(&answerer, &question(QUESTION), &[]).await.answer();
        assert!(answer.text.contains("[1]"), "{}", answer.text);
    }
    let asked: Vec<String> = laboratory.model.requests().into_iter().map(|request| request.model).collect();
    assert_eq!(asked, ["simulated", "second", "second"], "who hangs is asked once, and left alone for a while");
}

#[rstest]
#[case::empty(Reply::says(""))]
#[case::filtered(Reply::says("").ending(Ending::Filtered))]
#[case::spent(Reply::says("").ending(Ending::TooLong))]
#[case::too_long(Reply::refuses(400).because_of("context_length_exceeded"))]
#[tokio::test]
async fn the_fallback_is_asked_what_another_model_may_take(#[case] failing: Reply) {
    let laboratory = Laboratory::new().with(|settings| {
        settings.model.retries = 0;
        settings.model.fallback = Some("openai::second".to_owned());
    });
    laboratory.model.next(failing);
    let answerer = laboratory.answerer();
    for _ in 0..2 {
        let answer = ask(&answerer, &question(QUESTION), &[]).await.answer();
        assert!(answer.text.contains("[1]"), "{}", answer.text);
    }
    let asked: Vec<String> = laboratory.model.requests().into_iter().map(|request| request.model).collect();
    assert_eq!(asked, ["simulated", "second", "simulated"], "the first model is there for other questions");
}

#[tokio::test]
async fn a_model_that_thinks_without_end_is_not_away() {
    let laboratory = Laboratory::new().with(|settings| settings.model.answer_timeout = Duration::from_secs(2));
    let thoughts = format!("<think>{}", "hm ".repeat(10_000));
    laboratory.model.otherwise(Reply::says(thoughts).pausing(Duration::from_millis(30)));
    let error = laboratory.ask(QUESTION, &[]).await.error();
    assert_eq!(error.blame(), Blame::Question, "others need not wait: {}", log_line(&error));
    assert!(log_line(&error).contains("model.answer_timeout"), "{}", log_line(&error));
}

#[tokio::test]
async fn a_question_that_is_refused_is_not_put_to_the_fallback() {
    let laboratory = Laboratory::new().with(|settings| settings.model.fallback = Some("openai::second".to_owned()));
    laboratory.model.next(Reply::refuses(400));
    assert_eq!(laboratory.ask(QUESTION, &[]).await.error().blame(), Blame::Question);
    assert_eq!(laboratory.model.requests().len(), 1);
}

#[tokio::test]
async fn an_answerer_that_is_dropped_in_the_middle_leaves_the_model_free() {
    let laboratory = Laboratory::new();
    laboratory.model.next(Reply::Hangs);
    let (answerer, question) = (laboratory.answerer(), question(QUESTION));
    let model: &SimulatedModel = &laboratory.model;
    tokio::select! {
        _ = ask(&answerer, &question, &[]) => panic!("nobody answered"),
        came = model.wait_for_requests(1, PATIENCE) => came.unwrap(),
    }
    assert!(ask(&answerer, &question, &[]).await.answer().text.contains("[1]"));
}
