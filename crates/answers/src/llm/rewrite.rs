//! Makes a follow-up stand by itself before it is searched: "and for staging?" holds no word that a page would have.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use shared::{ids::EventKey, telemetry::chain};

use super::{
    attempts::{Models, count},
    budget::Budget,
    failure::{Failure, Kind},
    prompt::{Material, Nonce, rewriting},
    said::thread,
};
use crate::Request;

/// Rewritten questions that are remembered: an attempt may be repeated, by this process most often.
const REMEMBERED: usize = 256;
/// What a rewritten question may take, in tokens: few, but a model that reasons spends some hundred before them.
const LONGEST_TOKENS: u32 = 1_000;
/// The longest rewritten question, in characters: a longer one is no question.
const LONGEST: usize = 400;
/// What a question is understood from: the last turns, a rewrite's request being small.
const REQUEST_TOKENS: usize = 3_000;

/// Rewrites questions, and remembers the last ones.
#[derive(Debug)]
pub(crate) struct Rewriter {
    timeout: Duration,
    remembered: Mutex<VecDeque<(EventKey, String)>>,
}

impl Rewriter {
    pub(crate) fn new(timeout: Duration) -> Self {
        Self { timeout, remembered: Mutex::default() }
    }

    /// The question so that it stands by itself; none when it does already, since nothing was said before it, or when the model
    /// does not help in time: then the words of the turns before it help the search.
    pub(crate) async fn rewrite(&self, models: &Models, request: &Request<'_>, nonce: &Nonce) -> Option<String> {
        let thread = thread(request);
        if thread.is_empty() {
            return None;
        }
        let key = request.question.event_key();
        if let Some(known) = self.recall(&key) {
            return Some(known);
        }
        let model = models.preferred();
        let budget = Budget { counter: model.counter(), tokens: REQUEST_TOKENS };
        let question = request.question;
        let material = Material { question, text: &question.text, thread: &thread, passages: &[], searched: &[] };
        let prompt = budget.fit(material, nonce, |material| rewriting(material, nonce)).prompt;
        let asked = tokio::time::timeout(self.timeout, model.ask_briefly(&prompt, LONGEST_TOKENS)).await;
        let outcome = asked.unwrap_or_else(|_| Err(Failure::new(&model.place, Kind::Silent(self.timeout))));
        let outcome = outcome.and_then(|text| one_line(&text).ok_or_else(|| Failure::new(&model.place, Kind::Empty)));
        let label = if outcome.is_ok() { "rewritten" } else { "failed" };
        metrics::counter!("threadkeeper_model_rewrites_total", "outcome" => label).increment(1);
        match outcome {
            Ok(question) => {
                self.remember(key, &question);
                Some(question)
            }
            Err(failure) => {
                count(model, &failure);
                tracing::warn!(
                    model = model.name(), kind = failure.kind.label(), event_key = %key,
                    "a follow-up is searched by its own words and those before it: {}", chain(&failure),
                );
                None
            }
        }
    }

    fn recall(&self, key: &EventKey) -> Option<String> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.iter().find(|(known, _)| known == key).map(|(_, question)| question.clone())
    }

    fn remember(&self, key: EventKey, question: &str) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() == REMEMBERED {
            remembered.pop_front();
        }
        remembered.push_back((key, question.to_owned()));
    }
}

/// The text as one question; none, if it is too long to be one, or empty.
fn one_line(text: &str) -> Option<String> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let question = line.trim_matches(['"', '“', '”', '`', ' ']);
    (!question.is_empty() && question.chars().count() <= LONGEST).then(|| question.to_owned())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("\"how do I mute\nan alert?\"", Some("how do I mute an alert?"))]
    #[case("  ", None)]
    fn a_rewritten_question_is_one_line(#[case] text: &str, #[case] line: Option<&str>) {
        assert_eq!(one_line(text).as_deref(), line);
    }

    #[test]
    fn a_whole_answer_is_no_question() {
        assert_eq!(one_line(&"word ".repeat(100)), None);
    }
}
