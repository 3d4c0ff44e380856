//! An operator's desk: one connection that looks, and changes nothing.

use std::{collections::HashMap, sync::Arc, time::Duration};

use redis::{FromRedisValue, Value};
use shared::{
    config,
    conversation::Conversation,
    ids::{CopyId, OwnerId},
    ts::MessageTs,
};

use super::{
    connector::{Connection, Connector},
    keys::Keys,
    reply::{Final, final_state},
};
use crate::{
    context::Context,
    error::ThreadError,
    overview::{Overview, OwnerOverview, QuestionOverview, StoredContext},
    turns::Stage,
};

/// One connection of an operator. Calls take turns on it.
#[derive(Clone)]
pub struct Desk {
    connection: Arc<std::sync::Mutex<Connection>>,
    keys: Keys,
}

impl Desk {
    /// Connects within `redis.connect_timeout`. A `rediss://` URL needs the process' rustls provider to be installed before.
    ///
    /// # Errors
    /// When the URL is wrong or missing, or Redis unreachable or refusing.
    pub async fn connect(redis: &config::Redis) -> Result<Self, ThreadError> {
        let connector = Connector::new(redis, super::url_of(redis)?)?;
        let connecting = tokio::task::spawn_blocking(move || r2d2::ManageConnection::connect(&connector));
        let (call, key) = ("connect", "redis.url".to_owned());
        // Looking up a host's name has no timeout of its own.
        let connected = tokio::time::timeout(redis.connect_timeout, connecting).await;
        let connected = connected.map_err(|_| ThreadError::Timeout { call, key: key.clone(), source: None })?;
        let connection = connected.map_err(|source| ThreadError::Stopped { call, key: key.clone(), source })?;
        let connection = connection.map_err(|source| ThreadError::of(call, &key, source))?;
        Ok(Self { connection: Arc::new(std::sync::Mutex::new(connection)), keys: Keys::new(&redis.key_prefix) })
    }

    /// Runs one command, such as `["INFO", "server"]`.
    ///
    /// # Errors
    /// When Redis does not answer in time, refuses, or answers with something else.
    pub async fn command<T>(&self, words: &[&str]) -> Result<T, ThreadError>
    where
        T: FromRedisValue + Send + 'static,
    {
        let mut command = redis::Cmd::new();
        for word in words {
            command.arg(*word);
        }
        self.run("command", words.first().copied().unwrap_or_default(), move |redis| command.query(redis)).await
    }

    /// A thread as it stands, at one moment.
    ///
    /// # Errors
    /// When Redis does not answer, refuses, or one of the keys is of another type.
    pub async fn overview(&self, conversation: &Conversation) -> Result<Overview, ThreadError> {
        let [epoch, context, thread, _, answers, forgotten] = self.keys.of(conversation);
        let mut pipe = redis::pipe();
        pipe.atomic();
        pipe.cmd("TIME").cmd("HGET").arg(epoch).arg("id");
        pipe.get(&context).pttl(&context);
        pipe.hgetall(&thread).pttl(&thread);
        pipe.hkeys(answers).get(forgotten);
        let found: Found = self.run("overview", &context, move |redis| pipe.query(redis)).await?;
        Ok(found.overview(context))
    }

    async fn run<T: Send + 'static>(
        &self,
        call: &'static str,
        key: &str,
        work: impl FnOnce(&mut redis::Connection) -> redis::RedisResult<T> + Send + 'static,
    ) -> Result<T, ThreadError> {
        let (connection, name) = (Arc::clone(&self.connection), key.to_owned());
        let done = tokio::task::spawn_blocking(move || {
            let mut connection = connection.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            work(connection.plain())
        });
        let done = done.await.map_err(|source| ThreadError::Stopped { call, key: name, source })?;
        done.map_err(|source| ThreadError::of(call, key, source))
    }
}

