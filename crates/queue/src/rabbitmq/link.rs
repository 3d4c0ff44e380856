//! One connection that is kept up for as long as it is needed.
//!
//! The client library's own recovery gives up after a number of attempts and does not see everything; so it is off,
//! and a task of ours connects, watches, and connects again, without limit. Whoever uses the connection waits here for
//! the present one and opens channels of his own on it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{FutureExt, StreamExt};
use lapin::{Connection, Event};
use shared::{retry::Backoff, telemetry};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::endpoint::Endpoint;
use crate::QueueError;

/// How often the connection's state is looked at beside its events.
const CHECK: Duration = Duration::from_millis(250);

/// Longest time for saying goodbye to the broker; after it the socket is dropped, which means the same.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// What the connection is for. Two connections, because a broker's memory alarm stops everything on a connection that
/// publishes, acks included (<https://www.rabbitmq.com/docs/alarms#effects-on-clients>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Publish,
    Consume,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Consume => "consume",
        }
    }
}

/// How the connection stands.
#[derive(Clone)]
enum State {
    Up(Arc<Connection>),
    /// The broker takes no messages on it: the reason in the broker's words.
    Blocked(Arc<Connection>, String),
    /// Why there is none.
    Down(String),
}

/// The user's side of a supervised connection. The supervision ends when it is dropped.
pub(super) struct Link {
    state: watch::Receiver<State>,
    stop: CancellationToken,
    supervision: std::sync::Mutex<Option<JoinHandle<()>>>,
}

impl Link {
    /// Makes the first attempt, and supervises the connection from then on.
    pub(super) async fn connect(endpoint: &Endpoint, purpose: Purpose) -> Result<Self, QueueError> {
        let connection = endpoint.connect(purpose.as_str()).await?;
        log_connected(endpoint, purpose);
        Ok(Self::start(endpoint.clone(), purpose, Some(connection)))
    }

    /// Connects in the background. Must be called within a runtime.
    pub(super) fn connect_later(endpoint: &Endpoint, purpose: Purpose) -> Self {
        Self::start(endpoint.clone(), purpose, None)
    }

    fn start(endpoint: Endpoint, purpose: Purpose, first: Option<Connection>) -> Self {
        let (sender, state) = watch::channel(State::Down("not connected yet".to_owned()));
        let stop = CancellationToken::new();
        let supervisor = Supervisor { endpoint, purpose, state: sender, stop: stop.clone() };
        #[expect(clippy::disallowed_methods, reason = "its end is seen by every user: the watch channel closes")]
        let supervision = tokio::spawn(supervisor.run(first));
        Self { state, stop, supervision: std::sync::Mutex::new(Some(supervision)) }
    }

    /// The connection, as soon as it is up. None = the supervision has ended.
    pub(super) async fn connected(&self) -> Option<Arc<Connection>> {
        self.wait_for(|state| match state {
            State::Up(connection) | State::Blocked(connection, _) => Some(connection),
            State::Down(_) => None,
        })
        .await
    }

    /// The connection, as soon as it is up and the broker takes messages on it. None = the supervision has ended.
    pub(super) async fn publishable(&self) -> Option<Arc<Connection>> {
        self.wait_for(|state| match state {
            State::Up(connection) => Some(connection),
            State::Blocked(..) | State::Down(_) => None,
        })
        .await
    }

    async fn wait_for(&self, pick: impl Fn(&State) -> Option<&Arc<Connection>>) -> Option<Arc<Connection>> {
        // What is lost but not yet noticed does not count: the supervisor will say so in a moment.
        let live = |state: &State| pick(state).filter(|connection| connection.status().connected()).cloned();
        let mut state = self.state.clone();
        let found = state.wait_for(|state| live(state).is_some()).await.ok()?;
        pick(&found).cloned()
    }

    /// The broker's reason for taking no messages, if so.
    pub(super) fn blocked(&self) -> Option<String> {
        match &*self.state.borrow() {
            State::Blocked(_, reason) => Some(reason.clone()),
            State::Up(_) | State::Down(_) => None,
        }
    }

    /// Why there is no connection, if so.
    pub(super) fn down(&self) -> Option<String> {
        match &*self.state.borrow() {
            State::Down(cause) => Some(cause.clone()),
            State::Up(connection) | State::Blocked(connection, _) => {
                (!connection.status().connected()).then(|| "the connection was just lost".to_owned())
            }
        }
    }

