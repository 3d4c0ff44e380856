//! The handle of a running simulated model.

use std::{
    collections::VecDeque,
    fmt, io,
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use actix_web::{
    App, HttpServer,
    dev::{Server, ServerHandle},
    web,
};
use tokio::sync::watch;

use crate::{error::SimulatedModelError, reply::Reply, request::Request, server};

/// The largest request, in bytes: the context window of a large model.
const LARGEST_REQUEST: usize = 8 * 1024 * 1024;

/// A running simulated model. It ends, with all its connections, when it is dropped.
pub struct SimulatedModel {
    state: Arc<State>,
    address: SocketAddr,
    server: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

/// What the server and the test share. Locks are held for moments.
pub(crate) struct State {
    script: Mutex<Script>,
    requests: Mutex<Vec<Request>>,
    /// Counts requests, to wake those who wait for one.
    count: watch::Sender<usize>,
    /// Before each piece of what nobody scripted.
    pub(crate) pause: Duration,
}

struct Script {
    /// For streams.
    next: VecDeque<Reply>,
    /// For requests without a stream.
    next_whole: VecDeque<Reply>,
    otherwise: Reply,
}

impl State {
    /// Records a request; what becomes of it.
    pub(crate) fn reply_to(&self, request: &Request) -> Reply {
        locked(&self.requests).push(request.clone());
        self.count.send_modify(|count| *count += 1);
        let mut script = locked(&self.script);
        let scripted = if request.stream { script.next.pop_front() } else { script.next_whole.pop_front() };
        scripted.unwrap_or_else(|| script.otherwise.clone())
    }
}

impl SimulatedModel {
    /// Starts the server on a thread of its own; port 0 = any free one. What nobody scripts quotes the sources.
    ///
    /// # Errors
    /// When the port is taken, or a thread cannot be made.
    pub fn start(listen: &str) -> Result<Self, SimulatedModelError> {
        Self::start_pausing(listen, Duration::ZERO)
    }

    /// As [`SimulatedModel::start`], with a pause before each piece of what nobody scripted, so that a person sees it grow.
    ///
    /// # Errors
    /// As [`SimulatedModel::start`].
    pub fn start_pausing(listen: &str, pause: Duration) -> Result<Self, SimulatedModelError> {
        let cannot_listen = |source| SimulatedModelError::Listen { address: listen.to_owned(), source };
        let listener = TcpListener::bind(listen).map_err(cannot_listen)?;
        let address = listener.local_addr().map_err(cannot_listen)?;
        let script = Script { next: VecDeque::new(), next_whole: VecDeque::new(), otherwise: Reply::Quotes };
        let state = Arc::new(State {
            script: Mutex::new(script),
            requests: Mutex::default(),
            count: watch::Sender::new(0),
            pause,
        });
        // The thread owns the runtime: one that is dropped on the caller's runtime panics.
        let (ready, started) = mpsc::channel();
        let shared = Arc::clone(&state);
        let thread = std::thread::Builder::new()
            .name("simulated-model".to_owned())
            .spawn(move || serve(&shared, listener, &ready))
            .map_err(SimulatedModelError::Thread)?;
        let ended = |_| SimulatedModelError::Thread(io::Error::other("the server thread ended at its start"));
        let server = started.recv().map_err(ended)?.map_err(SimulatedModelError::Thread)?;
        Ok(Self { state, address, server, thread: Some(thread) })
    }

    /// What becomes of the next request for a stream that nothing was said about yet.
    pub fn next(&self, reply: Reply) {
        locked(&self.state.script).next.push_back(reply);
    }

    /// What becomes of the next request without a stream, such as one to make a question stand by itself.
    pub fn next_whole(&self, reply: Reply) {
        locked(&self.state.script).next_whole.push_back(reply);
    }

    /// What becomes of every request that nothing was said about.
    pub fn otherwise(&self, reply: Reply) {
        locked(&self.state.script).otherwise = reply;
    }

    /// Every request so far, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        locked(&self.state.requests).clone()
    }

    /// Waits until so many requests have come.
    ///
    /// # Errors
    /// After `timeout`.
    pub async fn wait_for_requests(&self, wanted: usize, timeout: Duration) -> Result<(), SimulatedModelError> {
        let mut count = self.state.count.subscribe();
        let enough = tokio::time::timeout(timeout, count.wait_for(|count| *count >= wanted)).await;
        let not_seen = |seen| SimulatedModelError::NotSeen { wanted, timeout_ms: timeout.as_millis(), seen };
        enough.map(drop).map_err(|_| not_seen(*self.state.count.borrow()))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What `OPENAI_BASE_URL` is set to: `http://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }
}

/// Runs the server until it is stopped; says first whether it started.
fn serve(state: &Arc<State>, listener: TcpListener, ready: &mpsc::Sender<io::Result<ServerHandle>>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let started = runtime.and_then(|runtime| Ok((prepare(state, listener)?, runtime)));
    let (started, running) = match started {
        Ok((server, runtime)) => (Ok(server.handle()), Some((server, runtime))),
        Err(error) => (Err(error), None),
    };
    if ready.send(started).is_err() {
        return;
    }
    if let Some((server, runtime)) = running
        && let Err(error) = runtime.block_on(server)
    {
        tracing::error!("the simulated model's server ended: {error}");
    }
}

fn prepare(state: &Arc<State>, listener: TcpListener) -> io::Result<Server> {
    let shared = web::Data::from(Arc::clone(state));
    let server = HttpServer::new(move || {
        App::new().app_data(shared.clone()).app_data(web::PayloadConfig::new(LARGEST_REQUEST)).configure(server::routes)
    });
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for SimulatedModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatedModel").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for SimulatedModel {
    fn drop(&mut self) {
        // The command is sent at the call; the thread's end is waited for below.
        drop(self.server.stop(false));
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(address = %self.address, "the simulated model on {} ended with a panic", self.address);
        }
    }
}
