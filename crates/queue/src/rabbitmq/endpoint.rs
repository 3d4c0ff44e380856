//! Where the broker is, and one attempt to connect to it.

use std::{
    net::{Shutdown, TcpStream},
    os::fd::AsFd,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use lapin::{
    Connection, ConnectionProperties, ErrorKind,
    protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError},
    runtime::default_runtime,
    tcp::{AMQPUriTcpExt, AsyncTcpStream, OwnedTLSConfig, TLSConfig},
    uri::{AMQPScheme, AMQPUri},
};
use shared::{
    config::{Amqp, SecretUrl},
    ids::ProcessId,
};

use crate::QueueError;

/// Where the broker is, and as whom to connect.
#[derive(Clone)]
pub(super) struct Endpoint {
    url: SecretUrl,
    uri: AMQPUri,
    process: ProcessId,
    connect_timeout: Duration,
}

impl Endpoint {
    pub(super) fn new(amqp: &Amqp, process: &ProcessId) -> Result<Self, QueueError> {
        let url = amqp.url().map_err(QueueError::NotConfigured)?.clone();
        let mut uri: AMQPUri =
            url.expose().parse().map_err(|reason: String| QueueError::Url { url: url.clone(), reason })?;
        // Seconds; 0 would switch heartbeats off, and a silent network would go unnoticed. One in the URL wins.
        let heartbeat = u16::try_from(amqp.heartbeat.as_secs()).unwrap_or(u16::MAX).max(1);
        uri.query.heartbeat.get_or_insert(heartbeat);
        Ok(Self { url, uri, process: process.clone(), connect_timeout: amqp.connect_timeout })
    }

    /// The connection's name in RabbitMQ's listings.
    pub(super) fn connection_name(&self, purpose: &str) -> String {
        format!("{} {purpose}", self.process)
    }

    pub(super) fn url(&self) -> &SecretUrl {
        &self.url
    }

    pub(super) fn connect_timeout(&self) -> Duration {
        self.connect_timeout
    }

    /// One attempt, TLS and authentication included.
    pub(super) async fn connect(&self, purpose: &str) -> Result<Connection, QueueError> {
        let properties =
            ConnectionProperties::default().with_connection_name(self.connection_name(purpose).as_str().into());
        let runtime = default_runtime().map_err(|error| self.failed(error))?;
        let (handshake, limit) = (Handshake::default(), self.connect_timeout);
        let transport = {
            let (socket, runtime) = (Arc::clone(&handshake.0), runtime.clone());
            async move |uri: AMQPUri, _| {
                let opening = async {
                    // First without TLS, to get hold of the socket.
                    let plain = AMQPUri { scheme: AMQPScheme::AMQP, ..uri.clone() };
                    let stream = plain.connect_with_config_async(TLSConfig::default(), &runtime).await?;
                    if let AsyncTcpStream::Plain(stream) = &stream {
                        Socket::hold(&socket, stream.get_ref().as_fd().try_clone_to_owned()?.into());
                    }
                    match uri.scheme {
                        AMQPScheme::AMQP => Ok(stream),
                        AMQPScheme::AMQPS => {
                            stream.into_tls(&uri.authority.host, OwnedTLSConfig::default().as_ref()).await
                        }
                    }
                };
                let stream: std::io::Result<_> = tokio::time::timeout(limit, opening)
                    .await
                    .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
                Ok(stream?)
            }
        };
        let connecting = Connection::connector(self.uri.clone(), runtime, transport, properties);
        match tokio::time::timeout(limit, connecting).await {
            Ok(Ok(connection)) => {
                handshake.complete();
                Ok(connection)
            }
            Ok(Err(error)) => Err(self.failed(error)),
            Err(_) => Err(QueueError::Unreachable {
                url: self.url.clone(),
                reason: format!("no answer within {} ms", limit.as_millis()),
                source: None,
            }),
        }
    }

    fn failed(&self, error: lapin::Error) -> QueueError {
        let url = self.url.clone();
        let ErrorKind::ProtocolError(broker) = error.kind() else {
            return QueueError::Unreachable { url, reason: error.to_string(), source: Some(Box::new(error)) };
        };
        let source = Box::new(error.clone());
        match broker.kind() {
            AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => QueueError::AccessRefused { url, source },
            AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED | AMQPHardError::INVALIDPATH) => {
                QueueError::NoVirtualHost { url, vhost: self.uri.vhost.clone(), source }
            }
            _ => QueueError::Unreachable { url, reason: broker.get_message().to_string(), source: Some(source) },
        }
    }
}

/// The socket of a handshake in progress; shut down when the handshake is given up. The client's own thread waits for
/// the broker's answer without limit, so each attempt towards a broker that hangs would leave one more thread behind.
#[derive(Default)]
struct Handshake(Arc<Mutex<Socket>>);

#[derive(Default)]
enum Socket {
    #[default]
    NotConnected,
    Connected(TcpStream),
    GivenUp,
}

impl Socket {
    fn hold(socket: &Mutex<Self>, stream: TcpStream) {
        let mut socket = socket.lock().unwrap_or_else(PoisonError::into_inner);
        match &*socket {
            Self::GivenUp => shut_down(&stream),
            Self::NotConnected | Self::Connected(_) => *socket = Self::Connected(stream),
        }
    }
}

impl Handshake {
    fn replace(&self, with: Socket) -> Socket {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), with)
    }

    fn complete(self) {
        self.replace(Socket::NotConnected);
    }
}

impl Drop for Handshake {
    fn drop(&mut self) {
        if let Socket::Connected(stream) = self.replace(Socket::GivenUp) {
            shut_down(&stream);
        }
    }
}

fn shut_down(stream: &TcpStream) {
    if let Err(error) = stream.shutdown(Shutdown::Both) {
        tracing::debug!("a socket was closed before it was given up: {error}");
    }
}
