//! Echo mode: repeats the question and tells how many turns it knows. For load and fault tests: a lost turn shows as a
//! number that is too small.

use std::time::Duration;

use shared::{
    answer::{Answer, Format},
    turn::Role,
};

use crate::{AnswerError, Answerer, Request, Step};

/// Answers `answer to: <question> (turn <n>)`, n = questions in the context + 1.
#[derive(Debug, Clone)]
pub struct EchoAnswerer {
    delay: Duration,
    sentences: u32,
}

impl EchoAnswerer {
    /// An answerer that takes `delay` for each answer.
    pub fn new(delay: Duration) -> Self {
        Self { delay, sentences: 0 }
    }

    /// With so many sentences before the answer proper, one after each delay, as an answer that grows.
    #[must_use]
    pub fn with_sentences(self, sentences: u32) -> Self {
        Self { sentences, ..self }
    }
}

impl Answerer for EchoAnswerer {
    async fn answer(&self, request: &Request<'_>) -> Result<Answer, AnswerError> {
        let mut said = String::new();
        if self.sentences > 0 {
            request.draft.step(Step::Thinking);
        }
        for number in 1..=self.sentences {
            tokio::time::sleep(self.delay).await;
            let sentence = format!("Sentence {number} of {}.\n", self.sentences);
            request.draft.append(&sentence);
            said.push_str(&sentence);
        }
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        let turn = request.turns.iter().filter(|turn| turn.role == Role::User).count() + 1;
        let text = format!("{said}answer to: {} (turn {turn})", request.question.text);
        let format = if self.sentences == 0 { Format::Plain } else { Format::Markdown };
        metrics::counter!("threadkeeper_answers_total", "mode" => "echo", "outcome" => "answered").increment(1);
        Ok(Answer { text, format, sources: Vec::new() })
    }
}
