//! The command `threadkeeper`: `dev` runs everything in this one process, for trying the bot.

mod command_line;
mod dev;

use std::{io, process::ExitCode};

use clap::{CommandFactory as _, Parser as _};

use command_line::{Command, CommandLine};

fn main() -> ExitCode {
    let done = match CommandLine::parse().command {
        Command::Dev(arguments) => dev::run(&arguments),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut CommandLine::command(), "threadkeeper", &mut io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("threadkeeper: {}", shared::telemetry::chain(error.as_ref()));
        ExitCode::FAILURE
    })
}
