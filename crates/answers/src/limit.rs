//! Keeps an answer within what people read, and Slack takes.

use crate::knowledge::Fence;

/// The smallest limit [`shorten`] can keep: room for the mark.
const LEAST: usize = 200;
/// Room for closing a code fence; a longer fence is cut off whole.
const FENCE_ROOM: usize = 16;

/// The length of `text` as Slack may count it at most: in UTF-16 units, so that an emoji is two. Slack does not say
/// which characters it counts; this never counts fewer.
pub fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// `text`, if it is not longer than `limit` (at least 200) characters; else its beginning up to the end of a paragraph,
/// with code fences closed, and a mark that says so.
pub fn shorten(text: &str, limit: usize) -> String {
    let limit = limit.max(LEAST);
    let full = length(text);
    if full <= limit {
        return text.to_owned();
    }
    let mark = format!("… (shortened: the answer was {full} characters)");
    let room = limit - length(&mark) - FENCE_ROOM - "\n\n".len();
    let beginning = &text[..border(prefix(text, room))];
    let mut short = close_fence(beginning);
    if !short.is_empty() {
        short.push_str("\n\n");
    }
    short.push_str(&mark);
    short
}

/// The longest beginning of `text` within `room` characters.
fn prefix(text: &str, room: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find(|(_, c)| {
        used += c.len_utf16();
        used > room
    });
    &text[..end.map_or(text.len(), |(at, _)| at)]
}

/// Where to end `beginning`: after its last paragraph, else line, else word, if that leaves at least half of it.
fn border(beginning: &str) -> usize {
    let half = beginning.len() / 2;
    let last = |mark| beginning.rfind(mark).filter(|at| *at >= half);
    last("\n\n").or_else(|| last("\n")).or_else(|| last(" ")).unwrap_or(beginning.len())
}

/// Closes the code fence that is open at the end of `text`.
fn close_fence(text: &str) -> String {
    let Some((fence, start)) = open_fence(text) else { return text.trim_end().to_owned() };
    let opened = &text[start..];
    let only_opened = !opened.contains('\n');
    if only_opened || fence.length + "\n".len() > FENCE_ROOM {
        return text[..start].trim_end().to_owned();
    }
    format!("{}\n{}", text.trim_end(), fence.closing())
}

/// The fence that is open at the end of `text`, and where its line starts.
pub(crate) fn open_fence(text: &str) -> Option<(Fence, usize)> {
    let mut open: Option<(Fence, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        open = match open {
            Some((fence, _)) if fence.is_closed_by(line) => None,
            Some(open) => Some(open),
            None => Fence::opened_by(line.trim_end()).map(|fence| (fence, at)),
        };
        at += line.len();
    }
    open
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use shared::answer::MESSAGE_CHARACTERS;

    use super::*;

    fn markdown() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            4 => "[a-z ü😀.]{0,80}",
            2 => Just("\n\n".to_owned()),
            2 => Just("\n".to_owned()),
            1 => Just("\n```rust\n".to_owned()),
            1 => Just("\n```\n".to_owned()),
            1 => Just("\n~~~~\n".to_owned()),
            1 => Just(format!("\n{}\n", "`".repeat(40))),
        ];
        proptest::collection::vec(part, 0..60).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn a_cut_answer_fits_closes_its_fences_and_says_so(text in markdown(), limit in 200_usize..1_500) {
            let short = shorten(&text, limit);
            prop_assert!(length(&short) <= limit, "{} > {limit}", length(&short));
            if length(&text) <= limit {
                prop_assert_eq!(short, text);
            } else {
                prop_assert_eq!(open_fence(&short), None);
                let mark = format!("… (shortened: the answer was {} characters)", length(&text));
                prop_assert!(short.ends_with(&mark));
            }
        }

        #[test]
        fn a_cut_answer_is_a_beginning_of_the_answer(text in "[a-z \n]{300,900}") {
            let short = shorten(&text, 250);
            let kept = short.split("… (shortened").next().unwrap_or_default().trim_end();
            prop_assert!(text.starts_with(kept));
        }
    }

    #[test]
    fn the_cut_is_at_a_paragraph() {
        let text = format!("{}\n\n{}", "a".repeat(140), "b ".repeat(100));
        assert!(
            shorten(&text, 250)
                .starts_with(&format!("{}\n\n… (shortened: the answer was 342 characters)", "a".repeat(140)))
        );
    }

    #[test]
    fn slacks_limit_is_kept_by_a_long_answer_of_emoji() {
        let short = shorten(&"😀".repeat(12_000), MESSAGE_CHARACTERS);
        assert!(short.encode_utf16().count() <= MESSAGE_CHARACTERS);
        assert!(short.ends_with("… (shortened: the answer was 24000 characters)"));
    }
}
