//! Connections that are refused, held up, lost and found again.

use std::time::Duration;

use lapin::{
    options::{QueueDeclareOptions, QueueDeleteOptions},
    types::{AMQPValue, FieldTable},
};
use queue::{Delivery, Headers, QueueError, TaskConsumer, TaskPublisher, conformance, rabbitmq::RabbitMq};
use shared::{ids::ProcessId, task::Task};

use crate::{
    broker::{Broker, TIMEOUT, WAITS_MS, until},
    gate::Gate,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publish_succeeds_only_after_the_brokers_confirm() {
    Broker::run(async |broker| {
        let gate = Gate::open(&broker.url).await;
        let rabbit = broker.connect_through(&gate).await.unwrap();
        // It opens the channel that both use, which takes its time on a busy machine.
        rabbit.publisher(TIMEOUT).publish(&conformance::task(1), &Headers::first()).await.unwrap();
        gate.hold_answers();
        let impatient = rabbit.publisher(Duration::from_millis(300));
        match impatient.publish(&conformance::task(2), &Headers::first()).await {
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
        for number in 1..=3 {
            publisher.publish(&conformance::task(number), &Headers::first()).await.unwrap();
        }
        let acked_late = conformance::next(&mut consumer).await;
        let parked_late = conformance::next(&mut consumer).await;
        until("the third was sent ahead", async || broker.rabbit.depths().await.unwrap().work == 0).await;

        gate.cut();
        until("the loss is noticed", async || rabbit.ready().is_err()).await;
        let quick = rabbit.publisher(Duration::from_millis(100));
        match quick.publish(&conformance::task(9), &Headers::first()).await {
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

        // 1 and 2 again, since nothing was acked; 2 once more from its wait queue; 3 once, for what was sent ahead on
        // the dead channel is not handed out; and 4.
        let mut asked = Vec::new();
        for _ in 0..5 {
            let delivery = conformance::next(&mut consumer).await;
            let Task::Question(question) = delivery.task();
            asked.push(question.event_id.to_string());
            delivery.ack().await;
        }
        asked.sort();
        assert_eq!(asked, ["Ev1", "Ev2", "Ev2", "Ev3", "Ev4"]);
        rabbit.ready().unwrap();
        rabbit.close().await;
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
