//! Threads in Redis: a pool of blocking connections, Lua scripts that are one step each, epochs.
//!
//! Reading order: `scripts/*.lua` (what each step does), `operations` (the steps as calls), this module (one call),
//! `epochs`, `pool`, `connector`.

mod aside;
mod connector;
mod desk;
mod epochs;
mod governor;
mod keys;
mod operations;
mod pool;
mod reply;
mod scripts;
mod waiting;

use std::time::Duration;

use shared::{
    config,
    conversation::Conversation,
    ids::{OwnerId, ProcessId},
    ts::MessageTs,
};

use self::{
    epochs::Epochs,
    keys::Keys,
    pool::{Call, Pool},
    reply::Reply,
    scripts::NamedScript,
};
use crate::{context::Limits, epoch::Origin, error::ThreadError, turns};

pub use self::desk::Desk;

/// How often a call sets an unreadable key aside and tries again: each of its six keys can be bad once.
const SET_ASIDE_TRIES: u32 = 7;

/// The threads of one installation in one Redis.
pub struct RedisThreads {
    pool: Pool,
    keys: Keys,
    epochs: Epochs,
    limits: Limits,
    /// `context.ttl`.
    context_ttl: Duration,
    /// `delivery.remember`.
    remember: Duration,
}

impl RedisThreads {
    /// Connects and checks by a write; for a process that is of no use without Redis. Takes `redis.connect_timeout` at most
    /// for the connection and does not retry.
    ///
    /// `origin` tells what it means if this Redis knows no epoch (see [`crate::epoch`]). A `rediss://` URL needs the
    /// process' rustls provider to be installed before.
    ///
    /// # Errors
    /// When the URL is wrong or missing, or Redis unreachable, refusing, or not taking writes.
    pub async fn connect(
        redis: &config::Redis,
        context: &config::Context,
        delivery: &config::Delivery,
        process: ProcessId,
        origin: Origin,
    ) -> Result<Self, ThreadError> {
        let threads = Self::build(redis, context, delivery, process, origin)?;
        threads.check(redis).await?;
        Ok(threads)
    }

