//! Posting, changing and deleting a message.

use std::{error::Error, net::TcpListener, time::Duration};

use rstest::rstest;
use serde_json::json;
use shared::{answer::Format, ids::AnswerName, ts::MessageTs};
use slack::{
    CallError, Doubt, PostError,
    replies::{Deleted, Metadata, Part, Post, Refusal, RefusalKind},
};

use super::{
    GENEROUS, POSTED, SHORT, channel, post_to, question, replies,
    server::{Server, Step, json as json_answer, response},
    ts,
};

async fn post(server: &Server) -> Result<MessageTs, PostError> {
    post_to(&replies(&server.url("http"), GENEROUS)).await
}

async fn replace(server: &Server, text: &str, format: Format) -> Result<(), CallError> {
    let channel = channel();
    let metadata = Metadata::answer(&question(), Part::WHOLE, &AnswerName::of(&["one"]));
    let post = Post { channel: &channel, thread_ts: None, text, format, metadata };
    replies(&server.url("http"), GENEROUS).replace(ts("1764000009.000400"), &post).await
}

/// All that a log could show of an error.
fn printed(error: &dyn Error) -> String {
    let mut text = format!("{error:?}");
    let mut cause = Some(error);
    while let Some(error) = cause {
        text.extend([" | ", &error.to_string()]);
        cause = error.source();
    }
    text
}

#[tokio::test]
async fn a_posted_message_is_known_by_its_ts_and_the_request_is_slacks() {
    // The echoed message holds what a model of Slack's schema stumbles over; it was posted nevertheless.
    let answer =
        r#"{"ok":true,"ts":"1764000009.000400","message":{"metadata":{"event_payload":{"n":{"m":1}}},"blocks":7}}"#;
    let server = Server::start([Step::Answer(json_answer(answer))]);
    assert_eq!(post(&server).await.unwrap(), ts("1764000009.000400"));

    let requests = server.requests();
    assert_eq!(requests[0].line, "POST /api/chat.postMessage HTTP/1.1");
    assert!(requests[0].headers.contains(&"authorization: Bearer xoxb-test".to_owned()), "{requests:?}");
    assert!(requests[0].headers.contains(&"content-type: application/json; charset=utf-8".to_owned()), "{requests:?}");
    assert_eq!(requests[0].body["text"], "every 90 days");
    assert_eq!(requests[0].body["thread_ts"], "1764000005.000200");
    assert_eq!(requests[0].body["metadata"]["event_payload"]["event_key"], question().as_str());
}

#[tokio::test]
async fn a_slash_at_the_end_of_the_address_does_not_matter() {
    let server = Server::start([Step::Answer(json_answer(POSTED))]);
    post_to(&replies(&format!("{}/", server.url("http")), GENEROUS)).await.unwrap();
    assert_eq!(server.requests()[0].line, "POST /api/chat.postMessage HTTP/1.1");
}

#[tokio::test]
async fn a_refused_connection_posts_nothing() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = post_to(&replies(&format!("http://127.0.0.1:{port}"), GENEROUS)).await.unwrap_err();
    assert!(matches!(error, PostError::NotPosted(_)), "{error:?}");
}

#[tokio::test]
async fn a_failed_tls_handshake_posts_nothing() {
    let server = Server::start([Step::CloseUnread]);
    let error = post_to(&replies(&server.url("https"), GENEROUS)).await.unwrap_err();
    assert!(matches!(error, PostError::NotPosted(_)), "{error:?}");
}

#[tokio::test]
async fn a_connection_closed_unread_is_never_taken_for_posted() {
    // Whether the request was begun before the end of the connection was seen is a race; both verdicts are true.
    let server = Server::start([Step::CloseUnread]);
    let error = post(&server).await.unwrap_err();
    assert!(matches!(error, PostError::NotPosted(_) | PostError::Unknown(Doubt::Broken(_))), "{error:?}");
}

