//! What can go wrong between a worker and the store of threads.

use redis::RedisError;

/// A call to the store that did not get its answer. Unless the variant says otherwise the call may have run: every call
/// is safe to repeat, but a claim that is repeated is never fresh again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ThreadError {
    /// `redis.url` cannot be used; found at start.
    #[error("redis.url cannot be used; expected redis://user:password@host:6379/0, or rediss:// for TLS")]
    Url {
        /// Why; never the URL itself.
        #[source]
        source: RedisError,
    },
    /// No connection, or it broke.
    #[error("redis is unreachable, {call} of {key} failed; check that it runs, and the host and port of REDIS_URL")]
    Unreachable {
        /// The call.
        call: &'static str,
        /// The key it was for.
        key: String,
        /// What the connection said.
        #[source]
        source: RedisError,
    },
    /// Redis did not answer, or no connection was there, within `redis.connect_timeout` or `redis.socket_timeout`.
    #[error(
        "redis did not answer {call} of {key} in time; check its load and the network, or raise redis.socket_timeout"
    )]
    Timeout {
        /// The call.
        call: &'static str,
        /// The key it was for.
        key: String,
        /// What the connection said, if it was a connection's timeout.
        #[source]
        source: Option<RedisError>,
    },
    /// Every connection was in use for `redis.socket_timeout`. The call did not run.
    #[error(
        "all {connections} redis connections were in use, {call} of {key} did not run; raise redis.max_connections or lower responder.concurrency"
    )]
    Busy {
        /// The call.
        call: &'static str,
        /// The key it was for.
        key: String,
        /// `redis.max_connections`.
        connections: usize,
    },
    /// Wrong user or password, or not permitted. The call did not run.
    #[error("redis refused {call} of {key}; check the user and password in REDIS_URL and the user's permissions (ACL)")]
    Refused {
        /// The call.
        call: &'static str,
        /// The key it was for.
        key: String,
        /// What Redis said.
        #[source]
        source: RedisError,
    },
    /// The user may not use this key or command. Other keys may work, so it is an error of this call. It did not run.
    #[error(
        "redis does not permit {call} of {key}; give the user of REDIS_URL access to all keys slack_* and to EVALSHA (ACL)"
    )]
    NotPermitted {
        /// The call.
        call: &'static str,
        /// The key it was for.
        key: String,
        /// What Redis said.
        #[source]
        source: RedisError,
    },
    /// No epoch is there, and this process may not begin one: it cannot tell a first start from a loss.
    #[error("redis knows no epoch ({key}) yet; a responder that reaches RabbitMQ begins one at its start")]
    NoEpoch {
        /// The epoch's key.
        key: String,
    },
    /// Redis is at `maxmemory`. The call wrote nothing.
    #[error("redis is out of memory, {call} of {key} wrote nothing; raise maxmemory (its policy stays noeviction)")]
    OutOfMemory {
        /// The call.
        call: &'static str,
        /// The key it was for.
        key: String,
        /// What Redis said.
        #[source]
        source: RedisError,
    },
    /// A replica, or a server that cannot save. The call wrote nothing.
    #[error(
        "redis takes no writes, {call} of {key} wrote nothing; check that REDIS_URL is the primary and that its disk is not full"
    )]
    ReadOnly {
        /// The call.
        call: &'static str,
        /// The key it was for.
        key: String,
        /// What Redis said.
        #[source]
        source: RedisError,
    },
    /// Redis reads its data from disk. The call did not run.
    #[error("redis is still loading its data, {call} of {key} did not run; it will be ready by itself")]
    Loading {
        /// The call.
        call: &'static str,
        /// The key it was for.
        key: String,
        /// What Redis said.
        #[source]
        source: RedisError,
    },
    /// A script stopped: a fault of the program, or of what is stored.
    #[error("redis stopped the script {call} of {key}; report it with the cause, and look at the key with redis-cli")]
    Script {
        /// The call.
        call: &'static str,
        /// The key it was for.
        key: String,
        /// What Redis said.
        #[source]
        source: RedisError,
    },
    /// An answer that the program does not understand: another version of it may be running.
    #[error(
        "redis answered {call} of {key} with something unexpected ({found}); check that all services are of one version"
    )]
    Reply {
        /// The call.
        call: &'static str,
        /// The key it was for.
        key: String,
        /// Which part of the answer.
        found: String,
    },
    /// A key that cannot be read was moved away, and another came again and again.
    #[error("{key} cannot be read and comes back each time it is set aside ({call}); find out who writes it")]
    Unreadable {
        /// The call.
        call: &'static str,
        /// The key that cannot be read.
        key: String,
    },
    /// Processes kept setting new epochs against each other.
    #[error("no agreement on an epoch ({key}) after several tries; check that all services use one and the same redis")]
    Epoch {
        /// The epoch's key.
        key: String,
    },
    /// What should be stored cannot be written as JSON.
    #[error("what {call} stores cannot be written as JSON; report it")]
    Encode {
        /// The call.
        call: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The data file could not be read or written; it wrote nothing.
    #[error("the data file failed at {call} of {key}; check the space on its disk and who may write it")]
    File {
        /// The call.
        call: &'static str,
        /// The key it was for.
        key: String,
        /// What the database said.
        #[source]
        source: Box<redb::Error>,
    },
    /// What the data file holds under this key is of another version of the program.
    #[error(
        "{key} in the data file cannot be read ({call}); it is of another version: start with an empty data folder"
    )]
    Foreign {
        /// The call.
        call: &'static str,
        /// The key it was for.
        key: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The embedded store was told to be away for a while.
    #[error("the store is away for a while, as was asked for; {call} of {key} did not run")]
    Away {
        /// The call.
        call: &'static str,
        /// The key it was for.
        key: String,
    },
    /// The process is ending.
    #[error("the process is ending, {call} of {key} was not waited for")]
    Stopped {
        /// The call.
        call: &'static str,
        /// The key it was for.
        key: String,
        /// How the blocking call ended.
        #[source]
        source: tokio::task::JoinError,
    },
}

