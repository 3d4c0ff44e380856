//! `threadkeeper queues`: how much is where. By AMQP alone, so that it works with every broker.

use std::{io::Write as _, process::ExitCode, time::Duration};

use anstyle::Style;
use clap::Args;
use queue::rabbitmq::{Count, Desk};
use serde_json::{Value, json};
use shared::clock::Clock;

use crate::{
    session::{self, ConfigArguments, Session},
    terminal::{self, BAD, BOLD, Cell, DIM, DOUBTFUL, Table, ago, timestamp},
};

/// Between two looks of `--watch`.
const REFRESH: Duration = Duration::from_secs(1);

/// The age of the oldest dead letter is told up to so many, because all have to be read for it.
const READABLE: u32 = 2_000;

/// Moves the cursor to the top left corner and clears what is below it (ECMA-48: CUP, ED).
const CLEAR: &str = "\u{1b}[H\u{1b}[J";

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  threadkeeper queues             how much is in each queue, and who consumes it
  threadkeeper queues --watch     again each second, until Ctrl-C

AMQP tells how many messages nobody holds; what a worker has in hand is not counted.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    config: ConfigArguments,
    /// Look again each second
    #[arg(long)]
    watch: bool,
    /// For other programs; with --watch one line for each look
    #[arg(long)]
    json: bool,
}

/// What a queue is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Work,
    Wait,
    Dead,
    Unrouted,
}

impl Role {
    fn told(self, count: &Count) -> &'static str {
        match self {
            Self::Work if count.consumers == 0 => "no responder consumes: nothing is answered",
            Self::Work => "questions that no worker has taken yet",
            Self::Wait => "questions that wait for their time",
            Self::Dead => "questions that were given up: threadkeeper dead-letters list",
            Self::Unrouted => "what could not be routed; must be empty",
        }
    }
}

/// A queue and what is in it.
struct Row {
    name: String,
    count: Option<Count>,
    role: Role,
    /// When its oldest message was given up, ms since 1970.
    oldest_ms: Option<u64>,
}

/// Shows the queues, once or for as long as somebody watches.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let session = Session::new(&arguments.config)?;
    session::run(async {
        let broker = session.broker().await?;
        let mut rows = look(&broker, &[]).await?;
        if !arguments.watch {
            if arguments.json {
                terminal::print_json(&json_of(&rows));
            } else {
                anstream::print!("{}", render(&rows, terminal::width()));
            }
            broker.close().await;
            return Ok(ExitCode::SUCCESS);
        }
        loop {
            if arguments.json {
                println!("{}", json_of(&rows));
            } else {
                let (now, table) = (timestamp(Clock::System.millis()), render(&rows, terminal::width()));
                anstream::print!("{CLEAR}{BOLD}{now} UTC{BOLD:#} {DIM}(Ctrl-C ends){DIM:#}\n\n{table}");
            }
            std::io::stdout().flush()?;
            tokio::select! {
                () = tokio::time::sleep(REFRESH) => rows = look(&broker, &rows).await?,
                _ = tokio::signal::ctrl_c() => {
                    broker.close().await;
                    return Ok(ExitCode::SUCCESS);
                }
            }
        }
    })
}

/// Counts all queues, in the order of a question's way. `before` is the last look: dead letters are read only when their
/// number has changed.
async fn look(broker: &Desk, before: &[Row]) -> anyhow::Result<Vec<Row>> {
    let topology = broker.topology();
    let mut queues = vec![(topology.work(), Role::Work)];
    queues.extend(topology.waits_ms().iter().map(|wait| (topology.wait(*wait), Role::Wait)));
    queues.extend([(topology.dead(), Role::Dead), (topology.unrouted(), Role::Unrouted)]);
    let mut rows = Vec::with_capacity(queues.len());
    for (name, role) in queues {
        let count = broker.count(&name).await?;
        let ready = count.as_ref().map_or(0, |count| count.ready);
        let known = before.iter().find(|row| row.name == name && row.count == count);
        let oldest_ms = match known {
            Some(row) => row.oldest_ms,
            // The other queues may not be read: what was delivered once is no fresh copy any more.
            None if role == Role::Dead && (1..=READABLE).contains(&ready) => oldest(broker, &name).await,
            None => None,
        };
        rows.push(Row { name, count, role, oldest_ms });
    }
    Ok(rows)
}

/// When the oldest dead letter was given up; none = it does not say so, or somebody else reads them at this moment.
async fn oldest(broker: &Desk, dead: &str) -> Option<u64> {
    let reading = broker.read(dead).await.ok()?;
    let oldest = reading.letters().iter().filter_map(queue::rabbitmq::Letter::given_up_ms).min();
    reading.put_back().await.ok()?;
    oldest
}

fn render(rows: &[Row], width: Option<usize>) -> String {
    let now = Clock::System.millis();
    let mut table = Table::new(&["QUEUE", "READY", "CONSUMERS", "OLDEST", "WHAT"]);
    for row in rows {
        let Some(count) = &row.count else {
            let missing = "there is no such queue: no service has run with this configuration";
            table.row([row.name.as_str().into(), Cell::styled("missing", BAD), "".into(), "".into(), missing.into()]);
            continue;
        };
        let ready = match row.role {
            Role::Dead if count.ready > 0 => DOUBTFUL,
            Role::Unrouted if count.ready > 0 => BAD,
            _ => Style::new(),
        };
        let consumers = if row.role == Role::Work && count.consumers == 0 { BAD } else { Style::new() };
        table.row([
            row.name.as_str().into(),
            Cell::styled(count.ready.to_string(), ready),
            Cell::styled(count.consumers.to_string(), consumers),
            row.oldest_ms.map_or_else(String::new, |at| ago(at, now)).into(),
            Cell::styled(row.role.told(count), consumers),
        ]);
    }
    table.render(width)
}

fn json_of(rows: &[Row]) -> Value {
    let queues: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "queue": row.name,
                "exists": row.count.is_some(),
                "ready": row.count.as_ref().map(|count| count.ready),
                "consumers": row.count.as_ref().map(|count| count.consumers),
                "oldest_given_up_ms": row.oldest_ms,
            })
        })
        .collect();
    json!({ "at_ms": Clock::System.millis(), "queues": queues })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_a_person_is_said_beside_its_queue() {
        let row = |name: &str, role, ready, consumers| Row {
            name: name.to_owned(),
            count: Some(Count { ready, consumers }),
            role,
            oldest_ms: None,
        };
        let mut rows = vec![
            row("work", Role::Work, 12, 0),
            row("wait.1000", Role::Wait, 3, 0),
            row("dead", Role::Dead, 2, 0),
            row("unrouted", Role::Unrouted, 1, 0),
        ];
        rows.push(Row { count: None, ..row("wait.9000", Role::Wait, 0, 0) });
        insta::assert_snapshot!(anstream::adapter::strip_str(&render(&rows, Some(90))).to_string());
    }
}
