//! Threads in one file, for one process: `threadkeeper dev`, where somebody tries the bot without any server.
//!
//! The rules are [`crate::turns`], which Redis' scripts are compared with step by step; this module keeps them. Every
//! operation is one write transaction that is on disk when it returns. Reading order: `tables` (what is kept), this module
//! (one step), `operations` (the steps).
//!
//! It differs from Redis in one thing: when the file is opened, whoever owned a thread has ended, so leases end too.
//! The services cannot be configured to use it: they name Redis in their `startup.rs`.

mod operations;
mod tables;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use redb::Database;
use shared::{clock::Clock, config, conversation::Conversation, ts::MessageTs};

use self::tables::{CONTEXTS, CURRENT, EPOCH, Epoch, Expiring, FORGOTTEN, LANES, Step, THREADS, TOLD};
use crate::{
    context::{Context, Limits},
    epoch::{EpochId, Origin},
    error::ThreadError,
    store::FORGOTTEN_FOR,
    turns::{self, Moment, Rules, Turns},
};

/// How often what is over is removed from the file.
const TIDY_PERIOD: Duration = Duration::from_hours(1);

/// The threads in a data file. Cheap to clone; all clones are one store.
#[derive(Clone)]
pub struct EmbeddedThreads(Arc<Inner>);

struct Inner {
    database: Arc<Database>,
    clock: Clock,
    rules: Rules,
    /// `context.ttl`.
    context_ttl: Duration,
    /// `delivery.remember`.
    remember: Duration,
    /// `delivery.clock_margin`.
    clock_margin: Duration,
    /// `delivery.settle`.
    settle: Duration,
    known: Mutex<EpochId>,
    /// When the file was tidied, ms since 1970.
    tidied: Mutex<u64>,
    away_until: Mutex<Option<Instant>>,
}

/// A thread while a step works on it.
struct Thread {
    turns: Turns,
    /// Whether the context's time begins anew.
    refresh_context: bool,
    /// Whether it was forgotten on request.
    forget: bool,
}

impl EmbeddedThreads {
    /// The threads in `database`, which no other process has open and which may be shared with the queue. `origin` tells
    /// what it means if the file knows no epoch (see [`crate::epoch`]). Blocks while it reads the file.
    ///
    /// # Errors
    /// When the file cannot be read or written, or is of another version.
    pub fn open(
        database: Arc<Database>,
        context: &config::Context,
        delivery: &config::Delivery,
        clock: Clock,
        origin: Origin,
    ) -> Result<Self, ThreadError> {
        let rules = Rules { doubtful_after: turns::doubtful_after(delivery.remember), limits: Limits::from(context) };
        let threads = Self(Arc::new(Inner {
            database,
            clock,
            rules,
            context_ttl: context.ttl,
            remember: delivery.remember,
            clock_margin: delivery.clock_margin,
            settle: delivery.settle,
            known: Mutex::new(EpochId::after(None)),
            tidied: Mutex::new(0),
            away_until: Mutex::new(None),
        }));
        threads.0.write("open", CURRENT, |step| threads.0.begin(step, origin))?;
        Ok(threads)
    }

    /// From now on every operation fails for `duration`, as if the store were away; for showing what the workers do then.
    pub fn go_away(&self, duration: Duration) {
        *lock(&self.0.away_until) = Some(Instant::now() + duration);
    }

    /// One step on a thread, on a thread that may block. None = the file forgot something: the caller claims again.
    async fn on_thread<T: Send + 'static>(
        &self,
        call: &'static str,
        conversation: &Conversation,
        work: impl FnOnce(&mut Thread, Moment, Rules) -> Result<T, ThreadError> + Send + 'static,
    ) -> Result<Option<T>, ThreadError> {
        let (inner, key) = (Arc::clone(&self.0), conversation.context_key(""));
        self.blocking(call, key, move |key| {
            inner.write(call, key, |step| {
                let Some(moment) = inner.moment(step)? else { return Ok(None) };
                let mut thread = Thread::load(step, key)?;
                let outcome = work(&mut thread, moment, inner.rules)?;
                inner.save(step, key, &thread)?;
                Ok(Some(outcome))
            })
        })
        .await
    }

    /// Runs `work`, which may block, beside the asynchronous tasks. It runs to its end even if nobody waits any more.
    async fn blocking<T: Send + 'static>(
        &self,
        call: &'static str,
        key: String,
        work: impl FnOnce(&str) -> Result<T, ThreadError> + Send + 'static,
    ) -> Result<T, ThreadError> {
        if lock(&self.0.away_until).is_some_and(|until| Instant::now() < until) {
            return Err(ThreadError::Away { call, key });
        }
        let name = key.clone();
        let done = tokio::task::spawn_blocking(move || work(&key)).await;
        done.unwrap_or_else(|source| Err(ThreadError::Stopped { call, key: name, source }))
    }
}

