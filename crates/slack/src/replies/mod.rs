//! Calls to Slack's Web API: post an answer, change or delete it, and look it up again.
//!
//! [`Replies`] speaks through slack-morphism's transport, and never through its models: they refuse an answer whose
//! unimportant part they do not know, although the message was posted. Its rate control stays off as well, because it
//! waits and retries inside a call; here each call is sent once, under one timeout, and its [outcome](crate::CallError)
//! says whether Slack can have executed it.

mod connection;
mod post;
mod refusal;
mod seen;
mod stream;
mod verdict;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use shared::{
    config::Secret,
    ids::{ChannelId, TeamId, UserId},
    ts::MessageTs,
};
use slack_morphism::{SlackApiToken, SlackClient, SlackClientSession, hyper_tokio::SlackClientHyperHttpsConnector};

pub use self::{
    post::{Metadata, Part, Post},
    refusal::{Refusal, RefusalKind},
    seen::{Mark, Seen},
    stream::{Recipient, StreamError},
};
use crate::error::{CallError, Doubt, PostError, SlackError};

/// Messages per page. Slack recommends at most 200 (<https://docs.slack.dev/apis/web-api/pagination>).
const PAGE_MESSAGES: &str = "200";

/// Pages of one reading: 20,000 messages. More means a server that always has another cursor.
const MAX_PAGES: usize = 100;

/// A client for one workspace's token. Clones share its connections.
#[derive(Clone)]
pub struct Replies {
    client: Arc<SlackClient<SlackClientHyperHttpsConnector>>,
    token: Arc<SlackApiToken>,
    call_timeout: Duration,
}

/// What became of a message that was to be deleted. Either way it is not there any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// It was there.
    Now,
    /// Slack knows no such message: somebody deleted it before.
    AlreadyGone,
}

/// Whose token it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The workspace.
    pub team: TeamId,
    /// The bot's user.
    pub user: UserId,
    /// The bot, `B…`.
    pub bot_id: Option<String>,
    /// The workspace's address, `https://….slack.com/`.
    pub url: Option<String>,
}

type Session<'a> = SlackClientSession<'a, SlackClientHyperHttpsConnector>;
type Answered = Result<Value, slack_morphism::errors::SlackClientError>;

impl Replies {
    /// A client for `api_url` (`https://slack.com/api`, with or without a slash at the end) with a bot token. Connects
    /// at the first call. `call_timeout` bounds each call from its start to Slack's whole answer; a connection has half
    /// of it to be established.
    ///
    /// # Errors
    /// When the URL or the token cannot be used, or this machine has no root certificates.
    pub fn new(api_url: &str, token: &Secret, call_timeout: Duration) -> Result<Self, SlackError> {
        let client = connection::client(api_url, call_timeout)?;
        let token = connection::token(token)?;
        Ok(Self { client: Arc::new(client), token: Arc::new(token), call_timeout })
    }

    /// Posts a message (`chat.postMessage`) and says where it stands. Sent once, never twice.
    ///
    /// # Errors
    /// [`PostError::Unknown`] when the message may have been posted: look for it before posting again. All others say
    /// that it was not.
    pub async fn post(&self, post: &Post<'_>) -> Result<MessageTs, PostError> {
        const METHOD: &str = "chat.postMessage";
        let body = post.to_body();
        let answer = self.call(METHOD, async |session| session.http_session_api.http_post(METHOD, &body, None).await);
        let answer = answer.await?;
        match answer.get("ts").and_then(Value::as_str).and_then(|ts| ts.parse().ok()) {
            Some(ts) => Ok(ts),
            None => Err(PostError::Unknown(Doubt::Unreadable("an answer without the message's ts"))),
        }
    }

    /// Puts a message in the place of an own one (`chat.update`): its text, format and metadata; where it stands does not
    /// change. A plain text of more than 4,000 characters is refused by Slack (`msg_too_long`), Markdown of more than 12,000.
    ///
    /// # Errors
    /// When the call failed; it may be repeated after each error, since it says the same twice.
    pub async fn replace(&self, ts: MessageTs, post: &Post<'_>) -> Result<(), CallError> {
        const METHOD: &str = "chat.update";
        let body = post.to_change(ts);
        self.call(METHOD, async |session| session.http_session_api.http_post(METHOD, &body, None).await).await?;
        Ok(())
    }

    /// Shows in a thread what the bot is doing, as `<bot> <status>` (`assistant.threads.setStatus`, scope `chat:write`). An
    /// empty status takes it away; so do the bot's next message in the thread, and Slack itself after two minutes. `within`
    /// bounds the call: nothing waits long for a status.
    ///
    /// # Errors
    /// When the call failed; it may have been executed, and may be repeated.
    pub async fn set_status(
        &self,
        channel: &ChannelId,
        thread_root: MessageTs,
        status: &str,
        within: Duration,
    ) -> Result<(), CallError> {
        const METHOD: &str = "assistant.threads.setStatus";
        let body = json!({ "channel_id": channel, "thread_ts": thread_root.to_string(), "status": status });
        let send = async |session: Session<'_>| session.http_session_api.http_post(METHOD, &body, None).await;
        self.call_within(within, METHOD, send).await?;
        Ok(())
    }

