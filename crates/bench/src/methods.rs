//! How well passages are found, by each way of asking for them.

use answers::Knowledge;
use serde::Serialize;

use crate::{conversations::Task, progress::Progress};

/// Passages after this place count as not found.
const DEPTH: usize = 100;

/// A way to ask for the passages of a question in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// As if nothing had been said before.
    LastQuestion,
    /// All questions of the conversation as one.
    QuestionsJoined,
    /// As Threadkeeper does it.
    Threadkeeper,
    /// A person's rewritten question that stands by itself, where the data set has one.
    HumanRewrite,
}

impl Method {
    /// All of them, in the order of the report.
    pub const ALL: [Self; 4] = [Self::LastQuestion, Self::QuestionsJoined, Self::Threadkeeper, Self::HumanRewrite];

    /// For a person.
    pub fn name(self) -> &'static str {
        match self {
            Self::LastQuestion => "last question alone",
            Self::QuestionsJoined => "all questions joined",
            Self::Threadkeeper => "Threadkeeper",
            Self::HumanRewrite => "human rewrite",
        }
    }

    /// The place of the first right passage, from 1; none, when there is none in a hundred.
    fn place(self, task: &Task, knowledge: &Knowledge) -> Option<usize> {
        let hits = match self {
            Self::LastQuestion => knowledge.search(task.question(), &[], DEPTH),
            Self::QuestionsJoined => knowledge.search(&task.joined(), &[], DEPTH),
            Self::Threadkeeper => knowledge.search(task.question(), &task.turns(), DEPTH),
            Self::HumanRewrite => knowledge.search(task.rewrite.as_deref()?, &[], DEPTH),
        };
        hits.iter().position(|hit| task.gold.contains(&hit.passage.location)).map(|place| place + 1)
    }

    fn can_ask(self, task: &Task) -> bool {
        self != Self::HumanRewrite || task.rewrite.is_some()
    }
}

/// How a method did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// Which.
    pub method: Method,
    /// How many questions it was asked.
    pub questions: usize,
    /// For which share a right passage came first, 0..=1.
    pub hit_at_1: f64,
    /// For which share a right passage was among the first five, 0..=1.
    pub hit_at_5: f64,
    /// Mean of 1 / place of the first right passage, 0..=1.
    pub mrr: f64,
}

/// Asks for the passages of each task that has some, by each method that can ask it.
pub fn compare(tasks: &[&Task], knowledge: &Knowledge, progress: &Progress) -> Vec<Score> {
    let mut scores = Vec::new();
    for method in Method::ALL {
        let asked: Vec<_> = tasks.iter().filter(|task| !task.gold.is_empty() && method.can_ask(task)).collect();
        let mut places = Vec::new();
        for (number, task) in asked.iter().enumerate() {
            progress.tell(|| format!("{}: question {} of {}", method.name(), number + 1, asked.len()));
            places.push(method.place(task, knowledge));
        }
        if !places.is_empty() {
            scores.push(score(method, &places));
        }
    }
    scores
}

fn score(method: Method, places: &[Option<usize>]) -> Score {
    let within = |most: usize| share(places.iter().flatten().filter(|place| **place <= most).count(), places.len());
    let reciprocal: f64 = places.iter().flatten().map(|place| 1.0 / number(*place)).sum();
    Score {
        method,
        questions: places.len(),
        hit_at_1: within(1),
        hit_at_5: within(5),
        mrr: reciprocal / number(places.len()),
    }
}

/// `part` of `whole`, 0..=1; 0 of nothing.
pub(crate) fn share(part: usize, whole: usize) -> f64 {
    number(part) / number(whole.max(1))
}

#[expect(clippy::cast_precision_loss, reason = "numbers of questions are far below 2^53")]
fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_counts_places() {
        let score = score(Method::LastQuestion, &[Some(1), Some(5), Some(10), None]);
        assert_eq!((score.questions, score.hit_at_1, score.hit_at_5), (4, 0.25, 0.5));
        assert!((score.mrr - (1.0 + 0.2 + 0.1) / 4.0).abs() < 1e-9);
    }

    #[test]
    fn each_method_that_can_ask_is_compared() {
        let sources =
            [r#"{"id": "keys", "title": "Keys", "text": "rotate a key"}"#, r#"{"id": "pets", "text": "feed the cat"}"#]
                .map(|json| serde_json::from_str(json).unwrap());
        let task: Task = serde_json::from_str(
            r#"{"messages": [{"role": "user", "content": "how do I rotate a key?"},
                {"role": "assistant", "content": "so"}, {"role": "user", "content": "how often?"}], "gold": ["keys"]}"#,
        )
        .unwrap();
        let knowledge = crate::conversations::index(sources.iter());
        let scores = compare(&[&task], &knowledge, &Progress::start());
        let found: Vec<_> = scores.iter().map(|score| (score.method, score.hit_at_1)).collect();
        let expected = [(Method::LastQuestion, 0.0), (Method::QuestionsJoined, 1.0), (Method::Threadkeeper, 1.0)];
        assert_eq!(found, expected);
    }
}
