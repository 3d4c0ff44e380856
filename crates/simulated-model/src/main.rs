//! `threadkeeper-simulated-model`: a stand-in for a language model, for trying `answer.mode = llm` and for tests only.

use std::{convert::Infallible, process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::Parser;
use shared::{config::Log, lifecycle::Lifecycle, telemetry};
use simulated_model::SimulatedModel;

/// Nothing is to be completed at the end.
const SHUTDOWN: Duration = Duration::from_secs(2);

/// A stand-in for a language model, for trying the bot and for tests only: it understands nothing, and answers by quoting the
/// sources that it is given.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen; port 0 = any free one, which is logged.
    #[arg(long, default_value = "127.0.0.1:3200")]
    listen: String,
    /// Pause before each word, in ms.
    #[arg(long, default_value_t = 30)]
    pause_ms: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    telemetry::init(&Log::default(), &telemetry::Origin::of_service("simulated-model"))
        .context("cannot set up logs")?;
    let model = SimulatedModel::start_pausing(&arguments.listen, Duration::from_millis(arguments.pause_ms))?;
    tracing::info!(
        address = %model.address(),
        "simulated model, for trying and tests only; OPENAI_BASE_URL={} THREADKEEPER__MODEL__NAME=openai::simulated",
        model.base_url(),
    );
    let mut lifecycle = Lifecycle::new();
    let soft = lifecycle.soft();
    lifecycle.spawn("simulated-model", async move {
        soft.cancelled().await;
        drop(model);
        Ok::<(), Infallible>(())
    });
    Ok(lifecycle.run(SHUTDOWN).await?)
}
