//! A gate in front of the broker: connections pass through it, until a test cuts them or holds the answers back.

#![expect(clippy::unwrap_used, reason = "a test fails where its surroundings do")]

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};
use url::Url;

/// How the gate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    Open,
    /// What the broker says does not arrive.
    Holding,
    /// Connections are dropped, new ones too.
    Cut,
}

pub(crate) struct Gate {
    address: SocketAddr,
    position: watch::Sender<Position>,
    connections: Arc<AtomicUsize>,
    _passing: JoinSet<()>,
}

impl Gate {
    /// A gate to the broker at `url`.
    pub(crate) async fn open(url: &Url) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let broker = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5672));
        let (position, standing) = watch::channel(Position::Open);
        let connections = Arc::new(AtomicUsize::new(0));
        let mut passing = JoinSet::new();
        passing.spawn(accept(listener, broker, standing, Arc::clone(&connections)));
        Self { address, position, connections, _passing: passing }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn cut(&self) {
        self.position.send_replace(Position::Cut);
    }

    pub(crate) fn mend(&self) {
        self.position.send_replace(Position::Open);
    }

    pub(crate) fn hold_answers(&self) {
        self.position.send_replace(Position::Holding);
    }

    pub(crate) fn pass_answers(&self) {
        self.position.send_replace(Position::Open);
    }

    /// Connections that pass through at present.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn accept(
    listener: TcpListener,
    broker: String,
    position: watch::Receiver<Position>,
    connections: Arc<AtomicUsize>,
) {
    let mut passing = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        if *position.borrow() == Position::Cut {
            continue;
        }
        let server = TcpStream::connect(&broker).await.unwrap();
        let (position, connections) = (position.clone(), Arc::clone(&connections));
        passing.spawn(async move {
            connections.fetch_add(1, Ordering::SeqCst);
            pass(client, server, position).await;
            connections.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

/// Passes bytes in both directions until one side ends or the gate is cut.
async fn pass(client: TcpStream, server: TcpStream, mut position: watch::Receiver<Position>) {
    let mut answers_may_pass = position.clone();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let asking = async {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = from_client.read(&mut bytes).await {
            if to_server.write_all(&bytes[..read]).await.is_err() {
                break;
            }
        }
    };
    let answering = async {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = from_server.read(&mut bytes).await {
            let open = answers_may_pass.wait_for(|position| *position != Position::Holding).await.is_ok();
            if !open || to_client.write_all(&bytes[..read]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = asking => {}
        () = answering => {}
        _ = position.wait_for(|position| *position == Position::Cut) => {}
    }
}
