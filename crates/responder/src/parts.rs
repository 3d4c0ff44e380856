//! The messages that an answer takes.

use shared::answer::{Answer, Format};
use slack::markdown::{MAX_CHARACTERS, length, numbered, split};

/// Room for what keeps an answer from notifying people, which is added on its way to Slack.
const LONGEST: usize = MAX_CHARACTERS - 100;

/// The texts of an answer's messages; empty = it is one.
pub(crate) fn of(answer: &Answer) -> Vec<String> {
    if answer.format == Format::Plain || length(&answer.text) <= LONGEST {
        return Vec::new();
    }
    numbered(split(&answer.text, LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: String) -> Answer {
        Answer { text, format: Format::Markdown, sources: Vec::new() }
    }

    #[test]
    fn a_long_answer_takes_messages_of_which_the_first_is_its_beginning() {
        let paragraph = "word ".repeat(100);
        let text = vec![paragraph.trim(); 60].join("\n\n");
        let parts = of(&answer(text.clone()));
        assert!(parts.len() >= 3 && parts.iter().all(|part| length(part) <= MAX_CHARACTERS), "{}", parts.len());
        assert!(text.starts_with(parts[0].trim_end()), "what was shown of it stays");
    }

    #[test]
    fn what_fits_is_one_message() {
        assert!(of(&answer("é".repeat(LONGEST))).is_empty());
    }
}
