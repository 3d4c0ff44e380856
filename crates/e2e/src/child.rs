//! A started program: its output line by line, its signals, its end.

use std::{
    io::{self, BufRead, BufReader, Read},
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use tokio::sync::watch;

use crate::{
    HarnessError,
    process::LogLine,
    reaper::{self, Order},
    waiting::eventually,
};

/// How long the last lines of an ended process may take from the pipe to us.
const LAST_LINES: Duration = Duration::from_secs(2);

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this code; 0 = well.
    Code(i32),
    /// By this signal; 9 = killed.
    Signal(i32),
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, signal) => Self::Signal(signal.unwrap_or_default()),
        }
    }
}

/// A running (or ended) program. It is killed when this value goes, or by the reaper.
pub(crate) struct Child {
    name: String,
    pid: u32,
    process: Mutex<std::process::Child>,
    lines: Arc<Mutex<Vec<LogLine>>>,
    /// How many lines there are; closed when both outputs are.
    count: watch::Receiver<usize>,
}

impl Child {
    /// Starts `command` with an empty environment, apart from `PATH` and what the caller has set, and in a process group
    /// of its own, so that a Ctrl-C at the terminal reaches the test and not its servers.
    pub(crate) fn start(name: impl Into<String>, mut command: Command) -> Result<Self, HarnessError> {
        let name = name.into();
        let set: Vec<_> =
            command.get_envs().map(|(key, value)| (key.to_owned(), value.map(ToOwned::to_owned))).collect();
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into()));
        command.envs(set.into_iter().filter_map(|(key, value)| Some((key, value?))));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);

        let failed = |source| HarnessError::Start { program: name.clone(), source };
        let mut process = command.spawn().map_err(failed)?;
        let pid = process.id();
        if let Err(error) = reaper::order(&Order::Kill(pid)) {
            process.kill().and_then(|()| process.wait()).ok();
            return Err(error);
        }
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (sender, count) = watch::channel(0);
        let sender = Arc::new(sender);
        for output in [boxed(process.stdout.take()), boxed(process.stderr.take())].into_iter().flatten() {
            let (lines, sender) = (Arc::clone(&lines), Arc::clone(&sender));
            thread::spawn(move || collect(output, &lines, &sender));
        }
        Ok(Self { name, pid, process: Mutex::new(process), lines, count })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// All lines so far, in the order of their arrival.
    pub(crate) fn lines(&self) -> Vec<LogLine> {
        lock(&self.lines).clone()
    }

    /// All lines so far as one text.
    pub(crate) fn output(&self) -> String {
        lock(&self.lines).iter().map(|line| line.text().to_owned() + "\n").collect()
    }

    /// The first line that fits; waits for it without polling.
    pub(crate) async fn wait_for_line(
        &self,
        what: &str,
        timeout: Duration,
        fits: impl Fn(&LogLine) -> bool,
    ) -> Result<LogLine, HarnessError> {
        let start = Instant::now();
        let mut count = self.count.clone();
        let mut looked_at = 0;
        let found = tokio::time::timeout(timeout, async {
            loop {
                count.borrow_and_update();
                {
                    let lines = lock(&self.lines);
                    if let Some(line) = lines[looked_at..].iter().find(|line| fits(line)) {
                        return Some(line.clone());
                    }
                    looked_at = lines.len();
                }
                if count.changed().await.is_err() {
                    // Both outputs are closed; what came last is looked at once more.
                    return lock(&self.lines)[looked_at..].iter().find(|line| fits(line)).cloned();
                }
            }
        })
        .await;
        match found {
            Ok(Some(line)) => Ok(line),
            Ok(None) => Err(self.ended(self.exit())),
            Err(_) => Err(HarnessError::NotLogged {
                name: self.name.clone(),
                what: what.to_owned(),
                waited: start.elapsed(),
                output: self.output(),
            }),
        }
    }

    /// All its output, once both outputs are closed.
    pub(crate) async fn finished(&self, timeout: Duration) -> Result<String, HarnessError> {
        let mut count = self.count.clone();
        let closed = async { while count.changed().await.is_ok() {} };
        match tokio::time::timeout(timeout, closed).await {
            Ok(()) => Ok(self.output()),
            Err(_) => Err(HarnessError::TimedOut { what: format!("the end of `{}`", self.name), waited: timeout }),
        }
    }

    /// How the process ended, if it has.
    pub(crate) fn exit(&self) -> Option<Exit> {
        let status = lock(&self.process).try_wait().ok().flatten()?;
        self.spare();
        Some(status.into())
    }

    /// Waits until the process has ended by itself or by a signal, and its last line is there.
    pub(crate) async fn wait_exit(&self, timeout: Duration) -> Result<Exit, HarnessError> {
        let exit = eventually(format!("`{}` to end", self.name), timeout, || async { self.exit() }).await?;
        // What it said last is still on its way; only a descendant that lives on keeps the outputs open for longer.
        self.finished(LAST_LINES).await.ok();
        Ok(exit)
    }

    /// Blocks until the process has ended.
    pub(crate) fn wait(&self) {
        lock(&self.process).wait().ok();
        self.spare();
    }

    /// The error that says that the process has ended although it had to run.
    pub(crate) fn ended(&self, exit: Option<Exit>) -> HarnessError {
        let status = exit.map_or_else(|| "closed its outputs".to_owned(), |exit| format!("{exit:?}"));
        HarnessError::Ended { name: self.name.clone(), status, output: self.output() }
    }

    /// Sends a signal; none to a process that has ended, since its number may be another's by now.
    pub(crate) fn signal(&self, signal: Signal) {
        if self.exit().is_none() {
            reaper::send(self.pid, signal).ok();
        }
    }

    /// Kills the process (SIGKILL) and waits for its end. One that has ended already stays as it is.
    pub(crate) fn kill(&self) {
        let mut process = lock(&self.process);
        process.kill().and_then(|()| process.wait()).ok();
        self.spare();
    }

    fn spare(&self) {
        // Without a reaper the process has ended all the same.
        reaper::order(&Order::Spare(self.pid)).ok();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

fn boxed<R: Read + Send + 'static>(output: Option<R>) -> Option<Box<dyn Read + Send>> {
    output.map(|output| Box::new(output) as Box<dyn Read + Send>)
}

fn collect(output: Box<dyn Read + Send>, lines: &Mutex<Vec<LogLine>>, count: &watch::Sender<usize>) {
    let mut output = BufReader::new(output);
    let mut bytes = Vec::new();
    while matches!(read_line(&mut output, &mut bytes), Ok(1..)) {
        let text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        lock(lines).push(LogLine::new(text));
        count.send_modify(|count| *count += 1);
    }
}

fn read_line(output: &mut impl BufRead, bytes: &mut Vec<u8>) -> io::Result<usize> {
    bytes.clear();
    output.read_until(b'\n', bytes)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A reader that panicked has left whole lines behind.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
