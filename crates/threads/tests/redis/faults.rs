//! Redis away, full, slow, or refusing.

use std::{
    io::Read,
    net::TcpListener,
    time::{Duration, Instant},
};

use shared::config::SecretUrl;
use threads::{
    ThreadError, ThreadStore,
    conformance::{Thread, kept},
    outcome::{Announced, Claim, Claimed},
};

use crate::{
    laboratory::RedisLaboratory,
    server::{Server, Settings},
};

/// A port on which nothing listens.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn an_unreachable_redis_is_an_error_at_start_that_says_what_to_check() {
    let settings = Settings::new(&format!("redis://someone:secret@127.0.0.1:{}/", closed_port()));
    let started = Instant::now();
    let error = settings.try_connect().await.unwrap_err();
    assert!(started.elapsed() < settings.redis.connect_timeout, "{:?}", started.elapsed());
    assert!(matches!(error, ThreadError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("REDIS_URL"));
    assert!(!format!("{error:?} {error}").contains("secret"));
}

#[tokio::test]
async fn a_silent_redis_is_an_error_at_start_within_the_connect_timeout() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut settings = Settings::new(&format!("redis://127.0.0.1:{}/", silent.local_addr().unwrap().port()));
    settings.redis.connect_timeout = Duration::from_millis(200);
    let started = Instant::now();
    let error = settings.try_connect().await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert!(matches!(error, ThreadError::Timeout { .. }), "{error:?}");
}

#[tokio::test]
async fn a_wrong_password_is_an_error_at_every_start() {
    let server = Server::start(&["--requirepass", "right"]);
    for url in [format!("redis://:wrong@127.0.0.1:{}/", server.port), server.url()] {
        let settings = Settings::new(&url);
        for result in [settings.try_connect().await, settings.connect_lazily().await] {
            let error = result.unwrap_err();
            assert!(matches!(error, ThreadError::Refused { .. }), "{error:?}");
            assert!(!format!("{error:?}").contains("wrong@"));
        }
    }
    let right = Settings::new(&format!("redis://:right@127.0.0.1:{}/", server.port));
    right.connect().await.heartbeat().await.unwrap();
}

#[tokio::test]
async fn a_missing_url_is_an_error_at_every_start() {
    let mut settings = Settings::new("redis://127.0.0.1/");
    settings.redis.url = None;
    assert!(matches!(settings.try_connect().await, Err(ThreadError::Url { .. })));
    assert!(matches!(settings.connect_lazily().await, Err(ThreadError::Url { .. })));
    settings.redis.url = Some(SecretUrl::parse("http://127.0.0.1/").unwrap());
    assert!(matches!(settings.connect_lazily().await, Err(ThreadError::Url { .. })));
}

#[tokio::test]
async fn the_ingress_starts_without_redis_and_finds_it_later() {
    let mut server = Server::start(&[]);
    server.stop();
    let mut settings = server.settings();
    settings.redis.max_retries = 0;
    let store = settings.connect_lazily().await.unwrap();
    assert!(store.heartbeat().await.unwrap_err().is_outage());
    server.start_again(&[]);
    while store.heartbeat().await.is_err() {}
    assert_ne!(store.stamp(), threads::epoch::EpochStamp::of(None));
}

#[tokio::test]
async fn a_full_redis_refuses_and_nothing_is_written() {
    let laboratory = RedisLaboratory::start().await;
    let thread = Thread::new(&laboratory);
    let grant = thread.run(1, "a").await;
    thread.begin_post(1, "a").await;
    let state = |laboratory: &RedisLaboratory| {
        let thread_key = RedisLaboratory::beside(&thread.conversation, "slack_thread");
        let epoch: Vec<String> = laboratory.command(&["HGETALL", "slack_epoch"]);
        (laboratory.command::<Vec<String>>(&["HGETALL", &thread_key]), epoch)
    };
    let before = state(&laboratory);
    let () = laboratory.command(&["CONFIG", "SET", "maxmemory", "1"]);
    let owner = shared::ids::OwnerId::new("a");
    let (store, conversation) = (&laboratory.store, &thread.conversation);
    let finish = threads::outcome::Finish {
        answer_ts: &[thread.ts(11)],
        question: "q",
        answer: "a",
        grant: &grant,
        base: threads::outcome::Base::None,
    };
    let errors = [
        store.probe().await.unwrap_err(),
        store.register(conversation, thread.ts(2), store.stamp(), None).await.unwrap_err(),
        store
            .begin_post(conversation, thread.ts(1), &owner, Announced::Answer(&kept(1)), Duration::ZERO)
            .await
            .unwrap_err(),
        store.finish(conversation, thread.ts(1), &owner, finish).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, ThreadError::OutOfMemory { .. }) && error.is_outage(), "{error:?}");
    }
    assert_eq!(state(&laboratory), before);
    let () = laboratory.command(&["CONFIG", "SET", "maxmemory", "0"]);
    store.probe().await.unwrap();
}

#[tokio::test]
async fn a_full_redis_keeps_its_old_epoch_whole() {
    let laboratory = RedisLaboratory::start().await;
    let _: u32 = laboratory.command(&["HDEL", "slack_epoch", "id"]);
    let () = laboratory.command(&["CONFIG", "SET", "maxmemory", "1"]);
    let before: Vec<String> = laboratory.command(&["HGETALL", "slack_epoch"]);
    assert!(matches!(laboratory.store.heartbeat().await, Err(ThreadError::OutOfMemory { .. })));
    assert_eq!(laboratory.command::<Vec<String>>(&["HGETALL", "slack_epoch"]), before);
}

