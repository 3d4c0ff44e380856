//! A private RabbitMQ node.

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustix::process::Signal;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use uuid::Uuid;

use super::{
    START_TIMEOUT, STOP_TIMEOUT,
    queues::{QueueDepth, deletion, depth, depths},
};
use crate::{
    HarnessError,
    child::{Child, Exit},
    eventually,
    folder::Folder,
    port::Port,
};

/// Where packages put RabbitMQ's own scripts. Not /usr/sbin: Debian's wrappers there insist on the user rabbitmq.
const SCRIPTS: [&str; 5] = [
    "/usr/lib/rabbitmq/bin",
    "/opt/rabbitmq/sbin",
    "/usr/local/lib/rabbitmq/bin",
    "/usr/local/sbin",
    "/opt/homebrew/sbin",
];

/// What a client says first: the protocol header of AMQP 0-9-1, section 4.2.2 of its specification.
const PROTOCOL_HEADER: &[u8] = b"AMQP\x00\x00\x09\x01";

/// The type octet of the method frame (`connection.start`) with which a broker that is ready answers.
const METHOD_FRAME: u8 = 1;

/// One look whether the broker answers.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(2);

/// One call of rabbitmqctl; it takes 0.5 s on an idle machine.
const CONTROL_TIMEOUT: Duration = Duration::from_mins(1);

/// A private RabbitMQ node on 127.0.0.1 with its own ports, folder, cookie and port mapper (epmd), without plugins. Any
/// user may run it; root too. It is killed when this value goes.
pub struct RabbitMq {
    scripts: PathBuf,
    amqp: Port,
    distribution: Port,
    mapper_port: Port,
    node: Mutex<Child>,
    _mapper: Child,
    // Removed after the processes are gone.
    folder: Folder,
}

impl RabbitMq {
    /// Starts a node and waits until it speaks AMQP; about 4 s on an idle machine.
    ///
    /// # Errors
    /// When RabbitMQ is not installed or does not start.
    pub async fn start() -> Result<Self, HarnessError> {
        let scripts = find_scripts()?;
        let folder = Folder::create("rabbitmq")?;
        let (amqp, distribution, mapper_port) = (Port::claim()?, Port::claim()?, Port::claim()?);
        write_configuration(&folder, &amqp)?;

        // A port mapper that the node starts by itself would be a daemon, and stay for ever.
        let mut epmd = Command::new("epmd");
        epmd.args(["-address", "127.0.0.1", "-port", &mapper_port.number().to_string()]);
        let mapper = Child::start("epmd", epmd)?;
        let listens = || async { TcpStream::connect((Ipv4Addr::LOCALHOST, mapper_port.number())).await.ok() };
        eventually("epmd to listen", START_TIMEOUT, listens).await?;

        let environment = environment(&folder, &amqp, &distribution, &mapper_port);
        let node = Mutex::new(launch(&scripts, &environment)?);
        let broker = Self { scripts, amqp, distribution, mapper_port, node, _mapper: mapper, folder };
        broker.ready().await?;
        Ok(broker)
    }

    /// Where it is: user and password `guest`, virtual host `/`.
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.amqp.number())
    }

    /// The node's process id.
    pub fn pid(&self) -> u32 {
        self.node().pid()
    }

    /// Kills it with SIGKILL.
    pub fn kill(&self) {
        self.node().kill();
    }

    /// Freezes it with SIGSTOP: connections open, and nothing answers.
    pub fn pause(&self) {
        self.node().signal(Signal::STOP);
    }

    /// Lets it go on after [`Self::pause`].
    pub fn resume(&self) {
        self.node().signal(Signal::CONT);
    }

    /// Asks it to end, and waits.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop(&self) -> Result<(), HarnessError> {
        self.node().signal(Signal::TERM);
        let ended = || async { self.node().exit() };
        eventually("rabbitmq-server to end", STOP_TIMEOUT, ended).await.map(drop)
    }

    /// Kills it if it runs, and starts it on the same ports and the same data.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn restart(&self) -> Result<(), HarnessError> {
        self.kill();
        let node = launch(&self.scripts, &self.environment())?;
        *self.node() = node;
        self.ready().await
    }

    /// Runs `rabbitmqctl` against this node and returns what it says; about 0.5 s.
    ///
    /// `["close_all_connections", "test"]`, `["set_vm_memory_high_watermark", "0.000001"]`, `["stop_app"]`, …
    ///
    /// # Errors
    /// When it fails, with what it said.
    pub async fn ctl(&self, arguments: &[&str]) -> Result<String, HarnessError> {
        let child = self.start_ctl(arguments)?;
        let output = child.finished(CONTROL_TIMEOUT).await?;
        match child.wait_exit(CONTROL_TIMEOUT).await? {
            Exit::Code(0) => Ok(output),
            _ => Err(HarnessError::Control { arguments: arguments.join(" "), output }),
        }
    }

    /// How much is in each queue whose name starts with `prefix`; the names are returned without it.
    ///
    /// The queues themselves are asked: `list_queues` shows a quorum queue as it was up to five seconds ago, and as empty
    /// when it is new.
    ///
    /// # Errors
    /// As [`Self::ctl`]; also when `prefix` is no plain text.
    pub async fn queue_depths(&self, prefix: &str) -> Result<BTreeMap<String, QueueDepth>, HarnessError> {
        let table = self.ctl(&["eval", &depths(prefix)?]).await?;
        Ok(table.lines().filter_map(|line| depth(line, prefix)).collect())
    }

    /// Deletes every queue and exchange whose name starts with `prefix`, with what is in them.
    ///
    /// # Errors
    /// As [`Self::ctl`]; also when `prefix` is empty.
    pub async fn delete_all(&self, prefix: &str) -> Result<(), HarnessError> {
        self.ctl(&["eval", &deletion(prefix)?]).await.map(drop)
    }

    /// Starts the deletion of [`Self::delete_all`], and does not wait for it.
    pub(crate) fn start_delete_all(&self, prefix: &str) -> Result<(), HarnessError> {
        let child = self.start_ctl(&["eval", &deletion(prefix)?])?;
        // A child is killed when its value goes, so something has to hold it until it has done its work.
        std::thread::spawn(move || child.wait());
        Ok(())
    }

    fn start_ctl(&self, arguments: &[&str]) -> Result<Child, HarnessError> {
        let mut command = Command::new(self.scripts.join("rabbitmqctl"));
        command.arg("--quiet").args(arguments).envs(self.environment());
        Child::start("rabbitmqctl", command)
    }

    async fn ready(&self) -> Result<(), HarnessError> {
        let answers = || async {
            if let Some(exit) = self.node().exit() {
                return Some(Err(self.node().ended(Some(exit))));
            }
            speaks_amqp(self.amqp.number()).await.then_some(Ok(()))
        };
        let outcome = eventually("rabbitmq-server to speak AMQP", START_TIMEOUT, answers).await;
        outcome.unwrap_or_else(|_| Err(self.node().ended(Some(Exit::Code(0)))))
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        environment(&self.folder, &self.amqp, &self.distribution, &self.mapper_port)
    }

    fn node(&self) -> MutexGuard<'_, Child> {
        self.node.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn find_scripts() -> Result<PathBuf, HarnessError> {
    let complete =
        |folder: &&&str| ["rabbitmq-server", "rabbitmqctl"].iter().all(|name| Path::new(folder).join(name).exists());
    SCRIPTS.iter().find(complete).map(PathBuf::from).ok_or_else(|| HarnessError::NotInstalled {
        program: "rabbitmq-server",
        hint: format!("it was looked for in {}; on Debian: apt-get install rabbitmq-server", SCRIPTS.join(", ")),
    })
}