    /// Closes the connection and waits until it is closed.
    pub(super) async fn close(&self) {
        self.stop.cancel();
        let supervision = self.supervision.lock().ok().and_then(|mut supervision| supervision.take());
        if let Some(supervision) = supervision
            && let Err(error) = supervision.await
        {
            tracing::error!("the supervision of a RabbitMQ connection has died: {error}");
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The task that keeps one connection up.
struct Supervisor {
    endpoint: Endpoint,
    purpose: Purpose,
    state: watch::Sender<State>,
    stop: CancellationToken,
}

impl Supervisor {
    async fn run(self, first: Option<Connection>) {
        let purpose = self.purpose.as_str();
        let mut next = first;
        let mut failures = 0;
        let mut down_since = None;
        loop {
            let connection = match next.take() {
                Some(connection) => connection,
                None => match self.connect_until_it_works(&mut failures).await {
                    Some(connection) => connection,
                    None => return,
                },
            };
            if let Some(down) = down_since.take().map(|since: Instant| since.elapsed().as_millis()) {
                tracing::info!(purpose, outcome = "rabbitmq_back", down_ms = %down, "recovered: connected to RabbitMQ again ({purpose}), after {down} ms");
            }
            let since = Instant::now();
            metrics::gauge!("threadkeeper_broker_connected", "purpose" => purpose).set(1.0);
            let lost = self.watch(Arc::new(connection)).await;
            metrics::gauge!("threadkeeper_broker_connected", "purpose" => purpose).set(0.0);
            let Some(cause) = lost else { return };
            down_since = Some(Instant::now());
            tracing::warn!(
                url = %self.endpoint.url(), purpose, outcome = "rabbitmq_lost", cause,
                "connection to RabbitMQ lost ({purpose}), reconnecting: {cause}"
            );
            metrics::counter!("threadkeeper_broker_connections_lost_total", "purpose" => purpose).increment(1);
            self.state.send_replace(State::Down(cause));
            // A broker that takes connections and drops them at once is a failing one.
            failures = if since.elapsed() > Backoff::RECONNECT.longest { 0 } else { failures + 1 };
            if self.stopped_before_attempt(failures).await {
                return;
            }
        }
    }

    /// Waits for the next attempt's turn; true when the link was stopped meanwhile.
    async fn stopped_before_attempt(&self, failures: u32) -> bool {
        let delay = Backoff::RECONNECT.delay(failures, &mut rand::rng());
        tokio::time::timeout(delay, self.stop.cancelled()).await.is_ok()
    }

    /// Connects after `failures` failures, which it counts on. None = stopped.
    async fn connect_until_it_works(&self, failures: &mut u32) -> Option<Connection> {
        let purpose = self.purpose.as_str();
        loop {
            // Not interrupted by `stop`: the attempt is short, and the client's thread panics when the runtime ends
            // under it.
            let error = match self.endpoint.connect(purpose).await {
                Ok(connection) => {
                    log_connected(&self.endpoint, self.purpose);
                    return Some(connection);
                }
                Err(error) => error,
            };
            *failures = failures.saturating_add(1);
            let (attempt, cause) = (*failures, telemetry::chain(&error));
            if error.is_unreachable() {
                tracing::warn!(purpose, attempt, "reconnecting to RabbitMQ ({purpose}, attempt {attempt}): {cause}");
            } else {
                tracing::error!(purpose, attempt, "reconnecting to RabbitMQ ({purpose}, attempt {attempt}): {cause}");
            }
            self.state.send_replace(State::Down(cause));
            if self.stopped_before_attempt(attempt).await {
                return None;
            }
        }
    }

    /// Serves until the connection is lost, and says why. None = stopped.
    async fn watch(&self, connection: Arc<Connection>) -> Option<String> {
        // The listeners of a connection share its events, so there is one.
        let mut events = std::pin::pin!(connection.events_listener());
        self.state.send_replace(State::Up(Arc::clone(&connection)));
        let mut error = None;
        loop {
            tokio::select! {
                () = self.stop.cancelled() => {
                    self.state.send_replace(State::Down("closed".to_owned()));
                    close(&connection).await;
                    return None;
                }
                Some(event) = events.next() => error = self.note(&connection, event).or(error),
                () = tokio::time::sleep(CHECK) => {}
            }
            if !connection.status().connected() {
                while let Some(Some(event)) = events.next().now_or_never() {
                    error = self.note(&connection, event).or(error);
                }
                return Some(error.unwrap_or_else(|| "closed without a reason".to_owned()));
            }
        }
    }

    /// Acts on an event; an error's text is handed back.
    fn note(&self, connection: &Arc<Connection>, event: Event) -> Option<String> {
        match event {
            Event::Error(error) => Some(error.to_string()),
            Event::ConnectionBlocked(reason) => {
                tracing::error!(
                    purpose = self.purpose.as_str(),
                    outcome = "rabbitmq_blocked",
                    reason,
                    "RabbitMQ takes no messages at present ({reason}): free its memory or disk, see rabbitmqctl status"
                );
                self.state.send_replace(State::Blocked(Arc::clone(connection), reason));
                None
            }
            Event::ConnectionUnblocked => {
                tracing::info!(
                    purpose = self.purpose.as_str(),
                    outcome = "rabbitmq_unblocked",
                    "RabbitMQ takes messages again"
                );
                self.state.send_replace(State::Up(Arc::clone(connection)));
                None
            }
            _ => None,
        }
    }
}

fn log_connected(endpoint: &Endpoint, purpose: Purpose) {
    let (url, connection) = (endpoint.url(), endpoint.connection_name(purpose.as_str()));
    tracing::info!(%url, connection, "connected to RabbitMQ at {url} as `{connection}`");
    metrics::counter!("threadkeeper_broker_connections_total", "purpose" => purpose.as_str()).increment(1);
}

async fn close(connection: &Connection) {
    // Channels that close at the same moment make this an error that means nothing.
    match tokio::time::timeout(CLOSE_TIMEOUT, connection.close(200, "OK".into())).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!("closing a RabbitMQ connection: {error}"),
        Err(_) => tracing::debug!("closing a RabbitMQ connection: no answer"),
    }
}
