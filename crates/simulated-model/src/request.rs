//! A request as it came.

use serde::Deserialize;
use serde_json::Value;

/// A request for a completion.
#[derive(Debug, Clone)]
pub struct Request {
    /// The key in its `Authorization` header.
    pub key: Option<String>,
    /// The model that it is for.
    pub model: String,
    /// Whether the answer is to come in pieces.
    pub stream: bool,
    /// The messages: role and text.
    pub messages: Vec<(String, String)>,
    /// The whole body.
    pub body: Value,
}

#[derive(Deserialize)]
struct Wire {
    model: String,
    #[serde(default)]
    stream: bool,
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: String,
}

impl Request {
    /// Reads the body of a request; an error says what is wrong with it, as a server does.
    pub(crate) fn read(body: &[u8], key: Option<String>) -> Result<Self, String> {
        let body: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let wire: Wire = serde_json::from_value(body.clone()).map_err(|error| error.to_string())?;
        let messages = wire.messages.into_iter().map(|message| (message.role, message.content)).collect();
        Ok(Self { key, model: wire.model, stream: wire.stream, messages, body })
    }

    /// The text of all its messages.
    pub fn text(&self) -> String {
        self.messages.iter().map(|(_, content)| content.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// Whether the usage is to be told at the end of the stream.
    pub(crate) fn wants_usage(&self) -> bool {
        self.body["stream_options"]["include_usage"] == Value::Bool(true)
    }
}
