//! The page's routes, as a browser uses them.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use playground::{Controls, Method, Stage, Step};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use shared::{ids::UserId, ts::MessageTs};

use crate::{
    bot::{Bot, json},
    receiver::{Reaction, Receiver},
};

/// A reader of the feed.
pub(crate) struct Reader {
    response: Response,
    text: String,
    /// The id of the last event.
    last: String,
}

impl Reader {
    pub(crate) async fn open(bot: &Bot, last: Option<&str>) -> Self {
        let mut request = client().get(format!("{}feed", bot.slack.page_url()));
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new(), last: String::new() }
    }

    /// The next event's data.
    pub(crate) async fn next(&mut self) -> Value {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(ToOwned::to_owned);
                if let Some(data) = field("data: ") {
                    self.last = field("id: ").unwrap();
                    return serde_json::from_str(&data).unwrap();
                }
            }
            let chunk = tokio::time::timeout(Duration::from_secs(30), self.response.chunk()).await;
            self.text += std::str::from_utf8(&chunk.expect("the feed goes on").unwrap().unwrap()).unwrap();
        }
    }

    /// The next event for which `fits` gives something.
    pub(crate) async fn until<T>(&mut self, fits: impl Fn(&Value) -> Option<T>) -> T {
        loop {
            if let Some(found) = fits(&self.next().await) {
                return found;
            }
        }
    }
}

fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

pub(crate) async fn act(bot: &Bot, name: &str, body: Value) -> (u16, Value) {
    let response = client().post(format!("{}acts/{name}", bot.slack.page_url())).json(&body).send().await.unwrap();
    (response.status().as_u16(), json(response).await)
}

