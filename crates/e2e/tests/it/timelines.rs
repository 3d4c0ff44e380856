//! `threadkeeper timeline` on the logs of real processes: it names what the test has done.

use std::time::Duration;

use e2e::{
    LogLine, Service,
    attack::{Options, attack},
    timeline::{timeline, timeline_of},
};
use playground::Asked;
use serde_json::Value;

use crate::world::{PATIENCE, World, echo};

/// How long Redis is away.
const OUTAGE: Duration = Duration::from_secs(3);

fn lines(world: &World) -> Vec<(String, LogLine)> {
    let services = world.stack.ingresses.iter().chain(&world.stack.responders);
    let lines = |service: &Service| {
        let name = service.name().to_owned();
        service.log().into_iter().map(move |line| (name.clone(), line)).collect::<Vec<_>>()
    };
    services.flat_map(lines).collect()
}

fn name(asked: &Asked) -> String {
    format!("{}:{}", asked.channel, asked.ts)
}

/// The whole way of an answered question. Its last lines are written after people see the answer.
async fn told(world: &World, asked: &Asked) -> Value {
    let told = || async {
        let way = timeline_of(&lines(world), &name(asked)).ok()?;
        (way["end"]["outcome"] == "answered").then_some(way)
    };
    match e2e::eventually("the logs to tell of the answer", PATIENCE, told).await {
        Ok(way) => way,
        Err(error) => panic!("{error}\n{}", paper(world, asked)),
    }
}

/// The same for people, for a failing test.
fn paper(world: &World, asked: &Asked) -> String {
    timeline(&lines(world), &[&name(asked)]).unwrap_or_else(|error| error.to_string())
}

