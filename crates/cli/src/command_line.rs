//! What can be typed.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::{dead_letters, doctor, options, queues, thread, timeline};

/// A Slack assistant that remembers the thread.
#[derive(Debug, Parser)]
#[command(name = "threadkeeper", version = service::VERSION)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Try the bot: everything in this one process, with a simulated Slack in your browser
    Dev(DevArguments),
    /// What each option means, and what is in effect
    Config(options::Arguments),
    /// Look at everything that is needed, and say what is wrong and what to do
    Doctor(doctor::Arguments),
    /// Questions that were given up: list them, ask them again, remove them
    DeadLetters(dead_letters::Arguments),
    /// How much is in each queue
    Queues(queues::Arguments),
    /// What Redis knows of a thread; make it forget
    Thread(thread::Arguments),
    /// Follow a question through all services, by their logs, and see what it waited for
    Timeline(timeline::Arguments),
    /// Print completions for a shell
    #[command(
        after_help = "Example:\n  threadkeeper completions bash > ~/.local/share/bash-completion/completions/threadkeeper"
    )]
    Completions {
        /// The shell
        shell: Shell,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  threadkeeper dev                           answers from Threadkeeper's own documentation
  threadkeeper dev --knowledge ~/handbook    answers from your documents
  threadkeeper dev --responders 4 --open     four workers share the questions; opens the browser

No server is needed, and nothing leaves this machine, unless you choose a language model elsewhere. Options of the services can be
set as for them, in variables such as THREADKEEPER__ANSWER__MODE=echo.")]
pub(crate) struct DevArguments {
    /// How many workers share the questions
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=16))]
    pub(crate) responders: u16,
    /// Folder of documents that answers are made from [default: Threadkeeper's own documentation]
    #[arg(long, value_name = "DIR")]
    pub(crate) knowledge: Option<PathBuf>,
    /// Where the page is; port 0 = any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3100")]
    pub(crate) listen: SocketAddr,
    /// Where threads, questions and the simulated workspace are kept [default: the user's data folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Open the page in the browser
    #[arg(long)]
    pub(crate) open: bool,
}
