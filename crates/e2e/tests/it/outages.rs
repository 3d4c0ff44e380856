//! Redis or a responder goes away: loud, no loss, back by itself.

use std::time::Duration;

use crate::world::{PATIENCE, World, echo, echoed};

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_nothing_is_answered_from_memory_and_everything_afterwards() {
    let world = World::start_with(|stack| {
        let stack = stack.ingresses(2).responders(3).env("THREADKEEPER__REDIS__SOCKET_TIMEOUT", "1s");
        stack.env("THREADKEEPER__REDIS__CONNECT_TIMEOUT", "1s").env("THREADKEEPER__DELIVERY__WAITS", "100,1000,2000")
    })
    .await;
    let channel = world.slack.channel("general");
    let first = world.ask(&channel, "before", None).await;
    world.answer(&first).await;
    world.stack.redis.stop().await.expect("redis stops");
    for responder in &world.stack.responders {
        responder.status_is("/readyz", 503, PATIENCE).await.expect("it says that it is not ready");
    }

    let second = world.ask(&channel, "meanwhile", Some(first.ts)).await;
    let said = |line: &e2e::LogLine| line.level() == Some("ERROR") && line.contains("no number");
    world.stack.ingresses[0].wait_for_log("an ERROR about the missing number", PATIENCE, said).await.ok();
    let loud = world.stack.ingresses.iter().flat_map(e2e::Service::log).filter(said).count();
    assert!(loud > 0, "the ingress said nothing\n{}", world.logs());
    assert!(world.slack.answers_to(&channel, second.ts).is_empty(), "answered without Redis");

    world.stack.redis.restart().await.expect("redis starts again");
    for responder in &world.stack.responders {
        responder.status_is("/readyz", 200, PATIENCE).await.expect("it is ready again by itself");
    }
    world.assert_one_answer_each(&[(&first, echo("before", 1)), (&second, echo("meanwhile", 2))]).await;
    assert_eq!(world.context(&channel, first.ts), echoed(&["before", "meanwhile"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responder_killed_in_the_middle_of_an_answer_is_replaced_by_another() {
    let mut world = World::start_with(|stack| {
        let stack = stack.ingresses(2).responders(3).env("THREADKEEPER__ANSWER__ECHO_DELAY", "1500ms");
        let stack = stack.env("THREADKEEPER__DELIVERY__LEASE", "2s").env("THREADKEEPER__DELIVERY__POST_START", "500ms");
        let stack =
            stack.env("THREADKEEPER__DELIVERY__POST_TIMEOUT", "1s").env("THREADKEEPER__DELIVERY__POST_LEASE", "2s");
        stack.env("THREADKEEPER__DELIVERY__WAITS", "100,1000,2000")
    })
    .await;
    let channel = world.slack.channel("general");
    let asked = world.ask(&channel, "who finishes this?", None).await;
    let ts = asked.ts.to_string();
    let victim = e2e::eventually("a responder to claim the question", PATIENCE, || async {
        let claims = |responder: &e2e::Service| {
            responder.log().iter().any(|line| {
                line.field("outcome").is_some_and(|outcome| outcome == "claimed")
                    && line.field("slack.ts").is_some_and(|field| *field == *ts)
            })
        };
        world.stack.responders.iter().position(claims)
    })
    .await
    .expect("somebody claims it");
    world.stack.responders[victim].kill();
    world.stack.responders[victim].wait_exit(Duration::from_secs(10)).await.expect("it is dead");
    world.assert_one_answer_each(&[(&asked, echo("who finishes this?", 1))]).await;
    world.stack.responders[victim].restart().expect("it starts again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responder_told_to_stop_hands_its_open_question_over_and_leaves_with_exit_code_0() {
    let world = World::start_with(|stack| {
        // Who is not handed the question would wait for longer than the test does.
        let stack = stack.ingresses(2).responders(2).env("THREADKEEPER__DELIVERY__LEASE", "10m");
        stack.env("THREADKEEPER__ANSWER__ECHO_DELAY", "5s")
    })
    .await;
    let channel = world.slack.channel("general");
    let asked = world.ask(&channel, "hand it over", None).await;
    let claimed = |line: &e2e::LogLine| line.field("outcome").is_some_and(|outcome| outcome == "claimed");
    let owner = e2e::eventually("a responder to claim the question", PATIENCE, || async {
        world.stack.responders.iter().position(|responder| responder.log().iter().any(claimed))
    })
    .await
    .expect("somebody claims it");
    world.stack.responders[owner].terminate();
    let exit = world.stack.responders[owner].wait_exit(Duration::from_secs(10)).await.expect("it leaves");
    assert_eq!(exit, e2e::Exit::Code(0), "{}", world.logs());
    let other = &world.stack.responders[1 - owner];
    other.wait_for_log("the other responder to claim it", PATIENCE, claimed).await.expect("it was handed over");
    world.assert_one_answer_each(&[(&asked, echo("hand it over", 1))]).await;
}
