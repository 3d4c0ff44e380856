//! The pool: at most `redis.max_connections` calls at a time, each on one connection in one blocking closure; retries.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use r2d2::NopErrorHandler;
use redis::Value;
use shared::{config, retry::Backoff};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    connector::{Connector, History},
    scripts::NamedScript,
};
use crate::error::ThreadError;

/// How often a wait for a connection looks whether opening one has failed: a refused connection is known at once.
const LOOK: Duration = Duration::from_millis(20);

/// One call of a script.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) script: &'static NamedScript,
    pub(super) keys: Vec<String>,
    pub(super) arguments: Vec<Vec<u8>>,
    /// What changes when the call is repeated although it may have run.
    pub(super) when_repeated: fn(&mut Vec<Vec<u8>>),
}

impl Call {
    /// The key that errors and logs name.
    pub(super) fn key(&self) -> &str {
        self.keys.get(1).or(self.keys.first()).map_or("", String::as_str)
    }
}

/// Connections to one Redis.
#[derive(Clone)]
pub(super) struct Pool {
    connections: r2d2::Pool<Connector>,
    history: Arc<History>,
    permits: Arc<Semaphore>,
    waiting: Arc<AtomicU32>,
    size: u32,
    socket_timeout: Duration,
    max_retries: u32,
}

impl Pool {
    /// Starts to connect in the background.
    pub(super) fn new(redis: &config::Redis, url: &str) -> Result<Self, ThreadError> {
        let connector = Connector::new(redis, url)?;
        let history = connector.history();
        let connections = r2d2::Pool::builder()
            .max_size(redis.max_connections)
            // One is kept open, so that the first question after a quiet hour does not wait for TLS.
            .min_idle(Some(1))
            .connection_timeout(redis.socket_timeout)
            // Failures are logged by the call that met them.
            .error_handler(Box::new(NopErrorHandler))
            .build_unchecked(connector);
        Ok(Self {
            connections,
            history,
            permits: Arc::new(Semaphore::new(redis.max_connections as usize)),
            waiting: Arc::default(),
            size: redis.max_connections,
            socket_timeout: redis.socket_timeout,
            max_retries: redis.max_retries,
        })
    }

    /// Runs a script; on a timeout or a broken connection again, each time on a fresh connection.
    pub(super) async fn call(&self, mut call: Call) -> Result<Value, ThreadError> {
        let (script, key) = (call.script.name, call.key().to_owned());
        let mut retries = 0;
        loop {
            match self.try_once(call.clone()).await {
                Ok(value) => {
                    if retries > 0 {
                        metrics::counter!("threadkeeper_redis_retries_total", "outcome" => "recovered").increment(1);
                        tracing::info!(
                            script,
                            key,
                            retries,
                            "recovered: redis answered {script} of {key} after {retries} retries"
                        );
                    }
                    return Ok(value);
                }
                Err(error) if error.is_transient() && retries < self.max_retries => {
                    retries += 1;
                    (call.when_repeated)(&mut call.arguments);
                    let of = self.max_retries;
                    metrics::counter!("threadkeeper_redis_retries_total", "outcome" => "retried").increment(1);
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::warn!(
                        script,
                        key,
                        cause,
                        "retrying {script} of {key} (attempt {retries} of {of}): {error}"
                    );
                    let delay = Backoff::RECONNECT.delay(retries, &mut rand::rng());
                    tokio::time::sleep(delay).await;
                }
                Err(error) => {
                    if retries > 0 {
                        metrics::counter!("threadkeeper_redis_retries_total", "outcome" => "failed").increment(1);
                        let cause = std::error::Error::source(&error).map(ToString::to_string);
                        tracing::warn!(script, key, cause, "failed for good after {retries} retries: {error}");
                    }
                    return Err(error);
                }
            }
        }
    }

    /// One try, without retries: for the start, which has to fail fast.
    pub(super) async fn try_once(&self, call: Call) -> Result<Value, ThreadError> {
        let (script, key) = (call.script.name, call.key().to_owned());
        let permit = self.permit(script, &key).await?;
        let pool = self.clone();
        // The permit moves into the closure: a caller that gave up does not stop it, and it still uses its connection.
        let blocking = tokio::task::spawn_blocking(move || {
            let result = pool.run(&call);
            drop(permit);
            pool.measure();
            result
        });
        blocking.await.map_err(|source| ThreadError::Stopped { call: script, key, source })?
    }

    async fn permit(&self, call: &'static str, key: &str) -> Result<OwnedSemaphorePermit, ThreadError> {
        let waiting = Waiting::new(&self.waiting);
        self.measure();
        let permit = tokio::time::timeout(self.socket_timeout, Arc::clone(&self.permits).acquire_owned()).await;
        drop(waiting);
        self.measure();
        match permit {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(ThreadError::Busy { call, key: key.to_owned(), connections: self.size as usize }),
        }
    }

    fn run(&self, call: &Call) -> Result<Value, ThreadError> {
        let (script, key) = (call.script.name, call.key());
        let mut connection = self.checkout(script, key)?;
        let started = Instant::now();
        let result = connection.run(call.script, &call.keys, &call.arguments);
        metrics::histogram!("threadkeeper_redis_call_seconds", "script" => script).record(started.elapsed());
        result.map_err(|source| ThreadError::of(script, key, source))
    }

    fn checkout(&self, call: &'static str, key: &str) -> Result<r2d2::PooledConnection<Connector>, ThreadError> {
        let started = Instant::now();
        loop {
            let left = self.socket_timeout.saturating_sub(started.elapsed());
            if left.is_zero() {
                return Err(ThreadError::Timeout { call, key: key.to_owned(), source: None });
            }
            if let Ok(connection) = self.connections.get_timeout(left.min(LOOK)) {
                return Ok(connection);
            }
            if let Some(source) = self.history.refusal_since(started) {
                return Err(match ThreadError::of(call, key, source) {
                    // At opening, everything that is not about permission is about reaching it.
                    ThreadError::Script { call, key, source } => ThreadError::Unreachable { call, key, source },
                    error => error,
                });
            }
        }
    }

    fn measure(&self) {
        let in_use = self.size.saturating_sub(u32::try_from(self.permits.available_permits()).unwrap_or(0));
        let idle = self.connections.state().idle_connections;
        metrics::gauge!("threadkeeper_redis_connections", "state" => "in_use").set(f64::from(in_use));
        metrics::gauge!("threadkeeper_redis_connections", "state" => "idle").set(f64::from(idle));
        metrics::gauge!("threadkeeper_redis_waiting").set(f64::from(self.waiting.load(Ordering::Relaxed)));
    }
}

/// Counts a call that waits for a connection, also when it is cancelled.
struct Waiting(Arc<AtomicU32>);

impl Waiting {
    fn new(count: &Arc<AtomicU32>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
