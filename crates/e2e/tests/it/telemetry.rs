//! What the services log: every line can be followed by a machine, and tells nothing of what people said.

use e2e::{LogLine, Service};
use serde_json::Value;

use crate::world::{World, echo};

/// Fields of each line about a question, in every service.
const OF_A_QUESTION: [&str; 8] = [
    "slack.team_id",
    "slack.channel_id",
    "slack.thread_ts",
    "slack.event_id",
    "event_key",
    "attempt",
    "duration_ms",
    "worker",
];

/// Lines of services that have not been told to stop.
fn lines(world: &World) -> impl Iterator<Item = (String, LogLine)> {
    let services = world.stack.ingresses.iter().chain(&world.stack.responders);
    services.flat_map(|service: &Service| {
        service.log().into_iter().map(|line| (service.name().to_owned(), line)).collect::<Vec<_>>()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_of_every_service_can_be_followed_and_tells_nothing_of_what_was_said() {
    let world = World::start_with(|stack| stack.ingresses(2).responders(2).scaled_times()).await;
    let channel = world.slack.channel("general");
    let (first_text, second_text) = ("who keeps the xylophone", "and who tunes the xylophone");
    let first = world.ask(&channel, first_text, None).await;
    let second = world.ask(&channel, second_text, Some(first.ts)).await;
    world.assert_one_answer_each(&[(&first, echo(first_text, 1)), (&second, echo(second_text, 2))]).await;
    // Outages have the rarest lines.
    world.stack.redis.stop().await.expect("redis stops");
    let third = world.ask(&channel, "does the xylophone wait", Some(first.ts)).await;
    world.stack.redis.restart().await.expect("redis starts again");
    world.assert_one_answer_each(&[(&third, echo("does the xylophone wait", 3))]).await;

    let said =
        |asked: &playground::Asked, line: &LogLine| line.field("slack.ts") == Some(&Value::from(asked.ts.to_string()));
    for (service, line) in lines(&world) {
        let text = line.text();
        assert!(line.level().is_some() && line.message().is_some(), "{service}: no JSON line: {text}");
        assert!(
            ["ingress", "responder"].contains(&line.field("service").and_then(Value::as_str).unwrap_or("")),
            "{text}"
        );
        assert!(line.field("worker").is_some_and(Value::is_string), "{text}");
        assert!(!text.to_lowercase().contains("xylophone"), "{service} logs what was said: {text}");
        for secret in [e2e::BOT_TOKEN, e2e::SIGNING_SECRET] {
            assert!(!text.contains(secret), "{service} logs a secret: {text}");
        }
        let about_a_question = ["slack.ts", "event_key"].iter().any(|name| line.field(name).is_some())
            || [&first, &second, &third].iter().any(|asked| line.contains(&asked.ts.to_string()) && said(asked, &line));
        if about_a_question {
            for name in OF_A_QUESTION {
                assert!(line.field(name).is_some_and(|value| !value.is_null()), "{service}: no {name} in {text}");
            }
        }
    }
    // Each step of the way is there, at the level that operators see.
    for asked in [&first, &second, &third] {
        for outcome in ["kept", "claimed", "answer_made", "posting", "posted", "answered"] {
            let is_there = lines(&world).any(|(_, line)| {
                said(asked, &line) && line.field("outcome") == Some(&outcome.into()) && line.level() == Some("INFO")
            });
            assert!(is_there, "no line `{outcome}` about {}\n{}", asked.ts, world.logs());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_that_concerns_many_questions_is_one_error_of_an_ingress() {
    let world = World::start_with(|stack| stack.ingresses(1).responders(1).scaled_times()).await;
    let channel = world.slack.channel("general");
    world.stack.redis.stop().await.expect("redis stops");
    let mut asked = Vec::new();
    for number in 0..12 {
        asked.push(world.ask(&channel, &format!("question {number}"), None).await);
    }
    world.stack.redis.restart().await.expect("redis starts again");
    for (number, asked) in asked.iter().enumerate() {
        world.assert_one_answer_each(&[(asked, echo(&format!("question {number}"), 1))]).await;
    }
    let unregistered = |level: &str| {
        let log = world.stack.ingresses[0].log();
        let lines = log.iter().filter(|line| line.field("outcome") == Some(&"unregistered".into()));
        lines.filter(|line| line.level() == Some(level)).count()
    };
    assert_eq!(unregistered("ERROR"), 1, "{}", world.logs());
    assert!(unregistered("WARN") >= 11, "each of them is said: {}", world.logs());
}
