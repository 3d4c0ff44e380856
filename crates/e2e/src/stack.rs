//! The whole of Threadkeeper as a test sees it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use uuid::Uuid;

use crate::{
    HarnessError, RabbitMq, Redis, Service,
    process::ServiceBuilder,
    servers::{QueueDepth, RedisBuilder, shared_broker},
};

/// A service connects to two servers and declares its queues; on a busy machine that takes seconds.
const READY_TIMEOUT: Duration = Duration::from_mins(1);

/// The bot token of a stack unless it is told another one.
pub const BOT_TOKEN: &str = "xoxb-test-token";

/// The signing secret of a stack unless it is told another one.
pub const SIGNING_SECRET: &str = "test-signing-secret";

/// See [`StackBuilder::scaled_times`].
const SCALED_TIMES: [(&str, &str); 12] = [
    // A frozen worker keeps its copies until the broker misses its heartbeats.
    ("THREADKEEPER__AMQP__HEARTBEAT", "2s"),
    ("THREADKEEPER__DELIVERY__LEASE", "2s"),
    ("THREADKEEPER__DELIVERY__POST_START", "300ms"),
    ("THREADKEEPER__DELIVERY__POST_TIMEOUT", "1s"),
    ("THREADKEEPER__DELIVERY__POST_LEASE", "2s"),
    ("THREADKEEPER__DELIVERY__WAITS", "100,500,1000,3000"),
    ("THREADKEEPER__DELIVERY__RECONCILE_PAUSE", "300ms"),
    ("THREADKEEPER__DELIVERY__SETTLE", "2s"),
    ("THREADKEEPER__DELIVERY__CLOCK_MARGIN", "2s"),
    ("THREADKEEPER__REDIS__SOCKET_TIMEOUT", "1s"),
    ("THREADKEEPER__REDIS__CONNECT_TIMEOUT", "1s"),
    ("THREADKEEPER__CONTEXT__MAX_TURNS", "10000"),
];

/// What a stack is started with.
#[derive(Debug, Clone)]
pub struct StackBuilder {
    ingresses: usize,
    responders: usize,
    redis: RedisBuilder,
    own_broker: bool,
    variables: Vec<(String, String)>,
}

impl StackBuilder {
    /// How many ingresses; 1 by default.
    #[must_use]
    pub fn ingresses(mut self, count: usize) -> Self {
        self.ingresses = count;
        self
    }

    /// How many responders; 1 by default.
    #[must_use]
    pub fn responders(mut self, count: usize) -> Self {
        self.responders = count;
        self
    }

    /// A Redis with options.
    #[must_use]
    pub fn redis(mut self, redis: RedisBuilder) -> Self {
        self.redis = redis;
        self
    }

    /// A broker of its own, for a test that stops it or sets an alarm; it costs about 4 s.
    #[must_use]
    pub fn own_broker(mut self) -> Self {
        self.own_broker = true;
        self
    }

    /// One more variable for every service; it wins over what the stack sets.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// The times of the delivery protocol in seconds instead of half minutes, in about the same proportions, so that a
    /// test sees what happens after a lease, a reconciliation or a clean-up. Contexts are never trimmed.
    #[must_use]
    pub fn scaled_times(self) -> Self {
        SCALED_TIMES.iter().fold(self, |stack, (name, value)| stack.env(*name, *value))
    }

    /// Answers grow for about a second and a half before they are complete, and each is shown meanwhile: Slack's limits are
    /// not kept to, which would allow few streams a minute.
    #[must_use]
    pub fn streaming(self) -> Self {
        let variables = [
            ("THREADKEEPER__ANSWER__ECHO_SENTENCES", "5"),
            ("THREADKEEPER__ANSWER__ECHO_DELAY", "300ms"),
            ("THREADKEEPER__SLACK__PACING", "off"),
        ];
        variables.into_iter().fold(self, |stack, (name, value)| stack.env(name, value))
    }

    /// Starts everything and waits until every service is ready.
    ///
    /// # Errors
    /// When a server or a service does not start; with the service's log.
    pub async fn build(self) -> Result<Stack, HarnessError> {
        let broker = if self.own_broker {
            Broker::Own(Box::new(RabbitMq::start().await?))
        } else {
            Broker::Shared(shared_broker().await?)
        };
        let random = Uuid::new_v4().simple().to_string();
        let mut stack = Stack {
            prefix: format!("t{}.", &random[..12]),
            ingresses: Vec::new(),
            responders: Vec::new(),
            redis: self.redis.start().await?,
            broker,
            variables: self.variables,
        };
        for _ in 0..self.ingresses {
            stack.start_ingress()?;
        }
        for _ in 0..self.responders {
            stack.start_responder()?;
        }
        for service in stack.ingresses.iter().chain(&stack.responders) {
            service.ready(READY_TIMEOUT).await?;
        }
        Ok(stack)
    }
}

