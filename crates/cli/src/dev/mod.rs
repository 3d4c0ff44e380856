//! `threadkeeper dev`: ingress, workers and a simulated Slack in one process, kept in one file.
//!
//! ```text
//! browser ── page ──► playground ── signed event over HTTP ──► ingress ──► queue::embedded ──► workers 1 … N
//!                         ▲                                       └──────► threads::embedded ◄────┤
//!                         └────────────── Web API over HTTP ──────────────────────────────────────┘
//! ```
//! The ingress and the workers are those of the services, on other backends. Reading order: this module (what starts in
//! which order), `data` (the file), `documents` (what is answered from), `workers`, `history` (the workspace survives a
//! restart), `steps` (what the page shows of a question's way).
//!
//! A real Slack in the place of the simulated one needs two things: `slack` settings of its own, and events from a
//! Socket Mode connection instead of [`playground`]'s; everything from [`serve`]'s ingress on stays.

mod data;
mod documents;
mod history;
mod settings;
mod steps;
mod workers;

use std::{net::TcpListener, process::ExitCode, sync::Arc, time::Duration};

use answers::AnyAnswerer;
use anyhow::Context as _;
use ingress::receiver::Receiver;
use playground::{Controls, Options, Playground};
use queue::EmbeddedQueue;
use responder::responder::Bot;
use shared::{
    clock::Clock,
    config::{Secret, Settings},
    lifecycle::{Lifecycle, install_tls_provider},
    telemetry,
};
use slack::signature::Verifier;
use threads::{EmbeddedThreads, Origin};

use self::{data::DataFolder, steps::Steps, workers::Workers};
use crate::command_line::DevArguments;

/// Nobody waits for an answer after Ctrl-C: what is not completed by then is answered after the next start.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(3);

/// Runs until Ctrl-C.
///
/// # Errors
/// In one sentence: a used port, a data folder in use, a knowledge folder that cannot be read, a wrong option.
pub(crate) fn run(arguments: &DevArguments) -> anyhow::Result<ExitCode> {
    install_tls_provider();
    let data = DataFolder::open(arguments.data.as_deref())?;
    let settings = settings::load(arguments, &data)?;
    let steps = Steps::default();
    telemetry::init_observed(&settings.log, &telemetry::Origin::of_service("dev"), steps.layer())?;
    let answerer = Arc::new(AnyAnswerer::from_config(&settings)?);
    let playground = start_playground(arguments, &settings, &data)?;
    steps.show_on(playground.step_log());

    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime cannot start")?;
    let code = runtime.block_on(serve(arguments, settings, &data, answerer, playground));
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    code
}

/// The simulated Slack, as it was when the last process ended.
fn start_playground(arguments: &DevArguments, settings: &Settings, data: &DataFolder) -> anyhow::Result<Playground> {
    let playground = Playground::start(Options {
        host: arguments.listen.ip().to_string(),
        port: arguments.listen.port(),
        bot_token: settings.slack.bot_token()?.clone(),
        signing_secret: settings.slack.signing_secret()?.clone(),
        // Other ids than those of an earlier start.
        seed: Clock::System.millis(),
        ..Options::default()
    })?;
    history::restore(&playground, data)?;
    playground.furnish();
    Ok(playground)
}

async fn serve(
    arguments: &DevArguments,
    mut settings: Settings,
    data: &DataFolder,
    answerer: Arc<AnyAnswerer>,
    playground: Playground,
) -> anyhow::Result<ExitCode> {
    let mut lifecycle = Lifecycle::new();
    let queue = EmbeddedQueue::open(data.database(), &settings.delivery.waits, Clock::System)?;
    let origin = if queue.nothing_is_under_way() { Origin::FirstStart } else { Origin::PossibleLoss };
    let store = EmbeddedThreads::open(data.database(), &settings.context, &settings.delivery, Clock::System, origin)?;
    let store = Arc::new(store);

    let receiver = Receiver {
        verifier: Verifier::new(settings.slack.signing_secret()?),
        publisher: queue.clone(),
        store: Arc::clone(&store),
        options: settings.ingress.clone(),
        direct_messages: settings.context.direct_messages,
    };
    let listener = TcpListener::bind("127.0.0.1:0").context("no free port on 127.0.0.1 for the ingress")?;
    let events_url = format!("http://{}{}", listener.local_addr()?, slack::app::EVENTS_PATH);
    lifecycle.spawn("ingress", receiver.serve(listener, None, lifecycle.soft())?);
    lifecycle.spawn("heartbeat", threads::keep_beating(Arc::clone(&store), lifecycle.soft()));

    settings.slack.api_url = playground.api_url();
    let bot = Bot::connect(&settings.slack, &settings.delivery).await?;
    let workers = Workers::new(settings, arguments.responders, (queue, Arc::clone(&store)), (answerer, bot));
    for number in workers.numbers() {
        lifecycle.spawn("worker", Arc::clone(&workers).keep_working(number, lifecycle.soft()));
    }
    playground.set_controls(controls(&workers, store));
    playground.deliver_events_to(vec![events_url]);
    playground.deliver_unanswered();

    announce(arguments, data, &playground);
    let code = lifecycle.run(SHUTDOWN_TIMEOUT).await?;
    // Its end waits for a thread.
    tokio::task::block_in_place(|| drop(playground));
    Ok(code)
}

/// What the page's buttons do.
fn controls(workers: &Arc<Workers>, store: Arc<EmbeddedThreads>) -> Controls {
    let workers = Arc::clone(workers);
    Controls::of_workers(*workers.numbers().end())
        .on_kill_worker(move |number| {
            workers.kill(number)?;
            Ok(format!("Worker {number} was killed, and another one starts in its place."))
        })
        .on_stop_store(move |lasting| {
            store.go_away(lasting);
            Ok(format!("The store is away for {} s.", lasting.as_secs_f32()))
        })
}

fn announce(arguments: &DevArguments, data: &DataFolder, playground: &Playground) {
    println!(
        "One process and one file ({}) stand in for everything; for production run threadkeeper-ingress and \
         threadkeeper-responder with RabbitMQ and Redis.",
        data.path().display()
    );
    println!("Talk to the bot: {}", playground.page_url());
    if !playground.address().ip().is_loopback() {
        eprintln!("Whoever reaches {} can speak for anybody in this simulated workspace.", playground.address());
    }
    if arguments.open
        && let Err(error) = open::that_detached(playground.page_url())
    {
        eprintln!("The browser cannot be opened ({error}): open the address yourself.");
    }
}

/// A secret that nobody has to know: it is used within this process only.
fn random_secret() -> Secret {
    Secret::new(shared::ids::CopyId::random().as_str())
}
