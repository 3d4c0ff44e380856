//! Responders are told to stop, as by every deployment.

use std::time::Duration;

use e2e::{Exit, Promise};

use super::trial::{Trial, Watched, timed};
use crate::world::PATIENCE;

/// Who waited for a lease to end instead of being handed its question would wait that long.
const LEASE: Duration = Duration::from_secs(30);

/// More than `delivery.attempts`, which is 5.
const RESTARTS: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_hands_every_open_question_over_and_doubles_none() {
    let lease = ("THREADKEEPER__DELIVERY__LEASE", format!("{}s", LEASE.as_secs()));
    let trial =
        Trial::start_with(|stack| stack.env(lease.0, lease.1).env("THREADKEEPER__ANSWER__ECHO_DELAY", "700ms")).await;
    let mut trial = trial.slowly(Duration::from_millis(250));
    let (watched, longest) = trial
        .under_load(async |stack, slack| {
            let mut watched = Vec::new();
            let mut longest = Duration::ZERO;
            for place in 0..stack.responders.len() {
                let one = Watched::ask(slack, "handed over?").await;
                stack.responders[place].terminate();
                let leaving = stack.responders[place].wait_exit(PATIENCE);
                let (exit, (_, took)) = tokio::join!(leaving, timed(one.answer(slack)));
                assert_eq!(exit.expect("it leaves"), Exit::Code(0));
                longest = longest.max(took);
                stack.responders[place].restart().expect("it starts again");
                stack.responders[place].ready(PATIENCE).await.expect("it is back");
                watched.push(one);
            }
            (watched, longest)
        })
        .await;
    let trial = trial.judge(Promise::Order).await;
    for one in watched {
        one.assert_one_answer(&trial, "handed over?");
    }
    let slowest = longest.max(*trial.waits("quiet").last().expect("they were answered"));
    eprintln!("the slowest answer came {slowest:?} after its question or after the SIGTERM");
    assert!(slowest < LEASE / 2, "a question waited {slowest:?} for an answer of 700 ms: until a lease ended?");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_interrupted_by_fifty_restarts_has_failed_at_none_of_them() {
    let trial = Trial::start_with(|stack| stack.env("THREADKEEPER__ANSWER__ECHO_DELAY", "1500ms")).await;
    let mut trial = trial.slowly(Duration::from_secs(2));
    let watched = trial
        .under_load(async |stack, slack| {
            let watched = Watched::ask(slack, "still my first attempt?").await;
            for restart in 0..RESTARTS {
                let owner = watched.claimed(stack).await;
                let claims = watched.claims(stack);
                let (_, line) = claims.last().expect("it was claimed");
                assert_eq!(line.field("attempt").and_then(serde_json::Value::as_u64), Some(1), "restart {restart}");
                stack.responders[owner].terminate();
                let exit = stack.responders[owner].wait_exit(PATIENCE).await.expect("it leaves");
                assert_eq!(exit, Exit::Code(0), "restart {restart}");
                // Its log goes, so the next claim that is seen is the next one.
                stack.responders[owner].restart().expect("it starts again");
            }
            watched
        })
        .await;
    watched.answer(&trial.world.slack).await;
    let trial = trial.judge(Promise::Order).await;
    watched.assert_one_answer(&trial, "still my first attempt?");
}