    /// Like [`RedisThreads::connect`], but starts without Redis if that is only unreachable for now; for the ingress, which
    /// keeps acknowledging questions. What no waiting repairs is still an error.
    ///
    /// # Errors
    /// When the URL is wrong or missing, or Redis refuses the user or password.
    pub async fn connect_lazily(
        redis: &config::Redis,
        context: &config::Context,
        delivery: &config::Delivery,
        process: ProcessId,
        origin: Origin,
    ) -> Result<Self, ThreadError> {
        let threads = Self::build(redis, context, delivery, process, origin)?;
        match threads.check(redis).await {
            Ok(()) => {}
            Err(error) if error.is_misconfigured() => return Err(error),
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(
                    cause,
                    "starting without redis, questions get no place in the order of their thread: {error}"
                );
            }
        }
        Ok(threads)
    }

    /// Moves the clock that the scripts see; for tests of leases and of what is forgotten. Expiries of keys do not move.
    pub fn advance_clock(&self, by: Duration) {
        self.epochs.advance_clock(by);
    }

    fn build(
        redis: &config::Redis,
        context: &config::Context,
        delivery: &config::Delivery,
        process: ProcessId,
        origin: Origin,
    ) -> Result<Self, ThreadError> {
        let keys = Keys::new(&redis.key_prefix);
        Ok(Self {
            pool: Pool::new(redis, url_of(redis)?)?,
            epochs: Epochs::new(keys.epoch(), process, origin, delivery),
            keys,
            limits: Limits::from(context),
            context_ttl: context.ttl,
            remember: delivery.remember,
        })
    }

    /// The first contact, within `redis.connect_timeout`: fails fast, without retries.
    async fn check(&self, redis: &config::Redis) -> Result<(), ThreadError> {
        let key = self.keys.epoch();
        let look = Call {
            script: &scripts::NEW_EPOCH,
            keys: vec![key.clone()],
            arguments: ["", "", "0", "-1", "0"].map(|text| text.as_bytes().to_vec()).to_vec(),
            when_repeated: |_| (),
        };
        let first = tokio::time::timeout(redis.connect_timeout, self.pool.try_once(look)).await;
        first.unwrap_or(Err(ThreadError::Timeout { call: "connect", key, source: None }))?;
        self.write().await?;
        if let Some(url) = &redis.url {
            tracing::info!(%url, connections = redis.max_connections, "connected to redis at {url}");
        }
        Ok(())
    }

    async fn write(&self) -> Result<(), ThreadError> {
        // Refused by another epoch, the write is tried again in the one that was settled on.
        for _ in 0..SET_ASIDE_TRIES {
            match self.run(&scripts::WRITE, vec![self.keys.epoch()], Vec::new()).await? {
                Ran::Answered(..) => return Ok(()),
                Ran::OtherEpoch => {}
            }
        }
        Err(ThreadError::Epoch { key: self.keys.epoch() })
    }

    /// Runs a script on one thread. `own` are its arguments after the four that all scripts get.
    async fn run_on(
        &self,
        script: &'static NamedScript,
        conversation: &Conversation,
        own: Vec<Vec<u8>>,
    ) -> Result<Ran, ThreadError> {
        self.run(script, self.keys.of(conversation).to_vec(), own).await
    }

    async fn run(
        &self,
        script: &'static NamedScript,
        keys: Vec<String>,
        own: Vec<Vec<u8>>,
    ) -> Result<Ran, ThreadError> {
        let name = script.name;
        for _ in 0..SET_ASIDE_TRIES {
            let (epoch, mut arguments) = self.epochs.header(&self.pool).await?;
            arguments.extend(own.iter().cloned());
            let call = Call { script, keys: keys.clone(), arguments, when_repeated: never_fresh(name) };
            let key = call.key().to_owned();
            let mut reply = Reply::new(name, &key, self.pool.call(call).await?)?;
            let counter = reply.number()?;
            match reply.text()?.as_str() {
                "unreadable" => aside::set_aside(&self.pool, &mut reply, self.epochs.offset()).await?,
                "epoch" => {
                    self.epochs.look_again(&self.pool, Some(epoch)).await?;
                    return Ok(Ran::OtherEpoch);
                }
                kind => {
                    self.epochs.acknowledged(epoch, counter);
                    let kind = kind.to_owned();
                    return Ok(if kind == "other_epoch" { Ran::OtherEpoch } else { Ran::Answered(kind, reply) });
                }
            }
        }
        Err(ThreadError::Unreadable { call: name, key: keys.get(1).or(keys.first()).cloned().unwrap_or_default() })
    }

    fn doubtful_after(&self) -> Duration {
        turns::doubtful_after(self.remember)
    }
}

/// The whole URL, with its password.
fn url_of(redis: &config::Redis) -> Result<&str, ThreadError> {
    let missing = |_| {
        let kind = redis::ErrorKind::InvalidClientConfig;
        ThreadError::Url { source: (kind, "REDIS_URL is not set").into() }
    };
    Ok(redis.url().map_err(missing)?.expose())
}

/// How a script ended.
enum Ran {
    /// The kind of its answer, and the rest of it.
    Answered(String, Reply),
    /// The store forgot something: the caller claims again.
    OtherEpoch,
}

/// A repeated claim may find itself granted already: its copy is not fresh any more, or it would be taken for a twin of
/// itself and acked, and the question lost.
fn never_fresh(name: &str) -> fn(&mut Vec<Vec<u8>>) {
    if name != "claim" {
        return |_| ();
    }
    |arguments| {
        if let Some(fresh) = arguments.get_mut(scripts::CLAIM_FRESH) {
            *fresh = b"0".to_vec();
        }
    }
}

/// Arguments as the scripts read them.
trait Argument {
    fn argument(&self) -> Vec<u8>;
}

impl Argument for str {
    fn argument(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }
}

impl Argument for MessageTs {
    fn argument(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }
}

impl Argument for OwnerId {
    fn argument(&self) -> Vec<u8> {
        self.as_str().argument()
    }
}

impl Argument for Duration {
    /// Milliseconds.
    fn argument(&self) -> Vec<u8> {
        self.as_millis().to_string().into_bytes()
    }
}

impl Argument for u64 {
    fn argument(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }
}

impl Argument for bool {
    fn argument(&self) -> Vec<u8> {
        if *self { b"1".to_vec() } else { b"0".to_vec() }
    }
}

impl std::fmt::Debug for RedisThreads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisThreads").field("keys", &self.keys).field("epochs", &self.epochs).finish_non_exhaustive()
    }
}
