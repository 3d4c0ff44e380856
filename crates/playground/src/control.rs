//! Routes under `/control` with which scripts act as a person and read what the bot said.
//!
//! | route | does |
//! |---|---|
//! | `POST /control/say {channel, user, text, thread_ts?, files?}` | says it, with `files: [{name, mimetype?, size?}]`, and delivers the events; `{channel, ts, deliveries}` |
//! | `GET /control/messages?channel=&thread_ts=` | the visible messages of a channel, or of one thread with its root |
//! | `GET /control/answer?channel=&ts=&timeout_ms=` | waits for the answer to a message; 504 if there is none |
//!
//! Channels and people that are not there yet are made. `@name` of the bot becomes a mention, as in Slack's clients.

use std::{sync::Arc, time::Duration};

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{
    ids::{ChannelId, UserId},
    ts::MessageTs,
};

use crate::{
    delivery::Delivery,
    furniture, person,
    playground::wait_for,
    site::Site,
    workspace::{Author, Message, Upload},
};

/// How long `GET /control/answer` waits if it is not told, in ms.
const ANSWER_TIMEOUT_MS: u64 = 30_000;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/control/say", web::post().to(say))
        .route("/control/messages", web::get().to(messages))
        .route("/control/answer", web::get().to(answer));
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Say {
    channel: ChannelId,
    user: UserId,
    text: String,
    thread_ts: Option<MessageTs>,
    #[serde(default)]
    files: Vec<Upload>,
}

async fn say(site: web::Data<Site>, wanted: web::Json<Say>) -> HttpResponse {
    let site: Arc<Site> = site.into_inner();
    let Say { channel, user, text, thread_ts, files } = wanted.into_inner();
    furniture::open_channel(&site, &channel, &user);
    furniture::add_person(&site, &user);
    let identity = &site.options.identity;
    let text = text.replace(&format!("@{}", identity.bot_name), &identity.mention());
    match person::say(&site, &channel, &user, &text, thread_ts, files) {
        Err(error) => HttpResponse::BadRequest().json(json!({"error": error.to_string()})),
        Ok(said) => {
            let asked = person::tell(&site, said).await;
            let deliveries: Vec<Value> = asked.deliveries.iter().map(Delivery::to_json).collect();
            HttpResponse::Ok().json(json!({"channel": asked.channel, "ts": asked.ts, "deliveries": deliveries}))
        }
    }
}

#[derive(Debug, Deserialize)]
struct Where {
    channel: ChannelId,
    thread_ts: Option<MessageTs>,
}

async fn messages(site: web::Data<Site>, wanted: web::Query<Where>) -> HttpResponse {
    let messages: Vec<Value> = site.read(|workspace| {
        let all = workspace.messages(&wanted.channel);
        all.filter(|message| wanted.thread_ts.is_none_or(|root| message.root() == root)).map(show).collect()
    });
    HttpResponse::Ok().json(json!({"messages": messages}))
}

#[derive(Debug, Deserialize)]
struct Awaited {
    channel: ChannelId,
    ts: MessageTs,
    timeout_ms: Option<u64>,
}

async fn answer(site: web::Data<Site>, wanted: web::Query<Awaited>) -> HttpResponse {
    let timeout = Duration::from_millis(wanted.timeout_ms.unwrap_or(ANSWER_TIMEOUT_MS));
    let what = format!("an answer to {}:{}", wanted.channel, wanted.ts);
    let found =
        wait_for(&site, &what, timeout, |workspace| workspace.answers_to(&wanted.channel, wanted.ts).next().map(show));
    match found.await {
        Ok(message) => HttpResponse::Ok().json(message),
        Err(error) => HttpResponse::GatewayTimeout().json(json!({"error": error.to_string()})),
    }
}

fn show(message: &Message) -> Value {
    let (author, user) = match &message.author {
        Author::Person(user) => ("person", Some(user)),
        Author::Bot => ("bot", None),
    };
    json!({"ts": message.ts, "thread_ts": message.thread_ts, "author": author, "user": user, "text": message.text,
           "metadata": message.metadata.as_ref().map(|metadata| &metadata.event_type)})
}
