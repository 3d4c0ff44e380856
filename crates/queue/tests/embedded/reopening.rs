//! What a file does that no broker does: it is opened again.

#![expect(clippy::unwrap_used, reason = "a test fails where its surroundings do")]

use std::time::{Duration, Instant};

use queue::{
    Delivery, EmbeddedQueue, Headers, TaskPublisher,
    conformance::{next, task},
};
use shared::clock::Clock;

use crate::file::{COPIES, File, WAITS_MS};

async fn publish(file: &File, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        file.queue.publish(&task(number), &Headers::first()).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_not_acked_at_a_crash_comes_again_in_order_and_redelivered() {
    let mut file = File::new();
    publish(&file, 1..=4).await;
    let mut consumer = file.queue.consumer(4);
    next(&mut consumer).await.ack().await;
    let in_hand = (next(&mut consumer).await, next(&mut consumer).await);
    file.crash();
    let mut consumer = file.queue.consumer(4);
    for number in 2..=4 {
        let delivery = next(&mut consumer).await;
        assert_eq!((delivery.task(), delivery.fresh()), (&task(number), false));
        delivery.ack().await;
    }
    assert!(file.queue.nothing_is_under_way());
    assert_eq!(file.stored(), Vec::<serde_json::Value>::new());
    drop(in_hand);
}

#[tokio::test]
async fn what_was_put_aside_before_a_crash_comes_back_after_its_wait() {
    let mut file = File::new();
    publish(&file, 1..=2).await;
    let mut consumer = file.queue.consumer(2);
    let started = Instant::now();
    next(&mut consumer).await.park(WAITS_MS[0], false).await.unwrap();
    next(&mut consumer).await.park(WAITS_MS[1], true).await.unwrap();
    file.crash();
    let delivery = next(&mut file.queue.consumer(2)).await;
    assert_eq!((delivery.task(), delivery.headers().parks), (&task(1), 1));
    // The wait is kept in whole milliseconds.
    assert!(started.elapsed() + Duration::from_millis(2) >= Duration::from_millis(WAITS_MS[0]));
    delivery.ack().await;
    assert!(!file.queue.nothing_is_under_way(), "the other one waits on");
}

#[tokio::test]
async fn dead_letters_stay_and_are_not_under_way() {
    let mut file = File::new();
    publish(&file, 1..=1).await;
    let delivery = next(&mut file.queue.consumer(1)).await.dead_letter("no way", 5).await.unwrap();
    delivery.ack().await;
    file.crash();
    assert!(file.queue.nothing_is_under_way());
    assert_eq!(file.oldest_dead_letter().task, task(1));
}

#[tokio::test]
async fn a_copy_that_is_no_task_goes_to_the_dead_letters_alone() {
    let file = File::new();
    publish(&file, 1..=2).await;
    let transaction = file.database.begin_write().unwrap();
    {
        let mut copies = transaction.open_table(COPIES).unwrap();
        let mut copy = file_copy(&copies);
        copy["task"] = serde_json::json!({ "schema": "question.v999" });
        copies.insert(1, serde_json::to_vec(&copy).unwrap().as_slice()).unwrap();
    }
    transaction.commit().unwrap();
    let queue = EmbeddedQueue::open(file.database.clone(), &WAITS_MS, Clock::System).unwrap();
    let delivery = next(&mut queue.consumer(1)).await;
    assert_eq!(delivery.task(), &task(2));
    let dead = &file.stored()[0];
    assert_eq!(dead["task"]["schema"], "question.v999");
    assert!(dead["place"]["dead"]["reason"].as_str().unwrap().contains("no task"), "{dead}");
}

fn file_copy(copies: &impl redb::ReadableTable<u64, &'static [u8]>) -> serde_json::Value {
    serde_json::from_slice(copies.get(1).unwrap().unwrap().value()).unwrap()
}

/// A worker is killed while it puts a copy aside: the copy is somewhere, never nowhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operation_that_nobody_waits_for_any_more_loses_nothing() {
    let file = File::new();
    let mut consumer = file.queue.consumer(1);
    for number in 1..=20 {
        publish(&file, number..=number).await;
        let delivery = next(&mut consumer).await;
        let parking = tokio::time::timeout(Duration::from_micros(50 * number), delivery.park(WAITS_MS[0], false));
        drop(parking.await);
        let again = next(&mut consumer).await;
        assert_eq!(again.task(), &task(number));
        again.ack().await;
    }
}
