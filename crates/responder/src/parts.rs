//! Splits an answer into the messages that it takes.

use shared::answer::{Answer, Format};

/// Slack takes 12,000 characters of Markdown in one message (<https://docs.slack.dev/reference/methods/chat.postMessage>); the
/// rest is for what keeps an answer from notifying people.
const LONGEST: usize = 11_900;

/// The texts of an answer's messages; empty = it is one.
pub(crate) fn of(answer: &Answer) -> Vec<String> {
    if answer.format == Format::Plain || answer.text.chars().count() <= LONGEST {
        return Vec::new();
    }
    split(&answer.text, LONGEST)
}

/// Cuts at the last empty line, else the last line, else the last space, within `limit` characters.
fn split(text: &str, limit: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while rest.chars().count() > limit {
        let end = rest.char_indices().nth(limit).map_or(rest.len(), |(place, _)| place);
        let head = &rest[..end];
        let cut = ["\n\n", "\n", " "].iter().find_map(|gap| head.rfind(gap).filter(|cut| *cut > 0)).unwrap_or(end);
        parts.push(rest[..cut].trim_end().to_owned());
        rest = rest[cut..].trim_start();
    }
    parts.push(rest.to_owned());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_answer_is_cut_between_paragraphs_and_loses_nothing() {
        let paragraph = "word ".repeat(100);
        let text = vec![paragraph.trim(); 60].join("\n\n");
        let parts = of(&Answer { text: text.clone(), format: Format::Markdown, sources: Vec::new() });
        assert!(parts.len() == 3 && parts.iter().all(|part| part.chars().count() <= LONGEST), "{}", parts.len());
        assert_eq!(parts.join("\n\n"), text);
    }

    #[test]
    fn a_text_without_gaps_is_cut_where_it_must_be() {
        assert_eq!(split(&"é".repeat(25), 10), ["é".repeat(10), "é".repeat(10), "é".repeat(5)]);
    }

    #[test]
    fn what_fits_is_one_message() {
        let text = "é".repeat(LONGEST);
        assert!(of(&Answer { text, format: Format::Markdown, sources: Vec::new() }).is_empty());
    }
}
