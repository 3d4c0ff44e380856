//! A private redis-server.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use redis::{ConnectionLike as _, FromRedisValue};
use rustix::process::Signal;

use super::{START_TIMEOUT, STOP_TIMEOUT};
use crate::{HarnessError, child::Child, eventually, folder::Folder, port::Port};

/// One command's answer, and opening a connection: on loopback more is a hang.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(5);

/// What a Redis is started with.
#[derive(Debug, Clone, Default)]
pub struct RedisBuilder {
    volatile: bool,
    password: Option<String>,
    arguments: Vec<String>,
}

impl RedisBuilder {
    /// Nothing is kept over a restart. By default every write is (`appendonly yes`).
    #[must_use]
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// Clients have to give this password.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// One more option, as in redis.conf: `option("maxmemory", "2mb")`.
    #[must_use]
    pub fn option(mut self, name: &str, value: impl Into<String>) -> Self {
        self.arguments.extend([format!("--{name}"), value.into()]);
        self
    }

    /// Starts it, and waits until it answers.
    ///
    /// # Errors
    /// When redis-server is not installed or does not answer.
    pub async fn start(self) -> Result<Redis, HarnessError> {
        let (folder, port) = (Folder::create("redis")?, Port::claim()?);
        let child = Mutex::new(launch(&self, &folder, &port)?);
        let redis = Redis { builder: self, child, port, folder };
        redis.ready().await?;
        Ok(redis)
    }
}

/// A private redis-server on 127.0.0.1, with a port and a folder of its own. It is killed when this value goes.
pub struct Redis {
    builder: RedisBuilder,
    child: Mutex<Child>,
    port: Port,
    // Removed after the server is gone.
    folder: Folder,
}

impl Redis {
    /// A Redis with its options.
    pub fn builder() -> RedisBuilder {
        RedisBuilder::default()
    }

    /// Starts one that keeps every write over a restart.
    ///
    /// # Errors
    /// When redis-server is not installed or does not answer.
    pub async fn start() -> Result<Self, HarnessError> {
        Self::builder().start().await
    }

    /// Where it is, with the password if it has one.
    pub fn url(&self) -> String {
        let user = self.builder.password.as_ref().map(|password| format!(":{password}@")).unwrap_or_default();
        format!("redis://{user}127.0.0.1:{}/0", self.port.number())
    }

    /// The server's process id.
    pub fn pid(&self) -> u32 {
        self.child().pid()
    }

    /// Runs one command on a connection of its own, and blocks until it is answered: `command::<String>(&["GET", key])`.
    ///
    /// # Errors
    /// When Redis is away or refuses it, or when the answer is of another type.
    pub fn command<T: FromRedisValue>(&self, command: &[&str]) -> Result<T, HarnessError> {
        let name = command.first().copied().unwrap_or_default();
        let failed = |source| HarnessError::Redis { command: name.to_owned(), source };
        let client = redis::Client::open(self.url()).map_err(failed)?;
        let mut connection = client.get_connection_with_timeout(COMMAND_TIMEOUT).map_err(failed)?;
        connection.set_read_timeout(Some(COMMAND_TIMEOUT)).map_err(failed)?;
        let mut request = redis::cmd(name);
        for argument in command.iter().skip(1) {
            request.arg(*argument);
        }
        let answer = connection.req_command(&request).map_err(failed)?;
        redis::from_redis_value(answer).map_err(|error| failed(error.into()))
    }

    /// Kills it with SIGKILL.
    pub fn kill(&self) {
        self.child().kill();
    }

    /// Freezes it with SIGSTOP: connections open, and nothing answers.
    pub fn pause(&self) {
        self.child().signal(Signal::STOP);
    }

    /// Lets it go on after [`Self::pause`].
    pub fn resume(&self) {
        self.child().signal(Signal::CONT);
    }

    /// Asks it to end, and waits.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop(&self) -> Result<(), HarnessError> {
        self.child().signal(Signal::TERM);
        let ended = || async { self.child().exit() };
        eventually("redis-server to end", STOP_TIMEOUT, ended).await.map(drop)
    }

    /// Kills it if it runs, and starts it on the same port and the same data.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn restart(&self) -> Result<(), HarnessError> {
        self.kill();
        let child = launch(&self.builder, &self.folder, &self.port)?;
        *self.child() = child;
        self.ready().await
    }

    /// Copies what is on disk at this moment, as a backup does: every write that was answered by now is in it.
    ///
    /// # Errors
    /// When a file cannot be copied.
    pub fn backup(&self) -> Result<Backup, HarnessError> {
        let backup = Folder::create("redis-backup")?;
        copy_files(&self.append_only_files(), backup.path())?;
        Ok(Backup(backup))
    }

    /// Kills it if it runs, puts the files of a backup in the place of its own, and starts it: an older state returns.
    ///
    /// # Errors
    /// When a file cannot be copied, or it does not answer.
    pub async fn restore(&self, backup: &Backup) -> Result<(), HarnessError> {
        self.kill();
        let own = self.append_only_files();
        fs::remove_dir_all(&own).map_err(|source| HarnessError::Write { path: own.clone(), source })?;
        copy_files(backup.0.path(), &own)?;
        self.restart().await
    }

    /// Where the files of `appendonly yes` are.
    fn append_only_files(&self) -> PathBuf {
        self.folder.path().join("appendonlydir")
    }

    async fn ready(&self) -> Result<(), HarnessError> {
        let answers = || async {
            if let Some(exit) = self.child().exit() {
                return Some(Err(self.child().ended(Some(exit))));
            }
            self.command::<String>(&["PING"]).ok().map(|_| Ok(()))
        };
        eventually("redis-server to answer", START_TIMEOUT, answers).await?
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a Redis had on disk at some moment.
pub struct Backup(Folder);

fn copy_files(from: &Path, to: &Path) -> Result<(), HarnessError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| HarnessError::Write { path, source }
    };
    fs::create_dir_all(to).map_err(failed(to))?;
    for entry in fs::read_dir(from).map_err(failed(from))? {
        let file = entry.map_err(failed(from))?;
        fs::copy(file.path(), to.join(file.file_name())).map_err(failed(to))?;
    }
    Ok(())
}

fn launch(builder: &RedisBuilder, folder: &Folder, port: &Port) -> Result<Child, HarnessError> {
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--daemonize", "no", "--save", ""]);
    command.arg("--port").arg(port.number().to_string());
    command.arg("--dir").arg(folder.path());
    command.args(["--appendonly", if builder.volatile { "no" } else { "yes" }]);
    // A write is in the file before it is answered, so a killed process loses none (only a killed machine would). With
    // `everysec`, the default, that is not so while an fsync takes long: writes are answered for up to 2 s before they are
    // in the file.
    command.args(["--appendfsync", "no"]);
    if let Some(password) = &builder.password {
        command.args(["--requirepass", password]);
    }
    command.args(&builder.arguments);
    Child::start("redis-server", command).map_err(|error| match error {
        HarnessError::Start { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            let hint = "it was looked for in PATH; on Debian: apt-get install redis-server".to_owned();
            HarnessError::NotInstalled { program: "redis-server", hint }
        }
        other => other,
    })
}
