//! Responders crash and freeze.

use std::time::Duration;

use e2e::{Gate, LogLine, Promise, Service};
use playground::{Fault, Method, Rule};

use super::trial::{Trial, Watched, crash, lasting};
use crate::world::{PATIENCE, World, echo};

/// Slack takes this long to post, so that there is a moment between the call and its effect. Less than
/// `delivery.post_timeout`.
const SLOW: Fault = Fault::Slow { by: Duration::from_millis(600) };

/// Longer than `delivery.lease` and `delivery.post_lease`, with the time to look in Slack, and than the two heartbeats of
/// `amqp.heartbeat` after which the broker gives a connection up.
const LONGER_THAN_ALL: Duration = Duration::from_secs(7);

/// Answers take long enough to be interrupted; fewer questions, so that they do not pile up.
async fn thoughtful() -> Trial {
    let trial = Trial::start_with(|stack| stack.env("THREADKEEPER__ANSWER__ECHO_DELAY", "1500ms")).await;
    trial.slowly(Duration::from_millis(500))
}

/// Lets a frozen responder go on, which has lost its connections meanwhile.
async fn wake(responder: &Service) {
    responder.resume();
    let lost = |line: &LogLine| line.contains("connection to RabbitMQ lost");
    responder.wait_for_log("that the broker gave it up", PATIENCE, lost).await.expect("it was away for long enough");
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
async fn a_question_survives_a_crash_late_in_an_answer_that_takes_longer_than_its_lease() {
    let trial = Trial::start_with(|stack| stack.env("THREADKEEPER__ANSWER__ECHO_DELAY", "3s")).await;
    let mut trial = trial.slowly(Duration::from_millis(600));
    let watched = trial
        .under_load(async |stack, slack| {
            let watched = Watched::ask(slack, "who has the patience?").await;
            let owner = watched.claimed(stack).await;
            // The lease of 2 s was renewed by then, and the answer is not there yet.
            lasting(Duration::from_millis(2200)).await;
            crash(&mut stack.responders[owner]);
            watched
        })
        .await;
    watched.answer(&trial.world.slack).await;
    let trial = trial.judge(Promise::Order).await;
    watched.assert_one_answer(&trial, "who has the patience?");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_taken_over_from_a_killed_responder_without_waiting_for_its_lease() {
    // Nobody waits as long as this lease.
    let world = World::start_with(|stack| {
        stack
            .ingresses(1)
            .responders(2)
            .env("THREADKEEPER__ANSWER__ECHO_DELAY", "1500ms")
            .env("THREADKEEPER__DELIVERY__LEASE", "10m")
    })
    .await;
    let channel = world.slack.channel("watched");
    let asked = world.ask(&channel, "who takes over?", None).await;
    let watched = Watched { channel, ts: asked.ts };
    let owner = watched.claimed(&world.stack).await;
    world.stack.responders[owner].kill();
    world.assert_one_answer_each(&[(&asked, echo("who takes over?", 1))]).await;
    let claims: Vec<usize> = watched.claims(&world.stack).into_iter().map(|(place, _)| place).collect();
    assert_eq!(claims.len(), 2, "{}", world.logs());
    assert!(claims.contains(&(1 - owner)), "{}", world.logs());
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
    assert_eq!(watched.posts(&trial.world.slack), 1, "it was posted again");
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
async fn a_crash_between_parking_a_copy_and_acking_the_first_one_leaves_two_and_one_answer() {
    let mut trial = Trial::start_with(|stack| stack.env("THREADKEEPER__ANSWER__ECHO_DELAY", "300ms")).await;
    trial
        .under_load(async |stack, _| {
            let broker = Gate::before(&stack.broker().url()).await.expect("a gate before the broker");
            let place = stack.responders.len();
            let gated = stack.service("responder", place).env("AMQP_URL", broker.url()).start().expect("it starts");
            gated.ready(PATIENCE).await.expect("it is ready");
            // All that a responder publishes here are copies that wait for their turn. The broker has such a copy then, and
            // its confirm, without which the first copy is not acked, does not come.
            broker.hold_answers("received_ms");
            broker.holds(1, PATIENCE).await.expect("it parks a question of the busy thread");
            gated.kill();
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
            lasting(LONGER_THAN_ALL).await;
            wake(&stack.responders[owner]).await;
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
            lasting(LONGER_THAN_ALL).await;
            wake(&stack.responders[owner]).await;
            watched
        })
        .await;
    let trial = trial.judge(Promise::Order).await;
    watched.assert_one_answer(&trial, "posted while frozen");
}
