//! A question that kills the process that answers it.

use std::time::Duration;

use e2e::{LogLine, Promise};

use super::trial::{Trial, Watched, crash};
use crate::world::{PATIENCE, echo, echoed};

/// `delivery.attempts`.
const ATTEMPTS: u64 = 5;

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_kills_its_process_is_kept_its_person_told_and_everybody_else_answered() {
    let trial = Trial::start_with(|stack| stack.env("THREADKEEPER__ANSWER__ECHO_DELAY", "2s")).await;
    let mut trial = trial.slowly(Duration::from_millis(500));
    let (poison, next) = trial
        .under_load(async |stack, slack| {
            let poison = Watched::ask(slack, "poison").await;
            let person = slack.person("grace");
            let next = slack.ask(&poison.channel, &person, "still there?", Some(poison.ts)).await.expect("it is said");
            for attempt in 1..=ATTEMPTS {
                let owner = poison.claimed(stack).await;
                let claims = poison.claims(stack);
                let (_, line) = claims.last().expect("it was claimed");
                assert_eq!(line.field("attempt").and_then(serde_json::Value::as_u64), Some(attempt));
                // Its log goes, so the next claim that is seen is the next one.
                crash(&mut stack.responders[owner]);
            }
            (poison, next)
        })
        .await;
    let world = &trial.world;
    assert_eq!(world.answer(&next).await.text, echo("still there?", 1), "the buried question is no turn");
    let notice = world
        .slack
        .wait_for("a notice to the person", PATIENCE, |workspace| workspace.notices().next().cloned())
        .await
        .expect("the person is told");
    assert_eq!((&notice.channel, notice.thread_ts), (&poison.channel, Some(poison.ts)));
    let given_up = |line: &LogLine| {
        line.level() == Some("ERROR")
            && line.field("slack.ts").is_some_and(|ts| *ts == *poison.ts.to_string())
            && line.contains("is kept in the queue `dead`: 5 attempts ended with the death of their process")
    };
    let lines = world.stack.responders.iter().flat_map(e2e::Service::log).filter(given_up).count();
    assert_eq!(lines, 1, "the reason is said once\n{}", world.logs());
    take_out_of_dead(&trial).await;

    let trial = trial.judge_load(Promise::Order).await;
    assert_eq!(trial.world.slack.notices().len(), 1, "nothing else was given up");
    assert!(trial.world.slack.answers_to(&poison.channel, poison.ts).is_empty());
    assert_eq!(trial.world.context(&poison.channel, poison.ts), echoed(&["still there?"]));
}

/// Asserts that one question is kept, and removes it, as an operator does.
async fn take_out_of_dead(trial: &Trial) {
    let stack = &trial.world.stack;
    let kept = || async { stack.queue_depths().await.ok()?.get("dead").filter(|dead| dead.ready > 0).copied() };
    let dead = e2e::eventually("the question to be kept", PATIENCE, kept).await.expect("it is in `dead`");
    assert_eq!(dead.ready, 1);
    stack.broker().ctl(&["purge_queue", &format!("{}dead", stack.prefix())]).await.expect("the broker obeys");
}
