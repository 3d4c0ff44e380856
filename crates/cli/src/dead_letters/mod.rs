//! `threadkeeper dead-letters`: questions that were given up, and what becomes of them.
//!
//! Whoever lists changes nothing: see [`queue::rabbitmq::Reading`]. Reading order: this module (what can be asked for),
//! `letter` (one dead letter), `listing` and `detail` (looking), `replay` (asking again), `removal`.

mod detail;
mod letter;
mod listing;
mod removal;
mod replay;

use std::{process::ExitCode, time::Duration};

use anyhow::bail;
use clap::{Args, Subcommand};
use queue::rabbitmq::{Desk, Letter, Reading};

use self::letter::Told;
use crate::session::{self, ConfigArguments, Session};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  threadkeeper dead-letters list                      what was given up, and why
  threadkeeper dead-letters show bba23a7a46           all about one of them
  threadkeeper dead-letters replay bba23a7a46         it is answered after all, in the place of the apology
  threadkeeper dead-letters replay --all --reason model
  threadkeeper dead-letters prune                     removes what is older than dead_letters.keep

A letter is named by its id (or the first digits of it), by channel:ts, or by the question's address in Slack.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    config: ConfigArguments,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Questions that were given up, oldest first; changes nothing
    List(List),
    /// All about one of them
    Show(Show),
    /// Ask again: the answer takes the place of the apology. Done twice it is one replay
    Replay(Replay),
    /// Remove for good; the person has been told that there is no answer
    Drop {
        /// Which
        #[arg(required = true, value_name = "ID")]
        names: Vec<String>,
    },
    /// Remove what was given up long ago
    Prune {
        /// Given up longer ago than this, as in `30d` [default: option `dead_letters.keep`]
        #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
        older_than: Option<Duration>,
    },
}

#[derive(Debug, Args)]
struct List {
    /// What could not be routed instead; a responder moves it back by itself
    #[arg(long)]
    unrouted: bool,
    /// Show what people asked
    #[arg(long)]
    text: bool,
    /// For other programs
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Show {
    /// Which
    #[arg(value_name = "ID")]
    name: String,
    /// Show what was asked
    #[arg(long)]
    text: bool,
    /// For other programs
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Replay {
    /// Which
    #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
    names: Vec<String>,
    /// All of them
    #[arg(long)]
    all: bool,
    /// Only those whose reason contains this
    #[arg(long, value_name = "TEXT", requires = "all")]
    reason: Option<String>,
}

/// Does what is asked for.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let session = Session::new(&arguments.config)?;
    session::run(async move {
        let broker = session.broker().await?;
        let done = match arguments.act {
            Act::List(list) => listing::list(&broker, &list).await,
            Act::Show(show) => detail::show(&session, &broker, &show).await,
            Act::Replay(replay) => replay::replay(&session, &broker, &replay).await,
            Act::Drop { names } => removal::remove_named(&broker, &names).await,
            Act::Prune { older_than } => {
                removal::prune(&broker, older_than.unwrap_or(session.settings.dead_letters.keep)).await
            }
        };
        broker.close().await;
        done
    })
}

/// Reads `queue`, works on it, and puts back what was not removed, however the work ended.
async fn with_letters<T>(
    broker: &Desk,
    queue: &str,
    work: impl AsyncFnOnce(&Reading<'_>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let reading = broker.read(queue).await?;
    let done = work(&reading).await;
    reading.put_back().await?;
    done
}

/// The letters of one question: a question may lie there more than once, and its letters are treated alike.
type Group<'r> = (Told, Vec<&'r Letter>);

/// All letters by question, in the order of their first.
fn groups(letters: &[Letter]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for letter in letters {
        let told = Told::of(letter);
        match groups.iter_mut().find(|(known, _)| known.key == told.key) {
            Some((_, letters)) => letters.push(letter),
            None => groups.push((told, vec![letter])),
        }
    }
    groups
}

/// The one question that `name` names.
fn named<'g, 'r>(groups: &'g [Group<'r>], name: &str) -> anyhow::Result<&'g Group<'r>> {
    let found: Vec<_> = groups.iter().filter(|(told, _)| told.is_named(name)).collect();
    match found[..] {
        [group] => Ok(group),
        [] => bail!("no dead letter `{name}`: threadkeeper dead-letters list shows what there is"),
        _ => {
            let ids: Vec<_> = found.iter().map(|(told, _)| told.id()).collect();
            bail!("`{name}` names {} dead letters ({}): write more of its id", ids.len(), ids.join(", "))
        }
    }
}
