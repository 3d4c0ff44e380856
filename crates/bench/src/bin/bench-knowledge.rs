//! Measures how fast and in how much memory a large folder of pages is read and searched.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use answers::{Inquiry, Knowledge, KnowledgeSource as _, Library};
use anyhow::Context as _;
use bench::{
    folder::{self, Words},
    memory::peak_megabytes,
    progress::Progress,
    table::Table,
};
use clap::Parser;
use serde::Serialize;
use shared::{
    ids::{ChannelId, UserId},
    turn::Turn,
};

/// As many passages as an answer looks at.
const LIMIT: usize = 12;
/// A changed page that is not found by then will not be.
const PATIENCE: Duration = Duration::from_mins(5);

/// Between two looks for the changed page; the cores are wanted for reading.
const LOOK: Duration = Duration::from_millis(20);

/// Makes a folder of pages, reads it as the product does, and asks.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// How many Markdown files.
    #[arg(long, default_value_t = 10_000)]
    files: usize,
    /// The size of each, in KB.
    #[arg(long, default_value_t = 10)]
    kilobytes: usize,
    /// How many questions, half of them in a conversation.
    #[arg(long, default_value_t = 2_000)]
    questions: usize,
    /// Decides all words.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    files: usize,
    megabytes: u64,
    passages: usize,
    index_seconds: f64,
    /// When the folder had been read.
    peak_megabytes_reading: Option<u64>,
    query_p50_ms: f64,
    query_p99_ms: f64,
    query_longest_ms: f64,
    /// From the change of one page until it was found.
    change_seconds: f64,
    /// With the old and the new knowledge.
    peak_megabytes: Option<u64>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let report = measure(&arguments)?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    Ok(())
}

fn measure(arguments: &Arguments) -> anyhow::Result<Report> {
    let progress = Progress::start();
    let place = tempfile::tempdir().context("no temporary folder")?;
    let mut words = Words::new(arguments.seed);
    progress.tell(|| "pages are written".to_owned());
    folder::write(place.path(), arguments.files, arguments.kilobytes * 1000, &mut words)
        .with_context(|| format!("pages cannot be written into {}", place.path().display()))?;

    let start = Instant::now();
    let knowledge = Knowledge::open(place.path())?;
    let index_seconds = start.elapsed().as_secs_f64();
    let peak_megabytes_reading = peak_megabytes();
    let times = ask(&knowledge, arguments.questions, &mut words, &progress);
    let passages = knowledge.passages();
    drop(knowledge);

    let change_seconds = change(place.path(), &progress)?;
    let at = |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1)));
    let milliseconds = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1000.0);
    Ok(Report {
        files: arguments.files,
        megabytes: (arguments.files * arguments.kilobytes) as u64 / 1000,
        passages,
        index_seconds,
        peak_megabytes_reading,
        query_p50_ms: milliseconds(at(50)),
        query_p99_ms: milliseconds(at(99)),
        query_longest_ms: milliseconds(times.last()),
        change_seconds,
        peak_megabytes: peak_megabytes(),
    })
}

/// How long each question took, ascending: of 3 to 12 words, each second one after five turns.
fn ask(knowledge: &Knowledge, questions: usize, words: &mut Words, progress: &Progress) -> Vec<Duration> {
    let mut times = Vec::with_capacity(questions);
    for number in 0..questions {
        progress.tell(|| format!("question {number} of {questions}"));
        let mut turns = Vec::new();
        for _ in 0..if number % 2 == 0 { 0 } else { 5 } {
            turns.push(Turn::user(words.sentence(10)));
            turns.push(Turn::assistant(words.sentence(200)));
        }
        let length = 3 + words.choose(10);
        let question = words.sentence(length);
        let start = Instant::now();
        let hits = knowledge.search(&question, &turns, LIMIT);
        times.push(start.elapsed());
        drop(hits);
    }
    times.sort_unstable();
    times
}

/// From the change of one page until a question finds its new text, in seconds.
fn change(folder: &Path, progress: &Progress) -> anyhow::Result<f64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let library = Library::open(folder)?;
    let start = Instant::now();
    fs::write(folder.join("000/00000.md"), "# Quokka\n\nThe quokka smiles.\n")?;
    let (user, channel) = (UserId::new("U0BENCH"), ChannelId::new("C0BENCH"));
    let inquiry = Inquiry { query: "quokka", turns: &[], user: &user, channel: &channel, limit: LIMIT };
    loop {
        progress.tell(|| "a page has changed".to_owned());
        if runtime.block_on(library.find(&inquiry))?.passages.iter().any(|found| found.text.contains("quokka")) {
            return Ok(start.elapsed().as_secs_f64());
        }
        anyhow::ensure!(start.elapsed() < PATIENCE, "the changed page was not found");
        runtime.block_on(tokio::time::sleep(LOOK));
    }
}

fn print(report: &Report) {
    let memory = |megabytes: Option<u64>| megabytes.map_or("unknown".to_owned(), |megabytes| format!("{megabytes} MB"));
    let mut table = Table::new(["a folder of pages", ""]);
    let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
    row("files", report.files.to_string());
    row("size", format!("{} MB", report.megabytes));
    row("passages", report.passages.to_string());
    row("read and indexed in", format!("{:.1} s", report.index_seconds));
    row("peak memory after reading", memory(report.peak_megabytes_reading));
    row("a question, p50", format!("{:.2} ms", report.query_p50_ms));
    row("a question, p99", format!("{:.2} ms", report.query_p99_ms));
    row("a question, longest", format!("{:.2} ms", report.query_longest_ms));
    row("a changed page is found after", format!("{:.1} s", report.change_seconds));
    row("peak memory, old and new together", memory(report.peak_megabytes));
    print!("{table}");
}
