//! The broker that the tests use, and a prefix of its own for each test.

#![expect(clippy::unwrap_used, reason = "a test fails where its surroundings do")]

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use lapin::{
    Channel, Connection, ConnectionProperties,
    options::{BasicAckOptions, BasicGetOptions, ExchangeDeleteOptions, QueueDeleteOptions},
    types::AMQPValue,
};
use queue::{
    QueueError,
    conformance::DeadLetter,
    rabbitmq::{RabbitConsumer, RabbitMq, RabbitPublisher, Topology},
};
use shared::{
    config::{Amqp, SecretUrl},
    ids::ProcessId,
};
use url::Url;

use crate::gate::Gate;

/// Short, so that the tests are; the second one longer than any test waits for it.
pub(crate) const WAITS_MS: [u64; 2] = [300, 60_000];

/// Longest time for one publish.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// Longest wait for a condition.
const UNTIL: Duration = Duration::from_secs(20);

/// A broker that is asked without a pause has no time for the others.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// One test's share of the broker.
pub(crate) struct Broker {
    pub(crate) url: Url,
    pub(crate) prefix: String,
    pub(crate) rabbit: RabbitMq,
    connection: Connection,
}

/// A dead letter as it lies in the queue.
pub(crate) struct Dead {
    pub(crate) body: Vec<u8>,
    pub(crate) message_id: String,
    pub(crate) reason: String,
    pub(crate) attempts: u32,
}

impl Broker {
    /// Runs a test, and removes its queues however it ended.
    pub(crate) async fn run(test: impl AsyncFnOnce(&Broker)) {
        let url = url();
        let prefix = format!("test-{}.", uuid::Uuid::new_v4().simple());
        let connection = Connection::connect(url.as_str(), ConnectionProperties::default()).await.unwrap();
        let amqp =
            Amqp { url: Some(SecretUrl::parse(url.as_str()).unwrap()), prefix: prefix.clone(), ..Amqp::default() };
        let rabbit = RabbitMq::connect(&amqp, &WAITS_MS, &ProcessId::for_service("test")).await.unwrap();
        let broker = Self { url, prefix, rabbit, connection };
        let outcome = AssertUnwindSafe(test(&broker)).catch_unwind().await;
        broker.clean_up().await;
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    }

    async fn clean_up(self) {
        let topology = Topology::new(&self.prefix, &WAITS_MS);
        self.rabbit.close().await;
        let channel = self.connection.create_channel().await.unwrap();
        let mut queues = vec![topology.work(), topology.dead(), topology.unrouted()];
        queues.extend(WAITS_MS.map(|wait_ms| topology.wait(wait_ms)));
        for queue in queues {
            channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await.unwrap();
        }
        for exchange in [topology.slack(), topology.slack_unrouted()] {
            channel.exchange_delete(exchange.into(), ExchangeDeleteOptions::default()).await.unwrap();
        }
        self.connection.close(200, "OK".into()).await.unwrap();
    }

    /// A publisher, and a consumer with this prefetch.
    pub(crate) fn pair(&self, prefetch: u16) -> (RabbitPublisher, RabbitConsumer) {
        (self.rabbit.publisher(TIMEOUT), self.rabbit.consumer(prefetch, TIMEOUT))
    }

    /// A channel beside the code under test.
    pub(crate) async fn channel(&self) -> Channel {
        self.connection.create_channel().await.unwrap()
    }

    pub(crate) fn amqp(&self) -> Amqp {
        self.amqp_at(&self.url)
    }

    pub(crate) fn amqp_as(&self, user: &str, password: &str) -> Amqp {
        let mut url = self.url.clone();
        url.set_username(user).unwrap();
        url.set_password(Some(password)).unwrap();
        self.amqp_at(&url)
    }

    pub(crate) fn amqp_on(&self, vhost: &str) -> Amqp {
        let mut url = self.url.clone();
        url.set_path(vhost);
        self.amqp_at(&url)
    }

    pub(crate) fn amqp_through(&self, gate: &Gate) -> Amqp {
        let mut url = self.url.clone();
        url.set_ip_host(gate.address().ip()).unwrap();
        url.set_port(Some(gate.address().port())).unwrap();
        self.amqp_at(&url)
    }

    pub(crate) async fn connect_through(&self, gate: &Gate) -> Result<RabbitMq, QueueError> {
        RabbitMq::connect(&self.amqp_through(gate), &WAITS_MS, &ProcessId::for_service("test")).await
    }

    fn amqp_at(&self, url: &Url) -> Amqp {
        let url = Some(SecretUrl::parse(url.as_str()).unwrap());
        Amqp { url, prefix: self.prefix.clone(), ..Amqp::default() }
    }

    /// Takes the oldest dead letter, waiting for it.
    pub(crate) async fn take_dead(&self) -> Dead {
        let dead = self.rabbit.topology().dead();
        let channel = self.channel().await;
        let waiting = async {
            loop {
                let got = channel.basic_get(dead.as_str().into(), BasicGetOptions::default()).await.unwrap();
                if let Some(message) = got {
                    message.ack(BasicAckOptions::default()).await.unwrap();
                    return message.delivery;
                }
                tokio::time::sleep(BETWEEN_LOOKS).await;
            }
        };
        let message = tokio::time::timeout(UNTIL, waiting).await.expect("a dead letter comes");
        let headers = message.properties.headers().clone().unwrap_or_default();
        let Some(AMQPValue::LongString(reason)) = headers.inner().get("x-error") else { panic!("{headers:?}") };
        let Some(AMQPValue::LongLongInt(attempts)) = headers.inner().get("x-attempts") else { panic!("{headers:?}") };
        assert!(matches!(headers.inner().get("x-dead-at"), Some(AMQPValue::LongLongInt(at)) if *at > 0));
        Dead {
            message_id: message.properties.message_id().as_ref().map(ToString::to_string).unwrap_or_default(),
            reason: reason.to_string(),
            attempts: u32::try_from(*attempts).unwrap(),
            body: message.data,
        }
    }

    pub(crate) async fn take_dead_task(&self) -> DeadLetter {
        let Dead { body, reason, attempts, .. } = self.take_dead().await;
        DeadLetter { task: serde_json::from_slice(&body).unwrap(), reason, attempts }
    }
}

/// Waits until a condition holds.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    };
    tokio::time::timeout(UNTIL, waiting).await.unwrap_or_else(|_| panic!("did not happen: {what}"));
}

fn url() -> Url {
    let url = std::env::var_os("THREADKEEPER_TEST_AMQP_URL")
        .expect("THREADKEEPER_TEST_AMQP_URL is not set: run scripts/test, which starts a private broker");
    url.to_str().and_then(|url| Url::parse(url).ok()).expect("THREADKEEPER_TEST_AMQP_URL is a URL")
}
