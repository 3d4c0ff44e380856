//! Slack's notation of a message's text, to and from plain text.
//!
//! Source: <https://docs.slack.dev/messaging/formatting-message-text>. Slack escapes `&`, `<` and `>` only, so a bare
//! `<` always begins a reference: `<@U1>`, `<#C1|general>`, `<!here>`, `<https://a.example|label>`.

/// Whether `text` mentions `user`.
pub(super) fn mentions(text: &str, user: &str) -> bool {
    references(text).any(|reference| mentioned_user(reference) == Some(user))
}

/// The user that `text` mentions first.
pub(super) fn first_mention(text: &str) -> Option<&str> {
    references(text).find_map(mentioned_user)
}

/// `text` as a person reads it, without mentions of `own_users`.
pub(super) fn to_plain(text: &str, own_users: &[&str]) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, reference, after)) = split_reference(rest) {
        push_unescaped(before, &mut plain);
        rest = after;
        if mentioned_user(reference).is_some_and(|user| own_users.contains(&user)) {
            // "ask <@BOT> this" is one space, not two.
            if plain.is_empty() || plain.ends_with(char::is_whitespace) {
                rest = rest.trim_start_matches(' ');
            }
        } else {
            push_unescaped(&read_reference(reference), &mut plain);
        }
    }
    push_unescaped(rest, &mut plain);
    plain.trim().to_owned()
}

/// Plain text in Slack's notation: nothing in it can mention, link or notify.
pub(crate) fn escape(plain: &str) -> String {
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The first reference in `text`, without its brackets, and what stands before and after it.
fn split_reference(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find('<')?;
    let length = text[start..].find('>')?;
    // A bracket that is not closed before the next one opens is a plain one.
    let start = start + text[start..start + length].rfind('<')?;
    let end = start + text[start..].find('>')?;
    Some((&text[..start], &text[start + 1..end], &text[end + 1..]))
}

fn references(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, reference, after) = split_reference(rest)?;
        rest = after;
        Some(reference)
    })
}

fn mentioned_user(reference: &str) -> Option<&str> {
    let target = reference.strip_prefix('@')?;
    Some(target.split_once('|').map_or(target, |(user, _)| user))
}

/// A reference as a person reads it, still escaped.
fn read_reference(reference: &str) -> String {
    let (target, label) = match reference.split_once('|') {
        Some((target, label)) if !label.is_empty() => (target, Some(label)),
        Some((target, _)) => (target, None),
        None => (reference, None),
    };
    match (target.chars().next(), label) {
        // Other people keep their id: their names are theirs, and the answer can mention them again.
        (Some('@') | None, _) => format!("<{reference}>"),
        (Some('#'), Some(name)) => format!("#{name}"),
        (Some('#'), None) => format!("<{target}>"),
        (Some('!'), Some(label)) => label.to_owned(),
        (Some('!'), None) if target.contains('^') => format!("<{target}>"),
        (Some('!'), None) => format!("@{}", &target[1..]),
        (Some(_), label) => read_link(target, label),
    }
}

fn read_link(target: &str, label: Option<&str>) -> String {
    let bare = ["mailto:", "tel:"].iter().find_map(|scheme| target.strip_prefix(scheme));
    let shown = bare.unwrap_or(target);
    match label {
        Some(label) if label != shown && !is_same_address(label, target) => format!("{label} ({shown})"),
        _ => shown.to_owned(),
    }
}

/// Whether a label is what Slack makes of an address that was typed without its scheme: `<http://a.example|a.example>`.
fn is_same_address(label: &str, target: &str) -> bool {
    target.split_once("://").is_some_and(|(_, address)| address.trim_end_matches('/') == label.trim_end_matches('/'))
}

/// Appends `escaped` with Slack's three entities resolved, each once: `&amp;lt;` is the text `&lt;`.
fn push_unescaped(escaped: &str, plain: &mut String) {
    let mut rest = escaped;
    while let Some(at) = rest.find('&') {
        let (before, entity) = rest.split_at(at);
        plain.push_str(before);
        let known = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>')];
        let (sign, length) = known
            .iter()
            .find(|(name, _)| entity.starts_with(name))
            .map_or(('&', 1), |(name, sign)| (*sign, name.len()));
        plain.push(sign);
        rest = &entity[length..];
    }
    plain.push_str(rest);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("<@UBOT> how are you?", "how are you?")]
    #[case("<@UBOT><@UBOT>  how?", "how?")]
    #[case("<@UBOT|keeper> how?", "how?")]
    #[case("hey <@UBOT> how?", "hey how?")]
    #[case("hey <@UBOT>, how?", "hey , how?")]
    #[case("how?\n<@UBOT>", "how?")]
    #[case("ask <@U2> and <@U3|ann>", "ask <@U2> and <@U3|ann>")]
    #[case("<@UBOTTLE> is another", "<@UBOTTLE> is another")]
    #[case("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2")]
    #[case("&amp;lt; &unknown; &", "&lt; &unknown; &")]
    #[case("<mailto:ann@a.example|ann@a.example>", "ann@a.example")]
    #[case("<mailto:ann@a.example|Ann>", "Ann (ann@a.example)")]
    #[case("<https://a.example/x?y=1&amp;z=2>", "https://a.example/x?y=1&z=2")]
    #[case("<https://a.example|the page>", "the page (https://a.example)")]
    #[case("<https://a.example|https://a.example>", "https://a.example")]
    #[case("<http://a.example|a.example>", "http://a.example")]
    #[case("<https://a.example|>", "https://a.example")]
    #[case("in <#C1|general> or <#C2>", "in #general or <#C2>")]
    #[case("<!here> and <!channel|channel>", "@here and channel")]
    #[case("<!subteam^S1|@ops> <!subteam^S2>", "@ops <!subteam^S2>")]
    #[case("<!date^1392734382^{date}|18 February>", "18 February")]
    #[case("a < b", "a < b")]
    #[case("a < <@UBOT> b", "a < b")]
    #[case("a > b <", "a > b <")]
    #[case("<>", "<>")]
    #[case("", "")]
    fn text_reads_as_a_person_sees_it(#[case] written: &str, #[case] plain: &str) {
        assert_eq!(to_plain(written, &["UBOT"]), plain);
    }

    #[rstest]
    #[case("hi <@UBOT>", true)]
    #[case("hi <@UBOT|keeper>", true)]
    #[case("hi <@UBOTTLE>", false)]
    #[case("hi &lt;@UBOT&gt;", false)]
    #[case("hi @UBOT", false)]
    fn a_mention_is_a_reference_and_nothing_else(#[case] text: &str, #[case] expected: bool) {
        assert_eq!(mentions(text, "UBOT"), expected);
    }

    proptest! {
        #[test]
        fn escaped_text_is_read_back(plain in "[a-z<>&;@#!|^ ]{0,40}") {
            prop_assert_eq!(to_plain(&escape(&plain), &[]), plain.trim());
        }
    }
}
