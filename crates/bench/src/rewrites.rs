//! How near a search comes to the question as a person wrote it anew so that it stands by itself.

use std::collections::HashMap;

use answers::{Block, Knowledge, Passage};
use serde::{Deserialize, Serialize};
use shared::turn::Turn;

use crate::methods::Method;

/// A follow-up and its rewritten form.
#[derive(Debug, Clone, Deserialize)]
pub struct Rewritten {
    /// What was said before: a question, its answer, and so on.
    history: Vec<String>,
    question: String,
    rewrite: String,
}

impl Rewritten {
    fn turns(&self) -> Vec<Turn> {
        let turn = |(number, text): (usize, &String)| match number % 2 {
            0 => Turn::user(text.clone()),
            _ => Turn::assistant(text.clone()),
        };
        self.history.iter().enumerate().map(turn).collect()
    }

    fn joined(&self) -> String {
        let asked = self.history.iter().step_by(2).chain([&self.question]);
        asked.map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    /// What the method searches for, each word with its weight times its rarity.
    fn searched(&self, method: Method, knowledge: &Knowledge) -> Vec<(String, f32)> {
        match method {
            Method::LastQuestion => knowledge.words(&self.question, &[]),
            Method::QuestionsJoined => knowledge.words(&self.joined(), &[]),
            Method::Threadkeeper => knowledge.words(&self.question, &self.turns()),
            Method::HumanRewrite => knowledge.words(&self.rewrite, &[]),
        }
    }
}

/// How near a method comes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Nearness {
    /// Which.
    pub method: Method,
    /// How many follow-ups.
    pub questions: usize,
    /// Mean cosine of its words and those of the rewrite, weighted by rarity, 0..=1.
    pub cosine: f64,
    /// Which share of the rewrite's words it searches for at all, weighted by rarity, 0..=1.
    pub recall: f64,
}

/// Compares what each method searches for with what a person would.
pub fn compare(rewritten: &[Rewritten]) -> Vec<Nearness> {
    // A word's rarity is known from a collection; here the rewritten questions are one.
    let passage = |(number, one): (usize, &Rewritten)| Passage {
        title: String::new(),
        location: number.to_string(),
        blocks: vec![Block::Prose(one.rewrite.clone())],
        part: 0,
    };
    let knowledge = Knowledge::of_passages(rewritten.iter().enumerate().map(passage).collect());
    let methods = [Method::LastQuestion, Method::QuestionsJoined, Method::Threadkeeper];
    methods.into_iter().map(|method| nearness(method, rewritten, &knowledge)).collect()
}

fn nearness(method: Method, rewritten: &[Rewritten], knowledge: &Knowledge) -> Nearness {
    let (mut cosines, mut recalls, mut questions) = (0.0, 0.0, 0_u32);
    for one in rewritten {
        let wanted = one.searched(Method::HumanRewrite, knowledge);
        // A rewrite of everyday words alone says nothing about a search.
        let whole: f32 = wanted.iter().map(|(_, weight)| weight).sum();
        if whole <= 0.0 {
            continue;
        }
        let searched: HashMap<String, f32> = one.searched(method, knowledge).into_iter().collect();
        let shared: f32 = wanted.iter().map(|(word, weight)| weight * searched.get(word).unwrap_or(&0.0)).sum();
        let lengths = length(wanted.iter().map(|(_, weight)| *weight)) * length(searched.values().copied());
        let found: f32 = wanted.iter().filter(|(word, _)| searched.contains_key(word)).map(|(_, weight)| weight).sum();
        cosines += if lengths > 0.0 { f64::from(shared / lengths) } else { 0.0 };
        recalls += f64::from(found / whole);
        questions += 1;
    }
    let count = f64::from(questions.max(1));
    Nearness { method, questions: questions as usize, cosine: cosines / count, recall: recalls / count }
}

fn length(weights: impl Iterator<Item = f32>) -> f32 {
    weights.map(|weight| weight * weight).sum::<f32>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_with_the_words_of_the_question_before_comes_nearer_to_the_rewrite() {
        let lines = [
            r#"{"history": ["who wrote Dracula?", "Bram Stoker"], "question": "and when?", "rewrite": "When was Dracula written?"}"#,
            r#"{"history": ["how do keys rotate?", "daily"], "question": "how do locks?", "rewrite": "how do locks rotate?"}"#,
        ];
        let rewritten: Vec<Rewritten> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let compared = compare(&rewritten);
        let of = |method| compared.iter().find(|nearness| nearness.method == method).unwrap();
        let (alone, ours) = (of(Method::LastQuestion), of(Method::Threadkeeper));
        assert_eq!((alone.questions, ours.questions), (2, 2));
        assert!(ours.cosine > alone.cosine && ours.recall > alone.recall, "{compared:#?}");
        assert!(compared.iter().all(|nearness| (0.0..=1.0001).contains(&nearness.cosine)), "{compared:#?}");
    }
}
