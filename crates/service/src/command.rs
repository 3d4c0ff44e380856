//! From the command line to a running service, and to its exit code.

use std::{future::Future, path::PathBuf, process::ExitCode};

use clap::{ArgAction, Parser, Subcommand};
use shared::{
    config::{Environment, Log, Settings},
    ids::ProcessId,
    lifecycle::{Lifecycle, install_tls_provider},
    telemetry::{self, Metrics, Origin},
};

use crate::{healthcheck, traces::Traces};

/// The command line of both services.
#[derive(Debug, Parser)]
#[command(disable_version_flag = true)]
struct CommandLine {
    /// TOML file with options; the environment wins over it
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Print the effective configuration, secrets redacted, and exit
    #[arg(long)]
    check_config: bool,
    /// Print the version and exit
    #[arg(long, short = 'V', action = ArgAction::SetTrue)]
    version: bool,
    #[command(subcommand)]
    act: Option<Act>,
}

/// What a service does instead of serving.
#[derive(Debug, Subcommand)]
enum Act {
    /// Ask the service that runs beside this one, with the same configuration, whether it is ready; exit code 0 or 1
    Healthcheck {
        /// Ask only whether it runs
        #[arg(long)]
        live: bool,
    },
}

/// What a service starts with.
pub struct Process {
    /// Names this process in logs, connections and write counters.
    pub id: ProcessId,
    /// The checked configuration.
    pub settings: Settings,
    /// The metrics of this process.
    pub metrics: Metrics,
    /// Where the service puts the tasks it cannot live without.
    pub lifecycle: Lifecycle,
}

/// Runs the service `program` (`threadkeeper-…`) from its command line to its exit code. `serve` sets the service up and then waits on
/// [`Lifecycle::run`]. Whatever goes wrong at start ends in one ERROR that says what failed and what to check.
pub fn run<F, Fut>(program: &'static str, about: &'static str, serve: F) -> ExitCode
where
    F: FnOnce(Process) -> Fut,
    Fut: Future<Output = anyhow::Result<ExitCode>>,
{
    let arguments = parse(program, about);
    let name = program.strip_prefix("threadkeeper-").unwrap_or(program);
    let version = crate::VERSION;
    if arguments.version {
        println!("{program} {version}");
        return ExitCode::SUCCESS;
    }
    install_tls_provider();
    let origin = Origin::of_service(name);
    let settings = match Settings::load(arguments.config.as_deref(), &Environment::of_process()) {
        Ok(settings) => settings,
        Err(error) => return refuse_to_start(&origin, &Log::default(), &error.into()),
    };
    if arguments.check_config {
        print!("{}", settings.to_redacted_toml());
        return ExitCode::SUCCESS;
    }
    if let Some(Act::Healthcheck { live }) = arguments.act {
        return healthcheck::run(name, if live { "/livez" } else { "/readyz" }, &settings);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let error = anyhow::Error::from(error).context("the runtime cannot start");
            return refuse_to_start(&origin, &settings.log, &error);
        }
    };
    let within = runtime.enter();
    let traces = match Traces::from_config(&settings.telemetry, &origin) {
        Ok(traces) => traces,
        Err(error) => return refuse_to_start(&origin, &settings.log, &error),
    };
    drop(within);
    let metrics = match telemetry::init_observed(&settings.log, &origin, traces.as_ref().map(Traces::layer)) {
        Ok(metrics) => metrics,
        Err(error) => return refuse_to_start(&origin, &Log::default(), &error.into()),
    };
    let id = origin.worker;
    tracing::info!(version, outcome = "starting", "starting {name} {version} as {id}");
    let process = Process { id, settings, metrics, lifecycle: Lifecycle::new() };
    let code = match runtime.block_on(serve(process)) {
        Ok(code) => code,
        Err(error) => report(name, &error),
    };
    if let Some(traces) = traces {
        traces.end();
    }
    // Client libraries keep threads that block in reconnection; they do not hold up the end of the process.
    runtime.shutdown_background();
    code
}

fn parse(program: &'static str, about: &'static str) -> CommandLine {
    use clap::{CommandFactory, FromArgMatches};
    let command = CommandLine::command().name(program).about(about);
    let matches = command.get_matches();
    CommandLine::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

fn refuse_to_start(origin: &Origin, log: &Log, error: &anyhow::Error) -> ExitCode {
    if let Err(error) = telemetry::init(log, origin) {
        eprintln!("{error}");
    }
    report(origin.service, error)
}

fn report(name: &str, error: &anyhow::Error) -> ExitCode {
    tracing::error!(outcome = "cannot_start", "{name} cannot start: {}", telemetry::chain(error.as_ref()));
    ExitCode::FAILURE
}
