//! The ways in which Redis forgets.

use std::time::Duration;

use threads::{
    Origin, ThreadStore,
    conformance::{Laboratory, Thread},
    outcome::{Claimed, Previous},
};

use crate::{laboratory::RedisLaboratory, server::Server};

fn epoch(laboratory: &RedisLaboratory) -> String {
    laboratory.command(&["HGET", "slack_epoch", "id"])
}

fn number(id: &str) -> u64 {
    id.split_once(':').unwrap().0.parse().unwrap()
}

#[tokio::test]
async fn a_first_start_answers_at_once() {
    let laboratory = RedisLaboratory::start().await;
    assert_eq!(number(&epoch(&laboratory)), 1);
    let thread = Thread::new(&laboratory);
    assert_eq!(thread.run(1, "a").await.previous, Previous::Open);
}

#[tokio::test]
async fn a_store_without_an_epoch_is_a_loss_when_questions_may_be_under_way() {
    let server = Server::start(&[]);
    let mut settings = server.settings();
    settings.origin = Origin::PossibleLoss;
    settings.connect().await;
    let mut connection = server.connection();
    let (since, until): (u64, u64) =
        redis::cmd("HMGET").arg(&["slack_epoch", "since", "settle_until"]).query(&mut connection).unwrap();
    let (seconds, _): (u64, u64) = redis::cmd("TIME").query(&mut connection).unwrap();
    assert!((seconds + 50..=seconds + 61).contains(&(since / 1000)), "since lies in the future of the loss");
    assert!((seconds + 25..=seconds + 36).contains(&(until / 1000)));
}

#[tokio::test]
async fn an_epoch_that_is_there_is_joined() {
    let laboratory = RedisLaboratory::start().await;
    let before = epoch(&laboratory);
    let second = laboratory.settings.connect().await;
    assert_eq!(second.stamp(), laboratory.store.stamp());
    assert_eq!(epoch(&laboratory), before);
}

#[tokio::test]
async fn one_process_sets_the_new_epoch_and_the_others_join_it() {
    let laboratory = RedisLaboratory::start().await;
    let second = laboratory.settings.connect().await;
    laboratory.lose_everything().await;
    laboratory.store.heartbeat().await.unwrap();
    let set = epoch(&laboratory);
    assert_eq!(number(&set), 2);
    second.heartbeat().await.unwrap();
    assert_eq!(epoch(&laboratory), set);
    assert_eq!(second.stamp(), laboratory.store.stamp());
}

#[tokio::test]
async fn many_calls_that_notice_the_same_loss_agree_on_one_epoch() {
    let laboratory = RedisLaboratory::start().await;
    let second = laboratory.settings.connect().await;
    laboratory.lose_everything().await;
    let (one, two) = (&laboratory.store, &second);
    let all =
        tokio::join!(one.heartbeat(), two.heartbeat(), one.probe(), two.probe(), one.heartbeat(), two.heartbeat());
    for result in [all.0, all.1, all.2, all.3, all.4, all.5] {
        result.unwrap();
    }
    assert_eq!(number(&epoch(&laboratory)), 2);
    assert_eq!(second.stamp(), laboratory.store.stamp());
}

#[tokio::test]
async fn writes_that_were_acknowledged_and_are_missing_are_a_loss() {
    let laboratory = RedisLaboratory::start().await;
    let counters: Vec<String> = laboratory.command(&["HKEYS", "slack_epoch"]);
    let mine = counters.iter().find(|name| name.starts_with("w:")).unwrap();
    for _ in 0..3 {
        laboratory.store.heartbeat().await.unwrap();
    }
    let _: i64 = laboratory.command(&["HINCRBY", "slack_epoch", mine, "-1"]);
    laboratory.store.heartbeat().await.unwrap();
    assert_eq!(number(&epoch(&laboratory)), 2);
}

#[tokio::test]
async fn an_older_epoch_that_came_back_is_a_loss() {
    let laboratory = RedisLaboratory::start().await;
    let first = epoch(&laboratory);
    laboratory.lose_everything().await;
    laboratory.store.heartbeat().await.unwrap();
    let _: u32 = laboratory.command(&["HSET", "slack_epoch", "id", &first]);
    laboratory.store.heartbeat().await.unwrap();
    assert_eq!(number(&epoch(&laboratory)), 3);
}

#[tokio::test]
async fn an_epoch_that_cannot_be_read_is_a_loss() {
    let laboratory = RedisLaboratory::start().await;
    let () = laboratory.command(&["SET", "slack_epoch", "x"]);
    laboratory.store.heartbeat().await.unwrap();
    assert_eq!(number(&epoch(&laboratory)), 2);
    let _: u32 = laboratory.command(&["HSET", "slack_epoch", "id", "x"]);
    laboratory.store.heartbeat().await.unwrap();
    assert_eq!(number(&epoch(&laboratory)), 3);
}

#[tokio::test]
async fn turns_that_came_back_with_an_older_copy_are_void_and_answers_stay_known() {
    let laboratory = RedisLaboratory::start().await;
    let thread = Thread::new(&laboratory);
    thread.answer(1).await;
    thread.register(2).await;
    thread.run(2, "a").await;
    thread.begin_post(2, "a").await;
    let _: u32 = laboratory.command(&["HDEL", "slack_epoch", "id"]);
    laboratory.store.heartbeat().await.unwrap();
    laboratory.advance(Duration::from_secs(36));
    assert_eq!(thread.claim(1, "b").await, Claimed::Done);
    // The ghost of question 2 does not stand before question 3, and comes back with its copy.
    assert_eq!(thread.run(3, "b").await.previous, Previous::BeforeEpoch);
    assert!(matches!(thread.claim(2, "c").await, Claimed::Wait { .. }));
}

#[tokio::test]
async fn a_restart_without_loss_is_no_loss() {
    let mut server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let mut settings = server.settings();
    settings.redis.max_retries = 10;
    let store = settings.connect().await;
    let stamp = store.stamp();
    store.heartbeat().await.unwrap();
    server.stop();
    server.start_again(&["--appendonly", "yes", "--appendfsync", "always"]);
    while store.heartbeat().await.is_err() {}
    assert_eq!(store.stamp(), stamp);
}