/// What the commands of [`Desk::overview`] answer, one after another: the clock, the epoch, the context and its time left (ms;
/// below 0 = none), the thread and its time left, the questions whose answers are kept, when it was forgotten.
#[derive(Debug)]
struct Found {
    time: (u64, u64),
    epoch: Option<String>,
    context: Option<Vec<u8>>,
    context_left: i64,
    thread: HashMap<String, String>,
    thread_left: i64,
    kept: Vec<String>,
    forgotten: Option<String>,
}

impl FromRedisValue for Found {
    fn from_redis_value(value: Value) -> Result<Self, redis::ParsingError> {
        let (time, epoch, context, context_left, thread, thread_left, kept, forgotten) =
            FromRedisValue::from_redis_value(value)?;
        Ok(Self { time, epoch, context, context_left, thread, thread_left, kept, forgotten })
    }
}

impl Found {
    fn overview(self, key: String) -> Overview {
        let now = self.time.0 * 1000 + self.time.1 / 1000;
        let stored = |value: Vec<u8>| StoredContext {
            bytes: value.len(),
            read: Context::parse(value).ok(),
            ttl: left(self.context_left),
            stale: self.thread.contains_key("stale"),
        };
        Overview {
            key,
            context: self.context.clone().map(stored),
            questions: self.questions(now),
            owner: self.owner(now),
            of_an_older_epoch: self.thread.get("epoch").is_some_and(|epoch| Some(epoch) != self.epoch.as_ref()),
            forgotten: self.forgotten.as_ref().and_then(|ts| ts.parse().ok()),
            remembered_for: left(self.thread_left),
        }
    }

    fn questions(&self, now: u64) -> Vec<QuestionOverview> {
        let mut questions: Vec<_> = self
            .thread
            .iter()
            .filter_map(|(name, state)| {
                let name = name.strip_prefix("e:")?;
                let beside = |mark: &str| self.thread.get(&format!("{mark}:{name}"));
                let rests_until = beside("r").and_then(|until| until.parse().ok()).unwrap_or(0);
                Some(QuestionOverview {
                    ts: name.parse().ok()?,
                    stage: stage(state)?,
                    attempts: beside("n").and_then(|count| count.parse().ok()).unwrap_or(0),
                    doubtful: beside("u").is_some(),
                    rests_for: time_until(rests_until, now),
                    notice: beside("m").and_then(|ts| ts.parse().ok()),
                    answer_is_kept: self.kept.iter().any(|kept| kept == name),
                })
            })
            .collect();
        questions.sort_by_key(|question| question.ts);
        questions
    }

    fn owner(&self, now: u64) -> Option<OwnerOverview> {
        let field = |name: &str| self.thread.get(name);
        Some(OwnerOverview {
            id: OwnerId::new(field("owner")?),
            ts: field("event")?.parse::<MessageTs>().ok()?,
            copy: CopyId::new(field("copy").cloned().unwrap_or_default()),
            lease_left: time_until(field("until")?.parse().ok()?, now),
        })
    }
}

/// A question's state as the thread's hash keeps it; none = it is of another version.
fn stage(text: &str) -> Option<Stage> {
    if text == "open" {
        return Some(Stage::Open);
    }
    if let Some(since) = text.strip_prefix("post:") {
        return since.parse().ok().map(Stage::Posting);
    }
    match final_state(text)? {
        Final::Done(answer_ts) => Some(Stage::Done(answer_ts)),
        Final::Dead { burial, told } => Some(Stage::Dead { burial, told }),
        Final::Withdrawn => Some(Stage::Withdrawn),
    }
}

fn left(ms: i64) -> Option<Duration> {
    u64::try_from(ms).ok().map(Duration::from_millis)
}

fn time_until(until: u64, now: u64) -> Option<Duration> {
    until.checked_sub(now).filter(|left| *left > 0).map(Duration::from_millis)
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("keys", &self.keys).finish_non_exhaustive()
    }
}
