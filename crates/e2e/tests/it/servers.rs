//! The harness' own tests: private servers, and that nothing of them stays.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use e2e::{HarnessError, RabbitMq, Redis, eventually, process::binary, reaper::is_running, servers::shared_broker};
use serde_json::Value;

const TIMEOUT: Duration = Duration::from_mins(1);

/// `e2e-keeper serve` and what it printed.
fn keeper(arguments: &[&str]) -> (Child, Value) {
    let mut command = Command::new(binary("e2e-keeper").unwrap());
    command.arg("serve").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut keeper = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (keeper, serde_json::from_str(&line).unwrap())
}

fn pid(addresses: &Value, name: &str) -> u32 {
    addresses[name].as_u64().unwrap().try_into().unwrap()
}

async fn gone(pid: u32) {
    eventually(format!("process {pid} to be gone"), TIMEOUT, || async { (!is_running(pid)).then_some(()) })
        .await
        .unwrap();
}

/// The folder in which a server works, as its command line or its environment names it.
fn folder_of(pid: u32, variable: &str) -> std::path::PathBuf {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
    let mut entries = environment.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let value = entries.find_map(|entry| Some(entry.strip_prefix(variable)?.strip_prefix("=")?.to_owned()));
    value.unwrap().into()
}

#[tokio::test]
async fn redis_keeps_what_it_acknowledged_when_it_is_killed() {
    let redis = Redis::start().await.unwrap();
    redis.command::<()>(&["SET", "key", "kept"]).unwrap();
    redis.kill();
    assert!(matches!(redis.command::<String>(&["GET", "key"]), Err(HarnessError::Redis { .. })));
    redis.restart().await.unwrap();
    assert_eq!(redis.command::<String>(&["GET", "key"]).unwrap(), "kept");
    redis.stop().await.unwrap();
    redis.restart().await.unwrap();
    assert_eq!(redis.command::<String>(&["GET", "key"]).unwrap(), "kept");
}

#[tokio::test]
async fn a_volatile_redis_forgets_when_it_is_killed() {
    let redis = Redis::builder().volatile().start().await.unwrap();
    redis.command::<()>(&["SET", "key", "lost"]).unwrap();
    redis.restart().await.unwrap();
    assert_eq!(redis.command::<Option<String>>(&["GET", "key"]).unwrap(), None);
}

#[tokio::test]
async fn a_redis_with_a_password_refuses_those_who_do_not_know_it() {
    let redis = Redis::builder().password("open").option("maxmemory", "64mb").start().await.unwrap();
    assert!(redis.url().contains(":open@"));
    let stranger = redis::Client::open(redis.url().replace(":open@", "")).unwrap();
    let mut connection = stranger.get_connection_with_timeout(TIMEOUT).unwrap();
    let refused = redis::cmd("GET").arg("key").query::<Option<String>>(&mut connection).unwrap_err();
    assert_eq!(refused.code(), Some("NOAUTH"));
    assert_eq!(redis.command::<Vec<String>>(&["CONFIG", "GET", "maxmemory"]).unwrap()[1], "67108864");
}

#[tokio::test]
async fn redis_and_its_folder_are_gone_with_their_value() {
    let redis = Redis::start().await.unwrap();
    let folder = redis.command::<Vec<String>>(&["CONFIG", "GET", "dir"]).unwrap().remove(1);
    let pid = redis.pid();
    drop(redis);
    assert!(!is_running(pid));
    assert!(!std::path::Path::new(&folder).exists(), "{folder} is still there");
}

