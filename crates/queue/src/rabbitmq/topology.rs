//! The queues and exchanges: their names, their arguments, and the reason of each.
//!
//! Both services declare all of them, so that neither has to start first. Declaring what exists in the same form
//! changes nothing; in another form RabbitMQ refuses it with 406
//! (<https://www.rabbitmq.com/docs/queues#property-equivalence>). So the arguments of a name never change: a new form
//! is a new name, `work.v2`.

use lapin::{
    Channel, ErrorKind, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    protocol::{AMQPErrorKind, AMQPSoftError},
    types::{AMQPValue, FieldTable, LongString},
};

use crate::QueueError;

/// Larger than any number of redeliveries. Attempts are counted per question in Redis: the broker's count includes
/// outages and hand-overs, and a low limit dead-letters healthy questions. It is not left unset because that means
/// other things: on 3.10 a requeued message goes to the back of the queue, on 4.x the limit is 20.
const DELIVERY_LIMIT: i64 = 1_000_000_000;

/// The routing keys within the exchange: the queue's name without prefix.
pub(crate) const WORK: &str = "work";
pub(crate) const DEAD: &str = "dead";
const SLACK: &str = "slack";
const SLACK_UNROUTED: &str = "slack.unrouted";
const UNROUTED: &str = "unrouted";

/// Names of all queues and exchanges under a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    prefix: String,
    waits_ms: Vec<u64>,
}

/// One queue as it is declared.
#[derive(Debug, Clone, PartialEq)]
struct QueueForm {
    name: String,
    arguments: FieldTable,
    /// The exchange and the key that lead to it.
    binding: (String, String),
}

impl Topology {
    /// The topology whose every name begins with `prefix`, with one wait queue for each of `waits_ms` (milliseconds).
    pub fn new(prefix: &str, waits_ms: &[u64]) -> Self {
        Self { prefix: prefix.to_owned(), waits_ms: waits_ms.to_vec() }
    }

    fn named(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The exchange that everything is published to.
    pub fn slack(&self) -> String {
        self.named(SLACK)
    }

    /// The exchange that gets what `slack` cannot route.
    pub fn slack_unrouted(&self) -> String {
        self.named(SLACK_UNROUTED)
    }

    /// The queue of what could not be routed; must stay empty.
    pub fn unrouted(&self) -> String {
        self.named(UNROUTED)
    }

    /// The queue that responders consume.
    pub fn work(&self) -> String {
        self.named(WORK)
    }

    /// The queue whose messages return to `work` after `wait_ms` milliseconds.
    pub fn wait(&self, wait_ms: u64) -> String {
        self.named(&wait_key(wait_ms))
    }

    /// The queue of questions that were given up.
    pub fn dead(&self) -> String {
        self.named(DEAD)
    }

    /// The wait queues' times in ms.
    pub fn waits_ms(&self) -> &[u64] {
        &self.waits_ms
    }

    /// The routing key of the wait queue of `wait_ms` milliseconds.
    ///
    /// # Errors
    /// When there is no such wait queue.
    pub(crate) fn wait_key(&self, wait_ms: u64) -> Result<String, QueueError> {
        if self.waits_ms.contains(&wait_ms) {
            Ok(wait_key(wait_ms))
        } else {
            Err(QueueError::UnknownWait { wait_ms, known: self.waits_ms.clone() })
        }
    }

    /// All queues in the order of declaration: `work` and `dead` stand before what dead-letters into them, because a
    /// missing target is tried again only every 180 s.
    fn queues(&self) -> Vec<QueueForm> {
        let by_key = |key: String| (self.slack(), key);
        let mut queues = vec![
            QueueForm { name: self.unrouted(), arguments: quorum(), binding: (self.slack_unrouted(), String::new()) },
            QueueForm { name: self.dead(), arguments: kept(quorum()), binding: by_key(DEAD.to_owned()) },
            QueueForm {
                name: self.work(),
                arguments: dead_lettering(kept(quorum()), &self.dead()),
                binding: by_key(WORK.to_owned()),
            },
        ];
        for &wait_ms in &self.waits_ms {
            let mut arguments = dead_lettering(quorum(), &self.work());
            // One time for the whole queue, because a time per message waits for the message before it.
            arguments.insert("x-message-ttl".into(), integer(i64::try_from(wait_ms).unwrap_or(i64::MAX)));
            queues.push(QueueForm { name: self.wait(wait_ms), arguments, binding: by_key(wait_key(wait_ms)) });
        }
        queues
    }

    /// Declares everything on `channel`. Idempotent. After an error the channel is closed by the broker.
    pub(crate) async fn declare(&self, channel: &Channel) -> Result<(), QueueError> {
        let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        let failed = |name: &str| {
            let name = name.to_owned();
            move |error| refused(name, error)
        };

        let unrouted = self.slack_unrouted();
        channel
            .exchange_declare(unrouted.as_str().into(), ExchangeKind::Fanout, durable, FieldTable::default())
            .await
            .map_err(failed(&unrouted))?;

        // Because an exchange confirms what it cannot route: with the alternate exchange it is kept, not lost
        // (https://www.rabbitmq.com/docs/ae).
        let mut arguments = FieldTable::default();
        arguments.insert("alternate-exchange".into(), text(&unrouted));
        let slack = self.slack();
        channel
            .exchange_declare(slack.as_str().into(), ExchangeKind::Direct, durable, arguments)
            .await
            .map_err(failed(&slack))?;

        for queue in self.queues() {
            let name = queue.name.as_str();
            channel
                .queue_declare(name.into(), QueueDeclareOptions::durable(), queue.arguments)
                .await
                .map_err(failed(name))?;
            let (exchange, key) = queue.binding;
            channel
                .queue_bind(
                    name.into(),
                    exchange.as_str().into(),
                    key.as_str().into(),
                    QueueBindOptions::default(),
                    FieldTable::default(),
                )
                .await
                .map_err(failed(name))?;
        }
        Ok(())
    }
}

fn wait_key(wait_ms: u64) -> String {
    format!("wait.{wait_ms}")
}

/// A quorum queue, because it is replicated where there are several nodes, keeps what it has confirmed through a
/// restart, and is the only kind with at-least-once dead lettering (<https://www.rabbitmq.com/docs/quorum-queues>).
fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments
}