#[rstest]
#[case::closed_after_the_request(Step::CloseAfterRequest)]
#[case::closed_within_the_head(Step::AnswerAndClose("HTTP/1.1 200 OK\r\nContent-Ty".to_owned()))]
#[case::closed_within_the_body(Step::AnswerAndClose("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"ok\":true".to_owned()))]
#[case::no_http(Step::AnswerAndClose("SSH-2.0-OpenSSH_9.2\r\n".to_owned()))]
#[tokio::test]
async fn a_connection_that_breaks_after_the_request_leaves_it_unknown_and_is_not_repeated(#[case] step: Step) {
    let server = Server::start([step, Step::Answer(json_answer(POSTED))]);
    let error = post(&server).await.unwrap_err();
    assert!(matches!(error, PostError::Unknown(Doubt::Broken(_))), "{error:?}");
    assert_eq!(server.requests().len(), 1);
}

#[rstest]
#[case::no_answer(Step::Hang, "http")]
#[case::half_an_answer(Step::Answer("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{".to_owned()), "http")]
#[case::no_handshake(Step::Ignore, "https")]
#[tokio::test]
async fn a_server_that_hangs_leaves_it_unknown(#[case] step: Step, #[case] scheme: &str) {
    let server = Server::start([step]);
    let error = post_to(&replies(&server.url(scheme), SHORT)).await.unwrap_err();
    assert!(matches!(error, PostError::Unknown(Doubt::TimedOut(SHORT))), "{error:?}");
}

#[rstest]
#[case::server_error(response("500 Internal Server Error", "", "wrong"))]
#[case::server_error_that_says_no(response(
    "503 Service Unavailable",
    "Content-Type: application/json\r\n",
    r#"{"ok":false,"error":"channel_not_found"}"#
))]
#[case::gateway(response("504 Gateway Timeout", "Content-Type: text/html\r\n", "<html>"))]
#[case::moved(response("302 Found", "Location: /elsewhere\r\n", ""))]
#[case::not_found(response("404 Not Found", "", ""))]
#[case::html(response("200 OK", "Content-Type: text/html\r\n", "<html>status</html>"))]
#[case::html_of_an_ok(response("200 OK", "Content-Type: text/html\r\n", POSTED))]
#[case::empty(json_answer(""))]
#[case::no_json(json_answer("ok"))]
#[case::no_object(json_answer("[1]"))]
#[case::without_ok(json_answer(r#"{"ts":"1764000009.000400"}"#))]
#[case::ok_is_a_text(json_answer(r#"{"ok":"true","ts":"1764000009.000400"}"#))]
#[case::without_ts(json_answer(r#"{"ok":true}"#))]
#[case::ts_is_none(json_answer(r#"{"ok":true,"ts":"soon"}"#))]
#[case::no_without_reason(json_answer(r#"{"ok":false,"ts":"1764000009.000400"}"#))]
#[case::yes_and_no(json_answer(r#"{"ok":true,"error":"channel_not_found","ts":"1764000009.000400"}"#))]
#[case::failed_on_the_way(json_answer(r#"{"ok":false,"error":"internal_error"}"#))]
#[case::failed_fatally(json_answer(r#"{"ok":false,"error":"fatal_error"}"#))]
#[tokio::test]
async fn an_answer_that_proves_nothing_leaves_it_unknown(#[case] answer: String) {
    let server = Server::start([Step::Answer(answer)]);
    let error = post(&server).await.unwrap_err();
    assert!(matches!(error, PostError::Unknown(_)), "{error:?}");
    assert_eq!(server.requests().len(), 1);
}

#[rstest]
#[case("invalid_auth", RefusalKind::Token, true)]
#[case("missing_scope", RefusalKind::Token, true)]
#[case("channel_not_found", RefusalKind::Channel, false)]
#[case("restricted_action_thread_locked", RefusalKind::Channel, false)]
#[case("msg_too_long", RefusalKind::Content, false)]
#[case("invalid_blocks", RefusalKind::Content, false)]
#[case("message_limit_exceeded", RefusalKind::Transient, true)]
#[case("brand_new", RefusalKind::Other, true)]
#[tokio::test]
async fn a_refusal_posts_nothing_and_says_what_it_is_about(
    #[case] word: &str,
    #[case] kind: RefusalKind,
    #[case] retriable: bool,
) {
    let answer = json!({"ok": false, "error": word, "errors": [{"pointer": "/blocks"}], "needed": "chat:write"});
    let server = Server::start([Step::Answer(json_answer(&answer.to_string()))]);
    let Err(PostError::Refused(refusal)) = post(&server).await else { panic!("expected a refusal") };
    assert_eq!(refusal, Refusal { error: word.to_owned(), kind });
    assert_eq!(kind.is_retriable(), retriable);
}

