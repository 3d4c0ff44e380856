//! What every operator's command needs: the configuration, a runtime, and connections.

use std::{future::Future, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Args;
use queue::rabbitmq;
use shared::{
    config::{Environment, Settings},
    ids::ProcessId,
    lifecycle::install_tls_provider,
};

/// Where the configuration comes from; the same file and variables as the services'.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ConfigArguments {
    /// TOML file with options, the services' own; the environment wins over it
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
}

impl ConfigArguments {
    /// The effective configuration.
    pub(crate) fn load(&self) -> anyhow::Result<Settings> {
        Ok(Settings::load(self.config.as_deref(), &Environment::of_process())?)
    }
}

/// One command of an operator.
pub(crate) struct Session {
    pub(crate) settings: Settings,
}

impl Session {
    pub(crate) fn new(config: &ConfigArguments) -> anyhow::Result<Self> {
        Ok(Self { settings: config.load()? })
    }

    /// A desk at the broker.
    pub(crate) async fn broker(&self) -> anyhow::Result<rabbitmq::Desk> {
        let Settings { amqp, delivery, .. } = &self.settings;
        Ok(rabbitmq::Desk::connect(amqp, &delivery.waits, &process()).await?)
    }

    /// A desk at the store.
    pub(crate) async fn store(&self) -> anyhow::Result<threads::redis::Desk> {
        Ok(threads::redis::Desk::connect(&self.settings.redis).await?)
    }
}

/// One name for all operators, so that their writes leave one counter in Redis and not one each.
pub(crate) fn process() -> ProcessId {
    ProcessId::new("operator")
}

/// Runs a command to its end.
pub(crate) fn run<Fut>(command: Fut) -> anyhow::Result<ExitCode>
where
    Fut: Future<Output = anyhow::Result<ExitCode>>,
{
    install_tls_provider();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime cannot start")?;
    let done = runtime.block_on(command);
    // Client libraries keep threads; they do not hold up the end of the process.
    runtime.shutdown_background();
    done
}
