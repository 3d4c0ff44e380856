//! Blocks on the page, and what the app is told when a button is pressed.

use playground::{Method, Options, PlaygroundError, Press, SIGNATURE_HEADER, TIMESTAMP_HEADER, sign};
use serde_json::{Value, json};
use shared::ts::MessageTs;
use url::form_urlencoded;

use crate::{
    bot::Bot,
    page::{Reader, act},
    receiver::{Reaction, Receiver},
};

fn listened_to(receiver: &Receiver) -> Bot {
    Bot::with(Options { interactions_url: Some(receiver.url.clone()), ..Options::default() })
}

fn blocks() -> Value {
    let plain = |text: &str| json!({"type": "plain_text", "text": text});
    json!([
        {"type": "section", "text": {"type": "mrkdwn", "text": "*Rotate* them?"},
         "accessory": {"type": "button", "text": plain("Which?")}},
        {"type": "actions", "block_id": "choice", "elements": [
            {"type": "button", "action_id": "yes", "style": "primary", "text": plain("Yes"), "value": "1"},
            {"type": "button", "text": plain("No")},
        ]},
        {"type": "context_actions", "elements": [{
            "type": "feedback_buttons", "action_id": "feedback",
            "positive_button": {"text": plain("Good"), "value": "good"},
            "negative_button": {"text": plain("Bad"), "value": "bad"},
        }]},
    ])
}

/// The bot answers with blocks alone.
async fn posted(bot: &Bot) -> (MessageTs, MessageTs) {
    let question = bot.said("why?", None);
    let mut answer = bot.answer(question, "");
    answer["blocks"] = blocks();
    let posted = bot.call(Method::ChatPostMessage, &answer).await;
    (question, posted["ts"].as_str().unwrap().parse().unwrap())
}

/// What the page would send for each button of the message.
async fn buttons(bot: &Bot, ts: MessageTs) -> Vec<Value> {
    let change = Reader::open(bot, None).await.next().await;
    let message =
        change["messages"].as_array().unwrap().iter().find(|message| message["ts"] == ts.to_string()).unwrap();
    let nodes = message["nodes"].as_array().unwrap().iter().filter(|node| node["kind"] == "actions");
    let buttons = nodes.flat_map(|node| node["buttons"].as_array().unwrap());
    let press = |button: &Value| {
        json!({"channel": bot.channel, "ts": ts, "user": bot.ada, "block_id": button["block_id"],
               "action_id": button["action_id"], "value": button["value"]})
    };
    buttons.map(press).collect()
}

fn payloads(receiver: &Receiver) -> Vec<Value> {
    let payload = |body: &str| {
        let mut pairs = form_urlencoded::parse(body.as_bytes());
        let (name, payload) = pairs.next().unwrap();
        assert_eq!((&*name, pairs.next()), ("payload", None));
        serde_json::from_str(&payload).unwrap()
    };
    receiver.requests().iter().map(|request| payload(&request.body)).collect()
}

