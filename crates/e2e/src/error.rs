//! What can go wrong in the harness itself.

use std::{fmt, io, path::PathBuf, time::Duration};

/// A harness that could not do what the test asked for.
///
/// `Debug` prints the same text as `Display`: tests unwrap, and what they print then is read by a person.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum HarnessError {
    /// A server's program is not installed.
    #[error("`{program}` is not installed; {hint}")]
    NotInstalled {
        /// The program that was looked for.
        program: &'static str,
        /// Where it was looked for, and how to install it.
        hint: String,
    },
    /// A binary of this workspace is not built.
    #[error("`{}` does not exist; build first: cargo build --workspace --all-targets", path.display())]
    NotBuilt {
        /// Where the binary was expected.
        path: PathBuf,
    },
    /// A program could not be started.
    #[error("cannot start `{program}`: {source}")]
    Start {
        /// The program.
        program: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A process that had to run has ended.
    #[error("`{name}` ended by itself ({status}); its output:\n{output}")]
    Ended {
        /// The process.
        name: String,
        /// Its exit status.
        status: String,
        /// All its lines.
        output: String,
    },
    /// A condition that did not come true in time.
    #[error("waited {:.1} s in vain for {what}", waited.as_secs_f64())]
    TimedOut {
        /// The condition, as the test named it.
        what: String,
        /// For how long it was waited.
        waited: Duration,
    },
    /// A log line that did not come in time.
    #[error("`{name}` did not log {what} within {:.1} s; its output:\n{output}", waited.as_secs_f64())]
    NotLogged {
        /// The process.
        name: String,
        /// The line, as the test named it.
        what: String,
        /// For how long it was waited.
        waited: Duration,
        /// All its lines.
        output: String,
    },
    /// A program that ended with an error.
    #[error("`{program}` failed: {reason}")]
    Failed {
        /// The program, with its arguments.
        program: String,
        /// What it said.
        reason: String,
    },
    /// A file or folder that could not be made.
    #[error("cannot write `{}`: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// No port is free.
    #[error("no free port between {first} and {last} on 127.0.0.1; end what occupies them")]
    NoPort {
        /// First port tried.
        first: u16,
        /// Last port tried.
        last: u16,
    },
    /// `rabbitmqctl` refused.
    #[error("rabbitmqctl {arguments} failed: {output}")]
    Control {
        /// What it was asked.
        arguments: String,
        /// What it said.
        output: String,
    },
    /// Redis refused a command.
    #[error("redis command {command} failed: {source}")]
    Redis {
        /// The command, without its arguments.
        command: String,
        /// What Redis or the client said.
        #[source]
        source: redis::RedisError,
    },
    /// The reaper is gone.
    #[error("the reaper does not take orders any more: {source}; was it killed?")]
    Reaper {
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl fmt::Debug for HarnessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
