//! `threadkeeper-playground`: a simulated Slack workspace as a process, for trying the bot without Slack.

use std::{convert::Infallible, net::SocketAddr, process::ExitCode, time::Duration};

use anyhow::Context;
use clap::Parser;
use playground::{Options, Playground};
use shared::{
    config::{Log, Secret},
    lifecycle::{Lifecycle, install_tls_provider},
    telemetry::{self, Origin},
};

/// Nothing is to be completed at the end.
const SHUTDOWN: Duration = Duration::from_secs(2);

/// A simulated Slack workspace: a page for people, the Web API, signed events with retries, control routes for scripts.
#[derive(Debug, Parser)]
#[expect(clippy::doc_markdown, reason = "--help shows these texts as they are")]
#[command(version)]
struct Arguments {
    /// Where to listen; port 0 = any free one, which is logged.
    #[arg(long, default_value = "127.0.0.1:3100")]
    listen: SocketAddr,
    /// The secret that signs events; the ingress gets it as SLACK_SIGNING_SECRET.
    #[arg(long, default_value = "playground-signing-secret")]
    signing_secret: String,
    /// The token that the Web API accepts; the bot gets it as SLACK_BOT_TOKEN.
    #[arg(long, default_value = "xoxb-playground")]
    bot_token: String,
    /// Where events are delivered, such as http://127.0.0.1:3000/slack/events; several are used in turn.
    #[arg(long = "events-url")]
    events_urls: Vec<String>,
    /// Where pressed buttons are told; without it nobody listens to them.
    #[arg(long)]
    interactions_url: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    install_tls_provider();
    let arguments = Arguments::parse();
    telemetry::init(&Log::default(), &Origin::of_service("playground")).context("cannot set up logs")?;
    let playground = Playground::start(Options {
        host: arguments.listen.ip().to_string(),
        port: arguments.listen.port(),
        bot_token: Secret::new(arguments.bot_token),
        signing_secret: Secret::new(arguments.signing_secret),
        event_urls: arguments.events_urls,
        interactions_url: arguments.interactions_url,
        ..Options::default()
    })?;
    playground.furnish();
    let address = playground.address();
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "whoever reaches {address} can speak for anybody in this simulated workspace");
    }
    tracing::info!(%address, "listening on {address}; page: {}; SLACK_API_URL={}", playground.page_url(), playground.api_url());

    let mut lifecycle = Lifecycle::new();
    let soft = lifecycle.soft();
    lifecycle.spawn("playground", async move {
        soft.cancelled().await;
        drop(playground);
        Ok::<(), Infallible>(())
    });
    Ok(lifecycle.run(SHUTDOWN).await?)
}
