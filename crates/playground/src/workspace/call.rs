//! What the bot asked of the Web API.

use std::time::Instant;

use serde_json::{Map, Value};
use shared::ids::EventKey;

use crate::{api::Method, fault::Fault};

/// The arguments of a call, by name, without the token. Queries and forms carry text only; JSON keeps its types.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Arguments(pub(crate) Map<String, Value>);

impl Arguments {
    /// The argument as it was sent.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// The argument as text; a number is written out.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// The names of all arguments.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether a flag is set: `true`, `"true"`, `1` or `"1"`.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name) == Some(&Value::Bool(true)) || matches!(self.text(name).as_deref(), Some("true" | "1"))
    }

    /// The argument as JSON, which Slack also takes as text that holds JSON.
    ///
    /// # Errors
    /// When the text is no JSON.
    pub(crate) fn json(&self, name: &str) -> Result<Option<Value>, serde_json::Error> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text).map(Some),
            Some(value) => Ok(Some(value.clone())),
        }
    }

    /// Whether the message's metadata names the question `key`.
    pub fn is_about(&self, key: &EventKey) -> bool {
        self.event_key().as_deref() == Some(key.as_str())
    }

    /// The key of the question that the message's metadata names.
    pub(crate) fn event_key(&self) -> Option<String> {
        let metadata = self.json("metadata").ok().flatten()?;
        metadata["event_payload"]["event_key"].as_str().map(ToOwned::to_owned)
    }
}

/// One call that reached the Web API with a valid token.
#[derive(Debug, Clone)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// Its arguments.
    pub arguments: Arguments,
    /// When it came, for measuring.
    pub at: Instant,
    /// What a rule did to it.
    pub fault: Option<Fault>,
    /// Slack's error code, if the call was executed and refused.
    pub error: Option<&'static str>,
}
