//! The plain text of a Markdown message, for notifications and for clients that do not show Markdown.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use super::{length, outline::DIALECT, units::whole_characters};
use crate::event::escape;

/// A notification shows less, in characters. Slack takes up to 4,000 in `text` everywhere.
const LONGEST: usize = 300;

/// What `markdown` says, on one line, without markup, in Slack's notation (`&`, `<` and `>` escaped, so that nothing in it has
/// an effect): at most 300 characters before escaping. Empty only if `markdown` shows nothing.
pub fn fallback_text(markdown: &str) -> String {
    let mut words = String::new();
    for event in Parser::new_ext(markdown, DIALECT) {
        match event {
            Event::Text(text)
            | Event::Code(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::FootnoteReference(text) => words.push_str(&text),
            Event::TaskListMarker(done) => words.push_str(if done { "☑ " } else { "☐ " }),
            Event::Start(Tag::Item) => words.push_str("• "),
            Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image)
            | Event::Start(_) => {}
            Event::SoftBreak | Event::HardBreak | Event::Rule | Event::End(_) => words.push(' '),
        }
        // White space between words is not counted yet.
        if words.len() > 16 * LONGEST {
            break;
        }
    }
    escape(&shortened(&words.split_whitespace().collect::<Vec<_>>().join(" ")))
}

/// The beginning of a line of words, up to a word's end if that leaves at least half.
fn shortened(words: &str) -> String {
    if length(words) <= LONGEST {
        return words.to_owned();
    }
    let beginning = &words[..whole_characters(words, LONGEST - 1)];
    let end = beginning.rfind(' ').filter(|at| *at >= beginning.len() / 2).unwrap_or(beginning.len());
    format!("{}…", beginning[..end].trim_end())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("# Keys\n\nRotate **now**, `a < b` & [c](https://c.example).", "Keys Rotate now, a &lt; b &amp; c.")]
    #[case("- a\n- b\n\n1. [x] c", "• a • b • ☑ c")]
    #[case("- [x] a\n- [ ] b", "• ☑ a • ☐ b")]
    #[case("| a | b |\n|---|---|\n| 1 | 2 |", "a b 1 2")]
    #[case("```sh\nls\n```\n> quoted\nline", "ls quoted line")]
    #[case("a <!channel> &lt;!here>", "a &lt;!channel&gt; &lt;!here&gt;")]
    #[case("", "")]
    fn what_is_said_stands_on_one_line(#[case] markdown: &str, #[case] text: &str) {
        assert_eq!(fallback_text(markdown), text);
    }

    #[test]
    fn a_long_text_is_cut_at_a_word() {
        let text = fallback_text(&"word ".repeat(1_000));
        assert!(text.ends_with("word…") && text.len() <= 303, "{text}");
        assert_eq!(fallback_text(&"😀".repeat(1_000)).chars().count(), 150);
    }

    proptest! {
        #[test]
        fn any_text_gives_a_short_one_without_effect(text in any::<String>()) {
            let fallback = fallback_text(&text);
            prop_assert!(!fallback.contains(['<', '>']));
            prop_assert!(fallback.chars().count() <= 5 * 300);
        }
    }
}
