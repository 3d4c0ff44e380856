//! A server on a free loopback port that answers, or breaks off, exactly where a test says.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::Value;

/// What the server does next. A step takes the open connection if there is one, else it accepts one.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Reads a request, answers it and keeps the connection.
    Answer(String),
    /// Reads a request, answers it and closes the connection.
    AnswerAndClose(String),
    /// Accepts a connection and closes it unread.
    CloseUnread,
    /// Reads a request and closes the connection.
    CloseAfterRequest,
    /// Reads a request and never answers.
    Hang,
    /// Accepts a connection and never reads.
    Ignore,
}

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// `POST /api/chat.postMessage HTTP/1.1`.
    pub(crate) line: String,
    /// Header lines, lower case.
    pub(crate) headers: Vec<String>,
    /// The body; null if there is none.
    pub(crate) body: Value,
    /// On which connection it came; 0 is the first.
    pub(crate) connection: usize,
}

/// The running server.
pub(crate) struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Starts a server that takes these steps, and no connection after the last.
    pub(crate) fn start(steps: impl IntoIterator<Item = Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (steps, seen) = (steps.into_iter().collect::<Vec<_>>(), Arc::clone(&requests));
        thread::spawn(move || run(&listener, steps, &seen));
        Self { port, requests }
    }

    /// Where it listens.
    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}/api", self.port)
    }

    /// All requests it has read whole.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

/// A 200 with a JSON body.
pub(crate) fn json(body: &str) -> String {
    response("200 OK", "Content-Type: application/json; charset=utf-8\r\n", body)
}

/// Any response.
pub(crate) fn response(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn run(listener: &TcpListener, steps: Vec<Step>, seen: &Mutex<Vec<Request>>) {
    let mut accepted = 0;
    let mut open: Option<BufReader<TcpStream>> = None;
    let mut held = Vec::new();
    for step in steps {
        let mut connection = open.take().unwrap_or_else(|| {
            accepted += 1;
            BufReader::new(listener.accept().unwrap().0)
        });
        let read = |connection: &mut BufReader<TcpStream>| {
            let request = read_request(connection, accepted - 1);
            seen.lock().unwrap().push(request);
        };
        match step {
            Step::Answer(answer) => {
                read(&mut connection);
                connection.get_mut().write_all(answer.as_bytes()).unwrap();
                open = Some(connection);
            }
            Step::AnswerAndClose(answer) => {
                read(&mut connection);
                connection.get_mut().write_all(answer.as_bytes()).unwrap();
            }
            Step::CloseUnread => drop(connection),
            Step::CloseAfterRequest => read(&mut connection),
            Step::Hang => {
                read(&mut connection);
                held.push(connection);
            }
            Step::Ignore => held.push(connection),
        }
    }
    // Open connections end when the client closes them.
    held.extend(open);
    for mut connection in held {
        let mut rest = Vec::new();
        drop(connection.read_to_end(&mut rest));
    }
}

fn read_request(connection: &mut BufReader<TcpStream>, number: usize) -> Request {
    let mut line = String::new();
    connection.read_line(&mut line).unwrap();
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        connection.read_line(&mut header).unwrap();
        match header.trim() {
            "" => break,
            header => headers.push(header.to_lowercase().replace("bearer xoxb-test", "Bearer xoxb-test")),
        }
    }
    let length = headers.iter().find_map(|header| header.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    connection.read_exact(&mut body).unwrap();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Request { line: line.trim().to_owned(), headers, body, connection: number }
}