impl Inner {
    /// One write transaction; on disk when it returns, and nothing of it if it fails.
    fn write<T>(
        &self,
        call: &'static str,
        key: &str,
        work: impl FnOnce(&Step<'_>) -> Result<T, ThreadError>,
    ) -> Result<T, ThreadError> {
        let failed = |error: redb::Error| ThreadError::File { call, key: key.to_owned(), source: Box::new(error) };
        let transaction = self.database.begin_write().map_err(|error| failed(error.into()))?;
        let step = Step { transaction: &transaction, call, key, now: self.clock.millis() };
        let outcome = work(&step)?;
        transaction.commit().map_err(|error| failed(error.into()))?;
        Ok(outcome)
    }

    /// The first step after opening: finds or begins the epoch, ends the leases of who is gone, removes what is over.
    fn begin(&self, step: &Step<'_>, origin: Origin) -> Result<(), ThreadError> {
        if let Some(epoch) = step.get::<Epoch>(EPOCH, CURRENT)? {
            *lock(&self.known) = epoch.id;
        } else if origin == Origin::FirstStart {
            step.put(EPOCH, CURRENT, &Epoch { id: *lock(&self.known), since: 0, settle_until: 0 })?;
        } else {
            self.lost(step)?;
        }
        let now = step.now;
        self.tidy(step, |turns| turns.end_lease(now))
    }

    /// What an operation has to know; none = the file forgot its epoch, and a new one is set.
    fn moment(&self, step: &Step<'_>) -> Result<Option<Moment>, ThreadError> {
        let known = *lock(&self.known);
        let found = step.get::<Epoch>(EPOCH, CURRENT)?.filter(|epoch| epoch.id == known);
        let Some(Epoch { id: epoch, since, settle_until }) = found else {
            self.lost(step)?;
            return Ok(None);
        };
        Ok(Some(Moment { now: step.now, epoch, since, settle_until }))
    }

    fn lost(&self, step: &Step<'_>) -> Result<(), ThreadError> {
        let mut known = lock(&self.known);
        let id = EpochId::after(Some(*known));
        let (since, settle_until) = (step.now + millis(self.clock_margin), step.now + millis(self.settle));
        step.put(EPOCH, CURRENT, &Epoch { id, since, settle_until })?;
        *known = id;
        tracing::error!(
            epoch = %id,
            "the data file lost its threads while questions were under way: set epoch {id}; for {} s nothing is answered",
            self.settle.as_secs_f32()
        );
        Ok(())
    }

    fn save(&self, step: &Step<'_>, key: &str, thread: &Thread) -> Result<(), ThreadError> {
        let expires = step.now + millis(self.remember);
        step.put(THREADS, key, &Expiring { expires, value: &thread.turns })?;
        if thread.forget {
            step.remove(CONTEXTS, key)?;
            let expires = step.now + millis(FORGOTTEN_FOR);
            step.put(FORGOTTEN, key, &Expiring { expires, value: thread.turns.forgotten() })?;
        }
        match thread.turns.context().text() {
            Some(text) if thread.refresh_context => {
                step.put(CONTEXTS, key, &Expiring { expires: step.now + millis(self.context_ttl), value: text })
            }
            _ => Ok(()),
        }
    }

    fn tidy(&self, step: &Step<'_>, mut change: impl FnMut(&mut Turns)) -> Result<(), ThreadError> {
        let before = step.now.saturating_sub(millis(self.remember));
        step.tidy(THREADS, |turns: &mut Turns| {
            turns.forget(before);
            change(turns);
        })?;
        step.tidy(CONTEXTS, |_: &mut String| ())?;
        step.tidy(LANES, |_: &mut u64| ())?;
        step.tidy(TOLD, |_: &mut u64| ())?;
        step.tidy(FORGOTTEN, |_: &mut Option<MessageTs>| ())?;
        *lock(&self.tidied) = step.now;
        Ok(())
    }
}

impl Thread {
    fn load(step: &Step<'_>, key: &str) -> Result<Self, ThreadError> {
        let mut turns: Turns = step.living(THREADS, key)?.unwrap_or_default();
        if let Some(text) = step.living::<String>(CONTEXTS, key)? {
            turns.put_context(Context::parse(text.into_bytes()).unwrap_or_else(|error| {
                tracing::error!(thread.key = key, "the context of {key} is {error}; it is rebuilt");
                Context::absent()
            }));
        }
        turns.put_forgotten(step.living::<Option<MessageTs>>(FORGOTTEN, key)?.flatten());
        Ok(Self { turns, refresh_context: false, forget: false })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Debug for EmbeddedThreads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedThreads").field("epoch", &*lock(&self.0.known)).finish_non_exhaustive()
    }
}
