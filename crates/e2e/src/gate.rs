//! A gate between a service and a server: what passes is held back, so that a test finds the service in the middle of
//! exactly one step.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinSet,
};

use crate::HarnessError;

/// Read at a time; a message may be longer.
const CHUNK: usize = 16 * 1024;

/// What does not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Nothing,
    Requests,
    Answers,
}

/// Stands before a server on 127.0.0.1. A service that is given [`Gate::url`] talks to the server through it.
///
/// Nothing is lost while it holds: what was held passes as soon as [`Gate::pass`] is called, and the connections stay.
pub struct Gate {
    url: String,
    held: watch::Sender<Held>,
    heard: Arc<Heard>,
    // The connections end with this value.
    _passing: JoinSet<()>,
}

/// What went through the gate, by connection.
#[derive(Default)]
struct Heard {
    connections: Mutex<Vec<Line>>,
    changed: watch::Sender<()>,
}

/// One connection.
#[derive(Default)]
struct Line {
    said: Vec<u8>,
    /// Whether the server has said anything since the service did.
    answered: bool,
}

impl Gate {
    /// A gate before the server of this URL, which names host and port.
    ///
    /// # Errors
    /// When no port is free.
    ///
    /// # Panics
    /// When the URL does not name `127.0.0.1` and a port.
    pub async fn before(server: &str) -> Result<Self, HarnessError> {
        let failed = |source| HarnessError::Start { program: "a gate".to_owned(), source };
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
        let own = listener.local_addr().map_err(failed)?;
        let address = address(server).expect("the server's URL names 127.0.0.1 and a port");
        let url = server.replace(&address.to_string(), &own.to_string());
        let (held, _) = watch::channel(Held::Nothing);
        let heard = Arc::new(Heard::default());
        let mut passing = JoinSet::new();
        passing.spawn(accept(listener, address, held.clone(), Arc::clone(&heard)));
        Ok(Self { url, held, heard, _passing: passing })
    }

    /// The server's URL with the gate in its place.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on nothing that the service says reaches the server.
    pub fn hold_requests(&self) {
        self.held.send_replace(Held::Requests);
    }

    /// From now on nothing that the server says reaches the service.
    pub fn hold_answers(&self) {
        self.held.send_replace(Held::Answers);
    }

    /// Everything passes again.
    pub fn pass(&self) {
        self.held.send_replace(Held::Nothing);
    }

    /// Forgets what the service has said so far.
    pub fn forget(&self) {
        self.heard.lines().iter_mut().for_each(|line| line.said.clear());
    }

    /// Waits until the service has said this at least so many times, whether it is held back or not.
    ///
    /// # Errors
    /// When it has not within `timeout`.
    pub async fn heard(&self, words: &str, times: usize, timeout: Duration) -> Result<(), HarnessError> {
        let found = |lines: &[Line]| lines.iter().map(|line| line.count(words)).sum::<usize>() >= times;
        self.wait_until(format!("a service to say `{words}`"), timeout, found).await
    }

    /// Waits until the server has answered something on a connection on which the service has said this; the answer may
    /// be held back. Meant for protocols that ask one thing at a time.
    ///
    /// # Errors
    /// When it has not within `timeout`.
    pub async fn answered(&self, words: &str, timeout: Duration) -> Result<(), HarnessError> {
        let found = |lines: &[Line]| lines.iter().any(|line| line.answered && line.count(words) > 0);
        self.wait_until(format!("an answer to `{words}`"), timeout, found).await
    }

    async fn wait_until(
        &self,
        what: String,
        timeout: Duration,
        found: impl Fn(&[Line]) -> bool,
    ) -> Result<(), HarnessError> {
        let mut changed = self.heard.changed.subscribe();
        let waiting = async { while !found(&self.heard.lines()) && changed.changed().await.is_ok() {} };
        tokio::time::timeout(timeout, waiting).await.map_err(|_| HarnessError::TimedOut { what, waited: timeout })
    }
}

impl Heard {
    fn lines(&self) -> MutexGuard<'_, Vec<Line>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> usize {
        let mut lines = self.lines();
        lines.push(Line::default());
        lines.len() - 1
    }

    fn note(&self, change: impl FnOnce(&mut [Line])) {
        change(&mut self.lines());
        self.changed.send_replace(());
    }
}

impl Line {
    fn count(&self, words: &str) -> usize {
        self.said.windows(words.len()).filter(|window| *window == words.as_bytes()).count()
    }
}

fn address(url: &str) -> Option<SocketAddr> {
    let place = url.find("127.0.0.1:")?;
    let end = url[place..].find('/').map_or(url.len(), |length| place + length);
    url[place..end].parse().ok()
}

async fn accept(listener: TcpListener, server: SocketAddr, held: watch::Sender<Held>, heard: Arc<Heard>) {
    let mut passing = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        // A server that is away is away for who comes through the gate, too.
        let Ok(server) = TcpStream::connect(server).await else { continue };
        passing.spawn(pass(client, server, held.subscribe(), Arc::clone(&heard)));
        while passing.try_join_next().is_some() {}
    }
}

/// Passes bytes in both directions until one side ends.
async fn pass(client: TcpStream, server: TcpStream, held: watch::Receiver<Held>, heard: Arc<Heard>) {
    // Small messages pass at once, as they would without a gate.
    client.set_nodelay(true).and_then(|()| server.set_nodelay(true)).ok();
    let number = heard.open();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let asking = relay(from_client, to_server, held.clone(), Held::Requests, |bytes| {
        heard.note(|lines| {
            lines[number].said.extend_from_slice(bytes);
            lines[number].answered = false;
        });
    });
    let answering = relay(from_server, to_client, held, Held::Answers, |_| {
        heard.note(|lines| lines[number].answered = true);
    });
    tokio::select! {
        () = asking => {}
        () = answering => {}
    }
}

/// Passes bytes in one direction, or keeps them while this direction is held.
async fn relay(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut held: watch::Receiver<Held>,
    direction: Held,
    note: impl Fn(&[u8]),
) {
    let mut chunk = vec![0; CHUNK];
    let mut kept = Vec::new();
    loop {
        tokio::select! {
            read = from.read(&mut chunk) => {
                let Ok(read @ 1..) = read else { return };
                note(&chunk[..read]);
                kept.extend_from_slice(&chunk[..read]);
            }
            open = async { held.wait_for(|held| *held != direction).await.is_ok() }, if !kept.is_empty() => {
                if !open || to.write_all(&kept).await.is_err() {
                    return;
                }
                kept.clear();
            }
        }
    }
}
