//! Each fault: what the client sees, and whether the call took effect.

use std::time::{Duration, Instant};

use playground::{Fault, Method, Rule};
use serde_json::json;
use shared::ids::EventKey;

use crate::bot::Bot;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A pause that is long enough to be told from none.
const PAUSE: Duration = Duration::from_millis(150);

/// A bot whose next post meets `fault`, and the question it answers.
fn befallen(fault: Fault) -> (Bot, shared::ts::MessageTs) {
    let bot = Bot::new();
    let question = bot.said("why?", None);
    bot.slack.fault(Rule::on(Method::ChatPostMessage, fault));
    (bot, question)
}

#[tokio::test]
async fn a_rate_limit_says_how_long_and_has_no_effect() {
    let (bot, question) = befallen(Fault::RateLimit { retry_after: Duration::from_millis(1_200) });
    let answer = bot.post(Method::ChatPostMessage, &bot.answer(question, "a")).send().await.unwrap();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "2");
    assert!(bot.slack.answers_to(&bot.channel, question).is_empty());
    assert_eq!(bot.slack.pending_faults(), 0);
    assert_eq!(bot.call(Method::ChatPostMessage, &bot.answer(question, "a")).await["ok"], true, "the next one passes");
}

#[tokio::test]
async fn a_status_and_a_page_for_people_have_no_effect() {
    let (bot, question) = befallen(Fault::Status(503));
    bot.slack.fault(Rule::on(Method::ChatPostMessage, Fault::Html));
    let answer = bot.post(Method::ChatPostMessage, &bot.answer(question, "a")).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    let answer = bot.post(Method::ChatPostMessage, &bot.answer(question, "a")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(bot.slack.answers_to(&bot.channel, question).is_empty());
}

#[tokio::test]
async fn a_refusal_of_choice_has_no_effect() {
    let (bot, question) = befallen(Fault::OkFalse { error: "fatal_error".to_owned() });
    let answer = bot.call(Method::ChatPostMessage, &bot.answer(question, "a")).await;
    assert_eq!(answer, json!({"ok": false, "error": "fatal_error"}));
    assert!(bot.slack.answers_to(&bot.channel, question).is_empty());
}

#[tokio::test]
async fn a_connection_cut_before_is_broken_for_the_client_and_has_no_effect() {
    let (bot, question) = befallen(Fault::CutBefore);
    let error = bot.post(Method::ChatPostMessage, &bot.answer(question, "a")).send().await.unwrap_err();
    assert!(error.is_request() && !error.is_connect() && !error.is_timeout(), "{error:?}");
    assert!(bot.slack.answers_to(&bot.channel, question).is_empty());
    assert_eq!(bot.slack.calls(Method::ChatPostMessage)[0].fault, Some(Fault::CutBefore));
}

#[tokio::test]
async fn a_connection_cut_after_the_effect_is_broken_for_the_client_but_the_message_stands() {
    let (bot, question) = befallen(Fault::TookEffectThenCut);
    let error = bot.post(Method::ChatPostMessage, &bot.answer(question, "a")).send().await.unwrap_err();
    assert!(error.is_request() && !error.is_connect() && !error.is_timeout(), "{error:?}");
    assert_eq!(bot.slack.answers_to(&bot.channel, question).len(), 1);
    assert_eq!(bot.slack.calls(Method::ChatPostMessage).len(), 1, "the client did not send it twice");
}

#[tokio::test]
async fn a_cut_on_a_connection_that_was_used_before_is_not_repaired_by_the_client() {
    let (bot, question) = befallen(Fault::TookEffectThenCut);
    assert_eq!(bot.call(Method::AuthTest, &json!({})).await["ok"], true);
    bot.post(Method::ChatPostMessage, &bot.answer(question, "a")).send().await.unwrap_err();
    assert_eq!(bot.slack.calls(Method::ChatPostMessage).len(), 1);
}

#[tokio::test]
async fn a_hang_ends_without_an_answer_and_without_effect() {
    let (bot, question) = befallen(Fault::Hang { lasting: PAUSE });
    let begun = Instant::now();
    let error = bot.post(Method::ChatPostMessage, &bot.answer(question, "a")).send().await.unwrap_err();
    assert!(begun.elapsed() >= PAUSE && !error.is_timeout(), "{error:?}");
    assert!(bot.slack.answers_to(&bot.channel, question).is_empty());
}

#[tokio::test]
async fn a_client_gives_up_on_a_hang_by_its_own_timeout() {
    let (bot, question) = befallen(Fault::Hang { lasting: PATIENCE });
    let request = bot.post(Method::ChatPostMessage, &bot.answer(question, "a")).timeout(PAUSE);
    assert!(request.send().await.unwrap_err().is_timeout());
}

#[tokio::test]
async fn a_slow_call_is_answered_after_a_while() {
    let (bot, question) = befallen(Fault::Slow { by: PAUSE });
    let begun = Instant::now();
    assert_eq!(bot.call(Method::ChatPostMessage, &bot.answer(question, "a")).await["ok"], true);
    assert!(begun.elapsed() >= PAUSE);
}

#[tokio::test]
async fn a_message_whose_answer_is_slow_is_there_before_the_answer() {
    let (bot, question) = befallen(Fault::SlowAnswer { by: PAUSE });
    let begun = Instant::now();
    assert_eq!(bot.call(Method::ChatPostMessage, &bot.answer(question, "there")).await["ok"], true);
    assert!(begun.elapsed() >= PAUSE);
    let posted = &bot.slack.answers_to(&bot.channel, question)[0];
    assert!(posted.sent_at < begun + PAUSE, "it was there at once");
}

#[tokio::test]
async fn a_late_message_appears_although_the_client_went_away() {
    let (bot, question) = befallen(Fault::Late { by: PAUSE });
    let request = bot.post(Method::ChatPostMessage, &bot.answer(question, "late")).timeout(PAUSE / 10);
    assert!(request.send().await.unwrap_err().is_timeout());
    let answer = bot.slack.wait_for_answer(&bot.channel, question, PATIENCE).await.unwrap();
    assert_eq!(answer.text, "late");
}

#[tokio::test]
async fn a_message_that_lags_is_posted_but_cannot_be_read_back_yet() {
    let (bot, question) = befallen(Fault::RepliesLag { by: PATIENCE });
    assert_eq!(bot.call(Method::ChatPostMessage, &bot.answer(question, "hidden")).await["ok"], true);
    assert_eq!(bot.call(Method::ChatPostMessage, &bot.answer(question, "shown")).await["ok"], true);
    let thread = bot.read_thread(question).await;
    assert_eq!(crate::bot::texts(&thread), ["why?", "shown"]);
    assert_eq!(bot.slack.answers_to(&bot.channel, question).len(), 2);
}

#[tokio::test]
async fn a_message_that_lagged_can_be_read_back_later() {
    let (bot, question) = befallen(Fault::RepliesLag { by: PAUSE });
    bot.call(Method::ChatPostMessage, &bot.answer(question, "lagging")).await;
    let posted = bot.slack.answers_to(&bot.channel, question)[0].sent_at;
    while bot.read_thread(question).await.len() < 2 {
        assert!(posted.elapsed() < PATIENCE);
    }
    assert!(posted.elapsed() >= PAUSE);
}

#[tokio::test]
async fn a_rule_can_choose_the_question() {
    let bot = Bot::new();
    let (spared, doomed) = (bot.said("1", None), bot.said("2", None));
    let key = EventKey::of(&bot.channel, &doomed);
    bot.slack.fault(Rule::on(Method::ChatPostMessage, Fault::Status(500)).about(key).always());
    assert_eq!(bot.call(Method::ChatPostMessage, &bot.answer(spared, "a")).await["ok"], true);
    for _ in 0..2 {
        let answer = bot.post(Method::ChatPostMessage, &bot.answer(doomed, "a")).send().await.unwrap();
        assert_eq!(answer.status(), 500);
    }
    bot.slack.clear_faults();
    assert_eq!(bot.call(Method::ChatPostMessage, &bot.answer(doomed, "a")).await["ok"], true);
}
