//! The life of a process: tasks that must live as long as it does, a soft end and a hard one.
//!
//! SIGTERM or SIGINT ends softly: `soft` is cancelled, the services stop taking work and complete what they must. A
//! second signal, or the shutdown timeout, ends hard: every task is dropped where it stands. A task that ends by itself while the process
//! should run ends the process, with an exit code that is not 0.

use std::{future::Future, process::ExitCode, time::Duration};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// The tasks of a process and its two ends.
pub struct Lifecycle {
    soft: CancellationToken,
    tasks: JoinSet<(&'static str, Outcome)>,
}

/// What a task of the process ended with: nothing, or the text of its error.
type Outcome = Result<(), String>;

impl Default for Lifecycle {
    fn default() -> Self {
        Self::new()
    }
}

impl Lifecycle {
    /// A process without tasks.
    pub fn new() -> Self {
        Self { soft: CancellationToken::new(), tasks: JoinSet::new() }
    }

    /// Cancelled when the process should stop taking work.
    pub fn soft(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Runs a task that the process cannot live without. It ends after `soft`; if it ends before, or panics, the
    /// process ends with an error that names it.
    pub fn spawn<F, E>(&mut self, name: &'static str, task: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: std::fmt::Display + Send + 'static,
    {
        self.tasks.spawn(async move { (name, task.await.map_err(|error| format!("{error:#}"))) });
    }

    /// Waits for a signal or for the first dead task, ends softly, then hard, and says how it went.
    ///
    /// # Errors
    /// When the signal handlers cannot be installed.
    pub async fn run(mut self, shutdown_timeout: Duration) -> std::io::Result<ExitCode> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;

        let mut failed = false;
        tokio::select! {
            name = one_of(&mut terminate, &mut interrupt) => {
                tracing::info!(signal = name, outcome = "stopping", "stopping: {name} received, completing what was begun");
            }
            Some(ended) = self.tasks.join_next() => {
                failed = true;
                report_dead(ended);
            }
        }
        self.soft.cancel();

        let deadline = tokio::time::sleep(shutdown_timeout);
        tokio::pin!(deadline);
        loop {
            tokio::select! {
                ended = self.tasks.join_next() => match ended {
                    None => break,
                    Some(Ok((_, Ok(())))) => {}
                    Some(ended) => {
                        failed = true;
                        report_dead(ended);
                    }
                },
                name = one_of(&mut terminate, &mut interrupt) => {
                    tracing::warn!(signal = name, "stopping at once: {name} received again");
                    break;
                }
                () = &mut deadline => {
                    tracing::error!(
                        "stopping at once: still busy after {} s; what was begun is taken over by another worker",
                        shutdown_timeout.as_secs()
                    );
                    failed = true;
                    break;
                }
            }
        }
        self.tasks.shutdown().await;
        tracing::info!(outcome = "stopped", "stopped");
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

async fn one_of(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}

fn report_dead(ended: Result<(&'static str, Outcome), tokio::task::JoinError>) {
    match ended {
        Ok((name, Ok(()))) => {
            tracing::error!(task = name, "stopping: task `{name}` ended although the process should run");
        }
        Ok((name, Err(error))) => tracing::error!(task = name, "stopping: task `{name}` failed: {error}"),
        Err(error) => tracing::error!("stopping: a task panicked: {error}"),
    }
}

/// Makes ring the one TLS provider of the process; called first in every `main`.
pub fn install_tls_provider() {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::debug!("a TLS provider was installed before");
    }
}
