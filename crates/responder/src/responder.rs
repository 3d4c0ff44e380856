//! The responder without its surroundings: whatever holds questions and threads, an answerer, and Slack.

use std::sync::{Arc, Mutex};

use answers::Answerer;
use queue::TaskConsumer;
use shared::{
    clock::Clock,
    config::{self, Settings},
    telemetry::chain,
};
use slack::{
    CallError,
    replies::{Identity, RefusalKind, Replies},
};
use threads::ThreadStore;
use tokio::sync::{OnceCell, RwLock};
use tokio_util::sync::CancellationToken;

use crate::{consume, status::Statuses, worker::Worker};
pub use crate::{consume::Ended, dependencies::Dependencies};

/// Slack as the bot uses it, and who the bot is there.
#[derive(Clone)]
pub struct Bot {
    replies: Replies,
    /// None = Slack could not be asked yet.
    identity: Option<Identity>,
}

impl Bot {
    /// Asks Slack who the bot is. A token that Slack refuses keeps the responder from starting; a Slack that is away does
    /// not.
    ///
    /// # Errors
    /// When there is no token, Slack refuses it, or `slack.api_url` cannot be used.
    pub async fn connect(slack: &config::Slack, delivery: &config::Delivery) -> anyhow::Result<Self> {
        let replies = Replies::new(&slack.api_url, slack.bot_token()?, delivery.post_timeout)?;
        let identity = check_token(&replies).await?;
        Ok(Self { replies, identity })
    }
}

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

/// What answers questions, on whichever queue and store.
pub struct Responder<C, S, A> {
    /// Where questions come from.
    pub consumer: C,
    /// Where threads are.
    pub store: Arc<S>,
    /// What makes answers.
    pub answerer: A,
    /// Where answers go.
    pub bot: Bot,
    /// What answers depend on besides; shared by the workers of a process.
    pub dependencies: Dependencies,
}

impl<C, S, A> Responder<C, S, A>
where
    C: TaskConsumer,
    C::Delivery: 'static,
    S: ThreadStore + 'static,
    A: Answerer + 'static,
{
    /// Answers until `stop`, and then completes what must be. Dropped before, it ends as a killed process does: what was in
    /// hand comes again.
    ///
    /// # Errors
    /// When the questions end although nobody told it to stop.
    pub async fn run(self, settings: &Settings, stop: CancellationToken) -> Result<(), Ended> {
        let worker = Arc::new(Worker {
            store: self.store,
            replies: self.bot.replies,
            identity: OnceCell::new_with(self.bot.identity),
            answerer: self.answerer,
            dependencies: self.dependencies,
            delivery: settings.delivery.clone(),
            clock: Clock::System,
            pacing: settings.slack.pacing,
            streaming: settings.answer.streaming == config::Streaming::On,
            unstreamed: Mutex::default(),
            context_ttl: settings.context.ttl,
            statuses: Statuses::new(settings.answer.patience),
            company: RwLock::new(()),
            soft: stop,
        });
        consume::consume(self.consumer, worker, settings.responder.concurrency.into()).await
    }
}
