//! The control routes, and the binary that serves them to scripts.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use playground::Method;
use serde_json::{Value, json};

use crate::{
    bot::{Bot, json},
    receiver::Receiver,
};

fn control(bot: &Bot, path: &str) -> String {
    format!("http://{}/control/{path}", bot.slack.address())
}

#[tokio::test]
async fn a_script_speaks_as_a_person_and_reads_the_answer() {
    let receiver = Receiver::new(&[]);
    let bot = Bot::new();
    bot.slack.deliver_events_to(vec![receiver.url.clone()]);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let question = json!({"channel": "C0HELP", "user": "U0GRACE", "text": "@threadkeeper why?"});
    let said = json(client.post(control(&bot, "say")).json(&question).send().await.unwrap()).await;
    assert_eq!(said["channel"], "C0HELP");
    assert_eq!(said["deliveries"].as_array().unwrap().len(), 2, "a mention and its twin");
    assert_eq!(said["deliveries"][0]["acked"], true);
    assert_eq!(said["deliveries"][0]["attempts"][0]["status"], 200);

    let ts = said["ts"].as_str().unwrap();
    let unanswered = client.get(control(&bot, &format!("answer?channel=C0HELP&ts={ts}&timeout_ms=1"))).send().await;
    assert_eq!(unanswered.unwrap().status(), 504);
    let channel = shared::ids::ChannelId::new("C0HELP");
    let mut arguments = bot.answer(ts.parse().unwrap(), "because");
    arguments["channel"] = json!(channel);
    arguments["metadata"]["event_payload"]["event_key"] =
        json!(shared::ids::EventKey::of(&channel, &ts.parse().unwrap()));
    bot.call(Method::ChatPostMessage, &arguments).await;

    let answer = client.get(control(&bot, &format!("answer?channel=C0HELP&ts={ts}"))).send().await.unwrap();
    assert_eq!(json(answer).await["text"], "because");
    let thread = client.get(control(&bot, &format!("messages?channel=C0HELP&thread_ts={ts}"))).send().await.unwrap();
    let thread = json(thread).await;
    assert_eq!(thread["messages"][0]["author"], "person");
    assert_eq!(thread["messages"][0]["user"], "U0GRACE");
    assert_eq!(thread["messages"][1]["author"], "bot");
    receiver.stop().await;
}

#[tokio::test]
async fn a_script_that_replies_in_no_thread_is_told_so() {
    let bot = Bot::new();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let lost = json!({"channel": "C0HELP", "user": "U0GRACE", "text": "a", "thread_ts": "1.000000"});
    let answer = client.post(control(&bot, "say")).json(&lost).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert!(json(answer).await["error"].as_str().unwrap().contains("1.000000"));
}

/// Ends the process with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[tokio::test]
async fn the_binary_says_where_it_listens_and_takes_the_given_token() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_threadkeeper-playground"));
    command.args(["--listen", "127.0.0.1:0", "--bot-token", "xoxb-given"]).stdout(Stdio::piped());
    let mut process = Process(command.spawn().unwrap());
    let lines = BufReader::new(process.0.stdout.take().unwrap()).lines();
    let mut lines = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let line = lines.find(|line| line["message"].as_str().unwrap().starts_with("listening on 127.0.0.1:")).unwrap();
    let address = line["address"].as_str().unwrap();

    shared::lifecycle::install_tls_provider();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(format!("http://{address}/api/auth.test")).bearer_auth("xoxb-given");
    assert_eq!(json(request.send().await.unwrap()).await["ok"], true);
}