#[tokio::test]
async fn a_pressed_button_tells_the_app_who_pressed_what_in_a_signed_form() {
    let receiver = Receiver::new(&[]);
    let bot = listened_to(&receiver);
    let (question, ts) = posted(&bot).await;
    let buttons = buttons(&bot, ts).await;
    assert_eq!(buttons.len(), 5);
    for button in &buttons {
        assert_eq!(act(&bot, "press", button.clone()).await.0, 200);
    }

    let request = &receiver.requests()[0];
    assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
    let seconds: u64 = request.header(TIMESTAMP_HEADER).unwrap().parse().unwrap();
    let signature = sign(&bot.slack.options().signing_secret, seconds, request.body.as_bytes());
    assert_eq!(request.header(SIGNATURE_HEADER), Some(&*signature));

    let payloads = payloads(&receiver);
    let pressed =
        |action: &str| payloads.iter().position(|payload| payload["actions"][0]["action_id"] == action).unwrap();
    let yes = &payloads[pressed("yes")];
    assert_eq!(
        (&yes["type"], &yes["api_app_id"], &yes["team"]["id"]),
        (&json!("block_actions"), &json!("A0KEEPER"), &json!("T0PLAYGRND"))
    );
    assert_eq!(yes["user"], json!({"id": bot.ada, "username": "ada", "name": "ada", "team_id": "T0PLAYGRND"}));
    assert_eq!(yes["channel"], json!({"id": bot.channel, "name": "general"}));
    let container = json!({"type": "message", "message_ts": ts, "channel_id": bot.channel, "is_ephemeral": false,
                           "thread_ts": question});
    assert_eq!(yes["container"], container);
    assert_eq!((&yes["message"]["ts"], &yes["message"]["bot_id"]), (&json!(ts), &json!("B0KEEPER")));
    let action = &yes["actions"][0];
    assert_eq!(
        (&action["type"], &action["block_id"], &action["value"]),
        (&json!("button"), &json!("choice"), &json!("1"))
    );
    assert_eq!(action["text"]["text"], "Yes");
    assert!(action["action_ts"].as_str().unwrap() > ts.to_string().as_str());
    let feedback: Vec<&Value> = payloads
        .iter()
        .map(|payload| &payload["actions"][0])
        .filter(|action| action["type"] == "feedback_buttons")
        .collect();
    assert_eq!((&feedback[0]["value"], &feedback[1]["value"]), (&json!("good"), &json!("bad")));
    assert!(
        payloads.iter().all(|payload| payload["actions"][0]["block_id"].is_string()),
        "ids that were left out are given"
    );
    receiver.stop().await;
}

#[tokio::test]
async fn a_message_of_blocks_alone_is_shown_and_people_s_blocks_are_their_text() {
    let bot = Bot::new();
    let (question, ts) = posted(&bot).await;
    let change = Reader::open(&bot, None).await.next().await;
    let nodes = |ts: MessageTs| {
        let messages = change["messages"].as_array().unwrap();
        messages.iter().find(|message| message["ts"] == ts.to_string()).unwrap()["nodes"].clone()
    };
    assert_eq!(nodes(ts)[0]["children"][0]["kind"], "strong");
    assert_eq!(nodes(question).as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn nobody_listens_where_there_is_no_address() {
    let bot = Bot::new();
    let (_, ts) = posted(&bot).await;
    let (status, refused) = act(&bot, "press", buttons(&bot, ts).await[0].clone()).await;
    assert_eq!(status, 400);
    assert!(refused["error"].as_str().unwrap().starts_with("nobody listens to this button yet"), "{refused}");
}

#[tokio::test]
async fn a_click_that_is_not_taken_is_said_and_not_repeated() {
    let receiver = Receiver::new(&[Reaction::Status(503)]);
    let bot = listened_to(&receiver);
    let (_, ts) = posted(&bot).await;
    let (status, refused) = act(&bot, "press", buttons(&bot, ts).await[0].clone()).await;
    assert_eq!((status, refused), (400, json!({"error": "the app did not take the click: it answered 503"})));
    assert_eq!(receiver.requests().len(), 1);
    receiver.stop().await;
}

#[tokio::test]
async fn only_what_is_there_can_be_pressed() {
    let receiver = Receiver::new(&[]);
    let bot = listened_to(&receiver);
    let (question, ts) = posted(&bot).await;
    let yes = Press {
        channel: bot.channel.clone(),
        ts,
        user: bot.ada.clone(),
        block_id: "choice".to_owned(),
        action_id: "yes".to_owned(),
        value: None,
    };
    assert!(bot.slack.press(&yes).await.unwrap().is_acked());
    let absent = |change: &dyn Fn(&mut Press)| {
        let mut press = yes.clone();
        change(&mut press);
        press
    };
    for press in [
        absent(&|press| press.action_id = "maybe".to_owned()),
        absent(&|press| press.block_id = "other".to_owned()),
        absent(&|press| press.ts = question),
    ] {
        assert!(matches!(bot.slack.press(&press).await, Err(PlaygroundError::NoButton { .. })), "{press:?}");
    }
    let stranger = absent(&|press| press.user = shared::ids::UserId::new("U404"));
    assert!(matches!(bot.slack.press(&stranger).await, Err(PlaygroundError::NoPerson(_))));
    assert_eq!(receiver.requests().len(), 1);
    receiver.stop().await;
}
