//! What a person gets in `llm` mode, over the pages in `tests/fixtures/knowledge`, from a simulated model that is told what to
//! say and how to fail.

#![expect(clippy::unwrap_used, reason = "a test fails by it; clippy knows only test functions, not what they call")]

mod answers_with_sources;
mod bench;
mod discussions;
mod failing_models;
mod follow_ups;
mod metrics;
mod prompts;
mod start;

use std::{path::Path, time::Duration};

use answers::{AnswerError, Answerer, AnyAnswerer, DraftReader, Heard, Request};
use shared::{
    answer::Answer,
    config::{AnswerMode, Secret, SecretUrl, Settings},
    conversation::Conversation,
    ids::{ChannelId, EventId, TeamId, UserId},
    lifecycle::install_tls_provider,
    task::{Question, Surface},
    turn::Turn,
};
use simulated_model::SimulatedModel;

/// Everything that is waited for comes within this time, on a busy machine too.
const PATIENCE: Duration = Duration::from_mins(1);

/// A simulated model, and an answerer that asks it.
struct Laboratory {
    model: SimulatedModel,
    settings: Settings,
}

/// What came of a question.
struct Outcome {
    result: Result<Answer, AnswerError>,
    draft: DraftReader,
}

impl Laboratory {
    fn new() -> Self {
        install_tls_provider();
        let model = SimulatedModel::start("127.0.0.1:0").unwrap();
        let mut settings = Settings::default();
        settings.answer.mode = AnswerMode::Llm;
        settings.answer.knowledge = Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/knowledge"));
        settings.model.name = Some("openai::simulated".to_owned());
        settings.model.openai_base_url = Some(SecretUrl::parse(&model.base_url()).unwrap());
        settings.model.openai_api_key = Some(Secret::new("sk-hush"));
        Self { model, settings }
    }

    fn with(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(&mut self.settings);
        self
    }

    fn answerer(&self) -> AnyAnswerer {
        AnyAnswerer::from_config(&self.settings).unwrap()
    }

    async fn ask(&self, text: &str, turns: &[Turn]) -> Outcome {
        ask(&self.answerer(), &question(text), turns).await
    }
}

async fn ask(answerer: &AnyAnswerer, question: &Question, turns: &[Turn]) -> Outcome {
    ask_after(answerer, question, turns, &[]).await
}

async fn ask_after(answerer: &AnyAnswerer, question: &Question, turns: &[Turn], heard: &[Heard]) -> Outcome {
    let (draft, reader) = answers::draft();
    let result = answerer.answer(&Request { question, turns, heard, draft: &draft }).await;
    Outcome { result, draft: reader }
}

impl Outcome {
    fn answer(self) -> Answer {
        self.result.unwrap()
    }

    fn error(self) -> AnswerError {
        self.result.unwrap_err()
    }

    /// What was shown before the answer was finished.
    fn shown(&mut self) -> String {
        self.draft.now().text
    }
}

fn question(text: &str) -> Question {
    let channel = ChannelId::new("C0FFEE");
    let ts = "1729636800.000100".parse().unwrap();
    Question {
        team: TeamId::new("T0TEAM"),
        enterprise: None,
        channel: channel.clone(),
        ts,
        conversation: Conversation::Thread { channel, root: ts },
        user: UserId::new("U0ASKS"),
        surface: Surface::Channel,
        text: text.to_owned(),
        files: Vec::new(),
        externally_shared: false,
        event_id: EventId::new("Ev0EVENT"),
        received_ms: 0,
    }
}

/// An error with all its causes, as it is logged.
fn log_line(error: &AnswerError) -> String {
    shared::telemetry::chain(error)
}
