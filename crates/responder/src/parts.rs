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
    use answers::prose::sources_list;
    use shared::answer::Source;

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
    fn the_list_of_sources_is_whole_in_the_last_message_wherever_the_answer_ends() {
        let source = |number| Source { title: format!("Page {number}"), location: format!("pages/{number}.md") };
        let sources: Vec<Source> = (1..=12).map(source).collect();
        let list = sources_list(&sources);
        let paragraph = format!("{}[1]", "word ".repeat(30));
        for paragraphs in 135..160 {
            let text = format!("{}\n\n{list}", vec![paragraph.as_str(); paragraphs].join("\n\n"));
            let parts = of(&answer(text.clone()));
            assert!((2..=3).contains(&parts.len()), "{}", parts.len());
            assert!(parts.last().is_some_and(|part| part.ends_with(&list)), "{parts:?}");
            let unlabelled = |(number, part): (usize, &String)| match number {
                0 => part.clone(),
                number => part.replacen(&format!("_({}/{})_\n\n", number + 1, parts.len()), "", 1),
            };
            assert_eq!(parts.iter().enumerate().map(unlabelled).collect::<Vec<_>>().join("\n\n"), text);
        }
    }

    #[test]
    fn what_fits_is_one_message() {
        assert!(of(&answer("é".repeat(LONGEST))).is_empty());
    }
}
