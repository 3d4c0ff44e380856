//! `threadkeeper timeline`: the way of one question through all services, read off their logs.
//!
//! ```text
//! logs -> line::Line -> reading::Logs -> journey::Journey   the steps of each question
//!                              \-> outages::Outages        when Redis or RabbitMQ was away, as processes saw it
//!                    -> course::Course                     steps become stages with their time, each with its cause
//!                    -> paper, table, json                 what is printed
//! ```

mod course;
mod journey;
mod json;
mod line;
mod outages;
mod paper;
mod reading;
mod stage;
mod subject;
mod table;
mod wording;

use std::{
    fs::File,
    io::{self, BufReader, IsTerminal as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::Value;

use self::{
    course::{Course, End},
    journey::Journey,
    reading::Logs,
    subject::Subject,
};
use crate::terminal;

/// How wide it is printed where nobody looks at it.
const WIDTH_OF_FILES: usize = 140;

/// What names a question or a thread.
const SUBJECT: &str =
    "A question: channel:ts, event_key, event id or a link to its message; or a thread: channel/thread_ts";

/// What is asked.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  docker compose logs | threadkeeper timeline C0123:1729636805.000200
  kubectl logs -l app=threadkeeper --prefix --tail=-1 | threadkeeper timeline Ev0PV52K21
  threadkeeper timeline https://acme.slack.com/archives/C0123/p1729636805000200 ingress.log responder.log
  threadkeeper timeline --slow=20 *.log         the questions that took longest
  threadkeeper timeline --failed *.log          those that were given up, with the reason

Reads JSON log lines, with or without what a collector puts before them. Nothing but the logs is asked.")]
pub(crate) struct Arguments {
    #[arg(help = SUBJECT, value_name = "EVENT_OR_THREAD", required_unless_present_any = ["slow", "failed"])]
    subject: Option<String>,
    /// Logs of all services, in any order; standard input if there are none, or for `-`
    #[arg(value_name = "FILES")]
    files: Vec<PathBuf>,
    /// Instead: the questions that took longest
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "10", conflicts_with = "failed")]
    slow: Option<usize>,
    /// Instead: the questions that were given up
    #[arg(long)]
    failed: bool,
    /// For programs
    #[arg(long)]
    json: bool,
}

/// Reads the logs and prints what was asked.
///
/// # Errors
/// When a file cannot be read, or nothing is found.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { subject, mut files, slow, failed, json } = arguments;
    let many = slow.is_some() || failed;
    let subject = match subject {
        // Then the first word is a file as well.
        Some(file) if many => {
            files.insert(0, file.into());
            None
        }
        Some(text) => Some(Subject::parse(&text).map_err(anyhow::Error::msg)?),
        None => None,
    };
    let mut logs = Logs::about(subject);
    read(&mut logs, &files)?;
    let (lines, forgotten) = (logs.lines, logs.forgotten);
    if lines == 0 {
        bail!("there is no log line of Threadkeeper's that tells of it; logs are JSON lines (log.format = json)");
    }
    let mut questions = logs.questions();
    if let Some(most) = slow {
        questions.sort_by_key(|(_, course)| std::cmp::Reverse(course.took()));
        questions.truncate(most);
    } else if failed {
        questions.retain(|(_, course)| matches!(course.end, End::GivenUp { .. }));
    } else if questions.is_empty() {
        bail!("no line tells of this question; are the logs of all services given, and of the right time?");
    }
    if json {
        let told: Vec<Value> = questions.iter().map(|(journey, course)| json::question(journey, course)).collect();
        terminal::print_json(&Value::Array(told));
    } else {
        anstream::print!("{}", shown(&questions, slow.is_some(), failed, terminal::width()));
    }
    if forgotten > 0 {
        eprintln!("{forgotten} questions were left out, to stay within the memory; give logs of a shorter time");
    }
    Ok(ExitCode::SUCCESS)
}

fn shown(questions: &[(Journey, Course)], slow: bool, failed: bool, width: Option<usize>) -> String {
    if slow {
        return table::slow(questions, width);
    }
    if failed {
        return table::failed(questions, width);
    }
    let papers =
        questions.iter().map(|(journey, course)| paper::question(journey, course, width.unwrap_or(WIDTH_OF_FILES)));
    papers.collect::<Vec<_>>().join("\n")
}

fn read(logs: &mut Logs, files: &[PathBuf]) -> anyhow::Result<()> {
    if files.is_empty() && io::stdin().is_terminal() {
        bail!("give files, or pipe the logs of all services in: docker compose logs | threadkeeper timeline …");
    }
    let standard_input = [PathBuf::from("-")];
    for path in if files.is_empty() { &standard_input } else { files } {
        if path == Path::new("-") {
            logs.read(io::stdin().lock()).context("standard input cannot be read")?;
        } else {
            let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
            logs.read(BufReader::with_capacity(1 << 16, file))
                .with_context(|| format!("{} cannot be read", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
