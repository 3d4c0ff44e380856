//! Incidents, as whoever is on call meets them: the alert fires and no other one wakes them, `/readyz` names what is away, and the
//! log has an ERROR that says what to do. docs/RUNBOOK.md has a section for each alert.

mod prometheus;

use e2e::{LogLine, Redis, Service, StackBuilder};
use playground::{Fault, Method, Rule};
use shared::ids::EventKey;

use self::prometheus::{Scrape, assert_fires};
use crate::{
    dependencies::{ask_everywhere, ask_until_one_waits},
    knowledge::{Knowledge, QUESTION},
    world::{PATIENCE, World},
};

/// Questions that are refused with 429, one in each channel: more than the alert's ten.
const LIMITED: u8 = 14;

/// Forged requests: more than the alert's five.
const FORGED: usize = 8;

/// One ingress and one responder: whatever is said is said once.
async fn small(build: impl FnOnce(StackBuilder) -> StackBuilder) -> World {
    World::start_with(|stack| build(stack.ingresses(1).responders(1).scaled_times())).await
}

/// The metrics once a series has this value.
async fn once(world: &World, series: &str, value: &str) -> Scrape {
    let shown = || async { Some(Scrape::of(world).await).filter(|scrape| scrape.has(series, value)) };
    match e2e::eventually(format!("{series} to be {value}"), PATIENCE, shown).await {
        Ok(scrape) => scrape,
        Err(error) => panic!("{error}\n{}", world.logs()),
    }
}

/// The metrics of a world in which all is well. The ingress has looked at the queues, where the responder subscribes.
async fn quiet(world: &World) -> Scrape {
    once(world, "threadkeeper_queue_consumers", "1").await
}

async fn assert_not_ready(service: &Service, probe: &str, part: &str) {
    service.status_is("/readyz", 503, PATIENCE).await.expect("it is not ready");
    let said = || async {
        let (_, body) = service.get("/readyz").await.ok()?;
        let report: serde_json::Value = serde_json::from_str(&body).ok()?;
        let reason = report["probes"].as_array()?.iter().find(|found| found["name"] == probe)?["reason"].clone();
        reason.as_str().filter(|reason| reason.contains(part)).map(str::to_owned)
    };
    let what = format!("{} to say of {probe}: {part}", service.name());
    e2e::eventually(what, PATIENCE, said).await.expect("it says what to check");
}

fn errors(service: &Service) -> Vec<LogLine> {
    service.log().into_iter().filter(|line| line.level() == Some("ERROR")).collect()
}

/// One ERROR, and it says what to do.
async fn assert_one_error(world: &World, service: &Service, part: &str) {
    let said = |line: &LogLine| line.level() == Some("ERROR") && line.contains(part);
    service.wait_for_log(part, PATIENCE, said).await.expect("it is said");
    let errors = errors(service);
    assert_eq!(errors.len(), 1, "{errors:#?}\n{}", world.logs());
}

