//! Holds servers for scripts, and cleans up after tests.
//!
//! `e2e-keeper serve --rabbitmq --redis` starts private servers, prints their addresses as one line of JSON, and ends
//! them when its standard input is closed: they never outlive the script that started them.
//!
//! `e2e-keeper reap` is what the harness itself starts; see [`e2e::reaper`].

use std::io::{self, Write as _};

use clap::{Parser, Subcommand};
use e2e::{RabbitMq, Redis, reaper};
use serde_json::{Map, Value};

#[derive(Parser)]
#[command(about = "Holds private servers until its standard input is closed")]
struct Arguments {
    #[command(subcommand)]
    duty: Duty,
}

#[derive(Subcommand)]
enum Duty {
    /// Start servers, print `{"amqp_url": …, "redis_url": …}`, and hold them until standard input is closed.
    Serve {
        /// Start RabbitMQ.
        #[arg(long)]
        rabbitmq: bool,
        /// Start Redis.
        #[arg(long)]
        redis: bool,
    },
    /// Read orders from standard input; when it is closed, kill the processes and remove the folders they name.
    Reap,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match arguments.duty {
        Duty::Serve { rabbitmq, redis } => runtime.block_on(serve(rabbitmq, redis)),
        Duty::Reap => Ok(runtime.block_on(reaper::reap(io::stdin().lock()))?),
    }
}

async fn serve(rabbitmq: bool, redis: bool) -> anyhow::Result<()> {
    let broker = if rabbitmq { Some(RabbitMq::start().await?) } else { None };
    let store = if redis { Some(Redis::start().await?) } else { None };

    let mut addresses = Map::new();
    if let Some(broker) = &broker {
        addresses.insert("amqp_url".to_owned(), broker.url().into());
        addresses.insert("amqp_pid".to_owned(), broker.pid().into());
    }
    if let Some(store) = &store {
        addresses.insert("redis_url".to_owned(), store.url().into());
        addresses.insert("redis_pid".to_owned(), store.pid().into());
    }
    let mut stdout = io::stdout();
    writeln!(stdout, "{}", Value::Object(addresses))?;
    stdout.flush()?;

    // Nothing is expected there, apart from its end.
    io::copy(&mut io::stdin().lock(), &mut io::sink())?;
    Ok(())
}
