//! What an operator does with the command `threadkeeper` while services run.

mod dead_letters;
mod doctor;
mod health;
mod queues;
mod threads;

use std::process::Output;

use e2e::Stack;
use serde_json::Value;

/// What a command said.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) text: String,
    pub(crate) error: String,
}

impl Said {
    /// Its output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self}"))
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap_or(-1), text: text(output.stdout), error: text(output.stderr) }
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit code {}\n{}{}", self.code, self.text, self.error)
    }
}

/// Runs `threadkeeper` beside the services, with their configuration.
pub(crate) fn operate(stack: &Stack, arguments: &[&str]) -> Said {
    let command = stack.operator(arguments);
    tokio::task::block_in_place(|| command.output()).expect("the command runs").into()
}

/// As [`operate`], and it has to succeed.
pub(crate) fn done(stack: &Stack, arguments: &[&str]) -> Said {
    let said = operate(stack, arguments);
    assert_eq!(said.code, 0, "{arguments:?}: {said}");
    said
}
