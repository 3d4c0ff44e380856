//! Puts the responder together; the only place that names RabbitMQ and Redis.

use std::{process::ExitCode, sync::Arc, time::Duration};

use actix_web::{App, HttpServer};
use anyhow::Context as _;
use answers::Answers;
use queue::{RabbitConsumer, RabbitMq, RabbitPublisher, TaskConsumer, TaskPublisher};
use service::{Process, admin::Admin, bind};
use shared::{clock::Clock, health::Health};
use slack::replies::Replies;
use threads::{RedisThreads, ThreadStore};
use tokio::sync::RwLock;

use crate::{consume, worker::Worker};

/// Publishing a parked or dead copy and the broker's confirm together.
const PUBLISH_TIMEOUT: Duration = Duration::from_secs(5);

/// Sets the responder up and answers until the process is told to end.
///
/// # Errors
/// Says what failed and what to check. Without Redis, without RabbitMQ, or with a wrong password the responder does not
/// start: there is nothing it could answer from.
pub async fn serve(process: Process) -> anyhow::Result<ExitCode> {
    let Process { id, settings, metrics, mut lifecycle } = process;
    let token = settings.slack.bot_token()?;
    let replies = Replies::new(&settings.slack.api_url, token, settings.delivery.post_timeout)?;
    let answerer = Answers::from_config(&settings.answer)?;
    let broker = RabbitMq::connect(&settings.amqp, &settings.delivery.waits, &id).await?;
    let first_start = broker.depths().await?.all_empty();
    let store =
        RedisThreads::connect(&settings.redis, &settings.context, &settings.delivery, id, first_start).await?;
    broker.move_unrouted().await?;

    let publisher = broker.publisher(PUBLISH_TIMEOUT);
    let consumer = broker.consumer(settings.responder.concurrency, &publisher).await?;
    let admin = Admin { health: health(&publisher, &consumer, &store), metrics };
    let listener = bind::listen("responder.listen", settings.responder.listen)?;
    let server = HttpServer::new(move || App::new().configure(|config| admin.routes(config)))
        .workers(1)
        .disable_signals()
        .shutdown_signal(lifecycle.soft().cancelled_owned())
        .listen(listener)
        .context("the HTTP server for health and metrics cannot start")?;

    let worker = Arc::new(Worker {
        store: store.clone(),
        replies,
        answerer,
        delivery: settings.delivery,
        clock: Clock::System,
        company: RwLock::new(()),
        soft: lifecycle.soft(),
    });
    lifecycle.spawn("http", server.run());
    lifecycle.spawn("heartbeat", threads::keep_beating(store, lifecycle.soft()));
    lifecycle.spawn("consumer", consume::consume(consumer, worker));
    Ok(lifecycle.run(settings.responder.shutdown_timeout).await?)
}
