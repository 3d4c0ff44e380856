//! `threadkeeper-attack`: kills, freezes and restarts a whole Threadkeeper at random while people ask, and says whether
//! each question that was taken got its one answer, in order. See [`e2e::attack`].

use std::{fs, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::Parser;
use e2e::attack::{Options, attack};

#[derive(Parser)]
#[command(about = "Attacks a private Threadkeeper at random, and judges whether it kept its promise")]
struct Arguments {
    /// Questions that are asked
    #[arg(long, default_value_t = 2000)]
    events: usize,
    /// Processes that are killed; a quarter as many are frozen, and a quarter restarted
    #[arg(long, default_value_t = 60)]
    kills: usize,
    /// Decides what happens when; printed with the result
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// For how long questions are asked and blows fall
    #[arg(long, default_value_t = 1.0)]
    minutes: f64,
    /// Answers are shown while they are made, for about a second and a half each; ask fewer questions then
    #[arg(long)]
    streaming: bool,
    /// Write the result as JSON, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let lasting = Duration::try_from_secs_f64(arguments.minutes * 60.0).context("--minutes is no length of time")?;
    let options = Options {
        events: arguments.events,
        kills: arguments.kills,
        seed: arguments.seed,
        lasting,
        streaming: arguments.streaming,
        ..Options::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let report = runtime.block_on(attack(options))?;
    println!("\n{report}");
    if let Some(file) = &arguments.json {
        let json = format!("{:#}\n", report.to_json());
        fs::write(file, json).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
