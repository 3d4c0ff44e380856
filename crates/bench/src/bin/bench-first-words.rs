//! Measures how soon a person sees the first words of an answer, and what a long answer costs in Slack's limits.
//!
//! The whole of Threadkeeper runs, as in production: ingresses, RabbitMQ, Redis, responders, a simulated Slack, and a simulated
//! language model in the place of a real one, so that only our own time is measured.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bench::{progress::Progress, table::Table};
use clap::Parser;
use e2e::Stack;
use playground::{Method, Options, Playground};
use serde::Serialize;
use shared::{
    config::Secret,
    ids::{ChannelId, UserId},
    ts::MessageTs,
};
use simulated_model::{Reply, SimulatedModel};

/// An answer comes within this time, on a busy machine too.
const PATIENCE: Duration = Duration::from_mins(5);

/// The first words of an answer, and what a long answer costs.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Questions whose first words are waited for, one after the other.
    #[arg(long, default_value_t = 100)]
    questions: usize,
    /// Words of the long answer; a token is about three quarters of one.
    #[arg(long, default_value_t = 1_500)]
    words: u32,
    /// Words that the model writes in a second of the long answer.
    #[arg(long, default_value_t = 40)]
    words_per_second: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    questions: usize,
    /// From the moment at which Slack sends the event to its first call that shows words, in ms.
    first_words_p50_ms: f64,
    first_words_p99_ms: f64,
    long_answer: LongAnswer,
}

#[derive(Serialize)]
struct LongAnswer {
    words: u32,
    seconds: f64,
    /// Slack's methods, and how often each was called.
    calls: Vec<(String, usize)>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    ensure!(arguments.questions > 0, "--questions is at least 1");
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("keys.md"), "# Keys\n\nA key is rotated with `keys rotate`, once in 90 days.\n")?;
    let model = SimulatedModel::start("127.0.0.1:0")?;
    let slack = Playground::start(Options {
        bot_token: Secret::new(e2e::BOT_TOKEN),
        signing_secret: Secret::new(e2e::SIGNING_SECRET),
        ..Options::default()
    })?;
    let services = Stack::builder(slack.api_url())
        .own_broker()
        .responders(2)
        .env("THREADKEEPER__ANSWER__MODE", "llm")
        .env("THREADKEEPER__ANSWER__KNOWLEDGE", folder.path().display().to_string())
        .env("THREADKEEPER__MODEL__NAME", "openai::simulated")
        // A person asks now and then; a hundred questions in a row would wait for Slack's permits instead.
        .env("THREADKEEPER__SLACK__PACING", "off")
        .env("OPENAI_BASE_URL", model.base_url())
        .build()
        .await
        .context("the services do not start; build them first: cargo build --release --workspace --bins")?;
    slack.deliver_events_to(services.event_urls());
    let workspace = Workspace { person: slack.person("ada"), channel: slack.channel("general"), slack };

    let report = measure(&arguments, &model, &workspace).await?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    Ok(())
}

async fn measure(arguments: &Arguments, model: &SimulatedModel, workspace: &Workspace) -> anyhow::Result<Report> {
    let progress = Progress::start();
    let mut waits = Vec::new();
    for number in 1..=arguments.questions {
        progress.tell(|| format!("first words: question {number} of {}", arguments.questions));
        // The whole answer comes later than its first words, so that these are what is waited for.
        model.next(Reply::says("A key is rotated with one command. [1] It is due in 90 days. [1]").pausing(PAUSE));
        let (asked, ts) = workspace.ask("how do I rotate a key?").await?;
        workspace.answered(ts).await?;
        let shown = workspace.first_words(ts).context("the answer was shown")?;
        waits.push(shown.duration_since(asked).as_secs_f64() * 1_000.0);
    }
    waits.sort_by(f64::total_cmp);
    Ok(Report {
        questions: waits.len(),
        first_words_p50_ms: waits[waits.len() / 2],
        first_words_p99_ms: waits[(waits.len() * 99 / 100).min(waits.len() - 1)],
        long_answer: long_answer(arguments, model, workspace, &progress).await?,
    })
}

