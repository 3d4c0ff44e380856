//! The suite that every queue passes.

use queue::conformance;

use crate::broker::{Broker, WAITS_MS};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_published_is_delivered() {
    Broker::run(async |broker| {
        let (publisher, mut consumer) = broker.pair(4);
        conformance::publish_is_delivered(&publisher, &mut consumer).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ack_removes_the_copy() {
    Broker::run(async |broker| {
        let (publisher, mut consumer) = broker.pair(4);
        conformance::ack_removes(&publisher, &mut consumer).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_delivery_comes_back() {
    Broker::run(async |broker| {
        let (publisher, mut consumer) = broker.pair(4);
        conformance::unsettled_drop_comes_back(&publisher, &mut consumer).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_wait_keeps_the_delivery() {
    Broker::run(async |broker| {
        let (publisher, mut consumer) = broker.pair(4);
        conformance::an_unknown_wait_keeps_the_delivery(&publisher, &mut consumer).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_back_comes_back_redelivered() {
    Broker::run(async |broker| {
        let (publisher, mut consumer) = broker.pair(4);
        conformance::give_back_comes_back_redelivered(&publisher, &mut consumer).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_of_publishes_is_kept() {
    Broker::run(async |broker| {
        let (publisher, mut consumer) = broker.pair(4);
        conformance::order_of_publishes_is_kept(&publisher, &mut consumer).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_publish_at_once() {
    Broker::run(async |broker| {
        let (publisher, mut consumer) = broker.pair(4);
        conformance::many_publish_at_once(&publisher, &mut consumer).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_next_loses_nothing() {
    Broker::run(async |broker| {
        let (publisher, mut consumer) = broker.pair(4);
        conformance::a_dropped_next_loses_nothing(&publisher, &mut consumer).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parked_task_returns_after_its_wait() {
    Broker::run(async |broker| {
        let (publisher, mut consumer) = broker.pair(4);
        conformance::park_returns_after_its_wait(&publisher, &mut consumer, WAITS_MS[0]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parked_task_blocks_nobody() {
    Broker::run(async |broker| {
        let (publisher, mut consumer) = broker.pair(4);
        conformance::a_parked_task_blocks_nobody(&publisher, &mut consumer, WAITS_MS[0]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn republish_leaves_one_more_copy() {
    Broker::run(async |broker| {
        let (publisher, mut consumer) = broker.pair(4);
        conformance::republish_leaves_one_more_copy(&publisher, &mut consumer, WAITS_MS[0]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_consumers_share() {
    Broker::run(async |broker| {
        let (publisher, mut one) = broker.pair(1);
        let (_, mut other) = broker.pair(1);
        conformance::two_consumers_share(&publisher, &mut one, &mut other).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prefetch_bounds_what_is_in_hand() {
    Broker::run(async |broker| {
        let (publisher, mut one) = broker.pair(2);
        let (_, mut other) = broker.pair(2);
        conformance::prefetch_bounds_what_is_in_hand(&publisher, &mut one, &mut other).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_gives_back() {
    Broker::run(async |broker| {
        let (publisher, mut one) = broker.pair(3);
        let (_, mut other) = broker.pair(3);
        conformance::pause_gives_back(&publisher, &mut one, &mut other).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_ends_the_deliveries() {
    Broker::run(async |broker| {
        let (publisher, mut one) = broker.pair(2);
        let (_, mut other) = broker.pair(2);
        conformance::stop_ends_the_deliveries(&publisher, &mut one, &mut other).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_letter_keeps_its_reason() {
    Broker::run(async |broker| {
        let (publisher, mut consumer) = broker.pair(4);
        conformance::dead_letter_keeps_its_reason(&publisher, &mut consumer, async || broker.take_dead_task().await)
            .await;
    })
    .await;
}