fn write_configuration(folder: &Folder, amqp: &Port) -> Result<(), HarnessError> {
    let configuration = [
        format!("listeners.tcp.1 = 127.0.0.1:{}", amqp.number()),
        // The user guest may come from anywhere; anywhere is this machine.
        "loopback_users = none".to_owned(),
        // A test must not block because the disk of the machine is nearly full.
        "disk_free_limit.absolute = 10MB".to_owned(),
        // The log is kept in the test's memory; at level info each connection writes two lines.
        "log.console = true".to_owned(),
        "log.console.level = warning".to_owned(),
        "log.file = false".to_owned(),
    ];
    folder.write("rabbitmq.conf", &(configuration.join("\n") + "\n"))?;
    folder.write("enabled_plugins", "[].\n")?;
    folder.subfolder("home")?;
    folder.subfolder("data")?;
    // The secret between node and rabbitmqctl; Erlang refuses one that others can read.
    let cookie = folder.write("home/.erlang.cookie", &Uuid::new_v4().simple().to_string())?;
    let private = std::fs::Permissions::from_mode(0o400);
    std::fs::set_permissions(&cookie, private).map_err(|source| HarnessError::Write { path: cookie, source })
}

/// The variables of node and rabbitmqctl, <https://www.rabbitmq.com/docs/configure#supported-environment-variables>.
fn environment(folder: &Folder, amqp: &Port, distribution: &Port, mapper: &Port) -> Vec<(&'static str, String)> {
    let inside = |name: &str| folder.path().join(name).display().to_string();
    vec![
        ("HOME", inside("home")),
        ("LANG", "C.UTF-8".to_owned()),
        ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
        ("ERL_EPMD_PORT", mapper.number().to_string()),
        ("RABBITMQ_NODENAME", format!("threadkeeper{}@localhost", amqp.number())),
        ("RABBITMQ_DIST_PORT", distribution.number().to_string()),
        ("RABBITMQ_MNESIA_BASE", inside("data")),
        ("RABBITMQ_LOG_BASE", inside("data")),
        ("RABBITMQ_LOGS", "-".to_owned()),
        ("RABBITMQ_CONFIG_FILE", inside("rabbitmq.conf")),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", inside("enabled_plugins")),
        // The machine's own node, if there is one, is configured there.
        ("RABBITMQ_CONF_ENV_FILE", "/dev/null".to_owned()),
        // Makes the script become the node instead of a shell that waits for it: signals reach the node.
        ("RUNNING_UNDER_SYSTEMD", "true".to_owned()),
        // Two schedulers that do not spin; nothing listens beyond this machine.
        (
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
            "+S 2:2 +sbwt none -start_epmd false -kernel inet_dist_use_interface {127,0,0,1}".to_owned(),
        ),
        ("RABBITMQ_CTL_ERL_ARGS", "+S 1:1 -start_epmd false -kernel inet_dist_use_interface {127,0,0,1}".to_owned()),
        // Each running rabbitmqctl takes one; by default there are ten.
        ("RABBITMQ_CTL_DIST_PORT_MAX", "36672".to_owned()),
    ]
}

fn launch(scripts: &Path, environment: &[(&'static str, String)]) -> Result<Child, HarnessError> {
    let mut command = Command::new(scripts.join("rabbitmq-server"));
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    Child::start("rabbitmq-server", command)
}

async fn speaks_amqp(port: u16) -> bool {
    let handshake = async {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        stream.write_all(PROTOCOL_HEADER).await?;
        stream.read_u8().await
    };
    matches!(tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake).await, Ok(Ok(METHOD_FRAME)))
}
