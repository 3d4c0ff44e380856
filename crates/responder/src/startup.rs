//! Puts the responder together; the only place that names RabbitMQ and Redis.

use std::{process::ExitCode, sync::Arc, time::Duration};

use answers::AnyAnswerer;
use anyhow::Context as _;
use queue::rabbitmq::RabbitMq;
use service::{Process, admin::Admin, bind};
use shared::{clock::Clock, health::Health, telemetry::chain};
use slack::{
    CallError,
    replies::{Identity, RefusalKind, Replies},
};
use threads::{Origin, RedisThreads, ThreadStore};
use tokio::sync::{OnceCell, RwLock};

use crate::{consume, dependencies::Dependencies, status::Statuses, worker::Worker};

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
    let identity = check_token(&replies).await?;
    let answerer = AnyAnswerer::from_config(&settings.answer)?;
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
    let dependencies = Dependencies::new();
    let admin = Admin { health: health(&broker, &store, &dependencies), metrics };
    let listener = bind::listen("responder.listen", settings.responder.listen)?;
    let server = admin.serve(listener, lifecycle.soft())?;

    let worker = Arc::new(Worker {
        store: Arc::clone(&store),
        replies,
        identity: OnceCell::new_with(identity),
        answerer,
        dependencies,
        delivery: settings.delivery,
        clock: Clock::System,
        pacing: settings.slack.pacing,
        context_ttl: settings.context.ttl,
        statuses: Statuses::new(settings.answer.patience),
        company: RwLock::new(()),
        soft: lifecycle.soft(),
    });
    lifecycle.spawn("http", server);
    lifecycle.spawn("heartbeat", threads::keep_beating(store, lifecycle.soft()));
    lifecycle.spawn("consumer", consume::consume(consumer, worker, settings.responder.concurrency.into()));
    let code = lifecycle.run(settings.responder.shutdown_timeout).await?;
    broker.close().await;
    Ok(code)
}

/// Who the bot is. A token that Slack refuses keeps the responder from starting; a Slack that is away does not.
async fn check_token(replies: &Replies) -> anyhow::Result<Option<Identity>> {
    match replies.auth_test().await {
        Ok(identity) => {
            tracing::info!(
                slack.team_id = %identity.team, slack.bot_user_id = %identity.user,
                "Slack knows the bot as {} of {}", identity.user, identity.team
            );
            Ok(Some(identity))
        }
        Err(CallError::Refused { method, refusal }) if refusal.kind == RefusalKind::Token => {
            anyhow::bail!("Slack refuses the bot token ({method}): {refusal}");
        }
        Err(error) => {
            let cause = chain(&error);
            tracing::error!(
                "Slack cannot be asked who the bot is, answers may have to wait; check SLACK_API_URL: {cause}"
            );
            Ok(None)
        }
    }
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
