//! What is said where nothing is scripted: quotations of the sources that the request carries.
//!
//! Sources are found by the marks that Threadkeeper puts around them: `<source-… number="1" …>` and `</source-…>`.

use crate::request::Request;

/// Most sources that are quoted.
const MOST_SOURCES: usize = 3;
/// A longer paragraph is cut, in characters.
const LONGEST_QUOTATION: usize = 400;

/// An answer to a request: its sources in quotations, or that there are none. A request that wants no stream is one to
/// make a question stand by itself; it gets what people said last.
pub(crate) fn answer(request: &Request) -> String {
    let text = request.text();
    if !request.stream {
        return standalone(&text);
    }
    let quotations: Vec<String> = sources(&text).take(MOST_SOURCES).map(|(number, text)| quote(number, text)).collect();
    if quotations.is_empty() {
        return "The sources do not tell.".to_owned();
    }
    format!("This is what the sources say:\n\n{}", quotations.join("\n\n"))
}

fn quote(number: &str, text: &str) -> String {
    let paragraph = text.split("\n\n").find(|part| !part.trim().is_empty() && !part.starts_with(['#', '`', '|']));
    let words = paragraph.unwrap_or(text).split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = words.chars().take(LONGEST_QUOTATION).collect();
    let mark = if short.len() < words.len() { "…" } else { "" };
    format!("{short}{mark} [{number}]")
}

/// The number and the text of each source.
fn sources(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("<source-").skip(1).filter_map(|source| {
        let (head, rest) = source.split_once(">\n")?;
        let (_, number) = head.split_once("number=\"")?;
        let (number, _) = number.split_once('"')?;
        let (text, _) = rest.split_once("\n</source-")?;
        Some((number, text))
    })
}

/// The last two things that people said, as one question.
fn standalone(text: &str) -> String {
    let marked = |name: &'static str| {
        text.split(name).skip(1).filter_map(|part| Some(part.split_once(">\n")?.1.split_once("\n</")?.0.trim()))
    };
    let before = marked("<message-").last().unwrap_or_default();
    let question = marked("<question-").last().unwrap_or_default();
    format!("{question} {before}").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(stream: bool, content: &str) -> Request {
        let body = json!({"model": "m", "stream": stream, "messages": [{"role": "user", "content": content}]});
        Request::read(body.to_string().as_bytes(), None).unwrap()
    }

    #[test]
    fn sources_are_quoted_with_their_numbers() {
        let text = "<source-7f number=\"1\" title=\"Zebra\">\n# Zebra\n\nA zebra has stripes.\n</source-7f>\n\
                    <source-7f number=\"2\" title=\"Horse\">\nA horse has none.\n</source-7f>";
        let said = answer(&request(true, text));
        assert!(said.ends_with("A zebra has stripes. [1]\n\nA horse has none. [2]"), "{said}");
    }

    #[test]
    fn without_sources_it_says_so() {
        assert_eq!(answer(&request(true, "hello")), "The sources do not tell.");
    }

    #[test]
    fn a_follow_up_is_joined_with_what_was_said_before() {
        let text = "<message-7f from=\"a person\">\nhow do I mute?\n</message-7f>\n<question-7f>\nand how long?\n</question-7f>";
        assert_eq!(answer(&request(false, text)), "and how long? how do I mute?");
    }
}
