//! `threadkeeper doctor`: looks at everything that Threadkeeper needs, and says what is wrong and what to do.
//!
//! All subjects are looked at at the same time, each within [`TIMEOUT`]; nothing is changed anywhere but one key in Redis
//! that is gone at once. Reading order: `finding` (what a check says), then one module for each subject, `report`.

mod answers;
mod configuration;
mod finding;
mod rabbitmq;
mod redis;
mod report;
mod slack;

use std::{process::ExitCode, time::Duration};

use clap::Args;
use serde_json::json;
use shared::config::{ConfigError, Environment, Settings};

use self::finding::{Finding, Findings, Verdict};
use crate::{
    session::{self, ConfigArguments},
    terminal,
};

/// Longest time for all checks of one subject.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Longest time for opening a connection, so that what goes wrong is told before [`TIMEOUT`].
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  threadkeeper doctor --config threadkeeper.toml     looks at Redis, RabbitMQ, Slack, and what answers are made from
  threadkeeper doctor --json | jq '.findings[] | select(.verdict == \"failed\")'

Exit code 0 = nothing failed (warnings do not count), 1 = something failed, 2 = wrong usage.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    config: ConfigArguments,
    /// For other programs
    #[arg(long)]
    json: bool,
}

/// Looks at everything, and reports.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let environment = Environment::of_process();
    let settings = Settings::load(arguments.config.config.as_deref(), &environment);
    session::run(async {
        let findings = examine(settings, &environment).await;
        let failed = findings.iter().any(|finding| finding.verdict == Verdict::Failed);
        if arguments.json {
            terminal::print_json(&json!({ "ok": !failed, "version": service::VERSION, "findings": findings }));
        } else {
            anstream::print!("{}", report::render(&findings, terminal::width()));
        }
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    })
}

async fn examine(settings: Result<Settings, ConfigError>, environment: &Environment) -> Vec<Finding> {
    let findings = Findings::about("configuration");
    let mut settings = match settings {
        Ok(settings) => settings,
        Err(error) => {
            findings.failed("options", error.to_string(), "Correct it; nothing else was looked at.");
            return findings.into_list();
        }
    };
    configuration::examine(&settings, &findings);
    for limit in
        [&mut settings.redis.connect_timeout, &mut settings.redis.socket_timeout, &mut settings.amqp.connect_timeout]
    {
        *limit = (*limit).min(CONNECT_TIMEOUT);
    }
    let (redis, rabbitmq, slack, answers) = tokio::join!(
        within("redis", async |findings| redis::examine(&settings, findings).await),
        within("rabbitmq", async |findings| rabbitmq::examine(&settings, findings).await),
        within("slack", async |findings| slack::examine(&settings, environment, findings).await),
        within("answers", async |findings| answers::examine(&settings, findings).await),
    );
    [findings.into_list(), redis, rabbitmq, slack, answers].concat()
}

/// The findings of one subject; what hangs is a finding too.
async fn within(subject: &'static str, checks: impl AsyncFnOnce(&Findings)) -> Vec<Finding> {
    let findings = Findings::about(subject);
    if tokio::time::timeout(TIMEOUT, checks(&findings)).await.is_err() {
        let found = format!("the checks did not end within {} s", TIMEOUT.as_secs());
        findings.failed("answer", found, "Look at the server's load, and at the network between.");
    }
    findings.into_list()
}
