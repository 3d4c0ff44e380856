//! Echo mode: repeats the question and tells how many turns it knows. For load and fault tests: a lost turn shows as a
//! number that is too small.

use std::time::Duration;

use shared::{
    answer::{Answer, Format},
    turn::Role,
};

use crate::{AnswerError, Answerer, Request};

/// Answers `answer to: <question> (turn <n>)`, n = questions in the context + 1.
#[derive(Debug, Clone)]
pub struct EchoAnswerer {
    delay: Duration,
}

impl EchoAnswerer {
    /// An answerer that takes `delay` for each answer.
    pub fn new(delay: Duration) -> Self {
        Self { delay }
    }
}

impl Answerer for EchoAnswerer {
    async fn answer(&self, request: &Request<'_>) -> Result<Answer, AnswerError> {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        let turn = request.turns.iter().filter(|turn| turn.role == Role::User).count() + 1;
        let text = format!("answer to: {} (turn {turn})", request.question.text);
        metrics::counter!("threadkeeper_answers_total", "mode" => "echo", "outcome" => "answered").increment(1);
        Ok(Answer { text, format: Format::Plain, sources: Vec::new() })
    }
}
