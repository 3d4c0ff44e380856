//! The suite that every queue passes.

use queue::conformance;

use crate::file::{File, WAITS_MS};

#[tokio::test]
async fn what_is_published_is_delivered() {
    let file = File::new();
    let (publisher, mut consumer) = file.pair(4);
    conformance::publish_is_delivered(&publisher, &mut consumer).await;
}

#[tokio::test]
async fn ack_removes_the_copy() {
    let file = File::new();
    let (publisher, mut consumer) = file.pair(4);
    conformance::ack_removes(&publisher, &mut consumer).await;
}

#[tokio::test]
async fn a_dropped_delivery_comes_back() {
    let file = File::new();
    let (publisher, mut consumer) = file.pair(4);
    conformance::unsettled_drop_comes_back(&publisher, &mut consumer).await;
}

#[tokio::test]
async fn an_unknown_wait_keeps_the_delivery() {
    let file = File::new();
    let (publisher, mut consumer) = file.pair(4);
    conformance::an_unknown_wait_keeps_the_delivery(&publisher, &mut consumer).await;
}

#[tokio::test]
async fn what_is_given_back_comes_back_redelivered() {
    let file = File::new();
    let (publisher, mut consumer) = file.pair(4);
    conformance::give_back_comes_back_redelivered(&publisher, &mut consumer).await;
}

#[tokio::test]
async fn order_of_publishes_is_kept() {
    let file = File::new();
    let (publisher, mut consumer) = file.pair(4);
    conformance::order_of_publishes_is_kept(&publisher, &mut consumer).await;
}

#[tokio::test]
async fn many_publish_at_once() {
    let file = File::new();
    let (publisher, mut consumer) = file.pair(4);
    conformance::many_publish_at_once(&publisher, &mut consumer).await;
}

#[tokio::test]
async fn a_dropped_next_loses_nothing() {
    let file = File::new();
    let (publisher, mut consumer) = file.pair(4);
    conformance::a_dropped_next_loses_nothing(&publisher, &mut consumer).await;
}

#[tokio::test]
async fn a_parked_task_returns_after_its_wait() {
    let file = File::new();
    let (publisher, mut consumer) = file.pair(4);
    conformance::park_returns_after_its_wait(&publisher, &mut consumer, WAITS_MS[0]).await;
}

#[tokio::test]
async fn a_parked_task_blocks_nobody() {
    let file = File::new();
    let (publisher, mut consumer) = file.pair(4);
    conformance::a_parked_task_blocks_nobody(&publisher, &mut consumer, WAITS_MS[0]).await;
}

#[tokio::test]
async fn republish_leaves_one_more_copy() {
    let file = File::new();
    let (publisher, mut consumer) = file.pair(4);
    conformance::republish_leaves_one_more_copy(&publisher, &mut consumer, WAITS_MS[0]).await;
}

#[tokio::test]
async fn two_consumers_share() {
    let file = File::new();
    let (publisher, mut one) = file.pair(1);
    let (_, mut other) = file.pair(1);
    conformance::two_consumers_share(&publisher, &mut one, &mut other).await;
}

#[tokio::test]
async fn prefetch_bounds_what_is_in_hand() {
    let file = File::new();
    let (publisher, mut one) = file.pair(2);
    let (_, mut other) = file.pair(2);
    conformance::prefetch_bounds_what_is_in_hand(&publisher, &mut one, &mut other).await;
}

#[tokio::test]
async fn a_pause_gives_back() {
    let file = File::new();
    let (publisher, mut one) = file.pair(3);
    let (_, mut other) = file.pair(3);
    conformance::pause_gives_back(&publisher, &mut one, &mut other).await;
}

#[tokio::test]
async fn a_stop_ends_the_deliveries() {
    let file = File::new();
    let (publisher, mut one) = file.pair(2);
    let (_, mut other) = file.pair(2);
    conformance::stop_ends_the_deliveries(&publisher, &mut one, &mut other).await;
}

#[tokio::test]
async fn a_dead_letter_keeps_its_reason() {
    let file = File::new();
    let (publisher, mut consumer) = file.pair(4);
    conformance::dead_letter_keeps_its_reason(&publisher, &mut consumer, async || file.oldest_dead_letter()).await;
}
