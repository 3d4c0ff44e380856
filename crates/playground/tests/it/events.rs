//! What people's acts tell the ingresses, and how it is delivered.

use std::{collections::HashSet, net::TcpListener, time::Duration};

use playground::{Method, Options, Playground, RetryReason, SIGNATURE_HEADER, TIMESTAMP_HEADER, sign};
use serde_json::{Value, json};

use crate::{
    bot::Bot,
    receiver::{Reaction, Receiver},
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Slack's 60 s and 300 s become 60 ms and 300 ms.
fn fast() -> Options {
    Options { time_scale: 1_000.0, ack_timeout: Duration::from_millis(300), ..Options::default() }
}

fn told_to(receivers: &[&Receiver]) -> Bot {
    let event_urls = receivers.iter().map(|receiver| receiver.url.clone()).collect();
    Bot::with(Options { event_urls, ..fast() })
}

#[tokio::test]
async fn a_mention_gives_two_events_of_one_message() {
    let bot = Bot::new();
    let said = bot.slack.mention(&bot.channel, &bot.ada, "why &lt; how?", None).unwrap();
    let bodies: Vec<Value> = said.events.iter().map(|event| serde_json::from_str(&event.body).unwrap()).collect();
    let types: Vec<&Value> = bodies.iter().map(|body| &body["event"]["type"]).collect();
    assert_eq!(types, ["app_mention", "message"]);
    assert_ne!(bodies[0]["event_id"], bodies[1]["event_id"]);
    for body in &bodies {
        assert_eq!(body["type"], "event_callback");
        assert_eq!(body["team_id"], "T0PLAYGRND");
        assert_eq!(body["api_app_id"], "A0KEEPER");
        assert_eq!(body["authorizations"][0]["user_id"], "U0KEEPER");
        let inner = &body["event"];
        assert_eq!(inner["ts"], said.ts.to_string());
        assert_eq!(inner["channel"], bot.channel.as_str());
        assert_eq!(inner["user"], bot.ada.as_str());
        assert_eq!(inner["text"], "<@U0KEEPER> why &lt; how?");
        assert_eq!(inner["client_msg_id"], bodies[0]["event"]["client_msg_id"]);
        assert_eq!(inner["blocks"][0]["elements"][0]["elements"][1]["text"], " why < how?");
    }
    assert_eq!(bodies[1]["event"]["channel_type"], "channel");
    assert_eq!(bodies[0]["event"].get("thread_ts"), None);
}

#[tokio::test]
async fn a_reply_names_its_thread_and_the_author_of_its_root() {
    let bot = Bot::new();
    let root = bot.said("hello", None);
    let bob = bot.slack.person("bob");
    let said = bot.slack.say(&bot.channel, &bob, "no mention", Some(root)).unwrap();
    assert_eq!(said.events.len(), 1, "a message without a mention is no app_mention");
    let body: Value = serde_json::from_str(&said.events[0].body).unwrap();
    assert_eq!(body["event"]["thread_ts"], root.to_string());
    assert_eq!(body["event"]["parent_user_id"], bot.ada.as_str());
}

#[tokio::test]
async fn a_direct_message_gives_one_event_even_with_a_mention() {
    let bot = Bot::new();
    let direct = bot.slack.direct_messages(&bot.ada);
    let said = bot.slack.mention(&direct, &bot.ada, "why?", None).unwrap();
    assert_eq!(said.events.len(), 1);
    let body: Value = serde_json::from_str(&said.events[0].body).unwrap();
    assert_eq!(body["event"]["type"], "message");
    assert_eq!(body["event"]["channel_type"], "im");
}

#[tokio::test]
async fn a_channel_without_the_bot_tells_it_nothing() {
    let bot = Bot::new();
    bot.slack.change_channel(&bot.channel, |channel| channel.bot_is_member = false).unwrap();
    assert!(bot.slack.mention(&bot.channel, &bot.ada, "why?", None).unwrap().events.is_empty());
}

#[tokio::test]
async fn edits_and_deletions_are_hidden_messages() {
    let bot = Bot::new();
    let ts = bot.said("hello", None);
    let edited: Value = {
        let events = bot.slack.edit(&bot.channel, ts, "hello all").unwrap();
        serde_json::from_str(&events[0].body).unwrap()
    };
    assert_eq!(edited["event"]["subtype"], "message_changed");
    assert_eq!(edited["event"]["hidden"], true);
    assert_eq!(edited["event"]["message"]["text"], "hello all");
    assert_eq!(edited["event"]["message"]["ts"], ts.to_string());
    assert_eq!(edited["event"]["previous_message"]["text"], "hello");
    assert_ne!(edited["event"]["ts"], ts.to_string());
    let deleted: Value = {
        let events = bot.slack.delete(&bot.channel, ts).unwrap();
        serde_json::from_str(&events[0].body).unwrap()
    };
    assert_eq!(deleted["event"]["subtype"], "message_deleted");
    assert_eq!(deleted["event"]["deleted_ts"], ts.to_string());
    assert!(bot.slack.edit(&bot.channel, ts, "gone").is_err());
}

#[tokio::test]
async fn timestamps_and_event_ids_are_unique() {
    let bot = Bot::new();
    let mut last = None;
    let mut ids = HashSet::new();
    for _ in 0..500 {
        let said = bot.slack.mention(&bot.channel, &bot.ada, "again", None).unwrap();
        assert!(Some(said.ts) > last);
        last = Some(said.ts);
        ids.extend(said.events.into_iter().map(|event| event.id));
    }
    assert_eq!(ids.len(), 1_000);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_event_ids() {
    let ids = |seed| {
        let slack = Playground::start(Options { seed, ..Options::default() }).unwrap();
        let event = slack.event(&json!({"type": "app_home_opened"}));
        event.id
    };
    assert_eq!(ids(7), ids(7));
    assert_ne!(ids(7), ids(8));
}

#[tokio::test]
async fn an_event_is_signed_over_its_exact_bytes() {
    let receiver = Receiver::new(&[]);
    let bot = told_to(&[&receiver]);
    let asked = bot.slack.ask(&bot.channel, &bot.ada, "why?", None).await.unwrap();
    assert!(asked.is_acked());
    assert_eq!(asked.deliveries.len(), 2);
    let requests = receiver.requests();
    assert_eq!(requests.len(), 2);
    for request in requests {
        let seconds = request.header(TIMESTAMP_HEADER).unwrap().parse().unwrap();
        let secret = &bot.slack.options().signing_secret;
        assert_eq!(request.header(SIGNATURE_HEADER).unwrap(), sign(secret, seconds, request.body.as_bytes()));
        assert_eq!(request.header("Content-Type"), Some("application/json"));
        assert_eq!(request.header("X-Slack-Retry-Num"), None);
        assert_eq!(request.event()["event"]["ts"], asked.ts.to_string());
    }
    receiver.stop().await;
}

#[tokio::test]
async fn a_failing_ingress_gets_three_retries_with_their_reasons() {
    let receiver =
        Receiver::new(&[Reaction::Status(503), Reaction::Hang, Reaction::Status(500), Reaction::Status(404)]);
    let bot = told_to(&[&receiver]);
    let event = bot.slack.event(&json!({"type": "app_home_opened"}));
    let delivery = bot.slack.deliver(&event).await;
    assert!(!delivery.is_acked());
    assert_eq!(delivery.statuses(), [Some(503), None, Some(500), Some(404)]);
    assert_eq!(delivery.attempts[1].answer, Err(RetryReason::HttpTimeout));
    assert!(delivery.took >= Duration::from_millis(360), "waits of 0, 60 and 300 ms: {:?}", delivery.took);
    assert_eq!(delivery.time_to_ack(), None);

    let requests = receiver.requests();
    let retries: Vec<_> = requests.iter().map(|request| request.header("X-Slack-Retry-Num")).collect();
    assert_eq!(retries, [None, Some("1"), Some("2"), Some("3")]);
    let reasons: Vec<_> = requests.iter().map(|request| request.header("X-Slack-Retry-Reason")).collect();
    assert_eq!(reasons, [None, Some("http_error"), Some("http_timeout"), Some("http_error")]);
    assert!(requests.iter().all(|request| request.body == event.body), "the same event each time");
    receiver.stop().await;
}

#[tokio::test]
async fn a_retry_goes_to_the_next_ingress() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let receiver = Receiver::new(&[]);
    let bot =
        Bot::with(Options { event_urls: vec![format!("http://{gone}/slack/events"), receiver.url.clone()], ..fast() });
    let event = bot.slack.event(&json!({"type": "app_home_opened"}));
    let delivery = bot.slack.deliver(&event).await;
    assert!(delivery.is_acked() && delivery.time_to_ack().is_some());
    assert_eq!(delivery.attempts[0].answer, Err(RetryReason::ConnectionFailed));
    assert_eq!(delivery.statuses(), [None, Some(200)]);
    assert_eq!(receiver.requests()[0].header("X-Slack-Retry-Reason"), Some("connection_failed"));
    receiver.stop().await;
}

#[tokio::test]
async fn one_ingress_can_be_chosen() {
    let (first, second) = (Receiver::new(&[]), Receiver::new(&[]));
    let bot = told_to(&[&first]);
    for _ in 0..3 {
        let event = bot.slack.event(&json!({"type": "app_home_opened"}));
        assert!(bot.slack.deliver_to(&second.url, &event).await.is_acked());
    }
    assert_eq!((first.requests().len(), second.requests().len()), (0, 3));
    bot.slack.deliver_events_to(vec![first.url.clone(), second.url.clone()]);
    for _ in 0..4 {
        let event = bot.slack.event(&json!({"type": "app_home_opened"}));
        bot.slack.deliver(&event).await;
    }
    assert_eq!((first.requests().len(), second.requests().len()), (2, 5));
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn an_ingress_can_decline_retries() {
    let receiver = Receiver::new(&[Reaction::NoRetry(400)]);
    let bot = told_to(&[&receiver]);
    let event = bot.slack.event(&json!({"type": "app_home_opened"}));
    assert_eq!(bot.slack.deliver(&event).await.statuses(), [Some(400)]);
    receiver.stop().await;
}

#[tokio::test]
async fn three_redirects_are_too_many() {
    let receiver = Receiver::new(&[Reaction::Redirect, Reaction::Redirect, Reaction::Redirect]);
    let bot = told_to(&[&receiver]);
    let event = bot.slack.event(&json!({"type": "app_home_opened"}));
    let delivery = bot.slack.deliver(&event).await;
    assert_eq!(delivery.attempts[0].answer, Err(RetryReason::TooManyRedirects));
    assert!(delivery.is_acked());
    receiver.stop().await;
}

#[tokio::test]
async fn a_challenge_has_to_be_repeated() {
    let good = Receiver::new(&[]);
    let bad = Receiver::new(&[Reaction::Status(404)]);
    let bot = Bot::new();
    bot.slack.verify_url(&good.url).await.unwrap();
    let error = bot.slack.verify_url(&bad.url).await.unwrap_err().to_string();
    assert!(error.contains(&bad.url) && error.contains("404"), "{error}");
    good.stop().await;
    bad.stop().await;
}

#[tokio::test]
async fn the_bots_own_messages_come_back_as_events() {
    let receiver = Receiver::new(&[]);
    let bot = told_to(&[&receiver]);
    let question = bot.said("why?", None);
    let posted = bot.call(Method::ChatPostMessage, &bot.answer(question, "<@U0KEEPER> says because")).await;
    bot.slack.wait_for("the echo", PATIENCE, |all| all.echoes().first().map(|_| ())).await.unwrap();
    let echo = receiver.requests()[0].event();
    assert_eq!(echo["event"]["type"], "message", "the bot does not mention itself");
    assert_eq!(echo["event"]["bot_id"], "B0KEEPER");
    assert_eq!(echo["event"]["app_id"], "A0KEEPER");
    assert_eq!(echo["event"]["user"], "U0KEEPER");
    assert_eq!(echo["event"]["ts"], posted["ts"]);
    bot.call(Method::ChatDelete, &json!({"channel": bot.channel, "ts": posted["ts"]})).await;
    bot.slack.wait_for("the second echo", PATIENCE, |all| all.echoes().get(1).map(|_| ())).await.unwrap();
    assert_eq!(receiver.requests()[1].event()["event"]["subtype"], "message_deleted");
    receiver.stop().await;
}

#[tokio::test]
async fn echoes_can_be_turned_off() {
    let receiver = Receiver::new(&[]);
    let bot = Bot::with(Options { event_urls: vec![receiver.url.clone()], echo_own_messages: false, ..fast() });
    let question = bot.said("why?", None);
    bot.call(Method::ChatPostMessage, &bot.answer(question, "because")).await;
    // An echo would have been sent before these, and would arrive among them.
    for _ in 0..10 {
        let event = bot.slack.event(&json!({"type": "app_home_opened"}));
        assert!(bot.slack.deliver(&event).await.is_acked());
    }
    assert_eq!(receiver.requests().len(), 10);
    receiver.stop().await;
}
