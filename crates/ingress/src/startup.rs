//! Puts the ingress together; the only place that names RabbitMQ and Redis.

use std::{process::ExitCode, sync::Arc, time::Duration};

use actix_web::{App, HttpServer, web};
use anyhow::Context as _;
use queue::{
    TaskPublisher,
    rabbitmq::{RabbitMq, RabbitPublisher},
};
use service::{Process, admin::Admin, bind};
use shared::{clock::Clock, config, health::Health};
use slack::signature::Verifier;
use threads::{Origin, RedisThreads, ThreadStore};
use tokio::sync::Semaphore;

use crate::{
    intake::Intake,
    routes::{
        body::BodyLimits,
        events::{self, Events},
    },
};

/// After a signal: requests that are in work get this long. Slack itself waits 3 s.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// Sets the ingress up and serves until the process is told to end.
///
/// A broker or a Redis that cannot be reached does not keep the ingress from starting: it answers 503, or takes
/// questions without a number, and says so. A wrong password, a wrong option or a used port does.
///
/// # Errors
/// Says what failed and what to check.
pub async fn serve(process: Process) -> anyhow::Result<ExitCode> {
    let Process { id, settings, metrics, mut lifecycle } = process;
    let verifier = Verifier::new(settings.slack.signing_secret()?);
    let broker = RabbitMq::connect_lazily(&settings.amqp, &settings.delivery.waits, &id).await?;
    let publisher = broker.publisher(settings.ingress.publish_timeout);
    // A Redis that knows nothing while questions are under way has lost its data.
    let origin = match broker.ready() {
        Ok(()) if broker.depths().await?.nothing_is_under_way() => Origin::FirstStart,
        Ok(()) => Origin::PossibleLoss,
        Err(_) => Origin::Unseen,
    };
    // Slack waits: a register that fails is not repeated, and has a time limit of its own.
    let redis = config::Redis { max_retries: 0, ..settings.redis };
    let url = redis.url()?;
    let store = RedisThreads::connect_lazily(&redis, &settings.context, &settings.delivery, id, origin)
        .await
        .with_context(|| format!("Redis at {url} cannot be used"))?;
    let store = Arc::new(store);

    let admin = Admin { health: health(&publisher, &store), metrics };
    let options = settings.ingress;
    let events = web::Data::new(Events {
        verifier,
        intake: Intake::new(publisher, Arc::clone(&store), options.register_timeout, Clock::System),
        clock: Clock::System,
        direct_messages: settings.context.direct_messages,
        limits: BodyLimits { bytes: options.max_body_bytes, time: options.body_timeout },
        in_flight: Semaphore::new(options.max_in_flight),
        max_in_flight: options.max_in_flight,
    });

    let public = bind::listen("ingress.listen", options.listen)?;
    if let Some(address) = options.admin_listen {
        let listener = bind::listen("ingress.admin_listen", address)?;
        lifecycle.spawn("admin http", admin.clone().serve(listener, lifecycle.soft())?);
    }
    let server = HttpServer::new(move || {
        let receive = events::receive::<RabbitPublisher, RedisThreads>;
        let app = App::new().app_data(events.clone()).route("/slack/events", web::post().to(receive));
        if options.admin_listen.is_none() { app.configure(|config| admin.routes(config)) } else { app }
    })
    .disable_signals()
    .shutdown_signal(lifecycle.soft().cancelled_owned())
    .listen(public)
    .context("the HTTP server for Slack cannot start")?;
    lifecycle.spawn("http", server.run());
    lifecycle.spawn("heartbeat", threads::keep_beating(store, lifecycle.soft()));
    let code = lifecycle.run(SHUTDOWN_TIMEOUT).await?;
    broker.close().await;
    Ok(code)
}

/// Ready = a question would be kept, and numbered.
fn health(publisher: &RabbitPublisher, store: &Arc<RedisThreads>) -> Health {
    let (publisher, store) = (publisher.clone(), Arc::clone(store));
    Health::new().with("rabbitmq", move || std::future::ready(publisher.ready())).with("redis", move || {
        let store = Arc::clone(&store);
        async move { store.probe().await.map_err(|error| shared::telemetry::chain(&error)) }
    })
}
