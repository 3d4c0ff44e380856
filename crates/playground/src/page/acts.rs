//! What a person does on the page.

use std::{sync::Arc, time::Duration};

use actix_web::{HttpResponse, ResponseError, http::StatusCode, web};
use serde::Deserialize;
use serde_json::json;
use shared::{
    ids::{ChannelId, UserId},
    ts::MessageTs,
};

use super::typed;
use crate::{
    error::PlaygroundError,
    furniture,
    interaction::{self, Press},
    person,
    site::Site,
    workspace::{Kind, Stage, Step, Trace, Upload, Workspace},
};

/// How long the button stops the store.
const STORE_STOPPED: Duration = Duration::from_secs(5);

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/say", web::post().to(say))
        .route("/edit", web::post().to(edit))
        .route("/delete", web::post().to(delete))
        .route("/open-channel", web::post().to(open_channel))
        .route("/add-person", web::post().to(add_person))
        .route("/press", web::post().to(press))
        .route("/deliver-twice", web::post().to(deliver_twice))
        .route("/kill-worker", web::post().to(kill_worker))
        .route("/stop-store", web::post().to(stop_store));
}

/// Why an act was not done; shown to the person.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Workspace(#[from] PlaygroundError),
    #[error("there is nothing to say")]
    Empty,
    #[error("a file has a name")]
    NamelessFile,
    #[error("this message is somebody else's")]
    Foreign,
    #[error("a name has 1 to 80 letters, digits, `-` or `_`")]
    Name,
    #[error("nothing is known of this question any more: ask a new one")]
    NoTrace,
    #[error("the app did not take the click: {0}")]
    NotTaken(String),
    #[error("this playground cannot do that: nobody handed it the controls of the services")]
    NoControl,
    #[error("{0}")]
    Control(String),
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).json(json!({"error": self.to_string()}))
    }
}

type Answer = Result<HttpResponse, Refused>;

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

async fn say(site: web::Data<Site>, wanted: web::Json<Say>) -> Answer {
    let site: Arc<Site> = site.into_inner();
    let Say { channel, user, text, thread_ts, files } = wanted.into_inner();
    if files.iter().any(|file| file.name.trim().is_empty()) {
        return Err(Refused::NamelessFile);
    }
    // Files need no words.
    let text = if text.trim().is_empty() && !files.is_empty() { String::new() } else { sent(&site, &text)? };
    let said = person::say(&site, &channel, &user, &text, thread_ts, files)?;
    let (ts, is_question) = (said.ts, is_question(&site, &said));
    // A delivery may take minutes with its retries; the page follows it on the feed.
    let teller = Arc::clone(&site);
    site.spawn(async move { drop(person::tell(&teller, said).await) });
    Ok(HttpResponse::Ok().json(json!({"ts": ts, "is_question": is_question})))
}

/// Whether the bot is asked: by a mention, or in direct messages.
fn is_question(site: &Site, said: &person::Said) -> bool {
    let direct = site.read(|workspace| {
        workspace.channel(&said.channel).is_some_and(|channel| matches!(channel.kind, Kind::DirectMessages(_)))
    });
    direct || said.events.iter().any(|event| event.kind == "app_mention")
}

/// The typed text as Slack stores it.
fn sent(site: &Site, text: &str) -> Result<String, Refused> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refused::Empty);
    }
    let members = site.read(|workspace| {
        let bot = workspace.identity();
        let people = workspace.people.iter().map(|(id, name)| (name.clone(), id.to_string()));
        people.chain([(bot.bot_name.clone(), bot.bot_user.to_string())]).collect::<Vec<_>>()
    });
    Ok(typed::to_slack(text, &members))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    channel: ChannelId,
    user: UserId,
    ts: MessageTs,
    text: String,
}

