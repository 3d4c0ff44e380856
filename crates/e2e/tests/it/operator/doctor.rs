//! What the doctor says of servers that are well, and of those that are not.

use std::{
    net::TcpListener,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use e2e::{Redis, ServiceBuilder};
use serde_json::Value;
use simulated_model::{Reply, SimulatedModel};

use super::Said;
use crate::world::World;

/// The time after which no check may still be waited for, with much patience for a busy machine.
const NEVER_HANGS: Duration = Duration::from_secs(40);

/// The doctor of this world, with more variables.
fn doctor(world: &World, arguments: &[&str], variables: &[(&str, &str)]) -> Said {
    let command = world.stack.operator(&[&["doctor"], arguments].concat());
    let command: ServiceBuilder = variables.iter().fold(command, |command, (name, value)| command.env(*name, *value));
    let said: Said = tokio::task::block_in_place(|| command.output()).expect("the command runs").into();
    for secret in [e2e::BOT_TOKEN, e2e::SIGNING_SECRET, "guest:guest", "hush"] {
        assert!(!said.text.contains(secret) && !said.error.contains(secret), "{secret} is shown: {said}");
    }
    said
}

/// The verdict on a check, with what was found and what to do.
fn verdict(said: &Said, subject: &str, check: &str) -> (String, String) {
    let report = said.json();
    let is_it = |finding: &&Value| finding["subject"] == subject && finding["check"] == check;
    let finding = report["findings"].as_array().unwrap().iter().find(is_it);
    let finding = finding.unwrap_or_else(|| panic!("{subject} {check}: {said}"));
    (finding["verdict"].as_str().unwrap().to_owned(), format!("{} {}", finding["found"], finding["fix"]))
}

async fn quiet_world(redis: e2e::servers::RedisBuilder) -> World {
    World::start_with(|stack| stack.ingresses(0).responders(0).redis(redis)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_are_well_are_told_with_their_latency() {
    let policy = Redis::builder().option("maxmemory-policy", "noeviction").password("hush");
    let world = World::start_with(|stack| stack.redis(policy)).await;
    let said = doctor(&world, &["--json"], &[]);
    assert_eq!(said.code, 0, "{said}");
    for (subject, check) in [
        ("redis", "connection"),
        ("redis", "latency"),
        ("redis", "scripts"),
        ("redis", "persistence"),
        ("redis", "eviction"),
        ("rabbitmq", "connection"),
        ("rabbitmq", "alarms"),
        ("rabbitmq", "queues"),
        ("rabbitmq", "consumers"),
        ("rabbitmq", "dead letters"),
        ("slack", "auth.test"),
        ("slack", "clock"),
    ] {
        assert_eq!(verdict(&said, subject, check).0, "ok", "{subject} {check}: {said}");
    }
    assert_eq!(verdict(&said, "slack", "scopes").0, "cannot_tell");
    assert_eq!(verdict(&said, "slack", "socket mode").0, "not_used");
    assert_eq!(verdict(&said, "answers", "language model").0, "not_used");
    let report = said.json();
    let findings = report["findings"].as_array().unwrap();
    let timed = findings.iter().filter(|finding| finding["check"] == "connection" && finding["latency_ms"].is_number());
    assert_eq!(timed.count(), 2, "{said}");

    let table = doctor(&world, &[], &[]);
    assert!(table.text.contains("rabbitmq") && !table.text.contains('\u{1b}'), "{table}");
    let keys: Vec<String> = world.stack.redis.command(&["KEYS", "*doctor*"]).unwrap();
    assert!(keys.is_empty(), "{keys:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_forgets_or_keeps_its_secrets_is_told_apart_from_one_that_is_away() {
    let world =
        quiet_world(Redis::builder().option("maxmemory-policy", "allkeys-lru").option("maxmemory", "100mb")).await;
    let forgets = doctor(&world, &["--json"], &[]);
    let (failed, what) = verdict(&forgets, "redis", "eviction");
    assert!(failed == "failed" && what.contains("noeviction"), "{forgets}");
    assert_eq!(forgets.code, 1);
    // No service has run here.
    let (warns, what) = verdict(&forgets, "rabbitmq", "queues");
    assert!(warns == "warning" && what.contains("work"), "{forgets}");

    let _: String = world.stack.redis.command(&["ACL", "SETUSER", "default", "-info"]).unwrap();
    let managed = doctor(&world, &["--json"], &[]);
    assert_eq!(verdict(&managed, "redis", "server").0, "cannot_tell");
    assert_eq!(managed.code, 0, "{managed}");

    let away = doctor(&world, &["--json"], &[("REDIS_URL", "redis://:hush@127.0.0.1:9/0")]);
    let (failed, what) = verdict(&away, "redis", "connection");
    assert!(failed == "failed" && what.contains("127.0.0.1:9"), "{away}");
    world.stack.redis.pause();
    let started = Instant::now();
    let silent = doctor(&world, &["--json"], &[]);
    assert_eq!(verdict(&silent, "redis", "connection").0, "failed", "{silent}");
    assert_eq!(verdict(&silent, "rabbitmq", "connection").0, "ok", "{silent}");
    assert!(started.elapsed() < NEVER_HANGS, "{:?}", started.elapsed());
}

/// A certificate authority of its own, and a certificate for `localhost`.
fn certificates(folder: &Path) {
    let openssl = |arguments: &str| {
        let output = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output();
        let output = output.expect("openssl is installed");
        assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    };
    openssl("req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=authority -keyout ca.key -out ca.pem");
    openssl("req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr");
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost").unwrap();
    openssl("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -extfile names -out server.pem");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_wants_tls_is_recognised_and_one_that_is_not_trusted_too() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let redis = Redis::builder()
        .option("tls-port", port.to_string())
        .option("tls-cert-file", file("server.pem"))
        .option("tls-key-file", file("server.key"))
        .option("tls-ca-cert-file", file("ca.pem"))
        .option("tls-auth-clients", "no");
    let world = quiet_world(redis).await;

    let plain = doctor(&world, &["--json"], &[("REDIS_URL", &format!("redis://localhost:{port}/0"))]);
    let (failed, what) = verdict(&plain, "redis", "connection");
    assert!(failed == "failed" && what.contains("rediss://") && what.contains("allow-list"), "{plain}");

    let url = format!("rediss://localhost:{port}/0");
    let untrusted = doctor(&world, &["--json"], &[("REDIS_URL", &url)]);
    let (failed, what) = verdict(&untrusted, "redis", "connection");
    assert!(failed == "failed" && what.contains("certificate authority"), "{untrusted}");

    let trusted = doctor(&world, &["--json"], &[("REDIS_URL", &url), ("SSL_CERT_FILE", &file("ca.pem"))]);
    let (ok, what) = verdict(&trusted, "redis", "connection");
    assert!(ok == "ok" && what.contains("over TLS"), "{trusted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_rabbitmq_is_told_with_what_to_do() {
    let world = World::start_with(e2e::StackBuilder::own_broker).await;
    let broker = world.stack.broker();
    let wrong = broker.url().replace("guest:guest@", "guest:hush@");
    let refused = doctor(&world, &["--json"], &[("AMQP_URL", &wrong)]);
    let (failed, what) = verdict(&refused, "rabbitmq", "connection");
    assert!(failed == "failed" && what.contains("password"), "{refused}");
    let elsewhere = doctor(&world, &["--json"], &[("AMQP_URL", &broker.url().replace("/%2f", "/nowhere"))]);
    assert!(verdict(&elsewhere, "rabbitmq", "connection").1.contains("nowhere"), "{elsewhere}");
    // Other times are other queues, and none of them are there.
    let other = doctor(&world, &["--json"], &[("THREADKEEPER__DELIVERY__WAITS", "7777")]);
    assert!(verdict(&other, "rabbitmq", "queues").1.contains("wait.7777"), "{other}");

    broker.ctl(&["set_vm_memory_high_watermark", "0.000001"]).await.unwrap();
    let blocked = e2e::eventually("the alarm to be told", crate::world::PATIENCE, || async {
        let said = doctor(&world, &["--json"], &[]);
        (verdict(&said, "rabbitmq", "alarms").0 == "failed").then_some(said)
    });
    let blocked = blocked.await.unwrap();
    assert!(verdict(&blocked, "rabbitmq", "alarms").1.contains("503"), "{blocked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_and_a_wrong_option_are_told() {
    let world = quiet_world(Redis::builder()).await;
    let refused = doctor(&world, &["--json"], &[("SLACK_BOT_TOKEN", "xoxb-hush")]);
    let (failed, what) = verdict(&refused, "slack", "auth.test");
    assert!(failed == "failed" && what.contains("invalid_auth"), "{refused}");
    let app = doctor(&world, &["--json"], &[("SLACK_APP_TOKEN", "xoxb-hush")]);
    assert_eq!(verdict(&app, "slack", "socket mode").0, "failed");

    let wrong = doctor(&world, &["--json"], &[("THREADKEEPER__REDIS__CONNECTION_POOL_KWARGS", "{}")]);
    let (failed, what) = verdict(&wrong, "configuration", "options");
    assert!(failed == "failed" && what.contains("max_connections"), "{wrong}");
    assert_eq!((wrong.code, doctor(&world, &["--quick"], &[]).code), (1, 2));

    let empty = tempfile::tempdir().unwrap();
    let folder = empty.path().to_str().unwrap();
    let extract = [("THREADKEEPER__ANSWER__MODE", "extract"), ("THREADKEEPER__ANSWER__KNOWLEDGE", folder)];
    assert_eq!(verdict(&doctor(&world, &["--json"], &extract), "answers", "knowledge").0, "failed");
    std::fs::write(empty.path().join("keys.md"), "# Keys\n\nRotate them each quarter.\n").unwrap();
    let (ok, what) = verdict(&doctor(&world, &["--json"], &extract), "answers", "knowledge");
    assert!(ok == "ok" && what.contains("1 files"), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_language_model_is_asked_a_shortest_question() {
    let world = quiet_world(Redis::builder()).await;
    let model = SimulatedModel::start("127.0.0.1:0").expect("the simulated model starts");
    let ask = || {
        let url = model.base_url();
        let llm = [
            ("THREADKEEPER__ANSWER__MODE", "llm"),
            ("THREADKEEPER__MODEL__NAME", "openai::simulated"),
            ("OPENAI_BASE_URL", url.as_str()),
            ("OPENAI_API_KEY", "sk-hush"),
        ];
        let said = doctor(&world, &["--json"], &llm);
        verdict(&said, "answers", "language model")
    };
    let (ok, what) = ask();
    assert!(ok == "ok" && what.contains("openai::simulated"), "{what}");
    model.otherwise(Reply::refuses(401));
    let (failed, what) = ask();
    assert!(failed == "failed" && what.contains("key"), "{what}");
}
