//! `threadkeeper thread`: what Redis knows of a thread, and making it forget.

mod overview;
mod place;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use queue::rabbitmq::Letter;
use shared::{clock::Clock, conversation::Conversation, task::Task, ts::MessageTs};
use threads::{Origin, RedisThreads, ThreadStore};

pub(crate) use self::overview::stage_told;
use self::place::Place;
use crate::{
    session::{self, ConfigArguments, Session},
    terminal,
};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  threadkeeper thread show C0FFEE/1729636800.000100
  threadkeeper thread show https://acme.slack.com/archives/C0FFEE/p1729636800000100
  threadkeeper thread show D0FFEE                      a direct-message channel that is one conversation
  threadkeeper thread forget C0FFEE/1729636800.000100")]
pub(crate) struct Arguments {
    #[command(flatten)]
    config: ConfigArguments,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Its questions and what became of them, who answers now, what is remembered; changes nothing
    Show {
        /// `CHANNEL/TS` of its first message, or that message's address in Slack
        #[arg(value_name = "THREAD")]
        place: Place,
        /// Show what was said
        #[arg(long)]
        text: bool,
        /// For other programs
        #[arg(long)]
        json: bool,
    },
    /// Forget what was said up to now, its dead letters too; questions that wait are answered without it
    Forget {
        /// `CHANNEL/TS` of its first message, or that message's address in Slack
        #[arg(value_name = "THREAD")]
        place: Place,
    },
}

/// Does what is asked for.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let session = Session::new(&arguments.config)?;
    session::run(async move {
        match arguments.act {
            Act::Show { place, text, json } => show(&session, &place.conversation(), text, json).await,
            Act::Forget { place } => forget(&session, &place.conversation()).await,
        }
    })
}

async fn show(session: &Session, conversation: &Conversation, text: bool, json: bool) -> anyhow::Result<ExitCode> {
    let thread = session.store().await?.overview(conversation).await?;
    if json {
        terminal::print_json(&overview::json(&thread, text));
    } else {
        anstream::print!("{}", overview::render(&thread, text, terminal::width()));
    }
    Ok(ExitCode::SUCCESS)
}

async fn forget(session: &Session, conversation: &Conversation) -> anyhow::Result<ExitCode> {
    let settings = &session.settings;
    let (redis, context, delivery) = (&settings.redis, &settings.context, &settings.delivery);
    let store = RedisThreads::connect(redis, context, delivery, session::process(), Origin::Unseen).await?;
    let now = MessageTs::from_micros(Clock::System.millis() * 1000)?;
    let had_context = store.forget(conversation, now).await?;
    let key = conversation.context_key(&redis.key_prefix);
    println!("{key}: {}", if had_context { "its context is forgotten" } else { "it had no context" });
    println!("what was said before is not read from Slack again; the messages in Slack stay");
    if settings.amqp.url.is_none() {
        println!("dead letters were not looked at: AMQP_URL is not set");
        return Ok(ExitCode::SUCCESS);
    }
    let removed = forget_dead_letters(session, conversation).await?;
    println!("{removed} of its dead letters removed");
    Ok(ExitCode::SUCCESS)
}

/// A question that was given up is kept with its text.
async fn forget_dead_letters(session: &Session, conversation: &Conversation) -> anyhow::Result<usize> {
    let broker = session.broker().await?;
    let dead = broker.topology().dead();
    // Without a queue there are no dead letters.
    if broker.count(&dead).await?.is_none() {
        return Ok(0);
    }
    let reading = broker.read(&dead).await?;
    let is_its = |letter: &&Letter| matches!(letter.task(), Ok(Task::Question(question)) if question.conversation == *conversation);
    let mut removed = 0;
    for letter in reading.letters().iter().filter(is_its) {
        reading.remove(letter).await?;
        removed += 1;
    }
    reading.put_back().await?;
    broker.close().await;
    Ok(removed)
}