    /// Deletes a message (`chat.delete`).
    ///
    /// # Errors
    /// When the call failed; it may be repeated after each error.
    pub async fn delete(&self, channel: &ChannelId, ts: MessageTs) -> Result<Deleted, CallError> {
        const METHOD: &str = "chat.delete";
        let body = json!({ "channel": channel, "ts": ts });
        match self.call(METHOD, async |session| session.http_session_api.http_post(METHOD, &body, None).await).await {
            Ok(_) => Ok(Deleted::Now),
            Err(CallError::Refused { refusal, .. }) if refusal.error == "message_not_found" => Ok(Deleted::AlreadyGone),
            Err(error) => Err(error),
        }
    }

    /// All messages of a thread from `oldest` on, that one included, oldest first (`conversations.replies`). Slack adds
    /// the thread's first message whatever its age.
    ///
    /// # Errors
    /// When a page could not be read. Part of a thread is never returned: it would prove nothing about the rest.
    pub async fn thread(
        &self,
        channel: &ChannelId,
        thread_root: MessageTs,
        oldest: MessageTs,
    ) -> Result<Vec<Seen>, CallError> {
        let root = thread_root.to_string();
        self.read_pages("conversations.replies", channel, &[("ts", &root), ("oldest", &oldest.to_string())]).await
    }

    /// All top-level messages of a channel from `oldest` on, that one included, newest first
    /// (`conversations.history`).
    ///
    /// # Errors
    /// As [`thread`](Self::thread).
    pub async fn history(&self, channel: &ChannelId, oldest: MessageTs) -> Result<Vec<Seen>, CallError> {
        self.read_pages("conversations.history", channel, &[("oldest", &oldest.to_string())]).await
    }

    /// Whose token it is (`auth.test`); also the check that Slack is reachable and the token good.
    ///
    /// # Errors
    /// When the call failed.
    pub async fn auth_test(&self) -> Result<Identity, CallError> {
        const METHOD: &str = "auth.test";
        let body = json!({});
        let answer = self.call(METHOD, async |session| session.http_session_api.http_post(METHOD, &body, None).await);
        let answer = answer.await?;
        let text = |key: &str| answer.get(key).and_then(Value::as_str).map(str::to_owned);
        match (text("team_id"), text("user_id")) {
            (Some(team), Some(user)) => Ok(Identity {
                team: TeamId::new(team),
                user: UserId::new(user),
                bot_id: text("bot_id"),
                url: text("url"),
            }),
            _ => Err(unreadable(METHOD, "an answer without team_id or user_id")),
        }
    }

    async fn read_pages(
        &self,
        method: &'static str,
        channel: &ChannelId,
        arguments: &[(&str, &str)],
    ) -> Result<Vec<Seen>, CallError> {
        let mut seen = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut query = vec![
                ("channel", Some(channel.as_str())),
                ("limit", Some(PAGE_MESSAGES)),
                ("inclusive", Some("true")),
                ("include_all_metadata", Some("true")),
                ("cursor", cursor.as_deref()),
            ];
            query.extend(arguments.iter().map(|(key, value)| (*key, Some(*value))));
            let page = self.call(method, async |session| session.http_session_api.http_get(method, &query, None).await);
            let page = page.await?;

            let messages = page.get("messages").and_then(Value::as_array);
            let messages = messages.ok_or(unreadable(method, "an answer without messages"))?;
            seen.extend(messages.iter().filter_map(Seen::read));
            let next = page.pointer("/response_metadata/next_cursor").and_then(Value::as_str);
            let has_more = page.get("has_more").and_then(Value::as_bool).unwrap_or(false);
            match next.filter(|next| !next.is_empty()) {
                Some(next) => cursor = Some(next.to_owned()),
                None if has_more => return Err(unreadable(method, "more messages but no cursor")),
                None => return Ok(seen),
            }
        }
        Err(unreadable(method, "pages without end"))
    }

    /// One call under the client's timeout.
    async fn call(
        &self,
        method: &'static str,
        send: impl AsyncFnOnce(Session<'_>) -> Answered,
    ) -> Result<Value, CallError> {
        self.call_within(self.call_timeout, method, send).await
    }

    /// One call under a timeout, judged, counted and measured.
    ///
    /// When the time is over the call's future is dropped. hyper then throws a request away that waits to be written,
    /// and closes the connection of one that was written; nothing is sent later.
    #[tracing::instrument(name = "slack.call", level = "debug", skip_all, fields(slack.method = method))]
    async fn call_within(
        &self,
        timeout: Duration,
        method: &'static str,
        send: impl AsyncFnOnce(Session<'_>) -> Answered,
    ) -> Result<Value, CallError> {
        let started = Instant::now();
        let session = self.client.open_session(&self.token);
        let outcome = match tokio::time::timeout(timeout, send(session)).await {
            Ok(answered) => verdict::of(method, answered),
            Err(_) => Err(CallError::Unknown { method, doubt: Doubt::TimedOut(timeout) }),
        };
        let name = outcome.as_ref().map_or_else(CallError::as_str, |_| "ok");
        metrics::counter!("threadkeeper_slack_calls_total", "method" => method, "outcome" => name).increment(1);
        metrics::histogram!("threadkeeper_slack_call_seconds", "method" => method).record(started.elapsed());
        outcome
    }
}

fn unreadable(method: &'static str, what: &'static str) -> CallError {
    CallError::Unknown { method, doubt: Doubt::Unreadable(what) }
}

impl fmt::Debug for Replies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the token, which slack-morphism would print.
        f.debug_struct("Replies").field("call_timeout", &self.call_timeout).finish_non_exhaustive()
    }
}
