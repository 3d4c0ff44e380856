//! The JSON that a server of OpenAI's protocol writes.

use serde_json::{Value, json};

use crate::request::Request;

const ID: &str = "chatcmpl-simulated";

/// One `data:` line of a stream.
pub(crate) fn event(data: &str) -> String {
    format!("data: {data}\n\n")
}

/// The first chunk: a role and no text.
pub(crate) fn opening(model: &str) -> String {
    chunk(model, &json!({"role": "assistant", "content": ""}), &Value::Null)
}

/// A piece of text.
pub(crate) fn piece(model: &str, text: &str) -> String {
    chunk(model, &json!({"content": text}), &Value::Null)
}

/// The chunk that says why it ends.
pub(crate) fn closing(model: &str, reason: &str) -> String {
    chunk(model, &json!({}), &json!(reason))
}

fn chunk(model: &str, delta: &Value, finish_reason: &Value) -> String {
    let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason});
    let chunk = json!({"id": ID, "object": "chat.completion.chunk", "created": 0, "model": model, "choices": [choice]});
    event(&chunk.to_string())
}

/// The last chunk, when the usage was asked for.
pub(crate) fn usage_chunk(request: &Request, answer: &str) -> String {
    let chunk = json!({
        "id": ID, "object": "chat.completion.chunk", "created": 0, "model": request.model, "choices": [],
        "usage": usage(request, answer),
    });
    event(&chunk.to_string())
}

/// A whole answer, for a request that wants no stream.
pub(crate) fn completion(request: &Request, text: &str, reason: &str) -> Value {
    json!({
        "id": ID, "object": "chat.completion", "created": 0, "model": request.model,
        "choices": [{
            "index": 0, "message": {"role": "assistant", "content": text}, "logprobs": null, "finish_reason": reason,
        }],
        "usage": usage(request, text),
    })
}

/// What is said about a failure.
pub(crate) fn error(kind: &str, code: &str) -> Value {
    json!({"error": {"message": "simulated: the request is not served", "type": kind, "param": null, "code": code}})
}

/// Words stand in for tokens: they can be counted by whoever reads the test.
fn usage(request: &Request, answer: &str) -> Value {
    let count = |text: &str| text.split_whitespace().count();
    let (asked, answered) = (count(&request.text()), count(answer));
    json!({"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered})
}
