//! Keeps a document's text from calling people.

use std::borrow::Cow;

/// What Slack reads after `<` as a call to many people, <https://docs.slack.dev/messaging/formatting-message-text>.
const CALLS: [&str; 5] = ["!channel", "!here", "!everyone", "!group", "!subteam"];

/// Takes the effect from `<!channel>`, `<!here>`, `<!everyone>`, `<!subteam^…>` and `<@U…>`: a space after the `<`
/// leaves them readable, in code too, and Slack no longer takes them for a mention.
pub fn neutralise(text: &str) -> Cow<'_, str> {
    let mut neutral = String::new();
    let mut done = 0;
    for (start, _) in text.match_indices('<') {
        let after = start + 1;
        if is_mention(&text[after..]) {
            neutral.push_str(&text[done..after]);
            neutral.push(' ');
            done = after;
        }
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    neutral.push_str(&text[done..]);
    Cow::Owned(neutral)
}

fn is_mention(after: &str) -> bool {
    let member = after.strip_prefix('@').is_some_and(|id| id.starts_with(|c: char| c.is_ascii_alphanumeric()));
    member || CALLS.iter().any(|call| after.get(..call.len()).is_some_and(|start| start.eq_ignore_ascii_case(call)))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("ask <!channel> now", "ask < !channel> now")]
    #[case("<!here|here>", "< !here|here>")]
    #[case("<!EVERYONE>", "< !EVERYONE>")]
    #[case("<@U012AB> and <@W1>", "< @U012AB> and < @W1>")]
    #[case("<!subteam^S1|team>", "< !subteam^S1|team>")]
    #[case("<<!channel>>", "<< !channel>>")]
    fn a_mention_loses_its_effect(#[case] text: &str, #[case] neutral: &str) {
        assert_eq!(neutralise(text), neutral);
    }

    #[rstest]
    #[case("a < b, <br>, <https://example.com|x>, <!DOCTYPE html>, <!-- note -->, <@>, <")]
    #[case("größer <!ü")]
    fn other_text_stays_as_it_is(#[case] text: &str) {
        assert!(matches!(neutralise(text), Cow::Borrowed(same) if same == text));
    }
}
