//! `threadkeeper timeline` on the logs of a stack, as an operator uses it.

use std::{
    io::{Seek as _, Write as _},
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::{HarnessError, LogLine, process};

/// What `threadkeeper timeline` prints with these arguments for these lines, each with the name of its process before it, as
/// `docker compose logs` puts it.
///
/// # Errors
/// When it is not built, or fails; with what it says.
pub fn timeline(lines: &[(String, LogLine)], arguments: &[&str]) -> Result<String, HarnessError> {
    let failed = |reason: String| {
        let program = format!("threadkeeper timeline {}", arguments.join(" "));
        HarnessError::Failed { program, reason }
    };
    let mut logs = tempfile::tempfile().map_err(|error| failed(error.to_string()))?;
    for (name, line) in lines {
        writeln!(logs, "{}  | {}", name.replace(' ', "-"), line.text()).map_err(|error| failed(error.to_string()))?;
    }
    logs.rewind().map_err(|error| failed(error.to_string()))?;
    let mut command = Command::new(process::binary("threadkeeper")?);
    command.arg("timeline").args(arguments).stdin(Stdio::from(logs));
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}

/// As [`timeline`], for one question, as it is told to programs.
///
/// # Errors
/// As [`timeline`].
pub fn timeline_of(lines: &[(String, LogLine)], question: &str) -> Result<Value, HarnessError> {
    let told = timeline(lines, &["--json", question])?;
    let told: Value = serde_json::from_str(&told).unwrap_or_default();
    Ok(told.get(0).cloned().unwrap_or_default())
}
