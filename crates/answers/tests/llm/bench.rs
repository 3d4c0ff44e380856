//! How soon a person sees the first words.

use std::time::{Duration, Instant};

use answers::{Answerer, Request};

use crate::{Laboratory, question};

/// What is left of a second for Slack and the queue, with a margin for a loaded machine.
const SOON: Duration = Duration::from_millis(700);

#[tokio::test(flavor = "multi_thread")]
async fn the_first_words_of_an_immediate_model_are_shown_within_a_second() {
    let laboratory = Laboratory::new();
    let answerer = laboratory.answerer();
    let question = question("how can I roll back a deployment?");
    let mut times = Vec::new();
    for _ in 0..100 {
        let (draft, mut reader) = answers::draft();
        let start = Instant::now();
        let request = Request { question: &question, turns: &[], heard: &[], draft: &draft };
        let first_words = async {
            while reader.now().text.is_empty() {
                assert!(reader.changed().await, "the answer ended without a word");
            }
            start.elapsed()
        };
        let (answer, shown) = tokio::join!(answerer.answer(&request), first_words);
        answer.unwrap();
        times.push(shown);
    }
    times.sort();
    println!("first words after {:?} (p50), {:?} (p99)", times[50], times[98]);
    assert!(times[50] < SOON, "{:?}", times[50]);
}