async fn edit(site: web::Data<Site>, wanted: web::Json<Edit>) -> Answer {
    let site: Arc<Site> = site.into_inner();
    let Edit { channel, user, ts, text } = wanted.into_inner();
    let text = sent(&site, &text)?;
    require_own(&site, &channel, ts, &user)?;
    let events = person::edit(&site, &channel, ts, &text)?;
    site.send(events);
    Ok(HttpResponse::Ok().json(json!({})))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Delete {
    channel: ChannelId,
    user: UserId,
    ts: MessageTs,
}

async fn delete(site: web::Data<Site>, wanted: web::Json<Delete>) -> Answer {
    let site: Arc<Site> = site.into_inner();
    let Delete { channel, user, ts } = wanted.into_inner();
    require_own(&site, &channel, ts, &user)?;
    let events = person::delete(&site, &channel, ts)?;
    site.send(events);
    Ok(HttpResponse::Ok().json(json!({})))
}

fn require_own(site: &Site, channel: &ChannelId, ts: MessageTs, user: &UserId) -> Result<(), Refused> {
    let own = site.read(|workspace| workspace.message(channel, ts).map(|message| message.is_by(user)));
    match own {
        None => Err(PlaygroundError::NoMessage { channel: channel.clone(), ts }.into()),
        Some(false) => Err(Refused::Foreign),
        Some(true) => Ok(()),
    }
}

async fn press(site: web::Data<Site>, wanted: web::Json<Press>) -> Answer {
    let attempt = interaction::tell(&site, &wanted).await?;
    if attempt.is_acked() {
        return Ok(told("The app took the click."));
    }
    let answer = attempt.answer.map_or_else(|reason| reason.to_string(), |status| format!("it answered {status}"));
    Err(Refused::NotTaken(answer))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

impl Named {
    fn checked(self) -> Result<String, Refused> {
        let name = self.name.trim().to_lowercase();
        let is_good = (1..=80).contains(&name.chars().count())
            && name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
        if is_good { Ok(name) } else { Err(Refused::Name) }
    }
}

async fn open_channel(site: web::Data<Site>, wanted: web::Json<Named>) -> Answer {
    let name = wanted.into_inner().checked()?;
    let id = site.change(|workspace| furniture::public_channel(workspace, &name));
    Ok(HttpResponse::Ok().json(json!({"id": id})))
}

async fn add_person(site: web::Data<Site>, wanted: web::Json<Named>) -> Answer {
    let name = wanted.into_inner().checked()?;
    let id = site.change(|workspace| furniture::newcomer(workspace, &name));
    Ok(HttpResponse::Ok().json(json!({"id": id})))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    channel: ChannelId,
    ts: MessageTs,
}

async fn deliver_twice(site: web::Data<Site>, about: web::Json<About>) -> Answer {
    let site: Arc<Site> = site.into_inner();
    let question = (about.channel.clone(), about.ts);
    let events = site.read(|workspace| workspace.traces.get(&question).map(|trace| trace.events.clone()));
    let events = events.ok_or(Refused::NoTrace)?;
    disturb(&site, &about, "Slack sends the same events again");
    for event in events {
        let teller = Arc::clone(&site);
        site.spawn(async move { teller.deliver_again(&event).await });
    }
    Ok(told("The same events are on their way again."))
}

async fn kill_worker(site: web::Data<Site>, about: web::Json<About>) -> Answer {
    let controls = site.controls();
    let act = controls.kill_worker().ok_or(Refused::NoControl)?;
    let worker = site.read(|workspace| worker_of(workspace, &about)).unwrap_or(1);
    let done = web::block(move || act(worker)).await;
    let sentence = done.map_err(|error| Refused::Control(error.to_string()))?.map_err(Refused::Control)?;
    disturb(&site, &about, &sentence);
    Ok(told(&sentence))
}

/// The worker that has the question, else the one that had any last.
fn worker_of(workspace: &Workspace, about: &About) -> Option<usize> {
    let trace = workspace.traces.get(&(about.channel.clone(), about.ts));
    trace.and_then(Trace::worker).or(workspace.traces.worker())
}

async fn stop_store(site: web::Data<Site>, about: web::Json<About>) -> Answer {
    let act = site.controls().stop_store().ok_or(Refused::NoControl)?;
    let done = web::block(move || act(STORE_STOPPED)).await;
    let sentence = done.map_err(|error| Refused::Control(error.to_string()))?.map_err(Refused::Control)?;
    disturb(&site, &about, &sentence);
    Ok(told(&sentence))
}

/// Shows in the question's trace what the person did to it.
fn disturb(site: &Site, about: &About, what: &str) {
    let step = Step::new(about.channel.clone(), about.ts, Stage::Disturbed, "you").because(what);
    site.glimpse(|workspace| workspace.note_step(step));
}

fn told(sentence: &str) -> HttpResponse {
    HttpResponse::Ok().json(json!({"said": sentence}))
}