/// Somebody asks while Slack's requests are refused.
async fn ask_in_vain(world: &World) {
    let channel = world.slack.channel("general");
    let said = world.slack.mention(&channel, &world.person, "anybody?", None).expect("it is said");
    let delivery = world.slack.deliver(&said.events[0]).await;
    assert_eq!(delivery.statuses(), [Some(503); 4], "Slack is told to send it again");
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_down() {
    let world = small(|stack| stack).await;
    let before = quiet(&world).await;
    world.stack.redis.stop().await.expect("redis stops");
    world.ask(&world.slack.channel("general"), "anybody?", None).await;
    assert_one_error(&world, &world.stack.responders[0], "check Redis").await;
    for service in world.stack.ingresses.iter().chain(&world.stack.responders) {
        assert_not_ready(service, "redis", "REDIS_URL").await;
    }
    let during = once(&world, "threadkeeper_redis_trouble{cause=\"unreachable\"}", "1").await;
    assert_fires(&before, &during, "RedisAway", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_full() {
    let world = small(|stack| stack).await;
    let before = quiet(&world).await;
    world.stack.redis.command::<()>(&["CONFIG", "SET", "maxmemory", "1mb"]).expect("redis is full");
    world.ask(&world.slack.channel("general"), "anybody?", None).await;
    assert_one_error(&world, &world.stack.responders[0], "maxmemory").await;
    assert_not_ready(&world.stack.responders[0], "redis", "maxmemory").await;
    let during = once(&world, "threadkeeper_redis_trouble{cause=\"out_of_memory\"}", "1").await;
    assert_fires(&before, &during, "RedisFull", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_has_another_password() {
    let world = small(|stack| stack.redis(Redis::builder().password("first"))).await;
    let before = quiet(&world).await;
    // On one connection: the next one would need the new password.
    let client = redis::Client::open(world.stack.redis.url()).expect("an address");
    let mut connection = client.get_connection().expect("redis answers");
    redis::cmd("CONFIG").arg(&["SET", "requirepass", "another"]).exec(&mut connection).expect("it is changed");
    redis::cmd("CLIENT").arg(&["KILL", "TYPE", "normal"]).exec(&mut connection).expect("all have to connect again");
    world.ask(&world.slack.channel("general"), "anybody?", None).await;
    assert_one_error(&world, &world.stack.responders[0], "check the user and password in REDIS_URL").await;
    assert_not_ready(&world.stack.responders[0], "redis", "password").await;
    let during = once(&world, "threadkeeper_redis_trouble{cause=\"refused\"}", "1").await;
    assert_fires(&before, &during, "RedisRefusesAccess", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_has_forgotten_everything() {
    let world = small(|stack| stack).await;
    let before = quiet(&world).await;
    world.stack.redis.command::<()>(&["FLUSHALL"]).expect("redis forgets");
    let during = once(&world, "threadkeeper_epochs_total{how=\"set\"}", "1").await;
    let said = |line: &LogLine| line.level() == Some("ERROR") && line.contains("redis lost data");
    let services = || world.stack.ingresses.iter().chain(&world.stack.responders);
    // Whichever of them noticed first; its line comes a moment after its metric.
    let told = || async { (services().flat_map(Service::log).filter(said).count() == 1).then_some(()) };
    if let Err(error) = e2e::eventually("one ERROR about the loss", PATIENCE, told).await {
        panic!("{error}\n{}", world.logs());
    }
    assert_fires(&before, &during, "RedisLostData", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_broker_is_down() {
    let world = small(StackBuilder::own_broker).await;
    let before = quiet(&world).await;
    world.stack.broker().kill();
    ask_in_vain(&world).await;
    for service in world.stack.ingresses.iter().chain(&world.stack.responders) {
        assert_not_ready(service, "rabbitmq", "RabbitMQ").await;
    }
    // One for each time that Slack has sent it.
    let errors = errors(&world.stack.ingresses[0]);
    assert!(!errors.is_empty() && errors.iter().all(|line| line.contains("check RabbitMQ")), "{errors:#?}");
    let during = once(&world, "threadkeeper_broker_connected{purpose=\"publish\"}", "0").await;
    assert_fires(&before, &during, "BrokerDown", &["AckBudgetBurnsFast"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_broker_is_short_of_memory() {
    let world = small(StackBuilder::own_broker).await;
    let before = quiet(&world).await;
    let broker = world.stack.broker();
    broker.ctl(&["set_vm_memory_high_watermark", "0.000001"]).await.expect("the broker raises the alarm");
    ask_in_vain(&world).await;
    let ingress = &world.stack.ingresses[0];
    assert_not_ready(ingress, "rabbitmq", "").await;
    let said = |line: &LogLine| line.level() == Some("ERROR") && line.contains("free its memory or disk");
    ingress.wait_for_log("the alarm", PATIENCE, said).await.expect("it is said");
    let during = once(&world, "threadkeeper_ready{probe=\"rabbitmq\"}", "0").await;
    assert_fires(&before, &during, "BrokerAlarm", &["AckBudgetBurnsFast"]);
    broker.ctl(&["set_vm_memory_high_watermark", "0.4"]).await.expect("the broker ends the alarm");
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_has_revoked_the_token() {
    let world = small(|stack| stack).await;
    let before = quiet(&world).await;
    let revoked = Fault::OkFalse { error: "token_revoked".to_owned() };
    world.slack.fault(Rule::on(Method::ChatPostMessage, revoked).always());
    world.ask(&world.slack.channel("general"), "anybody?", None).await;
    assert_one_error(&world, &world.stack.responders[0], "check SLACK_BOT_TOKEN").await;
    assert_not_ready(&world.stack.responders[0], "slack_token", "token_revoked").await;
    let during = once(&world, "threadkeeper_breaker_open{dependency=\"slack_token\"}", "1").await;
    assert_fires(&before, &during, "SlackTokenRefused", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_asks_to_wait() {
    let world = small(|stack| stack).await;
    let before = quiet(&world).await;
    let limited = Fault::RateLimit { retry_after: std::time::Duration::from_secs(1) };
    world.slack.fault(Rule::on(Method::ChatPostMessage, limited).times(LIMITED.into()));
    let asked = ask_everywhere(&world, LIMITED.into(), "anybody?").await;
    for question in &asked {
        world.answer(question).await;
    }
    let during = once(&world, "threadkeeper_rate_limited_total", &LIMITED.to_string()).await;
    assert!(errors(&world.stack.responders[0]).is_empty(), "nobody has to act at once\n{}", world.logs());
    assert_fires(&before, &during, "SlackRateLimited", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_answers_are_made_from_is_away() {
    let knowledge = Knowledge::new();
    let world = small(|stack| knowledge.answers(stack)).await;
    let before = quiet(&world).await;
    knowledge.go_away();
    ask_until_one_waits(&world, QUESTION).await;
    assert_one_error(&world, &world.stack.responders[0], "answer.knowledge").await;
    assert_not_ready(&world.stack.responders[0], "model", "answer.knowledge").await;
    let during = once(&world, "threadkeeper_breaker_open{dependency=\"model\"}", "1").await;
    assert_fires(&before, &during, "ModelAway", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_given_up() {
    let world = small(|stack| stack.env("THREADKEEPER__DELIVERY__ATTEMPTS", "2")).await;
    let before = quiet(&world).await;
    let channel = world.slack.channel("general");
    let said = world.slack.mention(&channel, &world.person, "unspeakable", None).expect("it is said");
    let refused = Fault::OkFalse { error: "msg_too_long".to_owned() };
    let key = EventKey::of(&channel, &said.ts);
    world.slack.fault(Rule::on(Method::ChatPostMessage, refused).about(key).times(2));
    world.slack.tell(said).await;
    assert_one_error(&world, &world.stack.responders[0], "is kept in the queue `dead`").await;
    let during = once(&world, "threadkeeper_queue_messages{queue=\"dead\"}", "1").await;
    // One question, and it was given up: a tenth of a budget, and too few to wake anybody.
    assert_fires(&before, &during, "DeadLetters", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_responder_runs() {
    let world = small(|stack| stack).await;
    let before = quiet(&world).await;
    world.stack.responders[0].terminate();
    world.stack.responders[0].wait_exit(PATIENCE).await.expect("it leaves");
    let during = once(&world, "threadkeeper_queue_consumers", "0").await;
    assert_fires(&before, &during, "NoResponder", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_fails_its_signature() {
    let world = small(|stack| stack).await;
    let before = quiet(&world).await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    for _ in 0..FORGED {
        let request = client.post(world.stack.ingresses[0].url("/slack/events")).body("{}");
        let answer = request.send().await.expect("it is answered");
        assert_eq!(answer.status().as_u16(), 401);
    }
    let during = once(&world, "threadkeeper_events_total{outcome=\"signature\"}", &FORGED.to_string()).await;
    assert_fires(&before, &during, "WrongSigningSecret", &[]);
}
