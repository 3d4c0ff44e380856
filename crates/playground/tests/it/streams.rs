//! Messages that grow while the bot writes them.

use std::time::Duration;

use playground::{Method, Options, Playground};
use rstest::rstest;
use serde_json::{Value, json};
use shared::{clock::Clock, ts::MessageTs};

use crate::{
    bot::{Bot, form, json, texts},
    page::Reader,
    receiver::Receiver,
};

/// The arguments of a stream that answers `question` of ada.
fn beginning(bot: &Bot, question: MessageTs) -> Value {
    json!({"channel": bot.channel, "thread_ts": question, "recipient_user_id": bot.ada,
           "recipient_team_id": bot.slack.identity().team, "markdown_text": "**Because"})
}

/// The arguments of a call about a message.
fn about(bot: &Bot, ts: &Value, more: Value) -> Value {
    let mut arguments = json!({"channel": bot.channel, "ts": ts});
    if let Value::Object(more) = more {
        arguments.as_object_mut().unwrap().extend(more);
    }
    arguments
}

async fn begun(bot: &Bot) -> (MessageTs, Value) {
    let question = bot.said("why?", None);
    let started = bot.call(Method::ChatStartStream, &beginning(bot, question)).await;
    assert_eq!(started["ok"], true, "{started}");
    (question, started["ts"].clone())
}

#[tokio::test]
async fn a_stream_grows_in_its_thread_and_is_an_answer_when_it_is_stopped() {
    let bot = Bot::new();
    let (question, ts) = begun(&bot).await;
    assert_eq!(texts(&bot.read_thread(question).await), ["why?", "**Because"]);
    let streams = |slack: &Playground| {
        slack.read(|workspace| {
            workspace.replies(&bot.channel, question).filter(|message| workspace.is_streaming(message)).count()
        })
    };
    assert_eq!(streams(&bot.slack), 1);

    let more = about(&bot, &ts, json!({"markdown_text": " of"}));
    assert_eq!(bot.call(Method::ChatAppendStream, &more).await, json!({"ok": true, "channel": bot.channel, "ts": ts}));
    let task = json!({"type": "task_update", "id": "1", "title": "Look", "status": "in_progress"});
    let chunks = json!([{"type": "markdown_text", "text": " this"}, task]);
    let more = about(&bot, &ts, json!({"chunks": chunks}));
    assert_eq!(bot.call(Method::ChatAppendStream, &more).await["ok"], true);
    assert_eq!(texts(&bot.read_thread(question).await)[1], "**Because of this");
    assert!(bot.slack.answers_to(&bot.channel, question).is_empty(), "a stream is marked when it is stopped");

    let metadata = bot.answer(question, "")["metadata"].clone();
    let blocks = json!([{"type": "context_actions", "elements": []}]);
    let end = about(&bot, &ts, json!({"markdown_text": "**", "metadata": metadata, "blocks": blocks}));
    let stopped = bot.call(Method::ChatStopStream, &end).await;
    assert_eq!((&stopped["ts"], &stopped["message"]["text"]), (&ts, &json!("**Because of this**")));
    assert_eq!(stopped["message"]["blocks"][0]["type"], "context_actions");
    assert_eq!(stopped["message"]["edited"], Value::Null);
    assert_eq!(bot.slack.answers_to(&bot.channel, question).len(), 1);
    assert_eq!(streams(&bot.slack), 0);
    assert!(bot.slack.violations().is_empty(), "{:?}", bot.slack.violations());
}

#[tokio::test]
async fn direct_messages_need_no_recipient_and_a_form_is_as_good_as_json() {
    let bot = Bot::new();
    let direct = bot.slack.direct_messages(&bot.ada);
    let question = bot.slack.say(&direct, &bot.ada, "why?", None).unwrap().ts.to_string();
    let authed = |method: &str| bot.request(method).bearer_auth("xoxb-playground");
    let start = form(authed("chat.startStream"), &[("channel", direct.as_str()), ("thread_ts", &question)]);
    let started = json(start.send().await.unwrap()).await;
    let ts = started["ts"].as_str().unwrap().to_owned();
    let chunks = r#"[{"type": "markdown_text", "text": "so"}]"#;
    let append = form(authed("chat.appendStream"), &[("channel", direct.as_str()), ("ts", &ts), ("chunks", chunks)]);
    assert_eq!(json(append.send().await.unwrap()).await["ok"], true);
    assert_eq!(bot.slack.messages(&direct)[1].text, "so");
}

