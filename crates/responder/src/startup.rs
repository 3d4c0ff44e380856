//! Puts the responder together; the only place that names RabbitMQ and Redis.

use std::{process::ExitCode, sync::Arc, time::Duration};

use answers::AnyAnswerer;
use anyhow::Context as _;
use queue::rabbitmq::RabbitMq;
use service::{Process, admin::Admin, bind};
use shared::health::Health;
use threads::{Origin, RedisThreads, ThreadStore};

use crate::responder::{Bot, Dependencies, Responder};

/// Publishing a parked or dead copy and the broker's confirm together.
const PUBLISH_TIMEOUT: Duration = Duration::from_secs(5);

/// Sets the responder up and answers until the process is told to end.
///
/// # Errors
/// Says what failed and what to check. Without Redis, without RabbitMQ, or with a wrong password the responder does not
/// start: there is nothing it could answer from.
pub async fn serve(process: Process) -> anyhow::Result<ExitCode> {
    let Process { id, settings, metrics, mut lifecycle } = process;
    let bot = Bot::connect(&settings.slack, &settings.delivery).await?;
    let answerer = AnyAnswerer::from_config(&settings)?;
    let broker = RabbitMq::connect(&settings.amqp, &settings.delivery.waits, &id).await?;
    // A Redis that knows nothing while questions are under way has lost its data.
    let origin = if broker.depths().await?.nothing_is_under_way() { Origin::FirstStart } else { Origin::PossibleLoss };
    let url = settings.redis.url()?;
    let store = RedisThreads::connect(&settings.redis, &settings.context, &settings.delivery, id, origin)
        .await
        .with_context(|| format!("Redis at {url} cannot be used"))?;
    let store = Arc::new(store);
    broker.move_unrouted().await?;

    let consumer = broker.consumer(settings.responder.concurrency, PUBLISH_TIMEOUT);
    let broker = Arc::new(broker);
    let dependencies = Dependencies::default();
    let admin = Admin { health: health(&broker, &store, &dependencies), metrics };
    let listener = bind::listen("responder.listen", settings.responder.listen)?;
    let server = admin.serve(listener, lifecycle.soft())?;

    let responder = Responder { consumer, store: Arc::clone(&store), answerer, bot, dependencies };
    let (soft, shutdown_timeout) = (lifecycle.soft(), settings.responder.shutdown_timeout);
    lifecycle.spawn("http", server);
    lifecycle.spawn("heartbeat", threads::keep_beating(store, lifecycle.soft()));
    lifecycle.spawn("consumer", async move { responder.run(&settings, soft).await });
    let code = lifecycle.run(shutdown_timeout).await?;
    broker.close().await;
    Ok(code)
}

/// Ready = a question would be taken, its thread known, its answer made and posted.
fn health(broker: &Arc<RabbitMq>, store: &Arc<RedisThreads>, dependencies: &Dependencies) -> Health {
    let (broker, store) = (Arc::clone(broker), Arc::clone(store));
    let servers = Health::new().with("rabbitmq", move || std::future::ready(broker.ready())).with("redis", move || {
        let store = Arc::clone(&store);
        async move { store.probe().await.map_err(|error| shared::telemetry::chain(&error)) }
    });
    dependencies.each().into_iter().fold(servers, |health, dependency| {
        health.with(dependency.name(), move || std::future::ready(dependency.probe()))
    })
}
