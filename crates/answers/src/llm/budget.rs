//! Keeps a request within the model's context.
//!
//! The question and the rules always stay. Of the rest the oldest messages of the thread go first, then passages from the last: a thread's
//! beginning matters less than what the answer is made from.

use super::{
    prompt::{Instructions, Material, Nonce, Prompt, message, source},
    said::Said,
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
        let bare = Material { thread: &[], passages: &[], ..material };
        let fixed = self.size(&write(&bare)) + WRAPPING;
        if fixed > self.tokens {
            return self.question_alone(bare, write);
        }
        let mut left = self.tokens - fixed;
        let mut passages = self.leading(material.passages, &mut left, nonce);
        let mut thread = self.latest(material.thread, &mut left, nonce);
        // Tokens of texts that are joined are not exactly the sum of theirs.
        loop {
            let fitting = Material { thread, passages, ..material };
            let prompt = write(&fitting);
            if self.size(&prompt) <= self.tokens {
                return Fitted { prompt, passages: passages.len() };
            }
            match (thread, passages) {
                ([_, later @ ..], _) => thread = later,
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

    /// As many messages, back from the newest, as there is room for.
    fn latest<'a>(self, all: &'a [Said<'a>], left: &mut usize, nonce: &Nonce) -> &'a [Said<'a>] {
        let mut first = all.len();
        for said in all.iter().rev() {
            let Some(rest) = left.checked_sub(self.counter.count(&message(said, nonce))) else { break };
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

/// The request for an answer, with as much of the material as fits.
pub(crate) fn fit(budget: Budget, material: Material<'_>, instructions: &Instructions, nonce: &Nonce) -> Fitted {
    budget.fit(material, nonce, |material| instructions.prompt(material, nonce))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng as _, rngs::StdRng};
    use shared::{
        conversation::Conversation,
        ids::{ChannelId, EventId, TeamId, UserId},
        task::{Question, Surface},
        turn::Turn,
    };

    use super::*;
    use crate::{Author, Heard};

    fn question(text: &str) -> Question {
        let (channel, ts) = (ChannelId::new("C0FFEE"), "1729636800.000100".parse().unwrap());
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

    fn found(text: &str) -> Found {
        Found {
            id: String::new(),
            title: "A page".to_owned(),
            location: "page.md".to_owned(),
            text: text.to_owned(),
            date: None,
            author: None,
            source: "pages".to_owned(),
            fits: true,
        }
    }

    fn heard(text: &str) -> Heard {
        let author = Author::Person(UserId::new("U0OTHER"));
        Heard { author, outside: true, text: text.to_owned(), turns_before: 0 }
    }

    fn texts(most: usize) -> impl Strategy<Value = Vec<String>> {
        proptest::collection::vec(prop_oneof!["[a-z ]{0,400}", "\\PC{0,200}", "[0-9 \n]{0,300}"], 0..most)
    }

    /// Which turns and passages are in a prompt: each has a number that nothing else has.
    fn kept(prompt: &Prompt, name: &str, count: usize) -> Vec<usize> {
        (0..count).filter(|n| prompt.user.contains(&format!("{name}-{n}-"))).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_request_never_has_more_tokens_than_it_may(
            text in "\\PC{1,600}",
            said in texts(12),
            told in texts(8),
            room in 0_usize..4_000,
            exact in any::<bool>(),
        ) {
            let counter = if exact { Counter::Exact } else { Counter::Cautious };
            let instructions = Instructions::read(None).unwrap();
            let nonce = Nonce::random(&mut StdRng::seed_from_u64(7));
            let question = question(&text);
            let turns: Vec<Turn> = said.iter().enumerate().map(|(n, t)| Turn::user(format!("turn-{n}- {t}"))).collect();
            let heard: Vec<Heard> = turns.iter().map(|turn| heard(&turn.content)).collect();
            let each = turns.iter().zip(&heard).enumerate();
            let thread: Vec<Said<'_>> =
                each.map(|(n, (turn, heard))| if n % 2 == 0 { Said::Turn(turn) } else { Said::Heard(heard) }).collect();
            let passages: Vec<Found> = told.iter().enumerate().map(|(n, t)| found(&format!("passage-{n}- {t}"))).collect();
            let bare = Material { question: &question, text: "", thread: &[], passages: &[], searched: &[] };
            let least = Budget { counter, tokens: 0 }.size(&instructions.prompt(&bare, &nonce));
            let budget = Budget { counter, tokens: least + room };
            let material = Material { text: &question.text, thread: &thread, passages: &passages, ..bare };
            let fitted = fit(budget, material, &instructions, &nonce);

            prop_assert!(budget.size(&fitted.prompt) <= budget.tokens);
            let kept_passages = kept(&fitted.prompt, "passage", passages.len());
            prop_assert_eq!(&kept_passages, &(0..fitted.passages).collect::<Vec<_>>(), "the first passages stay");
            let kept_turns = kept(&fitted.prompt, "turn", turns.len());
            let newest: Vec<usize> = (turns.len() - kept_turns.len()..turns.len()).collect();
            prop_assert_eq!(&kept_turns, &newest, "the newest turns stay");
            if fitted.passages < passages.len() {
                // A passage was too much: there was no room for it, so older things gave way first.
                let next = source(&passages[fitted.passages], fitted.passages + 1, &nonce);
                let without_turns = Material { thread: &[], passages: &passages[..fitted.passages], ..material };
                let used = budget.size(&instructions.prompt(&without_turns, &nonce));
                prop_assert!(used + counter.count(&next) + WRAPPING + FRAME > budget.tokens);
            }
        }
    }

    #[test]
    fn everything_is_told_where_there_is_room() {
        let (question, nonce) = (question("why?"), Nonce::random(&mut StdRng::seed_from_u64(7)));
        let (turn, passages) = (Turn::user("before"), [found("a fact")]);
        let thread = [Said::Turn(&turn)];
        let material =
            Material { question: &question, text: "why?", thread: &thread, passages: &passages, searched: &[] };
        let instructions = Instructions::read(None).unwrap();
        let fitted = fit(Budget { counter: Counter::Cautious, tokens: 10_000 }, material, &instructions, &nonce);
        assert_eq!(fitted.prompt, instructions.prompt(&material, &nonce));
        assert_eq!(fitted.passages, 1);
    }
}