#[rstest]
#[case::no_channel(json!({"channel": null}), "channel_not_found")]
#[case::no_user(json!({"recipient_user_id": null}), "missing_recipient_user_id")]
#[case::no_team(json!({"recipient_team_id": ""}), "missing_recipient_team_id")]
#[case::unknown_user(json!({"recipient_user_id": "U404"}), "user_not_found")]
#[case::no_thread(json!({"thread_ts": "1729636800.000100"}), "thread_not_found")]
#[case::mode(json!({"task_display_mode": "table"}), "invalid_arguments")]
#[case::chunks_text(json!({"chunks": "words"}), "invalid_chunks")]
#[case::chunk_type(json!({"chunks": [{"type": "image"}]}), "invalid_chunks")]
#[case::chunk_without_text(json!({"chunks": [{"type": "markdown_text"}]}), "invalid_chunks")]
#[case::long(json!({"markdown_text": "é".repeat(12_001)}), "msg_too_long")]
#[tokio::test]
async fn a_wrong_start_is_refused_and_leaves_nothing(#[case] change: Value, #[case] error: &str) {
    let bot = Bot::new();
    let mut arguments = beginning(&bot, bot.said("why?", None));
    arguments.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let answer = bot.call(Method::ChatStartStream, &arguments).await;
    assert_eq!(answer, json!({"ok": false, "error": error}));
    assert_eq!(bot.slack.messages(&bot.channel).len(), 1);
}

#[rstest]
#[case::append_nothing(Method::ChatAppendStream, json!({}), "no_text")]
#[case::append_elsewhere(Method::ChatAppendStream, json!({"ts": "1.000000", "markdown_text": "a"}), "message_not_found")]
#[case::append_long(Method::ChatAppendStream, json!({"markdown_text": "é".repeat(12_001)}), "msg_too_long")]
#[case::stop_blocks(Method::ChatStopStream, json!({"blocks": "[{"}), "invalid_blocks")]
#[case::stop_many_blocks(Method::ChatStopStream, json!({"blocks": vec![json!({"type": "divider"}); 51]}), "msg_blocks_too_many")]
#[case::stop_metadata(Method::ChatStopStream, json!({"metadata": {"event_type": "a"}}), "invalid_metadata_format")]
#[case::update(Method::ChatUpdate, json!({"text": "a"}), "streaming_state_conflict")]
#[tokio::test]
async fn a_wrong_call_leaves_the_stream_as_it_was(#[case] method: Method, #[case] change: Value, #[case] error: &str) {
    let bot = Bot::new();
    let (question, ts) = begun(&bot).await;
    let answer = bot.call(method, &about(&bot, &ts, change)).await;
    assert_eq!(answer, json!({"ok": false, "error": error}));
    assert_eq!(texts(&bot.read_thread(question).await)[1], "**Because");
    assert_eq!(bot.call(Method::ChatStopStream, &about(&bot, &ts, json!({}))).await["ok"], true);
}

#[tokio::test]
async fn only_own_open_streams_are_gone_on_with() {
    let bot = Bot::new();
    let (question, ts) = begun(&bot).await;
    let text = json!({"markdown_text": "a"});
    let foreign = about(&bot, &json!(question), text.clone());
    assert_eq!(bot.call(Method::ChatAppendStream, &foreign).await["error"], "message_not_owned_by_app");
    let posted = bot.call(Method::ChatPostMessage, &bot.answer(question, "because")).await["ts"].clone();
    assert_eq!(
        bot.call(Method::ChatAppendStream, &about(&bot, &posted, text.clone())).await["error"],
        "message_not_in_streaming_state"
    );
    assert_eq!(bot.call(Method::ChatStopStream, &about(&bot, &ts, json!({}))).await["ok"], true);
    for method in [Method::ChatAppendStream, Method::ChatStopStream] {
        assert_eq!(bot.call(method, &about(&bot, &ts, text.clone())).await["error"], "message_not_in_streaming_state");
    }
    let update = about(&bot, &ts, json!({"text": "edited"}));
    assert_eq!(bot.call(Method::ChatUpdate, &update).await["ok"], true);
}