enum Broker {
    Shared(&'static RabbitMq),
    Own(Box<RabbitMq>),
}

/// Ingresses and responders as processes, their own Redis, and their own queues on a broker.
///
/// Everything ends with this value: the services are killed, the queues deleted. Nothing is asserted then; a test says
/// itself what it expects, for example with [`Stack::settled`].
pub struct Stack {
    // Fields are dropped in this order: services first, then what they talk to.
    /// The ingresses, in the order of their start.
    pub ingresses: Vec<Service>,
    /// The responders, in the order of their start.
    pub responders: Vec<Service>,
    /// Its Redis.
    pub redis: Redis,
    broker: Broker,
    prefix: String,
    variables: Vec<(String, String)>,
}

impl Stack {
    /// A stack that calls Slack at this URL, in answer mode `echo`.
    pub fn builder(slack_api_url: impl Into<String>) -> StackBuilder {
        StackBuilder {
            ingresses: 1,
            responders: 1,
            redis: Redis::builder(),
            own_broker: false,
            variables: vec![("SLACK_API_URL".to_owned(), slack_api_url.into())],
        }
    }

    /// What the names of its queues start with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Its broker; shared with other tests unless the stack was built with [`StackBuilder::own_broker`].
    pub fn broker(&self) -> &RabbitMq {
        match &self.broker {
            Broker::Shared(broker) => broker,
            Broker::Own(broker) => broker,
        }
    }

    /// Where Slack sends events: one URL for each ingress.
    ///
    /// # Panics
    /// When an ingress that a test started itself does not listen yet.
    pub fn event_urls(&self) -> Vec<String> {
        self.ingresses.iter().map(|ingress| ingress.url("/slack/events")).collect()
    }

    /// Starts one more ingress and returns at once; [`Service::ready`] waits for it.
    ///
    /// # Errors
    /// When its binary is not built.
    pub fn start_ingress(&mut self) -> Result<&Service, HarnessError> {
        let service = self.service("ingress", self.ingresses.len()).start()?;
        self.ingresses.push(service);
        Ok(&self.ingresses[self.ingresses.len() - 1])
    }

    /// Starts one more responder and returns at once; [`Service::ready`] waits for it.
    ///
    /// # Errors
    /// When its binary is not built.
    pub fn start_responder(&mut self) -> Result<&Service, HarnessError> {
        let service = self.service("responder", self.responders.len()).start()?;
        self.responders.push(service);
        Ok(&self.responders[self.responders.len() - 1])
    }

    /// A service as this stack would start it, `ingress` or `responder`, for a test that changes something first.
    pub fn service(&self, kind: &str, number: usize) -> ServiceBuilder {
        self.configured(Service::builder(format!("threadkeeper-{kind}")).name(format!("{kind} {number}")))
    }

    /// The command `threadkeeper` with these arguments, for its operators.
    pub fn operator(&self, arguments: &[&str]) -> ServiceBuilder {
        let command = Service::builder("threadkeeper");
        self.configured(arguments.iter().fold(command, |command, argument| command.arg(*argument)))
    }

    fn configured(&self, builder: ServiceBuilder) -> ServiceBuilder {
        let mut builder = builder
            .env("SLACK_BOT_TOKEN", BOT_TOKEN)
            .env("SLACK_SIGNING_SECRET", SIGNING_SECRET)
            .env("REDIS_URL", self.redis.url())
            .env("AMQP_URL", self.broker().url())
            .env("THREADKEEPER__AMQP__PREFIX", &self.prefix)
            .env("THREADKEEPER__INGRESS__LISTEN", "127.0.0.1:0")
            .env("THREADKEEPER__RESPONDER__LISTEN", "127.0.0.1:0")
            .env("THREADKEEPER__ANSWER__MODE", "echo")
            // More than a message a second per channel is what load and faults need; a test of the pace sets it on.
            .env("THREADKEEPER__SLACK__PACING", "off");
        for (name, value) in &self.variables {
            builder = builder.env(name, value);
        }
        builder
    }

    /// How much is in each of its queues; the names are without the prefix. A call takes about 0.5 s.
    ///
    /// # Errors
    /// When the broker is away.
    pub async fn queue_depths(&self) -> Result<BTreeMap<String, QueueDepth>, HarnessError> {
        self.broker().queue_depths(&self.prefix).await
    }

    /// Waits until every one of its queues is empty, `dead` and `unrouted` too, with nothing unacknowledged. A broker
    /// that does not answer, as one that has just been restarted, is asked again.
    ///
    /// # Errors
    /// With the last counts: when one is not empty after `timeout`; also when there are no queues at all.
    pub async fn settled(&self, timeout: Duration) -> Result<(), HarnessError> {
        let start = Instant::now();
        let mut empty = 0;
        let last = loop {
            // A call takes long enough to need no pause between two.
            let depths = self.queue_depths().await;
            let none_left =
                |depths: &BTreeMap<_, QueueDepth>| !depths.is_empty() && depths.values().all(QueueDepth::is_empty);
            empty = if depths.as_ref().is_ok_and(none_left) { empty + 1 } else { 0 };
            // Queues are looked at one after the other; a message that moves meanwhile is missed once, and not twice.
            if empty == 2 {
                return Ok(());
            }
            if start.elapsed() >= timeout {
                break depths?;
            }
        };
        let what = format!("every queue to be empty; the last counts: {last:#?}");
        Err(HarnessError::TimedOut { what, waited: start.elapsed() })
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // A service that still ran would declare its queues again.
        self.ingresses.iter().chain(&self.responders).for_each(Service::kill);
        if let Broker::Shared(broker) = self.broker {
            // The queues of a stack whose deletion fails stay until the shared broker ends with the test run.
            broker.start_delete_all(&self.prefix).ok();
        }
    }
}
