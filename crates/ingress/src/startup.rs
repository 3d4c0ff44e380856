//! Puts the ingress together; the only place that names RabbitMQ and Redis.

use std::{process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context as _;
use queue::{
    TaskPublisher,
    rabbitmq::{RabbitMq, RabbitPublisher},
};
use service::{Process, admin::Admin, bind};
use shared::{config, health::Health};
use slack::signature::Verifier;
use threads::{Origin, RedisThreads, ThreadStore};

use crate::{lookout, receiver::Receiver};

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
    let broker = Arc::new(RabbitMq::connect_lazily(&settings.amqp, &settings.delivery.waits, &id).await?);
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
    let receiver = Receiver {
        verifier,
        publisher,
        store: Arc::clone(&store),
        options: options.clone(),
        direct_messages: settings.context.direct_messages,
    };
    let public = bind::listen("ingress.listen", options.listen)?;
    let beside = match options.admin_listen {
        Some(address) => {
            let listener = bind::listen("ingress.admin_listen", address)?;
            lifecycle.spawn("admin http", admin.serve(listener, lifecycle.soft())?);
            None
        }
        None => Some(admin),
    };
    lifecycle.spawn("http", receiver.serve(public, beside, lifecycle.soft())?);
    lifecycle.spawn("lookout", lookout::keep_looking(Arc::clone(&broker), Arc::clone(&store), lifecycle.soft()));
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