#[tokio::test]
async fn a_killed_connection_is_replaced_within_the_call() {
    let laboratory = RedisLaboratory::start().await;
    let thread = Thread::new(&laboratory);
    for n in 1..=3 {
        let _: u32 = laboratory.command(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        thread.answer(n).await;
    }
    assert_eq!(thread.run(4, "a").await.context.entries(), 6);
}

#[tokio::test]
async fn a_replica_is_no_place_for_writes() {
    let laboratory = RedisLaboratory::start().await;
    let () = laboratory.command(&["REPLICAOF", "127.0.0.1", &closed_port().to_string()]);
    let error = laboratory.store.probe().await.unwrap_err();
    assert!(matches!(error, ThreadError::ReadOnly { .. }) && error.is_outage(), "{error:?}");
    let () = laboratory.command(&["REPLICAOF", "NO", "ONE"]);
    laboratory.store.probe().await.unwrap();
}

#[tokio::test]
async fn a_call_that_is_not_answered_ends_by_the_socket_timeout() {
    let server = Server::start(&[]);
    let mut settings = server.settings();
    settings.redis.socket_timeout = Duration::from_secs(1);
    settings.redis.max_retries = 0;
    let store = settings.connect().await;
    let mut connection = server.connection();
    let () = redis::cmd("CLIENT").arg(&["PAUSE", "60000", "ALL"]).query(&mut connection).unwrap();
    let started = Instant::now();
    let error = store.heartbeat().await.unwrap_err();
    assert!(matches!(error, ThreadError::Timeout { .. }), "{error:?}");
    // Far below the minute for which Redis is silent, and enough for a busy machine.
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_claim_that_is_repeated_after_a_timeout_is_never_its_own_twin() {
    let laboratory = RedisLaboratory::start().await;
    let mut settings = laboratory.settings.clone();
    settings.redis.socket_timeout = Duration::from_secs(1);
    let store = settings.connect().await;
    let thread = Thread::new(&laboratory);
    let claim = |owner: &str| Claim {
        owner: shared::ids::OwnerId::new(owner),
        copy: shared::ids::CopyId::new("copy"),
        fresh: true,
        returned: false,
        lease: Duration::from_secs(30),
    };
    // Another copy is being answered, so a fresh claim would be a twin; while Redis pauses the first try times out.
    assert!(matches!(thread.claim_copy(1, "other", "another copy", true).await, Claimed::Run(_)));
    assert_eq!(store.claim(&thread.conversation, thread.ts(1), claim("a")).await.unwrap(), Claimed::Twin);
    let () = laboratory.command(&["CLIENT", "PAUSE", "1500", "ALL"]);
    let claimed = store.claim(&thread.conversation, thread.ts(1), claim("b")).await.unwrap();
    assert!(matches!(claimed, Claimed::Wait { .. }), "{claimed:?}");
}

#[tokio::test]
async fn more_calls_than_connections_share_them() {
    let server = Server::start(&[]);
    let mut settings = server.settings();
    settings.redis.max_connections = 3;
    let store = settings.connect().await;
    let calls = futures(&store, 200);
    for result in calls.await {
        result.unwrap();
    }
    let clients: String = redis::cmd("CLIENT").arg("LIST").query(&mut server.connection()).unwrap();
    // One of them is the test's own.
    assert!(clients.lines().count() <= 4, "{clients}");
}

async fn futures(store: &threads::RedisThreads, calls: usize) -> Vec<Result<(), ThreadError>> {
    let mut running: Vec<_> = (0..calls).map(|_| Box::pin(store.heartbeat())).collect();
    let mut results = Vec::new();
    std::future::poll_fn(|context| {
        running.retain_mut(|call| match call.as_mut().poll(context) {
            std::task::Poll::Ready(result) => {
                results.push(result);
                false
            }
            std::task::Poll::Pending => true,
        });
        if running.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    results
}

#[tokio::test]
async fn a_call_does_not_wait_for_ever_for_a_connection() {
    let server = Server::start(&[]);
    let mut settings = server.settings();
    settings.redis.max_connections = 1;
    settings.redis.max_retries = 0;
    settings.redis.socket_timeout = Duration::from_secs(1);
    let store = settings.connect().await;
    let () = redis::cmd("CLIENT").arg(&["PAUSE", "60000", "ALL"]).query(&mut server.connection()).unwrap();
    let results = futures(&store, 4).await;
    assert!(
        results.iter().any(|result| matches!(result, Err(ThreadError::Busy { connections: 1, .. }))),
        "{results:?}"
    );
    assert!(results.iter().all(Result::is_err));
}

#[tokio::test]
async fn connections_have_their_timeouts_from_the_first_byte() {
    // A server that accepts and reads, and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(1) {
            let mut bytes = Vec::new();
            stream.unwrap().read_to_end(&mut bytes).ok();
        }
    });
    let mut settings = Settings::new(&format!("redis://:password@127.0.0.1:{port}/"));
    settings.redis.connect_timeout = Duration::from_millis(200);
    settings.redis.socket_timeout = Duration::from_millis(400);
    settings.redis.max_retries = 0;
    let store = settings.connect_lazily().await.unwrap();
    assert!(store.heartbeat().await.unwrap_err().is_outage());
}
