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

/// Stands before a server on 127.0.0.1. A service that is given [`Gate::url`] talks to the server through it.
///
/// A connection on which the service says certain words is held from then on, all others pass. Nothing is lost: what was
/// held passes after [`Gate::pass`], and the connection stays.
pub struct Gate {
    url: String,
    lines: Arc<Lines>,
    // The connections end with this value.
    _passing: JoinSet<()>,
}

/// The connections and what is held of them.
#[derive(Default)]
struct Lines {
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    rule: Option<Rule>,
    lines: Vec<Line>,
}

/// What is held: one direction of the connections on which the service says these words.
struct Rule {
    direction: Direction,
    words: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Requests,
    Answers,
}

/// One connection.
#[derive(Default)]
struct Line {
    /// The end of what the service has said: words may come in two reads.
    tail: Vec<u8>,
    /// The words were said.
    held: bool,
    /// Something is held back.
    keeps: bool,
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
        let lines = Arc::new(Lines::default());
        let mut passing = JoinSet::new();
        passing.spawn(accept(listener, address, Arc::clone(&lines)));
        Ok(Self { url, lines, _passing: passing })
    }

    /// The server's URL with the gate in its place.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on a request with these words does not reach the server, nor what follows on its connection.
    pub fn hold_requests(&self, words: &str) {
        self.hold(Direction::Requests, words);
    }

    /// From now on a request with these words reaches the server, and the answer does not come back.
    pub fn hold_answers(&self, words: &str) {
        self.hold(Direction::Answers, words);
    }

    /// Everything passes again.
    pub fn pass(&self) {
        self.lines.change(|state| {
            state.rule = None;
            state.lines.iter_mut().for_each(|line| (line.held, line.keeps) = (false, false));
        });
    }

    /// Waits until something is held back on so many connections at the same time.
    ///
    /// # Errors
    /// When that does not happen within `timeout`.
    pub async fn holds(&self, connections: usize, timeout: Duration) -> Result<(), HarnessError> {
        let mut changed = self.lines.changed.subscribe();
        let enough = || self.lines.state().lines.iter().filter(|line| line.keeps).count() >= connections;
        let waiting = async { while !enough() && changed.changed().await.is_ok() {} };
        let late = |_| HarnessError::TimedOut { what: format!("{connections} held connections"), waited: timeout };
        tokio::time::timeout(timeout, waiting).await.map_err(late)
    }

    fn hold(&self, direction: Direction, words: &str) {
        let words = words.to_owned();
        self.lines.change(|state| state.rule = Some(Rule { direction, words }));
    }
}

impl Lines {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let outcome = change(&mut self.state());
        self.changed.send_replace(());
        outcome
    }

    fn open(&self) -> usize {
        self.change(|state| {
            state.lines.push(Line::default());
            state.lines.len() - 1
        })
    }

    /// The connection has ended.
    fn close(&self, number: usize) {
        self.change(|state| state.lines[number] = Line::default());
    }

    /// Takes note of what came on a connection.
    fn note(&self, number: usize, direction: Direction, bytes: &[u8]) {
        self.change(|state| {
            let State { rule: Some(rule), lines } = state else { return };
            let line = &mut lines[number];
            if direction == Direction::Requests {
                line.tail.extend_from_slice(bytes);
                let words = rule.words.as_bytes();
                line.held |= line.tail.windows(words.len()).any(|window| window == words);
                let known = line.tail.len().saturating_sub(words.len().saturating_sub(1));
                line.tail.drain(..known);
            }
            line.keeps |= line.held && rule.direction == direction;
        });
    }

    async fn may_pass(&self, number: usize, direction: Direction) {
        let mut changed = self.changed.subscribe();
        let held = || {
            let state = self.state();
            state.lines[number].held && state.rule.as_ref().is_some_and(|rule| rule.direction == direction)
        };
        while held() && changed.changed().await.is_ok() {}
    }
}

fn address(url: &str) -> Option<SocketAddr> {
    let place = url.find("127.0.0.1:")?;
    let end = url[place..].find('/').map_or(url.len(), |length| place + length);
    url[place..end].parse().ok()
}

async fn accept(listener: TcpListener, server: SocketAddr, lines: Arc<Lines>) {
    let mut passing = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        // A server that is away is away for who comes through the gate, too.
        let Ok(server) = TcpStream::connect(server).await else { continue };
        passing.spawn(pass(client, server, Arc::clone(&lines)));
        while passing.try_join_next().is_some() {}
    }
}

/// Passes bytes in both directions until one side ends.
async fn pass(client: TcpStream, server: TcpStream, lines: Arc<Lines>) {
    // Small messages pass at once, as they would without a gate.
    client.set_nodelay(true).and_then(|()| server.set_nodelay(true)).ok();
    let number = lines.open();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = relay(from_client, to_server, &lines, number, Direction::Requests) => {}
        () = relay(from_server, to_client, &lines, number, Direction::Answers) => {}
    }
    lines.close(number);
}

/// Passes bytes in one direction, or keeps them while the connection is held.
async fn relay(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, lines: &Lines, number: usize, direction: Direction) {
    let mut chunk = vec![0; CHUNK];
    let mut kept = Vec::new();
    loop {
        tokio::select! {
            read = from.read(&mut chunk) => {
                let Ok(read @ 1..) = read else { return };
                lines.note(number, direction, &chunk[..read]);
                kept.extend_from_slice(&chunk[..read]);
            }
            () = lines.may_pass(number, direction), if !kept.is_empty() => {
                if to.write_all(&kept).await.is_err() {
                    return;
                }
                kept.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(20);

    /// Repeats what it is told.
    async fn parrot() -> (SocketAddr, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut parrots = JoinSet::new();
        parrots.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                connections.spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await.ok();
                });
            }
        });
        (address, parrots)
    }

    async fn connect(gate: &Gate) -> TcpStream {
        TcpStream::connect(gate.url().trim_start_matches("tcp://").trim_end_matches('/')).await.unwrap()
    }

    async fn hear(stream: &mut TcpStream, words: &str) {
        let mut heard = vec![0; words.len()];
        tokio::time::timeout(TIMEOUT, stream.read_exact(&mut heard)).await.expect("it answers").unwrap();
        assert_eq!(heard, words.as_bytes());
    }

    #[tokio::test]
    async fn only_the_connection_on_which_the_words_are_said_is_held_and_nothing_of_it_is_lost() {
        for hold in [Gate::hold_requests, Gate::hold_answers] {
            let (address, _parrots) = parrot().await;
            let gate = Gate::before(&format!("tcp://{address}/")).await.unwrap();
            let (mut one, mut other) = (connect(&gate).await, connect(&gate).await);
            hold(&gate, "secret");
            one.write_all(b"sec").await.unwrap();
            hear(&mut one, "sec").await;
            one.write_all(b"ret!").await.unwrap();
            gate.holds(1, TIMEOUT).await.unwrap();
            other.write_all(b"hello").await.unwrap();
            hear(&mut other, "hello").await;
            assert!(gate.holds(2, Duration::ZERO).await.is_err());
            gate.pass();
            hear(&mut one, "ret!").await;
        }
    }
}
