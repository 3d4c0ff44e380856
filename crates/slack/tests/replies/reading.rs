//! Reading threads and channels, and who we are.

use rstest::rstest;
use serde_json::{Value, json};
use shared::ids::{TeamId, UserId};
use slack::{CallError, replies::Identity};

use super::{
    GENEROUS, channel, question, replies,
    server::{Server, Step, json as json_answer, response},
    ts,
};

fn page(messages: &Value, cursor: Option<&str>) -> Step {
    let answer = json!({"ok": true, "messages": messages, "has_more": cursor.is_some(),
        "response_metadata": {"next_cursor": cursor.unwrap_or("")}});
    Step::Answer(json_answer(&answer.to_string()))
}

#[tokio::test]
async fn a_thread_is_read_to_its_last_page_and_our_answer_is_recognised() {
    let metadata = json!({"event_type": "threadkeeper_answer",
        "event_payload": {"event_key": question().as_str(), "part": "1/1"}});
    let first = json!([{"ts": "1764000005.000200", "user": "U1", "text": "how?"}, {"no": "ts"}, null]);
    let second = json!([
        {"ts": "1764000009.000400", "thread_ts": "1764000005.000200", "user": "U9", "bot_id": "B9", "app_id": "A9",
            "text": "every 90 days", "metadata": metadata, "blocks": [{"type": "brand_new"}]},
        {"ts": "1764000010.000400", "user": "U7", "text": "copied", "metadata": metadata},
        {"ts": "1764000011.000400", "user": "U9", "metadata": {"event_type": "other", "event_payload": {"n": {"m": 1}}}},
    ]);
    let server = Server::start([page(&first, Some("bmV4dA==")), page(&second, None)]);
    let replies = replies(&server.url("http"), GENEROUS);
    let seen = replies.thread(&channel(), ts("1764000005.000200"), ts("1764000006.000000")).await.unwrap();

    let identity =
        Identity { team: TeamId::new("T1"), user: UserId::new("U9"), bot_id: Some("B9".to_owned()), url: None };
    let ours =
        seen.iter().filter(|message| message.is_by(&identity) && message.part_of_answer_to(&question()).is_some());
    assert_eq!(ours.map(|message| message.ts).collect::<Vec<_>>(), [ts("1764000009.000400")]);
    assert_eq!(seen.len(), 4);
    assert_eq!(seen[3].mark.as_ref().unwrap().event_type, "other");

    let lines: Vec<String> = server.requests().into_iter().map(|request| request.line).collect();
    let query = "GET /api/conversations.replies?channel=C1&limit=200&inclusive=true&include_all_metadata=true";
    let range = "ts=1764000005.000200&oldest=1764000006.000000 HTTP/1.1";
    assert_eq!(lines, [format!("{query}&{range}"), format!("{query}&cursor=bmV4dA%3D%3D&{range}")]);
}

#[tokio::test]
async fn messages_of_others_tell_who_wrote_them_where_and_what() {
    let messages = json!([
        {"ts": "1764000005.000200", "user": "U1", "team": "T1", "user_team": "T2", "source_team": "T2", "text": "hello"},
        {"ts": "1764000006.000200", "subtype": "bot_message", "bot_id": "B7", "username": "Alerts", "text": "",
            "attachments": [{"fallback": "it burns"}]},
        {"ts": "1764000007.000200", "user": "U8", "bot_id": "B8", "bot_profile": {"name": "Builds"}, "team": "T1",
            "text": "green"},
        {"ts": "1764000008.000200", "user": "U1", "subtype": "channel_join", "text": "<@U1> has joined"},
    ]);
    let server = Server::start([page(&messages, None)]);
    let root = ts("1764000005.000200");
    let seen = replies(&server.url("http"), GENEROUS).thread(&channel(), root, root).await.unwrap();
    let told: Vec<_> = seen
        .iter()
        .map(|one| (one.team.as_ref().map(TeamId::as_str), one.app_name.as_deref(), one.text.as_str(), one.is_said()))
        .collect();
    let expected = [
        (Some("T2"), None, "hello", true),
        (None, Some("Alerts"), "it burns", true),
        (Some("T1"), Some("Builds"), "green", true),
        (None, None, "<@U1> has joined", false),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_channels_history_is_read_from_a_time_on() {
    let server = Server::start([page(&json!([{"ts": "1764000009.000400"}]), None)]);
    let replies = replies(&server.url("http"), GENEROUS);
    assert_eq!(replies.history(&channel(), ts("1764000006.000000")).await.unwrap().len(), 1);
    let line = &server.requests()[0].line;
    assert!(line.starts_with("GET /api/conversations.history?channel=C1&"), "{line}");
    assert!(line.contains("include_all_metadata=true") && line.contains("oldest=1764000006.000000"), "{line}");
}

#[rstest]
#[case::second_page_fails(vec![page(&json!([]), Some("x")), Step::Answer(response("500 No", "", ""))])]
#[case::no_messages(vec![Step::Answer(json_answer(r#"{"ok":true}"#))])]
#[case::more_without_cursor(vec![Step::Answer(json_answer(r#"{"ok":true,"messages":[],"has_more":true}"#))])]
#[case::pages_without_end(vec![page(&json!([]), Some("x")); 101])]
#[tokio::test]
async fn part_of_a_thread_is_never_taken_for_all(#[case] steps: Vec<Step>) {
    let server = Server::start(steps);
    let replies = replies(&server.url("http"), GENEROUS);
    let root = ts("1764000005.000200");
    let error = replies.thread(&channel(), root, root).await.unwrap_err();
    assert!(matches!(error, CallError::Unknown { method: "conversations.replies", .. }), "{error:?}");
}

#[tokio::test]
async fn auth_test_says_who_we_are() {
    let answer = r#"{"ok":true,"url":"https://keeper.slack.com/","team":"Keeper","user":"keeper","team_id":"T1",
        "user_id":"U9","bot_id":"B9","is_enterprise_install":false}"#;
    let server = Server::start([Step::Answer(json_answer(answer)), Step::Answer(json_answer(r#"{"ok":true}"#))]);
    let replies = replies(&server.url("http"), GENEROUS);
    let identity = replies.auth_test().await.unwrap();
    assert_eq!((identity.team.as_str(), identity.user.as_str(), identity.bot_id.as_deref()), ("T1", "U9", Some("B9")));
    assert!(replies.auth_test().await.is_err());
}
