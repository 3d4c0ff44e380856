//! How well it is told that the passages do not answer a question.

use answers::Knowledge;
use serde::Serialize;

use crate::{
    conversations::{Source, Task, index},
    methods::share,
    progress::Progress,
};

/// The thresholds that are compared.
const THRESHOLDS: [f32; 9] = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9, 1.0];

/// The best passage for a question.
#[derive(Debug, Clone, Copy)]
struct Best {
    strength: f32,
    fits: bool,
}

/// Shares of questions that were told "not in the sources", 0..=1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Refused {
    /// The strength from which on the best passage fits; none = as the product decides, by strength and by names.
    pub threshold: Option<f32>,
    /// Of the questions that the passages answer: wrongly told so.
    pub answerable: f64,
    /// Of the questions about their subjects that they do not answer.
    pub unanswerable: Option<f64>,
    /// Of all questions, when the passages of their subject are taken away.
    pub other_subject: Option<f64>,
}

/// The three kinds of questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// Questions that the passages answer.
    pub answerable: usize,
    /// Questions that they do not answer.
    pub unanswerable: usize,
    /// Questions whose subject was taken away.
    pub other_subject: usize,
}

/// What is refused at each threshold, and last as the product decides; none, when the data set does not say which questions
/// are answerable.
pub fn measure(
    tasks: &[Task],
    sources: &[Source],
    knowledge: &Knowledge,
    progress: &Progress,
) -> Option<(Asked, Vec<Refused>)> {
    let of = |tasks: &mut dyn Iterator<Item = &Task>| tasks.map(|task| best(task, knowledge)).collect::<Vec<_>>();
    let answerable = of(&mut tasks.iter().filter(|task| task.is_answerable()));
    let unanswerable = of(&mut tasks.iter().filter(|task| task.is_unanswerable()));
    if answerable.is_empty() {
        return None;
    }
    let elsewhere = elsewhere(tasks, sources, progress);
    let asked =
        Asked { answerable: answerable.len(), unanswerable: unanswerable.len(), other_subject: elsewhere.len() };
    let row = |threshold: Option<f32>| {
        let refused =
            |found: &[Best]| share(found.iter().filter(|best| !best.is_found(threshold)).count(), found.len());
        let some = |found: &[Best]| (!found.is_empty()).then(|| refused(found));
        Refused {
            threshold,
            answerable: refused(&answerable),
            unanswerable: some(&unanswerable),
            other_subject: some(&elsewhere),
        }
    };
    Some((asked, THRESHOLDS.into_iter().map(Some).chain([None]).map(row).collect()))
}

impl Best {
    fn is_found(self, threshold: Option<f32>) -> bool {
        threshold.map_or(self.fits, |threshold| self.strength >= threshold)
    }
}

fn best(task: &Task, knowledge: &Knowledge) -> Best {
    let hits = knowledge.search(task.question(), &task.turns(), 1);
    hits.first().map_or(Best { strength: 0.0, fits: false }, |hit| Best { strength: hit.strength, fits: hit.fits })
}

/// Each question asked of all collections but its own.
fn elsewhere(tasks: &[Task], sources: &[Source], progress: &Progress) -> Vec<Best> {
    let mut collections: Vec<&String> = tasks.iter().filter_map(|task| task.collection.as_ref()).collect();
    collections.sort_unstable();
    collections.dedup();
    let mut found = Vec::new();
    for collection in collections {
        progress.tell(|| format!("questions about {collection}, asked of the others"));
        let is_of_it = |of: &Option<String>| of.as_ref() == Some(collection);
        let others: Vec<_> = sources.iter().filter(|source| !is_of_it(&source.collection)).collect();
        if others.len() == sources.len() || others.is_empty() {
            continue;
        }
        let knowledge = index(others.into_iter());
        found.extend(tasks.iter().filter(|task| is_of_it(&task.collection)).map(|task| best(task, &knowledge)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: serde::de::DeserializeOwned>(lines: &[&str]) -> Vec<T> {
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn refusals_grow_with_the_threshold_and_are_counted_by_kind() {
        let sources: Vec<Source> = read(&[
            r#"{"id": "1", "title": "Keys", "text": "rotate a key every month", "collection": "ops"}"#,
            r#"{"id": "2", "title": "Cats", "text": "feed the cat at noon", "collection": "pets"}"#,
        ]);
        let tasks: Vec<Task> = read(&[
            r#"{"messages": [{"role": "user", "content": "rotate a key"}], "answerability": "ANSWERABLE", "collection": "ops"}"#,
            r#"{"messages": [{"role": "user", "content": "who invented the wheel of a key?"}], "answerability": "UNANSWERABLE", "collection": "ops"}"#,
        ]);
        let knowledge = index(sources.iter());
        let (asked, rows) = measure(&tasks, &sources, &knowledge, &Progress::start()).unwrap();
        assert_eq!(asked, Asked { answerable: 1, unanswerable: 1, other_subject: 2 });
        assert!(rows.is_sorted_by(|a, b| b.threshold.is_none() || a.unanswerable <= b.unanswerable));
        let product = &rows[rows.len() - 1];
        assert_eq!((product.answerable, product.other_subject), (0.0, Some(1.0)));
    }
}
