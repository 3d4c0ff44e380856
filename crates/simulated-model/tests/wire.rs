//! It writes what a server of OpenAI's protocol writes.

#![expect(clippy::unwrap_used, reason = "a test fails by it; clippy knows only test functions, not what they call")]

use serde_json::{Value, json};
use simulated_model::{Ending, Reply, SimulatedModel};

async fn ask(model: &SimulatedModel, body: Value) -> reqwest::Response {
    shared::lifecycle::install_tls_provider();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/chat/completions", model.base_url());
    client.post(url).header("authorization", "Bearer sk-hush").json(&body).send().await.unwrap()
}

fn streamed() -> Value {
    let messages = [json!({"role": "user", "content": "which button?"})];
    json!({"model": "m", "stream": true, "stream_options": {"include_usage": true}, "messages": messages})
}

/// The data of each event.
fn data(text: &str) -> Vec<&str> {
    text.split("\n\n").filter(|event| !event.is_empty()).map(|event| event.strip_prefix("data: ").unwrap()).collect()
}

#[tokio::test]
async fn an_answer_comes_in_pieces_with_its_reason_to_end_its_usage_and_a_mark_at_the_end() {
    let model = SimulatedModel::start("127.0.0.1:0").unwrap();
    model.next(Reply::says("the red one"));
    let response = ask(&model, streamed()).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let text = response.text().await.unwrap();
    let events = data(&text);
    assert_eq!(events.last(), Some(&"[DONE]"));
    let chunks: Vec<Value> =
        events[..events.len() - 1].iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    let said: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(said, "the red one");
    assert_eq!(chunks[chunks.len() - 2]["choices"][0]["finish_reason"], "stop");
    assert_eq!(chunks[chunks.len() - 1]["usage"]["completion_tokens"], 3);
    assert_eq!(model.requests()[0].key.as_deref(), Some("sk-hush"));
}

#[tokio::test]
async fn a_refusal_has_its_status_its_code_and_the_wish_to_wait() {
    let model = SimulatedModel::start("127.0.0.1:0").unwrap();
    model.next(Reply::refuses(429).because_of("rate_limit_exceeded").after_seconds(7));
    let response = ask(&model, streamed()).await;
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (429, "7"));
    let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(body["error"]["code"], "rate_limit_exceeded");
}

#[tokio::test]
async fn a_connection_that_breaks_is_no_end_of_an_answer() {
    let model = SimulatedModel::start("127.0.0.1:0").unwrap();
    model.next(Reply::says("the red").ending(Ending::Cut));
    assert!(ask(&model, streamed()).await.text().await.is_err());
}

#[tokio::test]
async fn a_request_without_a_stream_is_answered_at_once() {
    let model = SimulatedModel::start("127.0.0.1:0").unwrap();
    model.next_whole(Reply::says("the red one"));
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "which button?"}]});
    let answer: Value = serde_json::from_str(&ask(&model, body).await.text().await.unwrap()).unwrap();
    assert_eq!(answer["choices"][0]["message"]["content"], "the red one");
}
