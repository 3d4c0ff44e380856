//! Files that people share with what they say.

use playground::{Playground, Upload};
use serde_json::{Value, json};

use crate::{
    bot::{Bot, json},
    page::{Reader, act},
};

/// The inner events of what was said.
fn told(said: &playground::Said) -> Vec<Value> {
    said.events.iter().map(|event| serde_json::from_str::<Value>(&event.body).unwrap()["event"].clone()).collect()
}

#[tokio::test]
async fn a_message_with_a_file_is_a_file_share_and_its_mention_carries_the_file() {
    let bot = Bot::new();
    let plan = Upload { mimetype: "application/pdf".to_owned(), size: 1234, ..Upload::named("The Plan.PDF") };
    let text = format!("{} what is in it?", bot.slack.identity().mention());
    let files = vec![plan, Upload::named("notes")];
    let said = bot.slack.say_with_files(&bot.channel, &bot.ada, &text, None, files).unwrap();
    let [mention, message] = told(&said).try_into().unwrap();
    assert_eq!((&mention["type"], &mention["subtype"]), (&json!("app_mention"), &Value::Null));
    assert_eq!((&message["type"], &message["subtype"]), (&json!("message"), &json!("file_share")));
    for event in [&mention, &message] {
        assert_eq!((&event["upload"], &event["display_as_bot"]), (&json!(false), &json!(false)));
        let file = &event["files"][0];
        assert_eq!((&file["name"], &file["filetype"]), (&json!("The Plan.PDF"), &json!("pdf")));
        assert_eq!((&file["mimetype"], &file["size"]), (&json!("application/pdf"), &json!(1234)));
        assert_eq!((&file["user"], &file["mode"]), (&json!(bot.ada), &json!("hosted")));
        assert!(file["id"].as_str().unwrap().starts_with('F'));
        assert_ne!(file["id"], event["files"][1]["id"]);
        assert_eq!(event["files"][1]["filetype"], "binary");
    }
    let thread = bot.read_thread(said.ts).await;
    assert_eq!((&thread[0]["subtype"], thread[0]["files"].as_array().unwrap().len()), (&json!("file_share"), 2));
}

#[tokio::test]
async fn a_file_needs_no_words_on_the_page_and_shows_its_name() {
    let bot = Bot::new();
    let say = |files: Value| json!({"channel": bot.channel, "user": bot.ada, "text": "", "files": files});
    let plan = json!([{"name": "<b>plan</b>.pdf", "mimetype": "application/pdf", "size": 7}]);
    assert_eq!(act(&bot, "say", say(plan.clone())).await.0, 200);
    assert_eq!(act(&bot, "say", say(json!([]))).await.0, 400);
    assert_eq!(act(&bot, "say", say(json!([{"name": " "}]))).await.0, 400);
    let change = Reader::open(&bot, None).await.next().await;
    assert_eq!(change["messages"].as_array().unwrap().len(), 1);
    assert_eq!((&change["messages"][0]["files"], &change["messages"][0]["nodes"]), (&plan, &json!([])));
}

#[tokio::test]
async fn a_script_shares_files_by_name() {
    let bot = Bot::new();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let said = json!({"channel": "C0HELP", "user": "U0GRACE", "text": "see", "files": [{"name": "log.txt"}]});
    let url = format!("http://{}/control/say", bot.slack.address());
    let said = json(client.post(url).json(&said).send().await.unwrap()).await;
    let channel = shared::ids::ChannelId::new("C0HELP");
    let files = bot.slack.messages(&channel)[0].files.clone();
    assert_eq!((files[0].name.as_str(), files[0].mimetype.as_str()), ("log.txt", "application/octet-stream"));
    assert_eq!(said["ts"], bot.slack.messages(&channel)[0].ts.to_string());
}

#[tokio::test]
async fn files_are_there_again_when_messages_are_put_back() {
    let (kept, bot) = (std::sync::Arc::new(std::sync::Mutex::new(Vec::new())), Bot::new());
    let keeping = std::sync::Arc::clone(&kept);
    bot.slack.keep_with(move |record| keeping.lock().unwrap().push(serde_json::to_value(record).unwrap()));
    bot.slack.say_with_files(&bot.channel, &bot.ada, "see", None, vec![Upload::named("a.txt")]).unwrap();
    bot.slack.keep_with(|_| {});
    let mut records = kept.lock().unwrap().clone();
    // As it was kept before messages had files and streams.
    let mut old = records[0].clone();
    old["message"].as_object_mut().unwrap().retain(|name, _| name != "files" && name != "streaming_until");
    old["message"]["ts"] = json!("1764000000.000100");
    records.push(old);
    let later = Playground::start(playground::Options::default()).unwrap();
    later.restore(records.into_iter().map(|record| serde_json::from_value(record).unwrap()));
    let names: Vec<usize> = later.messages(&bot.channel).iter().map(|message| message.files.len()).collect();
    assert_eq!(names, [0, 1]);
}
