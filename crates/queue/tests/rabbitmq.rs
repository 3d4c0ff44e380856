//! The queue against a real broker: the conformance suite, and what only RabbitMQ does.

mod broker;
mod gate;

use std::time::Duration;

use lapin::{
    BasicProperties,
    options::{BasicPublishOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions},
    types::{AMQPValue, FieldTable},
};
use queue::{Delivery, Headers, QueueError, TaskConsumer, TaskPublisher, conformance, rabbitmq::RabbitMq};
use shared::ids::ProcessId;

use crate::{
    broker::{Broker, WAITS_MS, until},
    gate::Gate,
};

const TIMEOUT: Duration = Duration::from_secs(10);

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_no_task_is_dead_lettered_alone() {
    Broker::run(async |broker| {
        let (publisher, mut consumer) = broker.pair(4);
        let topology = broker.rabbit.topology().clone();
        let channel = broker.channel().await;
        let properties = BasicProperties::default().with_message_id("EvBROKEN".into());
        channel
            .basic_publish(
                topology.slack().into(),
                "work".into(),
                BasicPublishOptions::default(),
                b"{no json",
                properties,
            )
            .await
            .unwrap();
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
async fn a_publish_succeeds_only_after_the_brokers_confirm() {
    Broker::run(async |broker| {
        let gate = Gate::open(&broker.url).await;
        let rabbit = broker.connect_through(&gate).await.unwrap();
        let publisher = rabbit.publisher(Duration::from_millis(300));
        publisher.publish(&conformance::task(1), &Headers::first()).await.unwrap();
        gate.hold_answers();
        match publisher.publish(&conformance::task(2), &Headers::first()).await {
            Err(QueueError::NotConfirmed { queue, .. }) => assert_eq!(queue, rabbit.topology().work()),
            other => panic!("{other:?}"),
        }
        // The broker has it nevertheless: that is why a copy too many is harmless, and one too few is not.
        until("both are in the queue", async || broker.rabbit.depths().await.unwrap().work == 2).await;
        gate.pass_answers();
        rabbit.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_recovers_after_the_connections_are_lost() {
    Broker::run(async |broker| {
        let gate = Gate::open(&broker.url).await;
        let rabbit = broker.connect_through(&gate).await.unwrap();
        let (publisher, mut consumer) = (rabbit.publisher(TIMEOUT), rabbit.consumer(4, TIMEOUT));
        publisher.publish(&conformance::task(1), &Headers::first()).await.unwrap();
        publisher.publish(&conformance::task(2), &Headers::first()).await.unwrap();
        let acked_late = conformance::next(&mut consumer).await;
        let parked_late = conformance::next(&mut consumer).await;

        gate.cut();
        until("the loss is noticed", async || rabbit.ready().is_err()).await;
        let quick = rabbit.publisher(Duration::from_millis(100));
        match quick.publish(&conformance::task(3), &Headers::first()).await {
            Err(QueueError::Disconnected { queue, .. }) => assert_eq!(queue, rabbit.topology().work()),
            other => panic!("{other:?}"),
        }
        assert!(quick.ready().is_err() && consumer.ready().is_err());
        // What is in hand on a dead channel neither hangs nor panics.
        acked_late.ack().await;

        // A publish waits for the connection within its time.
        let (one, headers) = (conformance::task(4), Headers::first());
        let waiting = publisher.publish(&one, &headers);
        let mending = async {
            gate.mend();
            parked_late.park(WAITS_MS[0], false).await.unwrap();
        };
        let (outcome, ()) = tokio::join!(waiting, mending);
        outcome.unwrap();

        // 1 and 2 again, since nothing was acked; 2 once more from its wait queue; and 4.
        let mut texts = Vec::new();
        for _ in 0..4 {
            let delivery = conformance::next(&mut consumer).await;
            let shared::task::Task::Question(question) = delivery.task();
            texts.push(question.event_id.to_string());
            delivery.ack().await;
        }
        texts.sort();
        assert_eq!(texts, ["Ev1", "Ev2", "Ev2", "Ev4"]);
        rabbit.ready().unwrap();
        rabbit.close().await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_named_and_not_printed() {
    Broker::run(async |broker| {
        let amqp = broker.amqp_as("guest", "hunter2-is-wrong");
        let refused = |outcome: Result<RabbitMq, QueueError>| match outcome {
            Err(error @ QueueError::AccessRefused { .. }) => {
                let text = format!("{error} {error:?}");
                assert!(text.contains("check user and password") && !text.contains("hunter2"), "{text}");
            }
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("connected"),
        };
        let process = ProcessId::for_service("test");
        refused(RabbitMq::connect(&amqp, &WAITS_MS, &process).await);
        refused(RabbitMq::connect_lazily(&amqp, &WAITS_MS, &process).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_virtual_host_is_named() {
    Broker::run(async |broker| {
        let amqp = broker.amqp_on("no-such-host");
        match RabbitMq::connect_lazily(&amqp, &WAITS_MS, &ProcessId::for_service("test")).await {
            Err(error @ QueueError::NoVirtualHost { .. }) => {
                assert!(error.to_string().contains("`no-such-host`"), "{error}");
            }
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("connected"),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_in_another_form_is_named_with_what_was_found_and_wanted() {
    Broker::run(async |broker| {
        let wait = broker.rabbit.topology().wait(WAITS_MS[0]);
        let channel = broker.channel().await;
        channel.queue_delete(wait.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
        let mut arguments = FieldTable::default();
        arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
        arguments.insert("x-message-ttl".into(), AMQPValue::LongLongInt(777));
        for (name, value) in [
            ("x-dead-letter-exchange", ""),
            ("x-dead-letter-routing-key", broker.rabbit.topology().work().as_str()),
            ("x-dead-letter-strategy", "at-least-once"),
            ("x-overflow", "reject-publish"),
        ] {
            arguments.insert(name.into(), AMQPValue::LongString(value.into()));
        }
        channel.queue_declare(wait.as_str().into(), QueueDeclareOptions::durable(), arguments).await.unwrap();
        match RabbitMq::connect_lazily(&broker.amqp(), &WAITS_MS, &ProcessId::for_service("test")).await {
            Err(error @ QueueError::OtherForm { .. }) => {
                let text = error.to_string();
                for part in [wait.as_str(), "x-message-ttl", "777", "300"] {
                    assert!(text.contains(part), "`{part}` is missing in: {text}");
                }
            }
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("connected"),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_broker_only_the_lazy_start_succeeds_and_gets_there_later() {
    Broker::run(async |broker| {
        let gate = Gate::open(&broker.url).await;
        gate.cut();
        let amqp = broker.amqp_through(&gate);
        let process = ProcessId::for_service("test");
        match RabbitMq::connect(&amqp, &WAITS_MS, &process).await {
            Err(error @ QueueError::Unreachable { .. }) => assert!(error.to_string().contains("AMQP_URL"), "{error}"),
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("connected"),
        }
        let rabbit = RabbitMq::connect_lazily(&amqp, &WAITS_MS, &process).await.unwrap();
        assert!(rabbit.ready().is_err());
        gate.mend();
        let publisher = rabbit.publisher(TIMEOUT);
        publisher.publish(&conformance::task(1), &Headers::first()).await.unwrap();
        publisher.ready().unwrap();
        rabbit.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_accepts_and_does_not_answer_is_given_up_in_time() {
    Broker::run(async |broker| {
        let gate = Gate::open(&broker.url).await;
        gate.hold_answers();
        let mut amqp = broker.amqp_through(&gate);
        amqp.connect_timeout = Duration::from_millis(200);
        match RabbitMq::connect(&amqp, &WAITS_MS, &ProcessId::for_service("test")).await {
            Err(error @ QueueError::Unreachable { .. }) => assert!(error.to_string().contains("200 ms"), "{error}"),
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("connected"),
        }
        // The attempt leaves no socket behind, and so no thread of the client.
        until("the socket is closed", async || gate.connections() == 0).await;
    })
    .await;
}
