//! The command `threadkeeper`: `dev` runs everything in this one process, for trying the bot; the others are for operators.

mod command_line;
mod dead_letters;
mod dev;
mod doctor;
mod options;
mod queues;
mod session;
mod terminal;
mod thread;
mod timeline;

use std::{io, process::ExitCode};

use clap::{CommandFactory as _, Parser as _};

use command_line::{Command, CommandLine};

fn main() -> ExitCode {
    let done = match CommandLine::parse().command {
        Command::Dev(arguments) => dev::run(&arguments),
        Command::DeadLetters(arguments) => dead_letters::run(arguments),
        Command::Config(arguments) => options::run(arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Queues(arguments) => queues::run(&arguments),
        Command::Thread(arguments) => thread::run(arguments),
        Command::Timeline(arguments) => timeline::run(arguments),
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
