//! Responders crash and freeze.

use std::time::Duration;

use e2e::Promise;
use playground::{Fault, Method, Rule};

use super::trial::{Trial, Watched, crash, lasting};
use crate::world::PATIENCE;

/// Slack takes this long to post, so that there is a moment between the call and its effect. Less than
/// `delivery.post_timeout`.
const SLOW: Fault = Fault::Slow { by: Duration::from_millis(600) };

/// Longer than `delivery.lease` and `delivery.post_lease`, with the time to look in Slack.
const LONGER_THAN_THE_LEASE: Duration = Duration::from_secs(4);

/// Answers take long enough to be interrupted; fewer questions, so that they do not pile up.
async fn thoughtful() -> Trial {
    let trial = Trial::start_with(|stack| stack.env("THREADKEEPER__ANSWER__ECHO_DELAY", "1500ms")).await;
    trial.slowly(Duration::from_millis(500))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_survives_the_crash_of_the_responder_that_answers_it() {
    let mut trial = thoughtful().await;
    let watched = trial
        .under_load(async |stack, slack| {
            let watched = Watched::ask(slack, "who finishes this?").await;
            let owner = watched.claimed(stack).await;
            crash(&mut stack.responders[owner]);
            watched
        })
        .await;
    watched.answer(&trial.world.slack).await;
    let trial = trial.judge(Promise::Order).await;
    watched.assert_one_answer(&trial, "who finishes this?");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_posted_by_a_responder_that_crashed_before_it_was_recorded_is_found_in_slack() {
    let mut trial = Trial::start().await;
    let watched = trial
        .under_load(async |stack, slack| {
            let watched = Watched::ask_after(slack, "posted, not recorded", |slack, key| {
                slack.fault(Rule::on(Method::ChatPostMessage, SLOW).about(key));
            })
            .await;
            watched.posting(slack).await;
            let owner = watched.claimed(stack).await;
            // Frozen while Slack works, it can neither record the answer nor begin to.
            stack.responders[owner].pause();
            watched.answer(slack).await;
            crash(&mut stack.responders[owner]);
            watched
        })
        .await;
    let trial = trial.judge(Promise::Order).await;
    watched.assert_one_answer(&trial, "posted, not recorded");
    let posts = trial.world.slack.calls(Method::ChatPostMessage);
    let key = shared::ids::EventKey::of(&watched.channel, &watched.ts);
    assert_eq!(posts.iter().filter(|call| call.arguments.is_about(&key)).count(), 1, "it was posted again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_announced_by_a_responder_that_crashed_before_slack_had_it_is_posted() {
    let mut trial = Trial::start().await;
    let watched = trial
        .under_load(async |stack, slack| {
            let watched = Watched::ask_after(slack, "announced, not posted", |slack, key| {
                let hang = Fault::Hang { lasting: Duration::from_millis(800) };
                slack.fault(Rule::on(Method::ChatPostMessage, hang).about(key));
            })
            .await;
            watched.posting(slack).await;
            let owner = watched.claimed(stack).await;
            crash(&mut stack.responders[owner]);
            watched
        })
        .await;
    watched.answer(&trial.world.slack).await;
    let trial = trial.judge(Promise::Order).await;
    watched.assert_one_answer(&trial, "announced, not posted");
}

#[tokio::test(flavor = "multi_thread")]
async fn crashes_while_the_questions_of_a_busy_thread_are_parked_lose_none_of_them() {
    let mut trial = Trial::start_with(|stack| stack.env("THREADKEEPER__ANSWER__ECHO_DELAY", "100ms")).await;
    trial
        .under_load(async |stack, slack| {
            for round in 0..8 {
                let before = slack.calls(Method::ChatPostMessage).len();
                crash(&mut stack.responders[round % 4]);
                // The others work on; the next crash comes in the middle of it.
                let posted = slack.wait_for("three more answers", PATIENCE, |workspace| {
                    (workspace.calls(Method::ChatPostMessage).count() >= before + 3).then_some(())
                });
                posted.await.expect("the others answer");
            }
        })
        .await;
    trial.judge(Promise::Order).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responder_frozen_while_it_answers_wakes_late_and_does_not_answer_again() {
    let mut trial = thoughtful().await;
    let (watched, frozen) = trial
        .under_load(async |stack, slack| {
            let watched = Watched::ask(slack, "who was faster?").await;
            let owner = watched.claimed(stack).await;
            stack.responders[owner].pause();
            watched.answer(slack).await;
            lasting(LONGER_THAN_THE_LEASE).await;
            stack.responders[owner].resume();
            (watched, owner)
        })
        .await;
    let trial = trial.judge(Promise::Order).await;
    watched.assert_one_answer(&trial, "who was faster?");
    let claims = watched.claims(&trial.world.stack);
    assert!(claims.iter().any(|(owner, _)| *owner != frozen), "another one answered it: {claims:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responder_frozen_while_it_posts_wakes_late_and_changes_nothing() {
    let mut trial = Trial::start().await;
    let watched = trial
        .under_load(async |stack, slack| {
            let watched = Watched::ask_after(slack, "posted while frozen", |slack, key| {
                slack.fault(Rule::on(Method::ChatPostMessage, SLOW).about(key));
            })
            .await;
            watched.posting(slack).await;
            let owner = watched.claimed(stack).await;
            stack.responders[owner].pause();
            lasting(LONGER_THAN_THE_LEASE).await;
            stack.responders[owner].resume();
            watched
        })
        .await;
    let trial = trial.judge(Promise::Order).await;
    watched.assert_one_answer(&trial, "posted while frozen");
}
