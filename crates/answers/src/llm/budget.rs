//! Keeps a request within the model's context.
//!
//! The question and the rules always stay. Of the rest the oldest turns go first, then passages from the last: a thread's
//! beginning matters less than what the answer is made from.

use shared::turn::Turn;

use super::{
    prompt::{Instructions, Material, Nonce, Prompt, message, source},
    tokens::Counter,
};
use crate::Found;

/// What a provider's own marks around a message take, and more (OpenAI: 3 each, and 3 before the answer,
/// <https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken>).
const FRAME: usize = 32;

/// The lines around all sources, and around the thread.
const WRAPPING: usize = 200;

/// How much a request may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    pub(crate) counter: Counter,
    /// Tokens of the request without its answer.
    pub(crate) tokens: usize,
}

/// A request that fits, and how many of the passages are in it: the first ones, so that their numbers stay.
#[derive(Debug)]
pub(crate) struct Fitted {
    pub(crate) prompt: Prompt,
    pub(crate) passages: usize,
}

impl Budget {
    /// The request for an answer, with as much of the material as fits. `write` writes it.
    pub(crate) fn fit(self, material: Material<'_>, nonce: &Nonce, write: impl Fn(&Material<'_>) -> Prompt) -> Fitted {
        let bare = Material { turns: &[], passages: &[], ..material };
        let fixed = self.size(&write(&bare)) + WRAPPING;
        if fixed > self.tokens {
            return self.question_alone(bare, write);
        }
        let mut left = self.tokens - fixed;
        let mut passages = self.leading(material.passages, &mut left, nonce);
        let mut turns = self.latest(material.turns, &mut left, nonce);
        // Tokens of texts that are joined are not exactly the sum of theirs.
        loop {
            let fitting = Material { turns, passages, ..material };
            let prompt = write(&fitting);
            if self.size(&prompt) <= self.tokens {
                return Fitted { prompt, passages: passages.len() };
            }
            match (turns, passages) {
                ([_, later @ ..], _) => turns = later,
                ([], [earlier @ .., _]) => passages = earlier,
                ([], []) => return self.question_alone(bare, write),
            }
        }
    }

    /// As many passages, from the first, as there is room for.
    fn leading<'a>(self, all: &'a [Found], left: &mut usize, nonce: &Nonce) -> &'a [Found] {
        let mut taken = 0;
        for (found, number) in all.iter().zip(1..) {
            let Some(rest) = left.checked_sub(self.counter.count(&source(found, number, nonce))) else { break };
            *left = rest;
            taken += 1;
        }
        &all[..taken]
    }

    /// As many turns, back from the newest, as there is room for.
    fn latest<'a>(self, all: &'a [Turn], left: &mut usize, nonce: &Nonce) -> &'a [Turn] {
        let mut first = all.len();
        for turn in all.iter().rev() {
            let Some(rest) = left.checked_sub(self.counter.count(&message(turn, nonce))) else { break };
            *left = rest;
            first -= 1;
        }
        &all[first..]
    }

    /// A question that leaves no room for anything else, cut at its end.
    fn question_alone(self, bare: Material<'_>, write: impl Fn(&Material<'_>) -> Prompt) -> Fitted {
        let mut text = bare.text;
        loop {
            let prompt = write(&Material { text, ..bare });
            let over = self.size(&prompt).saturating_sub(self.tokens);
            if over == 0 || text.is_empty() {
                return Fitted { prompt, passages: 0 };
            }
            let most = self.counter.count(text).saturating_sub(over);
            let shorter = self.counter.cut(text, most);
            text = if shorter.len() < text.len() { shorter } else { "" };
        }
    }

    fn size(self, prompt: &Prompt) -> usize {
        self.counter.count(&prompt.system) + self.counter.count(&prompt.user) + FRAME
    }
}

/// Shortens what is written for [`Instructions`].
pub(crate) fn fit(budget: Budget, material: Material<'_>, instructions: &Instructions, nonce: &Nonce) -> Fitted {
    budget.fit(material, nonce, |material| instructions.prompt(material, nonce))
}
