use std::time::{Duration, Instant};

use answers::prose::Sanitiser;
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};
use rstest::rstest;

use super::{passages, sanitise};

/// Pieces of Markdown, of attacks and of text, in any order.
fn written() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        3 => "[a-z .]{0,12}",
        1 => Just("\n".to_owned()),
        1 => Just("\n\n".to_owned()),
        1 => Just("```".to_owned()),
        1 => Just("\n~~~ sh\n".to_owned()),
        1 => "[`\\[\\]()<>!|*_~#&;\\\\ \t\n-]{1,6}",
        1 => "( {0,5}|> ?|- |[0-9]{1,2}\\. ){0,3}",
        1 => prop::sample::select(vec![
            "https://evil.example/x", "https://wiki.example/keys", "](https://evil.example)", "[a](https://evil.example/)",
            "![a](", "<https://evil.example|", "<!channel>", "<@U1", "&lt;", "&#33;", "&amp;", "[1]", "[9]", "[p]: ", "[p]",
            "| a | b |\n|---|---|\n", "--- | ---\n", "\u{200b}", "javascript:", "www.evil.example", "<b>", "<!--", "-->",
        ]).prop_map(ToOwned::to_owned),
    ];
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

/// What a reader of the Markdown may click, and the text outside of code.
fn read(markdown: &str) -> (Vec<String>, String) {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let (mut targets, mut text, mut code) = (Vec::new(), String::new(), false);
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                targets.push(dest_url.into_string());
            }
            Event::Start(Tag::CodeBlock(_)) => code = true,
            Event::End(pulldown_cmark::TagEnd::CodeBlock) => code = false,
            Event::Text(part) | Event::Html(part) | Event::InlineHtml(part) if !code => text.push_str(&part),
            Event::SoftBreak | Event::HardBreak | Event::End(_) => text.push('\n'),
            _ => {}
        }
    }
    (targets, text)
}

fn assert_safe(markdown: &str) {
    const ALLOWED: [&str; 3] =
        ["https://wiki.example/keys", "https://limits.example/a_%28b%29?x=1", "http://two.example/x"];
    let (targets, text) = read(markdown);
    for target in targets {
        assert!(ALLOWED.contains(&target.as_str()), "{target:?} is linked in {markdown:?}");
    }
    for (at, _) in text.match_indices("://") {
        let start = text[..at].trim_end_matches(|c: char| c.is_ascii_alphabetic()).len();
        // Without the name of a scheme before it there is no address.
        assert!(
            start == at || ALLOWED.iter().any(|allowed| text[start..].starts_with(allowed)),
            "an address in {markdown:?}"
        );
    }
    for call in ["<!channel", "<@U", "<#C"] {
        assert!(!text.contains(call), "{call} in {markdown:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn nothing_unsafe_is_left(written in written()) {
        assert_safe(&sanitise(&written).text);
    }

    #[test]
    fn the_text_does_not_depend_on_how_it_came(written in written(), cuts in prop::collection::vec(0_usize..200, 0..30)) {
        let whole = sanitise(&written);
        let mut sanitiser = Sanitiser::new(&passages());
        let characters: Vec<char> = written.chars().collect();
        let (mut shown, mut at) = (String::new(), 0);
        for cut in cuts {
            let end = (at + cut).min(characters.len());
            shown += &sanitiser.push(&characters[at..end].iter().collect::<String>());
            at = end;
            prop_assert!(whole.text.starts_with(&shown));
        }
        shown += &sanitiser.push(&characters[at..].iter().collect::<String>());
        let answer = sanitiser.finish();
        prop_assert_eq!(shown + &answer.rest, whole.text.clone());
        prop_assert_eq!(answer.text, whole.text);
        prop_assert_eq!(answer.cited, whole.cited);
    }

    #[test]
    fn any_text_is_taken(written in any::<String>()) {
        assert_safe(&sanitise(&written).text);
    }

    #[test]
    fn what_is_shown_while_it_comes_is_safe_too(written in written()) {
        let mut sanitiser = Sanitiser::new(&passages());
        let mut shown = String::new();
        for c in written.chars() {
            let part = sanitiser.push(c.encode_utf8(&mut [0; 4]));
            if !part.is_empty() {
                shown += &part;
                assert_safe(&shown);
            }
        }
    }
}

#[rstest]
#[case("[")]
#[case("`")]
#[case("[ ")]
#[case("` ")]
#[case("<")]
#[case("&amp;")]
#[case("a. [")]
#[case("[a](")]
#[case("> ")]
#[case("- ")]
#[case("| ")]
#[case("```\n")]
#[case("é")]
#[case("\n")]
#[case("-----BEGIN PRIVATE KEY-----")]
#[case("![[(<")]
fn a_megabyte_of_anything_takes_linear_time(#[case] part: &str) {
    let text = part.repeat(1_000_000 / part.len());
    let start = Instant::now();
    let safe = sanitise(&text).text;
    // It takes about a second; in quadratic time it would take hours.
    assert!(start.elapsed() < Duration::from_mins(2), "{:?} for {part:?}", start.elapsed());
    assert!(safe.len() <= 4 * text.len());
}