/// The number of the responder that has the question in hand, and its name in the logs.
async fn holder(world: &World, asked: &Asked) -> (usize, String) {
    let ts = Value::from(asked.ts.to_string());
    e2e::eventually("a responder to claim the question", PATIENCE, || async {
        world.stack.responders.iter().enumerate().find_map(|(place, responder)| {
            let log = responder.log();
            let claimed = log
                .iter()
                .find(|line| line.field("outcome") == Some(&"claimed".into()) && line.field("slack.ts") == Some(&ts))?;
            Some((place, claimed.field("worker")?.as_str()?.to_owned()))
        })
    })
    .await
    .expect("somebody claims it")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_timeline_follows_a_question_by_whatever_name_and_tells_each_step() {
    let world = World::start_with(|stack| stack.ingresses(1).responders(2).scaled_times()).await;
    let channel = world.slack.channel("general");
    let first = world.ask(&channel, "first", None).await;
    let second = world.ask(&channel, "second", Some(first.ts)).await;
    world.assert_one_answer_each(&[(&first, echo("first", 1)), (&second, echo("second", 2))]).await;
    let way = told(&world, &second).await;
    let stages: Vec<_> =
        way["stages"].as_array().unwrap().iter().map(|stage| stage["stage"].as_str().unwrap()).collect();
    for stage in ["slack", "queue", "answering", "posting", "recording"] {
        assert!(stages.contains(&stage), "{stage}: {}", paper(&world, &second));
    }
    assert_eq!(way["end"]["outcome"], "answered");
    let sum: u64 = way["stages"].as_array().unwrap().iter().map(|stage| stage["took_ms"].as_u64().unwrap()).sum();
    let took = way["took_ms"].as_u64().unwrap();
    assert!(sum <= took && took - sum < 10, "the stages make up the whole: {sum} of {took} ms");

    // The same question by its other names, and both by their thread's.
    let link = format!("https://acme.slack.com/archives/{channel}/p{}", second.ts.to_string().replace('.', ""));
    let answer = world.answer(&second).await.ts;
    for name in [
        way["event_key"].as_str().unwrap(),
        way["event_ids"][0].as_str().unwrap(),
        &link,
        &format!("{channel}:{answer}"),
    ] {
        let found = timeline_of(&lines(&world), name).expect("it is found");
        assert_eq!(found["ts"], second.ts.to_string(), "{name}");
    }
    let thread = timeline(&lines(&world), &[&format!("{channel}/{}", first.ts)]).expect("the thread is found");
    assert_eq!(thread.matches("Question ").count(), 2, "{thread}");
    let slow = timeline(&lines(&world), &["--slow=1"]).expect("a table");
    assert_eq!(slow.lines().count(), 2, "{slow}");
    let failed = timeline(&lines(&world), &["--failed"]).expect("a table");
    assert!(failed.contains("There is none"), "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_timeline_names_a_worker_that_was_killed_in_the_middle_of_its_answer() {
    let world = World::start_with(|stack| {
        stack.ingresses(1).responders(2).scaled_times().env("THREADKEEPER__ANSWER__ECHO_DELAY", "1500ms")
    })
    .await;
    let channel = world.slack.channel("general");
    let asked = world.ask(&channel, "who finishes this?", None).await;
    let (place, worker) = holder(&world, &asked).await;
    world.stack.responders[place].kill();
    world.assert_one_answer_each(&[(&asked, echo("who finishes this?", 1))]).await;
    let way = told(&world, &asked).await;
    let lost = way["stages"].as_array().unwrap().iter().find(|stage| stage["stage"] == "worker_lost");
    let cause = lost.map(|stage| stage["cause"].to_string()).unwrap_or_default();
    assert!(cause.contains(&worker) && cause.contains("in the middle of its answer"), "{}", paper(&world, &asked));
    assert_eq!(way["end"]["attempt"], 2, "{}", paper(&world, &asked));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_timeline_blames_a_frozen_worker_for_the_longest_delay() {
    let world = World::start_with(|stack| {
        stack.ingresses(1).responders(2).scaled_times().env("THREADKEEPER__ANSWER__ECHO_DELAY", "400ms")
    })
    .await;
    let channel = world.slack.channel("general");
    let asked = world.ask(&channel, "who finishes this?", None).await;
    let (place, worker) = holder(&world, &asked).await;
    world.stack.responders[place].pause();
    world.answer(&asked).await;
    let way = told(&world, &asked).await;
    assert_eq!(way["longest"]["stage"], "worker_lost", "{}", paper(&world, &asked));
    assert!(way["longest"]["cause"].as_str().unwrap().contains(&worker), "{}", paper(&world, &asked));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_timeline_blames_redis_for_the_delay_of_a_question_asked_while_it_was_away() {
    let world = World::start_with(|stack| stack.ingresses(1).responders(2).scaled_times()).await;
    let channel = world.slack.channel("general");
    let before = world.ask(&channel, "before", None).await;
    world.answer(&before).await;
    world.stack.redis.stop().await.expect("redis stops");
    let asked = world.ask(&channel, "meanwhile", None).await;
    tokio::time::sleep(OUTAGE).await;
    world.stack.redis.restart().await.expect("redis starts again");
    world.answer(&asked).await;
    let way = told(&world, &asked).await;
    assert_eq!(way["longest"]["stage"], "redis_away", "{}", paper(&world, &asked));
    assert!(paper(&world, &asked).contains("without a number"), "{}", paper(&world, &asked));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_timeline_of_the_most_delayed_question_of_an_attack_agrees_with_the_attack() {
    let options = Options { events: 150, kills: 8, seed: 3, lasting: Duration::from_secs(10), ..Options::default() };
    let report = attack(options).await.expect("the attack is carried out");
    assert!(report.is_good(), "{report}");
    let slowest = report.slowest.expect("something was answered");
    // The attack sees the message, the logs its record; a process may be killed in between.
    let apart = slowest.latency.abs_diff(slowest.logged);
    assert!(apart < Duration::from_secs(8), "{slowest:?}");
    assert!(slowest.stage.1 <= slowest.logged && !slowest.stage.1.is_zero(), "{slowest:?}");
    assert_ne!(slowest.was_hit, Some(false), "a worker is blamed that nobody touched: {slowest:?}");
}