#[tokio::test]
async fn a_broker_is_private_and_comes_back_after_a_kill() {
    let (broker, other) = tokio::join!(RabbitMq::start(), shared_broker());
    let (broker, other) = (broker.unwrap(), other.unwrap());
    assert_ne!(broker.url(), other.url());
    declare(&broker, "private.work").await;
    broker.ctl(&["eval", &publish("private.work", 3)]).await.unwrap();
    let counted = || async {
        let depth = broker.queue_depths("private.").await.unwrap()["work"];
        ((depth.ready, depth.unacknowledged) == (3, 0)).then_some(())
    };
    eventually("three messages in the queue", TIMEOUT, counted).await.unwrap();
    assert_eq!(broker.queue_depths("private.").await.unwrap().keys().collect::<Vec<_>>(), ["work"]);
    assert!(other.queue_depths("private.").await.unwrap().is_empty());
    listens_on_loopback_only(broker.pid());

    let pid = broker.pid();
    broker.kill();
    assert!(!is_running(pid));
    assert!(broker.ctl(&["status"]).await.is_err());
    broker.restart().await.unwrap();
    assert_eq!(broker.queue_depths("private.").await.unwrap().len(), 1, "a durable queue survives");

    declare(&broker, "other.work").await;
    broker.delete_all("private.").await.unwrap();
    assert_eq!(broker.queue_depths("").await.unwrap().keys().collect::<Vec<_>>(), ["other.work"]);
    broker.stop().await.unwrap();
}

/// Publishes messages to a queue through the default exchange.
fn publish(queue: &str, count: usize) -> String {
    format!(
        r#"X = rabbit_misc:r(<<"/">>, exchange, <<>>),
           [rabbit_basic:publish(X, <<"{queue}">>, [], <<"m">>) || _ <- lists:seq(1, {count})], ok."#
    )
}

/// Declares a quorum queue without a client library.
async fn declare(broker: &RabbitMq, name: &str) {
    let expression = format!(
        r#"rabbit_amqqueue:declare(rabbit_misc:r(<<"/">>, queue, <<"{name}">>), true, false, [{{<<"x-queue-type">>, longstr, <<"quorum">>}}], none, <<"test">>), ok."#
    );
    broker.ctl(&["eval", &expression]).await.unwrap();
}

/// Every listening socket of the process has a loopback address (`proc_pid_net(5)`), where 0A is LISTEN.
fn listens_on_loopback_only(pid: u32) {
    let sockets: std::collections::HashSet<String> = std::fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .filter_map(|entry| Some(std::fs::read_link(entry.ok()?.path()).ok()?.display().to_string()))
        .collect();
    let mut listening = 0;
    for (table, loopback) in [("tcp", "0100007F:"), ("tcp6", "00000000000000000000000001000000:")] {
        for line in std::fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default().lines().skip(1) {
            let columns: Vec<_> = line.split_whitespace().collect();
            if columns[3] == "0A" && sockets.contains(&format!("socket:[{}]", columns[9])) {
                assert!(columns[1].starts_with(loopback), "listens on {}", columns[1]);
                listening += 1;
            }
        }
    }
    assert!(listening >= 2, "AMQP and distribution");
}

#[tokio::test]
async fn servers_end_when_the_keepers_standard_input_is_closed() {
    let (mut keeper, addresses) = keeper(&["--rabbitmq", "--redis"]);
    let (node, store) = (pid(&addresses, "amqp_pid"), pid(&addresses, "redis_pid"));
    let folder = folder_of(node, "HOME");
    assert!(is_running(node) && is_running(store) && folder.exists());
    drop(keeper.stdin.take());
    assert!(keeper.wait().unwrap().success());
    assert!(!is_running(node) && !is_running(store));
    assert!(!folder.parent().unwrap().exists());
}

#[tokio::test]
async fn servers_end_and_folders_go_when_the_keeper_is_killed() {
    let (mut keeper, addresses) = keeper(&["--rabbitmq", "--redis"]);
    let (node, store) = (pid(&addresses, "amqp_pid"), pid(&addresses, "redis_pid"));
    let folder = folder_of(node, "HOME").parent().unwrap().to_owned();
    assert!(is_running(node) && is_running(store) && folder.exists());
    keeper.kill().unwrap();
    keeper.wait().unwrap();
    gone(node).await;
    gone(store).await;
    let removed = || async { (!folder.exists()).then_some(()) };
    eventually("the folder to be removed", TIMEOUT, removed).await.unwrap();
}
