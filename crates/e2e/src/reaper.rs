//! Nothing outlives the test, also when the test process is killed with SIGKILL.
//!
//! Each process that starts something starts one reaper first: `e2e-keeper reap`. It is told, one line at a time on its
//! standard input, which processes were started and which folders were made. When its standard input is closed, which
//! the kernel does however we end, it kills the processes and removes the folders.
//!
//! The same idea as the resource reaper of Testcontainers, for plain processes.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fmt, fs,
    io::{self, BufRead, Write},
    os::unix::{ffi::OsStrExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{HarnessError, process::binary, waiting::eventually};

/// One line of what the reaper is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Order {
    /// This process was started: kill it at the end.
    Kill(u32),
    /// This process has ended: its number may belong to another one soon.
    Spare(u32),
    /// This folder was made: remove it at the end.
    Remove(PathBuf),
    /// This folder is gone.
    Forget(PathBuf),
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill(pid) => write!(f, "kill {pid}"),
            Self::Spare(pid) => write!(f, "spare {pid}"),
            Self::Remove(path) => write!(f, "remove {}", path.display()),
            Self::Forget(path) => write!(f, "forget {}", path.display()),
        }
    }
}

impl Order {
    fn parse(line: &str) -> Option<Self> {
        let (verb, object) = line.split_once(' ')?;
        let path = || PathBuf::from(OsStr::from_bytes(object.as_bytes()));
        match verb {
            "kill" => object.parse().ok().map(Self::Kill),
            "spare" => object.parse().ok().map(Self::Spare),
            "remove" => Some(Self::Remove(path())),
            "forget" => Some(Self::Forget(path())),
            _ => None,
        }
    }
}

/// Tells this process' reaper; the first order starts it.
pub(crate) fn order(order: &Order) -> Result<(), HarnessError> {
    static REAPER: Mutex<Option<ChildStdin>> = Mutex::new(None);
    let mut reaper = REAPER.lock().unwrap_or_else(PoisonError::into_inner);
    let stdin = match &mut *reaper {
        Some(stdin) => stdin,
        none => none.insert(start()?),
    };
    writeln!(stdin, "{order}").map_err(|source| HarnessError::Reaper { source })
}

fn start() -> Result<ChildStdin, HarnessError> {
    let program = binary("e2e-keeper")?;
    let failed = |source| HarnessError::Start { program: program.display().to_string(), source };
    // A process group of its own: Ctrl-C and a killed group must not take it along.
    let mut command = Command::new(&program);
    command.arg("reap").stdin(Stdio::piped()).stdout(Stdio::null()).process_group(0);
    let mut child = command.spawn().map_err(failed)?;
    let missing = || failed(io::Error::other("it has no standard input"));
    child.stdin.take().ok_or_else(missing)
}

/// What `e2e-keeper reap` does: listens until its standard input is closed, then kills and removes.
///
/// # Errors
/// When standard input cannot be read.
pub async fn reap(orders: impl BufRead) -> io::Result<()> {
    let mut processes = BTreeSet::new();
    let mut folders = BTreeSet::new();
    for line in orders.lines() {
        match Order::parse(&line?) {
            Some(Order::Kill(pid)) => drop(processes.insert(pid)),
            Some(Order::Spare(pid)) => drop(processes.remove(&pid)),
            Some(Order::Remove(path)) => drop(folders.insert(path)),
            Some(Order::Forget(path)) => drop(folders.remove(&path)),
            None => {}
        }
    }
    for pid in &processes {
        send(*pid, Signal::KILL).ok();
    }
    let patience = Duration::from_secs(5);
    let gone = || async { processes.iter().all(|pid| !is_running(*pid)).then_some(()) };
    eventually("the processes to end", patience, gone).await.ok();
    for path in &folders {
        // A dying process may still make a file in a folder that is being removed.
        let removed = || async { (fs::remove_dir_all(path).is_ok() || !path.exists()).then_some(()) };
        eventually("the folder to be gone", patience, removed).await.ok();
    }
    Ok(())
}

/// Sends a signal to a process.
pub(crate) fn send(pid: u32, signal: Signal) -> io::Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::NotFound)?;
    Ok(kill_process(pid, signal)?)
}

/// Whether a process runs. One that has ended and waits for its parent to notice (a zombie) does not.
pub fn is_running(pid: u32) -> bool {
    let Some(id) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return false };
    if rustix::process::test_kill_process(id).is_err() {
        return false;
    }
    // proc(5): the state is the first field after the name, which stands in brackets and may itself contain brackets.
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).unwrap_or_default();
    !stat.rsplit_once(") ").is_some_and(|(_, fields)| fields.starts_with(['Z', 'X']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_survives_its_line() {
        for order in [
            Order::Kill(17),
            Order::Spare(17),
            Order::Remove(PathBuf::from("/tmp/with a blank")),
            Order::Forget(PathBuf::from("/tmp/x")),
        ] {
            assert_eq!(Order::parse(&order.to_string()), Some(order));
        }
    }

    #[test]
    fn this_process_runs_and_an_ended_one_does_not_even_before_it_is_waited_for() {
        assert!(is_running(std::process::id()));
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        assert!(is_running(child.id()));
        drop(child.stdin.take());
        // Its standard output ends when it does.
        io::copy(child.stdout.as_mut().unwrap(), &mut io::sink()).unwrap();
        let pid = child.id();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let ended = || async { (!is_running(pid)).then_some(()) };
        runtime.block_on(eventually("cat to end", Duration::from_secs(5), ended)).unwrap();
        child.wait().unwrap();
    }
}