/// Between two words of a short answer.
const PAUSE: Duration = Duration::from_millis(2);

async fn long_answer(
    arguments: &Arguments,
    model: &SimulatedModel,
    workspace: &Workspace,
    progress: &Progress,
) -> anyhow::Result<LongAnswer> {
    let sentence = "A key is rotated with one command, [1] and ";
    let words: Vec<&str> = sentence.split_inclusive(' ').collect();
    let mut text: String = (0..arguments.words).map(|n| words[n as usize % words.len()]).collect();
    text.push_str("that is all. [1]");
    let pause = Duration::from_secs(1) / arguments.words_per_second.max(1);
    model.next(Reply::says(text.replace("and A", "so.\n\nA")).pausing(pause));
    progress.tell(|| format!("a long answer: {} words", arguments.words));
    let (asked, ts) = workspace.ask("how do I rotate a key, at length?").await?;
    workspace.answered(ts).await?;
    let calls = Method::ALL.into_iter().map(|method| (method.to_string(), workspace.calls(method, ts)));
    Ok(LongAnswer {
        words: arguments.words,
        seconds: asked.elapsed().as_secs_f64(),
        calls: calls.filter(|(_, count)| *count > 0).collect(),
    })
}

/// The simulated Slack, and who asks there.
struct Workspace {
    slack: Playground,
    channel: ChannelId,
    person: UserId,
}

impl Workspace {
    /// Asks at top level. When, and the message.
    async fn ask(&self, text: &str) -> anyhow::Result<(Instant, MessageTs)> {
        let said = self.slack.mention(&self.channel, &self.person, text, None)?;
        let at = Instant::now();
        let asked = self.slack.tell(said).await;
        ensure!(asked.is_acked(), "no ingress took the question");
        Ok((at, asked.ts))
    }

    async fn answered(&self, ts: MessageTs) -> anyhow::Result<()> {
        self.slack.wait_for_answer(&self.channel, ts, PATIENCE).await?;
        Ok(())
    }

    /// When the first words were sent to Slack.
    fn first_words(&self, ts: MessageTs) -> Option<Instant> {
        let showing = [Method::ChatStartStream, Method::ChatPostMessage].into_iter();
        let calls = showing.flat_map(|method| self.slack.calls(method));
        let thread = ts.to_string();
        let mine = calls.filter(|call| call.arguments.text("thread_ts").is_some_and(|root| root == thread));
        mine.map(|call| call.at).min()
    }

    /// How often Slack was called for the thread of a question: its messages have their own `ts`.
    fn calls(&self, method: Method, root: MessageTs) -> usize {
        let own: Vec<String> =
            self.slack.replies(&self.channel, root).iter().map(|message| message.ts.to_string()).collect();
        let about = |value: Option<String>| value.is_some_and(|ts| ts == root.to_string() || own.contains(&ts));
        let calls = self.slack.calls(method).into_iter();
        calls.filter(|call| about(call.arguments.text("thread_ts")) || about(call.arguments.text("ts"))).count()
    }
}

fn print(report: &Report) {
    println!(
        "From the event to the first words that a person sees, {} questions, an immediate model\n",
        report.questions
    );
    let mut table = Table::new(["", "p50", "p99"]);
    table.row([
        "first words".to_owned(),
        format!("{:.0} ms", report.first_words_p50_ms),
        format!("{:.0} ms", report.first_words_p99_ms),
    ]);
    println!("{table}");
    let LongAnswer { words, seconds, calls } = &report.long_answer;
    println!("Slack's calls for an answer of {words} words in {seconds:.0} s\n");
    let mut table = Table::new(["method", "calls"]);
    for (method, count) in calls {
        table.row([method.clone(), count.to_string()]);
    }
    table.row(["all".to_owned(), calls.iter().map(|(_, count)| count).sum::<usize>().to_string()]);
    print!("{table}");
}