#[rstest]
#[case::as_slack_says(
    response(
        "429 Too Many Requests",
        "Retry-After: 7\r\nContent-Type: application/json\r\n",
        r#"{"ok":false,"error":"ratelimited"}"#
    ),
    7
)]
#[case::from_a_proxy(response("429 Too Many Requests", "Retry-After: 30\r\nContent-Type: text/html\r\n", "<html>"), 30)]
#[case::without_a_time(
    response("429 Too Many Requests", "Content-Type: application/json\r\n", r#"{"ok":false,"error":"ratelimited"}"#),
    1
)]
#[case::with_status_200(json_answer(r#"{"ok":false,"error":"rate_limited"}"#), 1)]
#[tokio::test]
async fn a_rate_limit_posts_nothing_and_says_how_long(#[case] answer: String, #[case] seconds: u64) {
    let server = Server::start([Step::Answer(answer)]);
    let Err(PostError::RateLimited { retry_after }) = post(&server).await else { panic!("expected a rate limit") };
    assert_eq!(retry_after, Duration::from_secs(seconds));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn calls_share_a_connection() {
    let server = Server::start(std::iter::repeat_n(Step::Answer(json_answer(POSTED)), 5));
    let replies = replies(&server.url("http"), GENEROUS);
    for _ in 0..5 {
        post_to(&replies.clone()).await.unwrap();
    }
    assert!(server.requests().iter().all(|request| request.connection == 0));
}

#[tokio::test]
async fn a_kept_connection_that_is_closed_meanwhile_never_sends_a_message_twice() {
    const MESSAGES: usize = 30;
    // Twice as many steps as messages, so that a second sending would be answered too.
    let server = Server::start(std::iter::repeat_n(Step::AnswerAndClose(json_answer(POSTED)), 2 * MESSAGES));
    let replies = replies(&server.url("http"), GENEROUS);
    let channel = channel();
    let mut outcomes = Vec::new();
    for number in 0..MESSAGES {
        let text = number.to_string();
        let (format, metadata) = (Format::Plain, Metadata::notice(&question()));
        let post = Post { channel: &channel, thread_ts: None, text: &text, format, metadata };
        outcomes.push(replies.post(&post).await);
    }
    // Whether the client meets the closed connection before or after it knows of it is a race; what its verdict says
    // is true in each case.
    let requests = server.requests();
    for (number, outcome) in outcomes.iter().enumerate() {
        let text = number.to_string();
        let received = requests.iter().filter(|request| request.body["text"] == text).count();
        match outcome {
            Ok(_) => assert_eq!(received, 1, "message {number} was posted"),
            Err(PostError::NotPosted(_)) => assert_eq!(received, 0, "message {number} was not posted"),
            Err(PostError::Unknown(_)) => assert!(received <= 1, "message {number} was sent twice"),
            Err(error) => panic!("message {number}: {error:?}"),
        }
    }
}

#[tokio::test]
async fn a_kept_connection_that_breaks_after_the_request_is_not_repeated_on_another() {
    let ok = || Step::Answer(json_answer(POSTED));
    let server = Server::start([ok(), Step::CloseAfterRequest, ok()]);
    let replies = replies(&server.url("http"), GENEROUS);
    post_to(&replies).await.unwrap();
    let error = post_to(&replies).await.unwrap_err();
    assert!(matches!(error, PostError::Unknown(Doubt::Broken(_))), "{error:?}");
    let connections: Vec<usize> = server.requests().iter().map(|request| request.connection).collect();
    assert_eq!(connections, [0, 0]);
}

#[rstest]
#[case(json_answer(r#"{"ok":"every 90 days","ts":5}"#))]
#[case(json_answer("every 90 days"))]
#[case(response("500 Internal Server Error", "", "every 90 days"))]
#[case(json_answer(r#"{"ok":false,"error":"no_text","message":"every 90 days"}"#))]
#[case(response("429 Too Many Requests", "", "every 90 days"))]
#[tokio::test]
async fn an_error_never_shows_what_was_written(#[case] answer: String) {
    let server = Server::start([Step::Answer(answer)]);
    let printed = printed(&post(&server).await.unwrap_err());
    assert!(!printed.contains("90 days") && !printed.contains("xoxb"), "{printed}");
}

#[rstest]
#[case("**90** days", Format::Markdown, json!({"markdown_text": "**90** days"}))]
#[case("90 < 91", Format::Plain, json!({"text": "90 &lt; 91"}))]
#[tokio::test]
async fn a_message_takes_the_place_of_another_with_its_metadata(
    #[case] text: &str,
    #[case] format: Format,
    #[case] sent: serde_json::Value,
) {
    let server = Server::start([Step::Answer(json_answer(POSTED))]);
    replace(&server, text, format).await.unwrap();
    let requests = server.requests();
    assert_eq!(requests[0].line, "POST /api/chat.update HTTP/1.1");
    let mut expected = json!({"channel": "C1", "ts": "1764000009.000400", "metadata": {
        "event_type": "threadkeeper_answer", "event_payload": {"event_key": question(), "part": "1/1"}}});
    expected.as_object_mut().unwrap().extend(sent.as_object().unwrap().clone());
    assert_eq!(requests[0].body, expected);
}

#[rstest]
#[case("message_not_found", true)]
#[case("cant_update_message", true)]
#[case("edit_window_closed", true)]
#[case("msg_too_long", true)]
#[case("no_text", false)]
#[case("invalid_auth", false)]
#[tokio::test]
async fn a_message_that_cannot_be_changed_is_told_from_a_change_that_is_refused(
    #[case] word: &str,
    #[case] cannot_be_changed: bool,
) {
    let server = Server::start([Step::Answer(json_answer(&format!(r#"{{"ok":false,"error":"{word}"}}"#)))]);
    match replace(&server, "90 days", Format::Plain).await.unwrap_err() {
        CallError::Refused { refusal, .. } => {
            assert_eq!(refusal.is_about_the_changed_message(), cannot_be_changed);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_status_stands_in_a_thread_and_nothing_waits_long_for_it() {
    let server = Server::start([Step::Answer(json_answer(r#"{"ok":true}"#)), Step::Hang]);
    let replies = replies(&server.url("http"), GENEROUS);
    let root = ts("1764000005.000200");
    replies.set_status(&channel(), root, "is thinking", GENEROUS).await.unwrap();
    let requests = server.requests();
    assert_eq!(requests[0].line, "POST /api/assistant.threads.setStatus HTTP/1.1");
    let expected = json!({"channel_id": "C1", "thread_ts": "1764000005.000200", "status": "is thinking"});
    assert_eq!(requests[0].body, expected);
    let error = replies.set_status(&channel(), root, "", SHORT).await.unwrap_err();
    assert!(matches!(error, CallError::Unknown { doubt: Doubt::TimedOut(SHORT), .. }), "{error:?}");
}

#[tokio::test]
async fn a_page_of_html_changes_nothing_for_sure() {
    let page = response("200 OK", "Content-Type: text/html\r\n", "<html>status</html>");
    let server = Server::start([Step::Answer(page)]);
    let error = replace(&server, "90 days", Format::Plain).await.unwrap_err();
    assert!(matches!(error, CallError::Unknown { method: "chat.update", .. }), "{error:?}");
}

#[tokio::test]
async fn a_message_that_is_gone_counts_as_deleted() {
    let answers = [
        r#"{"ok":true}"#,
        r#"{"ok":false,"error":"message_not_found"}"#,
        r#"{"ok":false,"error":"cant_delete_message"}"#,
    ];
    let server = Server::start(answers.map(|answer| Step::Answer(json_answer(answer))));
    let replies = replies(&server.url("http"), GENEROUS);
    let message = ts("1764000009.000400");
    assert_eq!(replies.delete(&channel(), message).await.unwrap(), Deleted::Now);
    assert_eq!(replies.delete(&channel(), message).await.unwrap(), Deleted::AlreadyGone);
    let error = replies.delete(&channel(), message).await.unwrap_err();
    assert!(matches!(error, CallError::Refused { method: "chat.delete", .. }), "{error:?}");
}
