//! `threadkeeper dev` as a process.

#![expect(clippy::unwrap_used, reason = "a test fails where its surroundings do")]

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use shared::lifecycle::install_tls_provider;
use tempfile::TempDir;

/// Longest wait for an answer: a lease, a look in Slack, and much patience for a busy machine.
const ANSWER_TIMEOUT_MS: u64 = 60_000;

/// Longest wait for the page to show something.
const SHOWN_TIMEOUT: Duration = Duration::from_secs(20);

const CHANNEL: &str = "C0GENERAL";

/// A running `threadkeeper dev`; it is killed when it is dropped.
struct Dev {
    process: Child,
    output: BufReader<ChildStdout>,
    /// `http://127.0.0.1:PORT`
    url: String,
    client: reqwest::Client,
}

fn command(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_threadkeeper"));
    command.args(["dev", "--listen", "127.0.0.1:0", "--data"]).arg(data).args(arguments);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Dev {
    /// Starts it and waits until it says where it is.
    fn start(data: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        install_tls_provider();
        let mut process = command(data, arguments).envs(environment.iter().copied()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let (mut said, mut url) = (String::new(), None);
        while url.is_none() && output.read_line(&mut said).unwrap() > 0 {
            url = said.lines().last().and_then(|line| line.strip_prefix("Talk to the bot: ")).map(str::to_owned);
        }
        let Some(url) = url else {
            let mut errors = String::new();
            process.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
            panic!("it did not start: {said}{errors}");
        };
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { process, output, url: url.trim_end_matches('/').to_owned(), client }
    }

    /// As SIGKILL or a power cut: nothing is completed.
    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    async fn ask(&self, text: &str, thread: Option<&str>) -> String {
        let mut body = json!({ "channel": CHANNEL, "user": "U0YOU", "text": format!("@threadkeeper {text}") });
        if let Some(thread) = thread {
            body["thread_ts"] = json!(thread);
        }
        let said = self.client.post(format!("{}/control/say", self.url)).json(&body).send().await.unwrap();
        let said: Value = said.error_for_status().unwrap().json().await.unwrap();
        said["ts"].as_str().unwrap().to_owned()
    }

    async fn answer(&self, ts: &str) -> String {
        let url = format!("{}/control/answer?channel={CHANNEL}&ts={ts}&timeout_ms={ANSWER_TIMEOUT_MS}", self.url);
        let answer = self.client.get(url).send().await.unwrap();
        let answer: Value = answer.error_for_status().unwrap().json().await.unwrap();
        answer["text"].as_str().unwrap().to_owned()
    }

    /// Presses a button of the page, about a question.
    async fn press(&self, button: &str, ts: &str) -> String {
        let about = json!({ "channel": CHANNEL, "ts": ts });
        let pressed = self.client.post(format!("{}/acts/{button}", self.url)).json(&about).send().await.unwrap();
        let pressed: Value = pressed.json().await.unwrap();
        pressed["said"].as_str().unwrap_or_else(|| panic!("{button} was not done: {pressed}")).to_owned()
    }

    /// Waits until the page shows such a step of any question.
    async fn shows(&self, step: &str) {
        let mut feed = self.client.get(format!("{}/feed", self.url)).send().await.unwrap();
        let mut shown = String::new();
        while !shown.contains(step) {
            let chunk = tokio::time::timeout(SHOWN_TIMEOUT, feed.chunk()).await;
            let chunk = chunk.unwrap_or_else(|_| panic!("the page does not show {step}: {shown}"));
            shown.push_str(&String::from_utf8_lossy(&chunk.unwrap().expect("the feed goes on")));
        }
    }

    async fn texts(&self) -> Vec<String> {
        let url = format!("{}/control/messages?channel={CHANNEL}", self.url);
        let messages: Value = self.client.get(url).send().await.unwrap().json().await.unwrap();
        messages["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|message| message["text"].as_str().unwrap().to_owned())
            .collect()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        // One that was killed by the test is gone already.
        drop(self.process.kill());
        drop(self.process.wait());
        let mut rest = String::new();
        drop(self.output.read_to_string(&mut rest));
        // Shown if the test fails.
        print!("{rest}");
    }
}

/// What it says, in one line, when it does not start.
fn refusal(data: &Path, arguments: &[&str]) -> String {
    let output = command(data, arguments).output().unwrap();
    assert!(!output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

#[tokio::test]
async fn a_follow_up_is_answered_from_the_documentation_and_knows_the_question_before_it() {
    let data = tempfile::tempdir().unwrap();
    let dev = Dev::start(data.path(), &[], &[]);
    let first = dev.ask("What happens when Redis is away?", None).await;
    let answer = dev.answer(&first).await;
    assert!(answer.contains("Redis"), "{answer}");
    let second = dev.ask("And when RabbitMQ is away?", Some(&first)).await;
    assert!(dev.answer(&second).await.contains("RabbitMQ"));
}

#[tokio::test]
async fn a_language_model_answers_from_the_documentation() {
    let model = simulated_model::SimulatedModel::start("127.0.0.1:0").unwrap();
    let url = model.base_url();
    let llm = [
        ("THREADKEEPER__ANSWER__MODE", "llm"),
        ("THREADKEEPER__MODEL__NAME", "openai::simulated"),
        ("OPENAI_BASE_URL", url.as_str()),
    ];
    let data = tempfile::tempdir().unwrap();
    let dev = Dev::start(data.path(), &[], &llm);
    let asked = dev.ask("What happens when Redis is away?", None).await;
    let answer = dev.answer(&asked).await;
    assert!(answer.contains("This is what the sources say") && answer.contains("[1]"), "{answer}");
    assert!(model.requests()[0].text().contains("docs/"), "its documents are the sources");
}

#[tokio::test]
async fn ten_questions_that_are_open_when_it_is_killed_are_answered_once_after_the_next_start() {
    let data = tempfile::tempdir().unwrap();
    let slow = [("THREADKEEPER__ANSWER__MODE", "echo"), ("THREADKEEPER__ANSWER__ECHO_DELAY", "300ms")];
    let dev = Dev::start(data.path(), &["--responders", "3"], &slow);
    let thread = dev.ask("number 0", None).await;
    dev.answer(&thread).await;
    let mut asked = Vec::new();
    for number in 1..=10 {
        // Half of them in one thread, one after another; the others each in their own.
        let thread = (number % 2 == 0).then_some(thread.as_str());
        asked.push((number, dev.ask(&format!("number {number}"), thread).await));
    }
    // Some are answered, some are being answered, some wait.
    dev.answer(&asked[0].1).await;
    dev.kill();

    let dev = Dev::start(data.path(), &["--responders", "3"], &slow);
    for (number, ts) in &asked {
        let turn = if number % 2 == 0 { number / 2 + 1 } else { 1 };
        assert_eq!(dev.answer(ts).await, format!("answer to: number {number} (turn {turn})"));
    }
    let texts = dev.texts().await;
    for (number, _) in &asked {
        let answers = texts.iter().filter(|text| text.starts_with(&format!("answer to: number {number} "))).count();
        assert_eq!(answers, 1, "question {number}: {texts:?}");
    }
    let questions = texts.iter().filter(|text| text.starts_with("<@")).count();
    assert_eq!(questions, 11, "{texts:?}");
}

#[tokio::test]
async fn a_question_whose_worker_is_killed_is_answered_once_by_another() {
    let data = tempfile::tempdir().unwrap();
    let slow = [("THREADKEEPER__ANSWER__MODE", "echo"), ("THREADKEEPER__ANSWER__ECHO_DELAY", "3s")];
    let dev = Dev::start(data.path(), &[], &slow);
    let asked = dev.ask("who is there?", None).await;
    dev.shows("claimed").await;
    assert!(dev.press("kill-worker", &asked).await.contains("killed"));
    assert_eq!(dev.answer(&asked).await, "answer to: who is there? (turn 1)");
    assert_eq!(dev.texts().await.iter().filter(|text| text.starts_with("answer to")).count(), 1);
}

#[tokio::test]
async fn questions_wait_while_the_store_is_away_and_are_answered_after_it() {
    let data = tempfile::tempdir().unwrap();
    let dev = Dev::start(data.path(), &[], &[("THREADKEEPER__ANSWER__MODE", "echo")]);
    let before = dev.ask("before", None).await;
    dev.answer(&before).await;
    assert!(dev.press("stop-store", &before).await.contains("away"));
    let meanwhile = dev.ask("meanwhile", Some(&before)).await;
    assert_eq!(dev.answer(&meanwhile).await, "answer to: meanwhile (turn 2)");
    dev.shows("without a place in its thread").await;
}

#[tokio::test]
async fn the_page_shows_each_step_of_a_question() {
    let data = tempfile::tempdir().unwrap();
    let dev = Dev::start(data.path(), &[], &[("THREADKEEPER__ANSWER__MODE", "echo")]);
    let asked = dev.ask("how?", None).await;
    dev.answer(&asked).await;
    for step in ["received", "queued", "numbered", "claimed", "answered", "posting", "posted", "finished"] {
        dev.shows(&format!("\"{step}\"")).await;
    }
}

#[test]
fn a_data_folder_in_use_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let _first = Dev::start(data.path(), &[], &[]);
    let said = refusal(data.path(), &[]);
    assert!(said.contains("in use by another threadkeeper") && said.contains("--data"), "{said}");
}

#[test]
fn a_used_port_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_threadkeeper"));
    let output = command.args(["dev", "--listen", &address, "--data"]).arg(data.path()).env_clear().output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains(&address) && said.lines().count() == 1, "{said}");
}

#[test]
fn a_knowledge_folder_that_is_missing_or_empty_is_refused() {
    let (data, empty) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let missing = empty.path().join("nowhere");
    for folder in [empty.path(), &missing] {
        let said = refusal(data.path(), &["--knowledge", folder.to_str().unwrap()]);
        assert!(said.contains(folder.to_str().unwrap()), "{said}");
    }
}

#[test]
fn a_data_folder_that_is_a_file_or_holds_something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "no folder").unwrap();
    let said = refusal(&file, &[]);
    assert!(said.contains(file.to_str().unwrap()) && said.contains("--data"), "{said}");
    std::fs::write(folder.path().join("threadkeeper.redb"), "no database, but long enough to be one".repeat(100))
        .unwrap();
    let said = refusal(folder.path(), &[]);
    assert!(said.contains("--data"), "{said}");
}

#[test]
fn completions_name_the_options() {
    let output = Command::new(env!("CARGO_BIN_EXE_threadkeeper")).args(["completions", "bash"]).output().unwrap();
    assert!(output.status.success());
    let script = String::from_utf8(output.stdout).unwrap();
    assert!(script.contains("--responders") && script.contains("--knowledge"), "{script}");
}
