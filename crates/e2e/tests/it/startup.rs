//! A service that cannot work does not start: exit code not 0 within 10 s, one ERROR that says what failed and what to
//! check, and no password anywhere.

use std::time::Duration;

use e2e::{Exit, Redis, ServiceBuilder};

use crate::world::World;

const SOON: Duration = Duration::from_secs(10);

/// Starts it and returns its one ERROR.
async fn refused(builder: ServiceBuilder) -> String {
    let service = builder.start().expect("the process starts");
    let exit = service.wait_exit(SOON).await.expect("it ends within 10 s");
    assert!(matches!(exit, Exit::Code(code) if code != 0), "{exit:?}");
    let log = service.log();
    let errors: Vec<_> = log.iter().filter(|line| line.level() == Some("ERROR")).collect();
    assert_eq!(errors.len(), 1, "one ERROR is expected: {errors:#?}");
    for line in &log {
        assert!(!line.contains("hush"), "a password is shown: {}", line.text());
    }
    errors[0].message().unwrap_or_else(|| errors[0].text()).to_owned()
}

async fn quiet_world() -> World {
    World::start_with(|stack| stack.ingresses(0).responders(0).redis(Redis::builder().password("hush"))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responder_without_redis_or_rabbitmq_does_not_start() {
    let world = quiet_world().await;
    let responder = || world.stack.service("responder", 0);
    let no_server = "127.0.0.1:9";

    let error = refused(responder().env("REDIS_URL", format!("redis://:hush@{no_server}/0"))).await;
    assert!(error.contains("Redis") && error.contains(no_server), "{error}");
    let error = refused(responder().env("AMQP_URL", format!("amqp://guest:hush@{no_server}/%2f"))).await;
    assert!(error.contains("RabbitMQ") && error.contains(no_server), "{error}");
    let error = refused(responder().env("REDIS_URL", "")).await;
    assert!(error.contains("REDIS_URL is not set"), "{error}");
    // One that takes connections and says nothing.
    world.stack.redis.pause();
    let error = refused(responder().env("THREADKEEPER__REDIS__CONNECT_TIMEOUT", "2s")).await;
    assert!(error.contains("Redis"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_keeps_both_services_from_starting_and_is_not_shown() {
    let world = quiet_world().await;
    let redis = world.stack.redis.url().replace("hush@", "wrong-hush@");
    assert_ne!(redis, world.stack.redis.url(), "the URL holds a password");
    let amqp = world.stack.broker().url().replace("guest:guest@", "guest:wrong-hush@");
    assert_ne!(amqp, world.stack.broker().url(), "the URL holds a password");
    for kind in ["ingress", "responder"] {
        let error = refused(world.stack.service(kind, 0).env("REDIS_URL", &redis)).await;
        assert!(error.contains("Redis") && error.contains("password"), "{kind}: {error}");
        let error = refused(world.stack.service(kind, 0).env("AMQP_URL", &amqp)).await;
        assert!(error.contains("RabbitMQ") && error.contains("password"), "{kind}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_option_keeps_both_services_from_starting() {
    let world = quiet_world().await;
    for kind in ["ingress", "responder"] {
        let builder = world.stack.service(kind, 0);
        let error = refused(builder.env("THREADKEEPER__REDIS__CONNECTION_POOL_KWARGS", "{\"max\": 10}")).await;
        assert!(error.contains("CONNECTION_POOL_KWARGS") && error.contains("max_connections"), "{kind}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ingress_starts_without_its_servers_and_says_that_it_is_not_ready() {
    let world = quiet_world().await;
    let builder = world.stack.service("ingress", 0);
    let builder =
        builder.env("AMQP_URL", "amqp://guest:hush@127.0.0.1:9/%2f").env("REDIS_URL", "redis://:hush@127.0.0.1:9/0");
    let ingress = builder.start().expect("the process starts");
    ingress.address(SOON).await.expect("it listens");
    ingress.status_is("/livez", 200, SOON).await.expect("it lives");
    ingress.status_is("/readyz", 503, SOON).await.expect("it is not ready");
    let (_, report) = ingress.get("/readyz").await.expect("it answers");
    assert!(report.contains("rabbitmq") && report.contains("redis"), "{report}");

    let said = world.slack.mention(&world.slack.channel("general"), &world.person, "hello?", None).expect("it is said");
    let delivery = world.slack.deliver_to(&ingress.url("/slack/events"), &said.events[0]).await;
    assert!(delivery.statuses().iter().all(|status| *status == Some(503)), "Slack keeps it: {delivery:?}");
    assert!(ingress.log().iter().all(|line| !line.contains("hush")), "a password is shown");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_effective_configuration_is_printed_without_secrets() {
    let world = quiet_world().await;
    let responder = world.stack.service("responder", 0).arg("--check-config").start().expect("the process starts");
    assert_eq!(responder.wait_exit(SOON).await.expect("it ends"), Exit::Code(0));
    let printed: Vec<_> = responder.log().iter().map(|line| line.text().to_owned()).collect();
    assert!(printed.iter().any(|line| line == "max_connections = 10"), "{printed:#?}");
    assert!(printed.iter().all(|line| !line.contains("hush") && !line.contains(e2e::BOT_TOKEN)), "{printed:#?}");
}
