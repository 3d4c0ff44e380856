//! One of the project's services as a real process.

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::Command,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rustix::process::Signal;
use serde_json::Value;

pub use crate::child::Exit;
use crate::{HarnessError, child::Child, eventually};

/// Start of the INFO line that tells where a service listens; the line's field `address` has the address.
const LISTENING: &str = "listening on";

/// One look at a service's HTTP routes; on loopback more is a hang.
const HTTP_TIMEOUT: Duration = Duration::from_secs(2);

/// One line of a service's standard output or standard error.
#[derive(Debug, Clone)]
pub struct LogLine {
    text: String,
    fields: Option<Value>,
}

impl LogLine {
    pub(crate) fn new(text: String) -> Self {
        let fields = if text.starts_with('{') { serde_json::from_str(&text).ok() } else { None };
        Self { text, fields }
    }

    /// The whole line.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The message of a JSON line.
    pub fn message(&self) -> Option<&str> {
        self.field("message")?.as_str()
    }

    /// The level of a JSON line: `ERROR`, `WARN`, `INFO`, …
    pub fn level(&self) -> Option<&str> {
        self.field("level")?.as_str()
    }

    /// A field of a JSON line.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.fields.as_ref()?.get(name)
    }

    /// Whether the message, or the line where it is no JSON, contains `part`.
    pub fn contains(&self, part: &str) -> bool {
        self.message().unwrap_or(&self.text).contains(part)
    }
}

/// Where a binary of this workspace is: in the same target folder as the running test.
///
/// # Errors
/// [`HarnessError::NotBuilt`] when it is not there. Cargo builds a package's own binaries for its tests, not those of
/// other packages.
pub fn binary(name: &str) -> Result<PathBuf, HarnessError> {
    let mut folder = std::env::current_exe().unwrap_or_default();
    folder.pop();
    if folder.ends_with("deps") || folder.ends_with("examples") {
        folder.pop();
    }
    let path = folder.join(name);
    if path.is_file() { Ok(path) } else { Err(HarnessError::NotBuilt { path }) }
}

/// What a service is started with. Its environment holds `PATH` and what is given here, nothing else.
#[derive(Debug, Clone)]
pub struct ServiceBuilder {
    binary: String,
    name: String,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
}

impl ServiceBuilder {
    /// The name in messages of the harness; the binary's by default.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// One more variable; a later one of the same name wins.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Runs it to its end, as a command of an operator; its environment is that of the services.
    ///
    /// # Errors
    /// When the binary is not built, or cannot be started.
    pub fn output(&self) -> Result<std::process::Output, HarnessError> {
        let mut command = Command::new(binary(&self.binary)?);
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.args(&self.arguments).envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.output().map_err(|source| HarnessError::Start { program: self.name.clone(), source })
    }

    /// Starts it and returns at once; [`Service::ready`] waits.
    ///
    /// # Errors
    /// When the binary is not built, or cannot be started.
    pub fn start(&self) -> Result<Service, HarnessError> {
        let mut command = Command::new(binary(&self.binary)?);
        command.args(&self.arguments).envs(self.variables.iter().map(|(name, value)| (name, value)));
        let child = Child::start(self.name.clone(), command)?;
        Ok(Service { builder: self.clone(), child, address: Mutex::new(None) })
    }
}

/// A service's process. It is killed when this value goes; when a test fails, its log is printed then.
pub struct Service {
    builder: ServiceBuilder,
    child: Child,
    address: Mutex<Option<SocketAddr>>,
}

impl Service {
    /// A service of the given binary, for example `threadkeeper-ingress`.
    pub fn builder(binary: impl Into<String>) -> ServiceBuilder {
        let binary = binary.into();
        ServiceBuilder { name: binary.clone(), binary, arguments: Vec::new(), variables: Vec::new() }
    }

