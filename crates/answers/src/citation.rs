//! The list of sources under an answer: how it is written, and how it is read again in the thread.

use std::fmt::Write as _;

use shared::answer::Source;

/// The line above the list.
pub(crate) const SOURCES_HEADING: &str = "**Sources**";

/// The list, as Markdown: a number, the title, and where to find it.
pub(crate) fn list(sources: &[Source]) -> String {
    let mut list = SOURCES_HEADING.to_owned();
    for (source, number) in sources.iter().zip(1..) {
        let title = &source.title;
        let line = if is_url(&source.location) {
            format!("[{}]({})", title.replace('[', "(").replace(']', ")"), target(&source.location))
        } else {
            // As code: Slack would make a link of `page.md`, `.md` being a top-level domain.
            format!("{title} — `{}`", source.location)
        };
        write!(list, "\n- [{number}] {line}").unwrap_or_default();
    }
    list
}

/// The locations in the list of `answer`, as [`list`] writes it; a URL as [`target`] writes it.
pub(crate) fn cited(answer: &str) -> impl Iterator<Item = &str> {
    answer.lines().filter(|line| line.starts_with("- [")).filter_map(|line| {
        let line = line.trim_end();
        let path = line.strip_suffix('`').and_then(|line| line.rsplit_once('`'));
        let url = line.strip_suffix(')').and_then(|line| line.rsplit_once("]("));
        path.or(url).map(|(_, location)| location)
    })
}

/// The URL so that nothing in it ends a Markdown link.
pub(crate) fn target(url: &str) -> String {
    url.replace('(', "%28").replace(')', "%29").replace(' ', "%20")
}

fn is_url(location: &str) -> bool {
    location.starts_with("https://") || location.starts_with("http://")
}

/// The page of a location: without the `#anchor`.
pub(crate) fn page(location: &str) -> &str {
    location.split_once('#').map_or(location, |(page, _)| page)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_page_is_a_link_and_a_file_is_code() {
        let page = Source { title: "Keys [old]".to_owned(), location: "https://example.com/a_(b)#c".to_owned() };
        let file = Source { title: "Keys › Rotate".to_owned(), location: "guide/keys.md#rotate".to_owned() };
        let expected = "**Sources**\n- [1] [Keys (old)](https://example.com/a_%28b%29#c)\n- [2] Keys › Rotate — `guide/keys.md#rotate`";
        assert_eq!(list(&[page, file]), expected);
    }

    proptest! {
        #[test]
        fn what_is_listed_is_read_again(
            titles in proptest::collection::vec("[a-z \\[\\]()—]{1,12}", 1..4),
            path in "[a-z/.() -]{1,12}",
            local in proptest::bool::ANY,
        ) {
            let location = if local { path } else { format!("https://example.com/{path}") };
            let sources: Vec<_> =
                titles.into_iter().map(|title| Source { title, location: location.clone() }).collect();
            let expected = if local { location } else { target(&location) };
            for found in cited(&format!("An answer.\n\n{}", list(&sources))) {
                prop_assert_eq!(found, &expected);
            }
            prop_assert_eq!(cited(&list(&sources)).count(), sources.len());
        }
    }
}
