//! What an operator sees and does at the desk.

#![expect(clippy::unwrap_used, reason = "a test fails where its surroundings do")]

use queue::{
    Delivery, Headers, QueueError, TaskConsumer, TaskPublisher, conformance,
    rabbitmq::{Desk, Reading},
};
use shared::ids::{BurialId, ProcessId};

use crate::broker::{Broker, WAITS_MS};

async fn desk(broker: &Broker) -> Desk {
    Desk::connect(&broker.amqp(), &WAITS_MS, &ProcessId::for_service("test")).await.unwrap()
}

/// Puts task 1 to `count` among the dead letters.
async fn give_up(broker: &Broker, count: u64) {
    let (publisher, mut consumer) = broker.pair(1);
    for number in 1..=count {
        publisher.publish(&conformance::task(number), &Headers::first()).await.unwrap();
        let delivery = conformance::next(&mut consumer).await;
        delivery.dead_letter(&format!("reason {number}"), 5).await.unwrap().ack().await;
    }
    consumer.stop().await;
}

fn reasons(reading: &Reading<'_>) -> Vec<String> {
    reading.letters().iter().map(|letter| letter.reason().unwrap_or_default().to_owned()).collect()
}

async fn read(desk: &Desk) -> Vec<String> {
    let reading = desk.read(&desk.topology().dead()).await.unwrap();
    let read = reasons(&reading);
    reading.put_back().await.unwrap();
    read
}

fn numbered(numbers: impl IntoIterator<Item = u64>) -> Vec<String> {
    numbers.into_iter().map(|number| format!("reason {number}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_neither_removes_nor_reorders_however_often() {
    Broker::run(async |broker| {
        give_up(broker, 6).await;
        let desk = desk(broker).await;
        for _ in 0..5 {
            assert_eq!(read(&desk).await, numbered(1..=6));
        }
        // What comes while somebody reads stands behind.
        let reading = desk.read(&desk.topology().dead()).await.unwrap();
        assert_eq!(reading.letters().len(), 6);
        give_up(broker, 1).await;
        reading.put_back().await.unwrap();
        assert_eq!(read(&desk).await, numbered((1..=6).chain([1])));
        // The order in which they are taken is the order in which they were read.
        for number in (1..=6).chain([1]) {
            assert_eq!(broker.take_dead().await.reason, format!("reason {number}"));
        }
        desk.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_is_removed_goes() {
    Broker::run(async |broker| {
        give_up(broker, 5).await;
        let desk = desk(broker).await;
        let reading = desk.read(&desk.topology().dead()).await.unwrap();
        for place in [1, 3] {
            reading.remove(&reading.letters()[place]).await.unwrap();
        }
        reading.put_back().await.unwrap();
        assert_eq!(read(&desk).await, numbered([1, 3, 5]));
        desk.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replayed_letter_is_a_first_copy_that_names_its_burial() {
    Broker::run(async |broker| {
        give_up(broker, 1).await;
        let desk = desk(broker).await;
        let reading = desk.read(&desk.topology().dead()).await.unwrap();
        let letter = &reading.letters()[0];
        assert_eq!((letter.task().unwrap(), letter.attempts()), (&conformance::task(1), Some(5)));
        assert!(letter.given_up_ms().is_some_and(|at| at > 0));
        desk.replay(letter, &BurialId::new("b1")).await.unwrap();
        reading.put_back().await.unwrap();
        assert_eq!(read(&desk).await, numbered([1]), "it stays until it is removed");
        let (_, mut consumer) = broker.pair(1);
        let delivery = conformance::next(&mut consumer).await;
        assert_eq!(delivery.task(), &conformance::task(1));
        assert_eq!(delivery.headers().replay, Some(BurialId::new("b1")));
        assert!(delivery.fresh());
        delivery.ack().await;
        desk.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_readers_at_a_time_are_refused_because_each_would_see_a_part() {
    Broker::run(async |broker| {
        give_up(broker, 2).await;
        let desk = desk(broker).await;
        let dead = desk.topology().dead();
        let first = desk.read(&dead).await.unwrap();
        match desk.read(&dead).await.map(|reading| reasons(&reading)) {
            Err(QueueError::Inspect { reason, .. }) => assert!(reason.contains("somebody else"), "{reason}"),
            other => panic!("{other:?}"),
        }
        first.put_back().await.unwrap();
        assert_eq!(read(&desk).await, numbered(1..=2));
        desk.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mistyped_prefix_makes_no_queues() {
    Broker::run(async |broker| {
        let mut amqp = broker.amqp();
        amqp.prefix.push_str("mistyped.");
        let desk = Desk::connect(&amqp, &WAITS_MS, &ProcessId::for_service("test")).await.unwrap();
        let dead = desk.topology().dead();
        match desk.read(&dead).await.map(|reading| reasons(&reading)) {
            Err(QueueError::Inspect { reason, .. }) => assert!(reason.contains("amqp.prefix"), "{reason}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(desk.count(&dead).await.unwrap(), None);
        desk.close().await;
    })
    .await;
}
