//! Reads the list of sources under an answer of the thread again, as [`sources_list`](crate::prose::sources_list) writes it, and
//! as Slack gives it back: with `•` before each source, and links in its own notation or as plain text.

/// The line above the list.
pub(crate) const SOURCES_HEADING: &str = "**Sources**";

/// The locations in the list of `answer`.
pub(crate) fn cited(answer: &str) -> impl Iterator<Item = &str> {
    answer.lines().filter_map(entry).filter_map(location)
}

/// `answer` without its list.
pub(crate) fn without_list(answer: &str) -> &str {
    // Slack's own bold has one star.
    let is_heading = |line: &str| matches!(line.trim(), SOURCES_HEADING | "*Sources*");
    let mut length = 0;
    for line in answer.split_inclusive('\n') {
        if is_heading(line) {
            return &answer[..length];
        }
        length += line.len();
    }
    answer
}

/// What stands in a line of the list after its number.
fn entry(line: &str) -> Option<&str> {
    let numbered = ["- [", "• ["].iter().find_map(|mark| line.trim().strip_prefix(mark))?;
    let (number, entry) = numbered.split_once("] ")?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then_some(entry)
}

/// Where it leads.
fn location(entry: &str) -> Option<&str> {
    if entry.ends_with('`') {
        return code(entry);
    }
    let markdown = || entry.strip_suffix(')')?.rsplit_once("](").map(|(_, url)| url);
    let plain = || entry.strip_suffix(')')?.rsplit_once(" (").map(|(_, url)| url);
    let slack = || entry.strip_prefix('<')?.strip_suffix('>')?.split('|').next();
    let url = markdown().or_else(slack).or_else(plain).unwrap_or(entry);
    ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme)).then_some(url)
}

/// The code at the end of a line.
fn code(line: &str) -> Option<&str> {
    let before = line.trim_end_matches('`');
    let marks = &line[before.len()..];
    let (_, code) = before.rsplit_once(marks)?;
    let padded = code.strip_prefix(' ').and_then(|code| code.strip_suffix(' '));
    Some(padded.filter(|code| code.starts_with('`') || code.ends_with('`')).unwrap_or(code))
}

/// The page of a location: without the `#anchor`.
pub(crate) fn page(location: &str) -> &str {
    location.split_once('#').map_or(location, |(page, _)| page)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use shared::answer::Source;

    use super::*;
    use crate::prose::sources_list;

    #[rstest]
    #[case::as_written("- [1] [Keys](https://a.example/k#x)\n- [2] Keys — `keys.md`")]
    #[case::in_slacks_notation("• [1] <https://a.example/k#x|Keys>\n• [2] Keys — `keys.md`")]
    #[case::as_plain_text("• [1] Keys (https://a.example/k#x)\n• [2] Keys (old) — `keys.md`")]
    #[case::where_the_title_is_the_address("• [1] https://a.example/k#x\n• [2] `keys.md`")]
    fn a_list_is_read_as_it_was_written_and_as_slack_gives_it_back(#[case] list: &str) {
        for heading in [SOURCES_HEADING, "*Sources*"] {
            let answer = format!("So. [1][2]\n\n{heading}\n{list}");
            assert_eq!(cited(&answer).collect::<Vec<_>>(), ["https://a.example/k#x", "keys.md"]);
            assert_eq!(without_list(&answer), "So. [1][2]\n\n");
        }
    }

    #[rstest]
    #[case("- [x] done (really)")]
    #[case("- [1] see above (really)")]
    #[case("So. [1] `code`")]
    fn what_is_no_source_is_not_read_as_one(#[case] answer: &str) {
        assert_eq!(cited(answer).count(), 0);
        assert_eq!(without_list(answer), answer);
    }

    proptest! {
        #[test]
        fn what_is_listed_is_read_again(
            titles in proptest::collection::vec("[a-z \\[\\]()—`<]{1,12}", 1..4),
            path in "[a-z`][a-z/.() `-]{0,12}[a-z`]",
            local in proptest::bool::ANY,
        ) {
            let location = if local { path } else { format!("https://example.com/{}", path.replace(['(', ')', ' ', '`'], "")) };
            let sources: Vec<_> =
                titles.into_iter().map(|title| Source { title, location: location.clone() }).collect();
            let answer = format!("An answer.\n\n{}", sources_list(&sources));
            prop_assert_eq!(cited(&answer).collect::<Vec<_>>(), vec![&*location; sources.len()]);
        }
    }
}