impl ThreadError {
    /// Names what Redis or its connection said.
    pub(crate) fn of(call: &'static str, key: &str, source: RedisError) -> Self {
        let key = key.to_owned();
        match source.code() {
            Some("NOPERM") => return Self::NotPermitted { call, key, source },
            Some("NOAUTH" | "WRONGPASS") => return Self::Refused { call, key, source },
            Some("OOM") => return Self::OutOfMemory { call, key, source },
            Some("READONLY" | "MASTERDOWN" | "MISCONF" | "NOREPLICAS") => return Self::ReadOnly { call, key, source },
            Some("LOADING") => return Self::Loading { call, key, source },
            _ => {}
        }
        match source.kind() {
            redis::ErrorKind::AuthenticationFailed => Self::Refused { call, key, source },
            // Before a client has given a password Redis takes no long requests, and says so without NOAUTH.
            _ if source.to_string().contains("unauthenticated") => Self::Refused { call, key, source },
            _ if source.is_timeout() => Self::Timeout { call, key, source: Some(source) },
            redis::ErrorKind::Io => Self::Unreachable { call, key, source },
            redis::ErrorKind::InvalidClientConfig => Self::Url { source },
            _ => Self::Script { call, key, source },
        }
    }

    /// Whether another connection may do better: it is worth a retry within the call.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Timeout { .. } | Self::ReadOnly { .. })
    }

    /// Whether Redis is away or takes no writes, so that the caller stops taking work until [`probe`] succeeds; else the
    /// error is of this one call.
    ///
    /// [`probe`]: crate::ThreadStore::probe
    pub fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Timeout { .. }
                // Calls that hang hold every connection; a probe tells an outage from too much work.
                | Self::Busy { .. }
                | Self::Refused { .. }
                | Self::OutOfMemory { .. }
                | Self::ReadOnly { .. }
                | Self::Loading { .. }
                | Self::File { .. }
                | Self::Away { .. }
        )
    }

    /// Whether waiting does not help: the configuration is wrong.
    pub(crate) fn is_misconfigured(&self) -> bool {
        matches!(self, Self::Url { .. } | Self::Refused { .. })
    }
}
