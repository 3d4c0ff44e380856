//! Nobody is notified by what the bot writes.

/// What stands after `<!` where Slack calls a group of people, <https://docs.slack.dev/messaging/formatting-message-text>.
const CALLS: [&str; 6] = ["channel", "here", "everyone", "group", "subteam", "date"];

/// Shows nothing, and breaks a reference.
const WORD_JOINER: char = '\u{2060}';

/// `markdown` in which no reference to a member (`<@U…>`), a channel (`<#C…>`) or a group (`<!here>`, `<!subteam^…>`) has an
/// effect, also none that begins at its end and would be completed by what is appended to the message later. It reads as
/// before, and code can be copied. Escaping would be simpler, and would show `&lt;` inside of code.
///
/// Every text goes through here on its way to Slack: it is the place that nothing can go around. A text that went through
/// stays as it is.
pub fn silence_mentions(markdown: &str) -> String {
    let mut silent = String::with_capacity(markdown.len());
    let mut rest = markdown;
    while let Some(at) = rest.find('<') {
        let (before, after) = rest.split_at(at + 1);
        silent.push_str(before);
        if is_reference(after) {
            silent.push(WORD_JOINER);
        }
        rest = after;
    }
    silent.push_str(rest);
    silent
}

/// Whether what stands after `<` is a reference, or may become one by what follows the text.
fn is_reference(after: &str) -> bool {
    let mut seen = after.chars().filter(|c| !is_hidden(*c));
    match seen.next() {
        None => true,
        Some('@') => seen.next().is_none_or(|c| c.is_ascii_alphanumeric()),
        Some('!') => CALLS.iter().any(|call| begins_with(&mut seen.clone(), call)),
        // `<#include>` and `<#1>` are none: an id has capital letters and digits.
        Some('#') => {
            let is_of_an_id = |c: &char| c.is_ascii_uppercase() || c.is_ascii_digit();
            let mut id = seen.clone();
            id.next().is_none_or(|kind| matches!(kind, 'C' | 'D' | 'G'))
                && id.find(|c| !is_of_an_id(c)).is_none_or(|end| end == '|' || end == '>')
        }
        _ => false,
    }
}

/// Whether `seen` begins with `word`, or ends within it.
fn begins_with(seen: &mut impl Iterator<Item = char>, word: &str) -> bool {
    word.chars().all(|letter| seen.next().is_none_or(|c| c.eq_ignore_ascii_case(&letter)))
}

/// Whether a character shows nothing, and Slack may not see it either.
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2061}'..='\u{2064}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("<!channel> wake up", "<~!channel> wake up")]
    #[case("<!HERE|here> <!Everyone> <!group>", "<~!HERE|here> <~!Everyone> <~!group>")]
    #[case("ask <@U123> and <@W1|x> and <@u1>", "ask <~@U123> and <~@W1|x> and <~@u1>")]
    #[case("<!subteam^S1|@ops>", "<~!subteam^S1|@ops>")]
    #[case("in <#C1|general>, <#C2>", "in <~#C1|general>, <~#C2>")]
    #[case("<<!channel>>", "<<~!channel>>")]
    #[case("`<@U1>`", "`<~@U1>`")]
    #[case("<\u{200b}!channel>", "<~\u{200b}!channel>")]
    #[case("ends with <", "ends with <~")]
    #[case("ends with <!chan", "ends with <~!chan")]
    #[case("ends with <@", "ends with <~@")]
    #[case("ends with <#C", "ends with <~#C")]
    fn a_reference_loses_its_effect(#[case] written: &str, #[case] silent: &str) {
        assert_eq!(silence_mentions(written).replace('\u{2060}', "~"), silent);
    }

    #[rstest]
    #[case("`Vec<u8>` and `a && b` and <https://a.example> <!-- --> <!DOCTYPE html>")]
    #[case("#include <stdio.h>, a <b, x < 1, <#define>, <#Cargo.toml>, <@>, <ü@")]
    fn other_text_stays_as_it_is(#[case] text: &str) {
        assert_eq!(silence_mentions(text), text);
    }

    proptest! {
        #[test]
        fn no_reference_is_left_whatever_is_appended(
            text in "([<!@#>|]|channel|here|U1|C1|subteam\\^S1|\u{200b}| |a){0,12}",
            at in 0_usize..12,
        ) {
            let at = text.char_indices().nth(at).map_or(text.len(), |(at, _)| at);
            let appended = silence_mentions(&text[..at]) + &silence_mentions(&text[at..]);
            prop_assert_eq!(silence_mentions(&appended), appended.clone());
            for reference in ["<!channel", "<!here", "<!subteam", "<@U", "<#C1>", "<#C1|"] {
                prop_assert!(!appended.contains(reference), "{appended:?}");
            }
        }
    }
}