#[tokio::test]
async fn a_stream_without_a_word_cannot_be_stopped() {
    let bot = Bot::new();
    let mut arguments = beginning(&bot, bot.said("why?", None));
    arguments["markdown_text"] = Value::Null;
    let ts = bot.call(Method::ChatStartStream, &arguments).await["ts"].clone();
    assert_eq!(bot.call(Method::ChatStopStream, &about(&bot, &ts, json!({}))).await["error"], "no_text");
    let text = about(&bot, &ts, json!({"markdown_text": "a"}));
    assert_eq!(bot.call(Method::ChatStopStream, &text).await["ok"], true);
}

#[tokio::test]
async fn a_stream_that_nobody_stops_ends_after_five_minutes_and_can_be_updated() {
    let clock = Clock::manual(1_764_000_000_000);
    let bot = Bot::with(Options { clock: clock.clone(), ..Options::default() });
    let (question, ts) = begun(&bot).await;
    clock.advance(Duration::from_millis(299_999));
    let text = about(&bot, &ts, json!({"markdown_text": " of that"}));
    assert_eq!(bot.call(Method::ChatAppendStream, &text).await["ok"], true);
    clock.advance(Duration::from_millis(1));
    for method in [Method::ChatAppendStream, Method::ChatStopStream] {
        assert_eq!(bot.call(method, &text).await["error"], "message_not_in_streaming_state");
    }
    let update = about(&bot, &ts, json!({"markdown_text": "all of it"}));
    assert_eq!(bot.call(Method::ChatUpdate, &update).await["ok"], true);
    assert_eq!(texts(&bot.read_thread(question).await)[1], "all of it");
}

#[tokio::test]
async fn the_start_and_the_end_of_a_stream_are_told_and_the_page_sees_it_grow() {
    let receiver = Receiver::new(&[]);
    let bot = Bot::with(Options { event_urls: vec![receiver.url.clone()], ..Options::default() });
    let (question, ts) = begun(&bot).await;
    let mut reader = Reader::open(&bot, None).await;
    let seen =
        |change: &Value| change["messages"].as_array().unwrap().iter().find(|message| message["ts"] == ts).cloned();
    let first = reader.until(seen).await;
    assert!(first["writing_until"].is_u64(), "{first}");
    bot.call(Method::ChatAppendStream, &about(&bot, &ts, json!({"markdown_text": " so**"}))).await;
    assert_eq!(reader.until(seen).await["nodes"][0]["children"][0]["kind"], "strong");
    bot.call(Method::ChatStopStream, &about(&bot, &ts, json!({}))).await;
    assert_eq!(reader.until(seen).await["writing_until"], Value::Null);

    let told = |workspace: &playground::Workspace| (workspace.echoes().len() == 2).then_some(());
    bot.slack.wait_for("two events of the stream", Duration::from_secs(20), told).await.unwrap();
    let events: Vec<Value> = receiver.requests().iter().map(|request| request.event()["event"].clone()).collect();
    let subtypes: Vec<&Value> = events.iter().map(|event| &event["subtype"]).collect();
    assert!(subtypes.contains(&&Value::Null) && subtypes.contains(&&json!("message_changed")), "{subtypes:?}");
    let trace = reader_trace(&bot, question).await;
    let methods: Vec<&str> = trace.iter().map(|call| call["method"].as_str().unwrap()).collect();
    assert_eq!(methods, ["chat.startStream", "chat.stopStream"]);
    receiver.stop().await;
}

/// The calls in the trace of a question.
async fn reader_trace(bot: &Bot, question: MessageTs) -> Vec<Value> {
    let change = Reader::open(bot, None).await.next().await;
    let traces = change["traces"].as_array().unwrap();
    let trace = traces.iter().find(|trace| trace["ts"] == question.to_string()).unwrap();
    trace["calls"].as_array().unwrap().clone()
}
