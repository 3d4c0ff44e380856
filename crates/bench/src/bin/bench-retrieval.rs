//! Measures how well passages are found in conversations, and how well it is told that there are none.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::ensure;
use bench::{
    conversations::{self, Source, Task},
    methods::{self, Score},
    progress::Progress,
    refusal::{self, Asked, Refused},
    rewrites::{self, Nearness, Rewritten},
    table::{Table, percent},
};
use clap::Parser;
use serde::Serialize;

/// How well passages are found in conversations, by the product's own search.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Questions, one JSON object a line: `messages` (role, content; the last one is the question), `gold` (ids of the
    /// passages that answer it), optional `rewrite`, `answerability`, `collection`.
    #[arg(long, required_unless_present = "rewrites", requires = "passages")]
    tasks: Option<PathBuf>,
    /// Passages, one JSON object a line: `id`, `title`, `text`, optional `collection`.
    #[arg(long, requires = "tasks")]
    passages: Option<PathBuf>,
    /// Follow-ups that people rewrote, one JSON object a line: `history` (question, answer, …), `question`, `rewrite`. How
    /// near does a search come to the rewrite?
    #[arg(long)]
    rewrites: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Reports {
    #[serde(flatten)]
    retrieval: Option<Report>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rewrites: Option<Vec<Nearness>>,
}

#[derive(Serialize)]
struct Report {
    tasks: usize,
    passages: usize,
    index_seconds: f64,
    all_questions: Vec<Score>,
    follow_ups: Vec<Score>,
    refusal: Option<Refusal>,
}

#[derive(Serialize)]
struct Refusal {
    asked: Asked,
    refused: Vec<Refused>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let retrieval = match (&arguments.tasks, &arguments.passages) {
        (Some(tasks), Some(passages)) => Some(read_and_measure(tasks, passages)?),
        _ => None,
    };
    let rewrites = match &arguments.rewrites {
        Some(file) => Some(rewrites::compare(&conversations::read::<Rewritten>(file)?)),
        None => None,
    };
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&Reports { retrieval, rewrites })?);
        return Ok(());
    }
    if let Some(report) = &retrieval {
        print(report);
    }
    if let Some(compared) = &rewrites {
        print_rewrites(compared);
    }
    Ok(())
}

fn read_and_measure(tasks: &Path, passages: &Path) -> anyhow::Result<Report> {
    let asked: Vec<Task> = conversations::read(tasks)?;
    let sources: Vec<Source> = conversations::read(passages)?;
    ensure!(
        asked.iter().any(|task| !task.gold.is_empty()),
        "no task of {} names its passages in `gold`",
        tasks.display()
    );
    Ok(measure(&asked, &sources))
}

fn measure(tasks: &[Task], sources: &[Source]) -> Report {
    let progress = Progress::start();
    let start = Instant::now();
    let knowledge = conversations::index(sources.iter());
    let index_seconds = start.elapsed().as_secs_f64();
    let all: Vec<&Task> = tasks.iter().collect();
    let follow_ups: Vec<&Task> = tasks.iter().filter(|task| task.is_follow_up()).collect();
    Report {
        tasks: tasks.len(),
        passages: sources.len(),
        index_seconds,
        all_questions: methods::compare(&all, &knowledge, &progress),
        follow_ups: methods::compare(&follow_ups, &knowledge, &progress),
        refusal: refusal::measure(tasks, sources, &knowledge, &progress)
            .map(|(asked, refused)| Refusal { asked, refused }),
    }
}

fn print(report: &Report) {
    println!(
        "Retrieval: {} questions, {} passages, indexed in {:.2} s\n",
        report.tasks, report.passages, report.index_seconds
    );
    for (what, scores) in [("All questions", &report.all_questions), ("Follow-ups", &report.follow_ups)] {
        if scores.is_empty() {
            continue;
        }
        println!(
            "{what} with known passages: is one of them first, among the first five, and where (mean of 1 / place)?\n"
        );
        let mut table = Table::new(["searched by", "questions", "hit@1", "hit@5", "MRR"]);
        for score in scores {
            table.row([
                score.method.name().to_owned(),
                score.questions.to_string(),
                percent(score.hit_at_1),
                percent(score.hit_at_5),
                format!("{:.3}", score.mrr),
            ]);
        }
        println!("{table}");
    }
    if let Some(Refusal { asked, refused }) = &report.refusal {
        println!("Told \"not in the sources\": right for the second and third column, wrong for the first.\n");
        let mut table = Table::new(["best passage fits from", "answerable", "unanswerable", "other subject"]);
        let count = |questions: usize| format!("of {questions}");
        let counts = [asked.answerable, asked.unanswerable, asked.other_subject].map(count);
        let [answerable, unanswerable, other] = counts;
        table.row([String::new(), answerable, unanswerable, other]);
        for row in refused {
            let name = row.threshold.map_or("as Threadkeeper decides".to_owned(), |t| format!("strength {t:.2}"));
            let shown = |share: Option<f64>| share.map_or("–".to_owned(), percent);
            table.row([name, percent(row.answerable), shown(row.unanswerable), shown(row.other_subject)]);
        }
        print!("{table}");
    }
}

fn print_rewrites(compared: &[Nearness]) {
    println!("Follow-ups that people rewrote: how near does a search come to the rewrite, by rarity of its words?\n");
    let mut table = Table::new(["searched by", "questions", "cosine", "recall"]);
    for nearness in compared {
        table.row([
            nearness.method.name().to_owned(),
            nearness.questions.to_string(),
            format!("{:.3}", nearness.cosine),
            percent(nearness.recall),
        ]);
    }
    print!("{table}");
}
