//! What the queues do beyond the suite.

use lapin::{
    BasicProperties,
    options::{BasicPublishOptions, ConfirmSelectOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions},
    types::{AMQPValue, FieldTable},
};
use queue::{Delivery, Headers, QueueError, TaskConsumer, TaskPublisher, conformance};

use crate::broker::{Broker, TIMEOUT, WAITS_MS, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_no_task_is_dead_lettered_alone() {
    Broker::run(async |broker| {
        let (publisher, mut consumer) = broker.pair(4);
        let topology = broker.rabbit.topology().clone();
        let channel = broker.channel().await;
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        let properties = BasicProperties::default().with_message_id("EvBROKEN".into());
        let confirm = channel
            .basic_publish(
                topology.slack().into(),
                "work".into(),
                BasicPublishOptions::default(),
                b"{no json",
                properties,
            )
            .await
            .unwrap();
        // The task is published on another connection: only a message that is in the queue by now is before it, and the
        // consumer is not asked again after the task.
        assert!(confirm.await.unwrap().is_ack());
        publisher.publish(&conformance::task(1), &Headers::first()).await.unwrap();

        let delivery = conformance::next(&mut consumer).await;
        assert_eq!(delivery.task(), &conformance::task(1), "the consumer goes on");
        delivery.ack().await;

        let dead = broker.take_dead().await;
        assert_eq!(dead.body, b"{no json");
        assert_eq!(dead.message_id, "EvBROKEN");
        assert!(dead.reason.starts_with("no task: "), "{}", dead.reason);
        until("work is empty", async || broker.rabbit.depths().await.unwrap().work == 0).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn depths_count_what_is_ready_where() {
    Broker::run(async |broker| {
        let (publisher, mut consumer) = broker.pair(1);
        for number in 1..=3 {
            publisher.publish(&conformance::task(number), &Headers::first()).await.unwrap();
        }
        let first = conformance::next(&mut consumer).await;
        first.park(WAITS_MS[1], false).await.unwrap();
        let second = conformance::next(&mut consumer).await;
        let second = second.dead_letter("a reason", 1).await.unwrap();
        second.ack().await;
        let depths = async || broker.rabbit.depths().await.unwrap();
        until("one is in hand, one waits, one is dead", async || {
            let depths = depths().await;
            depths.work == 0 && depths.waits == [(WAITS_MS[0], 0), (WAITS_MS[1], 1)] && depths.dead == 1
        })
        .await;
        assert_eq!((depths().await.consumers, depths().await.unrouted), (1, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_not_be_routed_is_kept_and_moved_back() {
    Broker::run(async |broker| {
        let (publisher, mut consumer) = broker.pair(4);
        let topology = broker.rabbit.topology().clone();
        publisher.publish(&conformance::task(1), &Headers::first()).await.unwrap();
        conformance::next(&mut consumer).await.ack().await;
        consumer.pause().await;
        // Somebody deletes the queue under a running ingress.
        broker.channel().await.queue_delete(topology.work().into(), QueueDeleteOptions::default()).await.unwrap();
        for number in 2..=4 {
            publisher.publish(&conformance::task(number), &Headers::first()).await.expect("kept in `unrouted`");
        }
        // The responder subscribes, and so declares the topology.
        consumer.resume();
        let mut first = Box::pin(conformance::next(&mut consumer));
        until("the queue is there again", async || {
            tokio::select! {
                _ = &mut first => panic!("nothing is in `work` yet"),
                depths = broker.rabbit.depths() => depths.is_ok_and(|depths| depths.consumers == 1),
            }
        })
        .await;
        assert_eq!(broker.rabbit.move_unrouted().await.unwrap(), 3);
        let delivery = first.await;
        assert_eq!(delivery.task(), &conformance::task(2), "oldest first");
        delivery.ack().await;
        for number in 3..=4 {
            let delivery = conformance::next(&mut consumer).await;
            assert_eq!(delivery.task(), &conformance::task(number));
            delivery.ack().await;
        }
        assert_eq!(broker.rabbit.move_unrouted().await.unwrap(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_a_queue_rejects_is_not_published() {
    Broker::run(async |broker| {
        let topology = broker.rabbit.topology().clone();
        let channel = broker.channel().await;
        // A queue that takes nothing, beside `work`: the broker confirms only what every queue took.
        let full = format!("{}full", broker.prefix);
        let mut arguments = FieldTable::default();
        arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(0));
        arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
        channel.queue_declare(full.as_str().into(), QueueDeclareOptions::default(), arguments).await.unwrap();
        channel
            .queue_bind(
                full.as_str().into(),
                topology.slack().into(),
                "work".into(),
                QueueBindOptions::default(),
                FieldTable::default(),
            )
            .await
            .unwrap();
        let publisher = broker.rabbit.publisher(TIMEOUT);
        let outcome = publisher.publish(&conformance::task(1), &Headers::first()).await;
        channel.queue_delete(full.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
        match outcome {
            Err(QueueError::Refused { queue }) => assert_eq!(queue, topology.work()),
            other => panic!("{other:?}"),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_subscribes_again_when_its_queue_was_deleted() {
    Broker::run(async |broker| {
        let (publisher, mut consumer) = broker.pair(4);
        publisher.publish(&conformance::task(1), &Headers::first()).await.unwrap();
        conformance::next(&mut consumer).await.ack().await;
        let work = broker.rabbit.topology().work();
        broker.channel().await.queue_delete(work.into(), QueueDeleteOptions::default()).await.unwrap();
        let mut next = Box::pin(conformance::next(&mut consumer));
        until("the queue is there again", async || {
            tokio::select! {
                _ = &mut next => panic!("nothing was published"),
                depths = broker.rabbit.depths() => depths.is_ok_and(|depths| depths.consumers == 1),
            }
        })
        .await;
        publisher.publish(&conformance::task(2), &Headers::first()).await.unwrap();
        next.await.ack().await;
    })
    .await;
}