fn texts(change: &Value) -> Vec<String> {
    let messages = change["messages"].as_array().unwrap().iter();
    messages.map(|message| message["nodes"][0]["children"][0]["text"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn a_reader_gets_all_there_is_then_each_change_then_what_it_missed() {
    let bot = Bot::new();
    bot.said("one", None);
    let mut reader = Reader::open(&bot, None).await;
    let first = reader.next().await;
    assert_eq!((first["fresh"].as_bool(), texts(&first)), (Some(true), vec!["one".to_owned()]));
    assert_eq!(first["surroundings"]["people"], json!([{"name": "ada", "id": bot.ada}]));

    let two = bot.said("two", None);
    let change = reader.until(|change| (!texts(change).is_empty()).then(|| change.clone())).await;
    assert_eq!((change["fresh"].as_bool(), texts(&change)), (Some(false), vec!["two".to_owned()]));
    let seen = reader.last.clone();
    drop(reader);

    bot.slack.edit(&bot.channel, two, "two, edited").unwrap();
    bot.slack.edit(&bot.channel, two, "two, edited twice").unwrap();
    bot.said("three", None);
    let missed = Reader::open(&bot, Some(&seen)).await.next().await;
    assert_eq!(missed["fresh"], false);
    assert_eq!(texts(&missed), ["two, edited twice", "three"], "each message once, as it is now");

    // What another run of the playground told is worth nothing.
    let fresh = Reader::open(&bot, Some("another-7")).await.next().await;
    assert_eq!((fresh["fresh"].as_bool(), texts(&fresh).len()), (Some(true), 3));
}

#[tokio::test]
async fn what_is_typed_reaches_the_ingress_as_slack_sends_it() {
    let receiver = Receiver::new(&[]);
    let bot = Bot::new();
    bot.slack.deliver_events_to(vec![receiver.url.clone()]);
    let typed = "@threadkeeper is 1 < 2? ask @ada";
    let (status, said) = act(&bot, "say", json!({"channel": bot.channel, "user": bot.ada, "text": typed})).await;
    assert_eq!((status, said["is_question"].as_bool()), (200, Some(true)));
    let ts: MessageTs = said["ts"].as_str().unwrap().parse().unwrap();
    let acked = |change: &Value| {
        let deliveries = change["traces"][0]["deliveries"].as_array()?;
        let all = deliveries.len() == 2 && deliveries.iter().all(|delivery| delivery["progress"]["state"] == "acked");
        all.then(|| change["traces"][0].clone())
    };
    let trace = Reader::open(&bot, None).await.until(acked).await;
    assert_eq!(
        (trace["ts"].as_str(), &trace["deliveries"][0]["attempts"][0]["status"]),
        (Some(&*ts.to_string()), &json!(200))
    );
    let expected = format!("<@U0KEEPER> is 1 &lt; 2? ask <@{}>", bot.ada);
    assert!(receiver.requests().iter().all(|request| request.event()["event"]["text"] == expected));

    // Edited by its author, and by nobody else.
    let edit = |user: &UserId, text: &str| json!({"channel": bot.channel, "user": user, "ts": ts, "text": text});
    let grace = bot.slack.person("grace");
    assert_eq!(act(&bot, "edit", edit(&grace, "mine")).await.0, 400);
    assert_eq!(act(&bot, "delete", json!({"channel": bot.channel, "user": grace, "ts": ts})).await.0, 400);
    assert_eq!(act(&bot, "edit", edit(&bot.ada, "never mind")).await.0, 200);
    assert_eq!(bot.slack.messages(&bot.channel)[0].text, "never mind");
    assert_eq!(act(&bot, "delete", json!({"channel": bot.channel, "user": bot.ada, "ts": ts})).await.0, 200);
    assert!(bot.slack.messages(&bot.channel).is_empty());
    assert_eq!(act(&bot, "say", json!({"channel": bot.channel, "user": bot.ada, "text": " "})).await.0, 400);
    receiver.stop().await;
}

#[tokio::test]
async fn delivered_twice_is_the_same_event_with_the_headers_of_a_retry() {
    let receiver = Receiver::new(&[]);
    let bot = Bot::new();
    bot.slack.deliver_events_to(vec![receiver.url.clone()]);
    let asked = bot.slack.ask(&bot.channel, &bot.ada, "why?", None).await.unwrap();
    let (status, _) = act(&bot, "deliver-twice", json!({"channel": bot.channel, "ts": asked.ts})).await;
    assert_eq!(status, 200);
    let again = |change: &Value| {
        let deliveries = change["traces"][0]["deliveries"].as_array()?;
        let repeated = deliveries.iter().filter(|one| one["again"] == true && one["progress"]["state"] == "acked");
        (repeated.count() == 2).then(|| change["traces"][0]["steps"][0]["stage"].clone())
    };
    assert_eq!(Reader::open(&bot, None).await.until(again).await, "disturbed");
    let (requests, mut bodies) = (receiver.requests(), std::collections::HashMap::new());
    for request in &requests {
        *bodies.entry(request.body.clone()).or_insert(0) += 1;
    }
    assert_eq!(bodies.values().collect::<Vec<_>>(), [&2, &2], "two events, each of them twice, byte for byte");
    let retries = requests.iter().filter(|request| request.header("X-Slack-Retry-Num") == Some("1"));
    assert_eq!(retries.count(), 2);
    receiver.stop().await;
}

#[tokio::test]
async fn an_event_that_is_not_taken_is_shown_with_its_next_attempt() {
    let receiver = Receiver::new(&[Reaction::Status(503), Reaction::Status(503)]);
    let bot = Bot::new();
    bot.slack.deliver_events_to(vec![receiver.url.clone()]);
    act(&bot, "say", json!({"channel": bot.channel, "user": bot.ada, "text": "no mention, one event"})).await;
    let waits = |change: &Value| {
        let delivery = &change["traces"][0]["deliveries"][0];
        let until = delivery["progress"]["until"].as_u64()?;
        // The first retry comes at once, the second after a minute.
        (until > change["now"].as_u64()? + 1000).then(|| delivery["attempts"][1]["status"].clone())
    };
    assert_eq!(Reader::open(&bot, None).await.until(waits).await, 503);
    receiver.stop().await;
}

#[tokio::test]
async fn steps_calls_and_answers_are_in_the_trace_of_their_question() {
    let bot = Bot::new();
    let question = bot.said("why?", None);
    let other = bot.said("and why not?", None);
    let steps = bot.slack.step_log();
    steps.note(Step::new(bot.channel.clone(), question, Stage::Claimed, "worker 2").at(5));
    steps.note(Step::new(bot.channel.clone(), question, Stage::Parked, "worker 3").because("not its turn"));
    steps.note(Step::new(bot.channel.clone(), MessageTs::from_micros(7).unwrap(), Stage::Queued, "nobody asked this"));
    bot.call(Method::ChatPostMessage, &bot.answer(question, "because")).await;
    let change = Reader::open(&bot, None).await.next().await;
    let of = |ts: MessageTs| {
        let traces = change["traces"].as_array().unwrap();
        traces.iter().find(|trace| trace["ts"] == ts.to_string()).unwrap().clone()
    };
    let trace = of(question);
    assert_eq!(trace["steps"][0], json!({"at": 5, "stage": "claimed", "who": "worker 2", "why": null}));
    assert_eq!((&trace["steps"][1]["why"], &trace["worker"]), (&json!("not its turn"), &json!(2)));
    assert_eq!(trace["calls"][0]["method"], "chat.postMessage");
    assert_eq!((of(other)["steps"].as_array().unwrap().len(), of(other)["calls"].as_array().unwrap().len()), (0, 0));
    let answers =
        change["messages"].as_array().unwrap().iter().filter(|message| message["answers"] == question.to_string());
    assert_eq!(answers.count(), 1);
}

#[tokio::test]
async fn a_button_does_what_was_handed_over_and_nothing_else() {
    let bot = Bot::new();
    let question = bot.said("why?", None);
    let about = json!({"channel": bot.channel, "ts": question});
    let (status, refused) = act(&bot, "kill-worker", about.clone()).await;
    assert_eq!(status, 400);
    assert!(refused["error"].as_str().unwrap().contains("controls"), "{refused}");

    let killed = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&killed);
    bot.slack.set_controls(Controls::of_workers(3).on_kill_worker(move |worker| {
        kept.lock().unwrap().push(worker);
        if worker == 3 { Err("worker 3 is away".to_owned()) } else { Ok(format!("worker {worker} was killed")) }
    }));
    let change = Reader::open(&bot, None).await.next().await;
    let controls = &change["surroundings"]["controls"];
    assert_eq!(*controls, json!({"workers": 3, "kill_worker": true, "stop_store": false}));
    let claim = |who: &str| bot.slack.step_log().note(Step::new(bot.channel.clone(), question, Stage::Claimed, who));
    claim("worker 2");
    assert_eq!(act(&bot, "kill-worker", about.clone()).await, (200, json!({"said": "worker 2 was killed"})));
    claim("worker 3");
    assert_eq!(act(&bot, "kill-worker", about.clone()).await, (400, json!({"error": "worker 3 is away"})));
    assert_eq!(*killed.lock().unwrap(), [2, 3]);
    assert_eq!(act(&bot, "stop-store", about).await.0, 400);
}

#[tokio::test]
async fn channels_and_people_are_added_by_name() {
    let bot = Bot::new();
    bot.slack.furnish();
    bot.slack.furnish();
    let (_, person) = act(&bot, "add-person", json!({"name": "Linus"})).await;
    let (_, channel) = act(&bot, "open-channel", json!({"name": "operations"})).await;
    for name in ["", "two words", "<b>"] {
        assert_eq!(act(&bot, "open-channel", json!({"name": name})).await.0, 400, "{name:?}");
    }
    let said = json!({"channel": channel["id"], "user": person["id"], "text": "hello"});
    assert_eq!(act(&bot, "say", said).await.0, 200);
    let change = Reader::open(&bot, None).await.next().await;
    let names = |what: &str| {
        let all = change["surroundings"][what].as_array().unwrap().iter();
        all.map(|one| one["name"].as_str().unwrap()).filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names("channels"), "general general help operations random");
    assert_eq!(names("people"), "ada ada grace linus you");
    let direct = change["surroundings"]["channels"].as_array().unwrap().iter().filter(|one| one["kind"] == "im");
    assert_eq!(direct.filter(|one| one["person"] == person["id"]).count(), 1, "the newcomer can write to the bot");
}

#[tokio::test]
async fn the_page_allows_nothing_but_its_own_files() {
    let bot = Bot::new();
    let page = client().get(bot.slack.page_url()).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let html = page.text().await.unwrap();
    let files: Vec<&str> = html.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let asset = client().get(format!("http://{}{file}", bot.slack.address())).send().await.unwrap();
        assert_eq!(asset.status(), 200, "{file}");
    }
    let unknown = client().get(format!("{}assets/unknown.js", bot.slack.page_url())).send().await.unwrap();
    assert_eq!(unknown.status(), 404);
    // Another site's page can send a form here, and no JSON without our consent.
    let say =
        client().post(format!("{}acts/say", bot.slack.page_url())).header("Content-Type", "text/plain").body("{}");
    assert_eq!(say.send().await.unwrap().status(), 400);
}
