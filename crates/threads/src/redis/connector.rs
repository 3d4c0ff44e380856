//! Connections with timeouts. The client's own pool support sets none: a silent server would hold a worker for ever.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use redis::{
    Client, ConnectionLike, IntoConnectionInfo, RedisError, RedisResult, Value,
    io::tcp::{TcpSettings, socket2::TcpKeepalive},
};
use shared::config;

use super::scripts::NamedScript;
use crate::error::ThreadError;

/// Idle time before the first keepalive probe: below the idle limits of usual firewalls and load balancers (from 60 s).
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Opens connections and judges whether one may be used again.
#[derive(Debug)]
pub(super) struct Connector {
    client: Client,
    connect_timeout: Duration,
    socket_timeout: Duration,
    health_check_interval: Duration,
    history: Arc<History>,
}

/// What last went wrong with any connection.
#[derive(Debug, Default)]
pub(super) struct History {
    refusal: Mutex<Option<(Instant, RedisError)>>,
    breakage: Mutex<Option<Instant>>,
}

impl History {
    /// Why the last connection could not be opened, if that was after `since`.
    pub(super) fn refusal_since(&self, since: Instant) -> Option<RedisError> {
        let refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        refusal.as_ref().filter(|(at, _)| *at >= since).map(|(_, error)| error.clone())
    }

    fn refused(&self, error: Option<&RedisError>) {
        let refusal = error.map(|error| (Instant::now(), error.clone()));
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = refusal;
    }

    fn broke(&self) {
        *self.breakage.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn broke_after(&self, moment: Instant) -> bool {
        self.breakage.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|at| at > moment)
    }
}

/// A connection and what is known about its health.
pub(super) struct Connection {
    redis: redis::Connection,
    last_ok: Instant,
    broken: bool,
    history: Arc<History>,
}

impl Connector {
    pub(super) fn new(redis: &config::Redis, url: &str) -> Result<Self, ThreadError> {
        let tcp = TcpSettings::default().set_nodelay(true).set_keepalive(TcpKeepalive::new().with_time(KEEPALIVE));
        let info = url.into_connection_info().map_err(|source| ThreadError::Url { source })?.set_tcp_settings(tcp);
        Ok(Self {
            client: Client::open(info).map_err(|source| ThreadError::Url { source })?,
            connect_timeout: redis.connect_timeout,
            socket_timeout: redis.socket_timeout,
            health_check_interval: redis.health_check_interval,
            history: Arc::default(),
        })
    }

    pub(super) fn history(&self) -> Arc<History> {
        Arc::clone(&self.history)
    }

    fn open(&self) -> RedisResult<Connection> {
        let redis = self.client.get_connection_with_timeout(self.connect_timeout)?;
        redis.set_read_timeout(Some(self.socket_timeout))?;
        redis.set_write_timeout(Some(self.socket_timeout))?;
        Ok(Connection { redis, last_ok: Instant::now(), broken: false, history: self.history() })
    }
}

impl Connection {
    /// Runs a script by its hash; loads it first where Redis does not have it.
    pub(super) fn run(&mut self, script: &NamedScript, keys: &[String], arguments: &[Vec<u8>]) -> RedisResult<Value> {
        let mut invocation = script.script.prepare_invoke();
        for key in keys {
            invocation.key(key);
        }
        for argument in arguments {
            invocation.arg(argument);
        }
        let result = invocation.invoke(&mut self.redis);
        match &result {
            // After a timeout the late answer is still to come; a replica or a loading server is not the primary.
            Err(error) if error.is_io_error() || not_primary(error) => {
                self.broken = true;
                self.history.broke();
            }
            _ => self.last_ok = Instant::now(),
        }
        result
    }
}

impl Connection {
    /// The connection itself, for an operator's look.
    pub(super) fn plain(&mut self) -> &mut redis::Connection {
        &mut self.redis
    }
}

/// After a failover old connections stay open to what is a replica now.
fn not_primary(error: &RedisError) -> bool {
    matches!(error.code(), Some("READONLY" | "LOADING" | "MASTERDOWN"))
}

impl r2d2::ManageConnection for Connector {
    type Connection = Connection;
    type Error = RedisError;

    fn connect(&self) -> RedisResult<Connection> {
        let connection = self.open();
        self.history.refused(connection.as_ref().err());
        connection
    }

    fn is_valid(&self, connection: &mut Connection) -> RedisResult<()> {
        // One connection broke since: the others probably did too, and each would cost a timeout to find out.
        if self.history.broke_after(connection.last_ok) {
            return Err(io::Error::from(io::ErrorKind::ConnectionReset).into());
        }
        if connection.last_ok.elapsed() < self.health_check_interval {
            return Ok(());
        }
        match redis::cmd("PING").query::<Value>(&mut connection.redis) {
            Ok(_) => connection.last_ok = Instant::now(),
            Err(error) => {
                self.history.broke();
                return Err(error);
            }
        }
        Ok(())
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        connection.broken || !connection.redis.is_open()
    }
}
