//! A Redis of its own for each test.

use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use shared::{config, config::SecretUrl, ids::ProcessId};
use tempfile::TempDir;
use threads::{Origin, RedisThreads};

/// How long a server may take to start on a busy machine.
const START: Duration = Duration::from_secs(20);

/// A private redis-server on a free port; it ends with the value.
pub(crate) struct Server {
    process: Child,
    folder: TempDir,
    pub(crate) port: u16,
}

impl Server {
    pub(crate) fn start(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Self { process: Self::spawn(port, &folder, options), folder, port };
        server.wait();
        server
    }

    fn spawn(port: u16, folder: &TempDir, options: &[&str]) -> Child {
        Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--daemonize", "no"])
            .arg("--dir")
            .arg(folder.path())
            .args(options)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server starts; install it (Debian: apt-get install redis-server)")
    }

    fn wait(&mut self) {
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(self.process.try_wait().unwrap().is_none(), "redis-server ended at once");
            assert!(started.elapsed() < START, "redis-server does not listen");
            std::thread::yield_now();
        }
    }

    pub(crate) fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub(crate) fn start_again(&mut self, options: &[&str]) {
        self.process = Self::spawn(self.port, &self.folder, options);
        self.wait();
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn connection(&self) -> redis::Connection {
        redis::Client::open(self.url()).unwrap().get_connection().unwrap()
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings::new(&self.url())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server that was ended by the test is gone already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Configuration for tests.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) redis: config::Redis,
    pub(crate) context: config::Context,
    pub(crate) delivery: config::Delivery,
    pub(crate) origin: Origin,
}

impl Settings {
    pub(crate) fn new(url: &str) -> Self {
        let redis = config::Redis { url: Some(SecretUrl::parse(url).unwrap()), ..config::Redis::default() };
        let (context, delivery) = (config::Context::default(), config::Delivery::default());
        Self { redis, context, delivery, origin: Origin::FirstStart }
    }

    pub(crate) async fn connect(&self) -> RedisThreads {
        self.try_connect().await.unwrap()
    }

    pub(crate) async fn try_connect(&self) -> Result<RedisThreads, threads::ThreadError> {
        let process = ProcessId::for_service("test");
        RedisThreads::connect(&self.redis, &self.context, &self.delivery, process, self.origin).await
    }

    pub(crate) async fn connect_lazily(&self) -> Result<RedisThreads, threads::ThreadError> {
        let process = ProcessId::for_service("test");
        RedisThreads::connect_lazily(&self.redis, &self.context, &self.delivery, process, self.origin).await
    }
}