/// A queue whose messages are requeued as often as it takes.
fn kept(mut arguments: FieldTable) -> FieldTable {
    arguments.insert("x-delivery-limit".into(), integer(DELIVERY_LIMIT));
    arguments
}

/// A queue whose messages go to `target` when it lets them go: at least once, because the default may lose them on the
/// way; `reject-publish`, because without it at-least-once silently becomes at-most-once
/// (<https://www.rabbitmq.com/blog/2022/03/29/at-least-once-dead-lettering>).
fn dead_lettering(mut arguments: FieldTable, target: &str) -> FieldTable {
    arguments.insert("x-dead-letter-exchange".into(), text(""));
    arguments.insert("x-dead-letter-routing-key".into(), text(target));
    arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    arguments.insert("x-overflow".into(), text("reject-publish"));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(value))
}

fn integer(value: i64) -> AMQPValue {
    AMQPValue::LongLongInt(value)
}

fn refused(name: String, error: lapin::Error) -> QueueError {
    if let ErrorKind::ProtocolError(broker) = error.kind()
        && matches!(broker.kind(), AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED))
    {
        return QueueError::OtherForm { name, broker: broker.get_message().to_string(), source: Box::new(error) };
    }
    QueueError::Declare { name, source: Box::new(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(topology: &Topology, name: &str) -> Vec<(String, String)> {
        let queue = topology.queues().into_iter().find(|queue| queue.name == name).expect("the queue is declared");
        let mut arguments: Vec<_> = queue
            .arguments
            .into_iter()
            .map(|(key, value)| {
                let value = match value {
                    AMQPValue::LongString(text) => text.to_string(),
                    AMQPValue::LongLongInt(number) => number.to_string(),
                    other => format!("{other:?}"),
                };
                (key.to_string(), value)
            })
            .collect();
        arguments.sort();
        arguments
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_prefix_stands_before_every_name() {
        let topology = Topology::new("test.", &[1000]);
        assert_eq!(
            [
                topology.slack(),
                topology.slack_unrouted(),
                topology.unrouted(),
                topology.work(),
                topology.wait(1000),
                topology.dead()
            ],
            ["test.slack", "test.slack.unrouted", "test.unrouted", "test.work", "test.wait.1000", "test.dead"]
        );
    }

    #[test]
    fn work_keeps_a_question_through_any_number_of_redeliveries() {
        assert_eq!(
            arguments(&Topology::new("", &[1000]), "work"),
            pairs(&[
                ("x-dead-letter-exchange", ""),
                ("x-dead-letter-routing-key", "dead"),
                ("x-dead-letter-strategy", "at-least-once"),
                ("x-delivery-limit", "1000000000"),
                ("x-overflow", "reject-publish"),
                ("x-queue-type", "quorum"),
            ])
        );
    }

    #[test]
    fn a_wait_queue_returns_to_work_after_the_time_in_its_name() {
        assert_eq!(
            arguments(&Topology::new("p.", &[1000, 5000]), "p.wait.5000"),
            pairs(&[
                ("x-dead-letter-exchange", ""),
                ("x-dead-letter-routing-key", "p.work"),
                ("x-dead-letter-strategy", "at-least-once"),
                ("x-message-ttl", "5000"),
                ("x-overflow", "reject-publish"),
                ("x-queue-type", "quorum"),
            ])
        );
    }

    #[test]
    fn dead_letters_do_not_expire() {
        assert_eq!(
            arguments(&Topology::new("", &[]), "dead"),
            pairs(&[("x-delivery-limit", "1000000000"), ("x-queue-type", "quorum")])
        );
    }

    #[test]
    fn targets_of_dead_lettering_are_declared_before_what_leads_to_them() {
        let names: Vec<_> = Topology::new("", &[1, 2]).queues().into_iter().map(|queue| queue.name).collect();
        assert_eq!(names, ["unrouted", "dead", "work", "wait.1", "wait.2"]);
    }

    #[test]
    fn a_wait_that_no_queue_has_is_refused() {
        let error = Topology::new("", &[1000]).wait_key(7).unwrap_err().to_string();
        assert!(error.contains('7') && error.contains("1000"), "{error}");
    }
}