    /// The name in messages of the harness.
    pub fn name(&self) -> &str {
        self.child.name()
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Every line of its output so far.
    pub fn log(&self) -> Vec<LogLine> {
        self.child.lines()
    }

    /// The first line of its output, from its start, that fits; waits for it if it is not there yet.
    ///
    /// # Errors
    /// With the whole output: when there is none within `timeout`, or when the process ends before.
    pub async fn wait_for_log(
        &self,
        what: &str,
        timeout: Duration,
        fits: impl Fn(&LogLine) -> bool,
    ) -> Result<LogLine, HarnessError> {
        self.child.wait_for_line(what, timeout, fits).await
    }

    /// Where it listens, from its log line with the field `address`.
    ///
    /// # Errors
    /// As [`Self::wait_for_log`].
    pub async fn address(&self, timeout: Duration) -> Result<SocketAddr, HarnessError> {
        if let Some(address) = self.known_address() {
            return Ok(address);
        }
        let listening = |line: &LogLine| line.contains(LISTENING) && address_of(line).is_some();
        let what = "that it is `listening on` an `address`";
        let line = self.wait_for_log(what, timeout, listening).await?;
        let address = address_of(&line).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        *self.address.lock().unwrap_or_else(PoisonError::into_inner) = Some(address);
        Ok(address)
    }

    /// The URL of one of its routes, such as `/slack/events`. It listens, as after [`Self::ready`].
    ///
    /// # Panics
    /// When it does not listen yet.
    pub fn url(&self, route: &str) -> String {
        let address = self.known_address().expect("the address is known after ready()");
        format!("http://{address}{route}")
    }

    /// Waits until `/readyz` answers 200.
    ///
    /// # Errors
    /// With the whole output: when it is not ready within `timeout`, or when the process ends before.
    pub async fn ready(&self, timeout: Duration) -> Result<(), HarnessError> {
        self.status_is("/readyz", 200, timeout).await
    }

    /// Waits until a route answers with this status.
    ///
    /// # Errors
    /// With the whole output: when it does not within `timeout`, or when the process ends before.
    pub async fn status_is(&self, route: &str, status: u16, timeout: Duration) -> Result<(), HarnessError> {
        self.address(timeout).await?;
        let answered = || async {
            if let Some(exit) = self.child.exit() {
                return Some(Err(self.child.ended(Some(exit))));
            }
            (self.get(route).await.ok()?.0 == status).then_some(Ok(()))
        };
        match eventually(format!("`{}` to answer {status} on {route}", self.name()), timeout, answered).await {
            Ok(outcome) => outcome,
            Err(late) => Err(HarnessError::NotLogged {
                name: self.name().to_owned(),
                what: format!("anything that made {route} answer {status} ({late}), nor"),
                waited: timeout,
                output: self.child.output(),
            }),
        }
    }

    /// Status and body of one of its routes.
    ///
    /// # Errors
    /// When there is no HTTP answer within 2 s.
    ///
    /// # Panics
    /// When it does not listen yet.
    pub async fn get(&self, route: &str) -> Result<(u16, String), reqwest::Error> {
        shared::lifecycle::install_tls_provider();
        let client = reqwest::Client::builder().timeout(HTTP_TIMEOUT).no_proxy().build()?;
        let response = client.get(self.url(route)).send().await?;
        Ok((response.status().as_u16(), response.text().await?))
    }

    /// Kills it: SIGKILL, as a crash or the kernel's memory killer does. Returns when it is gone.
    pub fn kill(&self) {
        self.child.kill();
    }

    /// Asks it to end: SIGTERM, as an orchestrator does. Returns at once.
    pub fn terminate(&self) {
        self.child.signal(Signal::TERM);
    }

    /// Freezes it: SIGSTOP. Its connections stay open, as those of a machine that stalls.
    pub fn pause(&self) {
        self.child.signal(Signal::STOP);
    }

    /// Lets it go on after [`Self::pause`].
    pub fn resume(&self) {
        self.child.signal(Signal::CONT);
    }

    /// How it ended, if it has.
    pub fn exit(&self) -> Option<Exit> {
        self.child.exit()
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it still runs after `timeout`.
    pub async fn wait_exit(&self, timeout: Duration) -> Result<Exit, HarnessError> {
        self.child.wait_exit(timeout).await
    }

    /// Kills it if it runs, and starts it anew with the same arguments and variables. Its earlier output is gone.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn restart(&mut self) -> Result<(), HarnessError> {
        self.kill();
        *self = self.builder.start()?;
        Ok(())
    }

    fn known_address(&self) -> Option<SocketAddr> {
        *self.address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn address_of(line: &LogLine) -> Option<SocketAddr> {
    line.field("address")?.as_str()?.parse().ok()
}

impl Drop for Service {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Captured by the test runner and shown with the failed test.
            eprintln!("---- log of {} (pid {}) ----\n{}", self.name(), self.pid(), self.child.output());
        }
    }
}
