//! Between what people type and what Slack stores: `&`, `<` and `>` are escaped, and `@name` is `<@U…>`
//! (<https://docs.slack.dev/messaging/formatting-message-text>).

/// What Slack's clients send for a typed text; `members` are the names that can be mentioned, with their ids.
pub(crate) fn to_slack(text: &str, members: &[(String, String)]) -> String {
    let mut sent = String::new();
    let mut before = None;
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let begins_word = !before.is_some_and(char::is_alphanumeric);
        let mention = if character == '@' && begins_word { mentioned(&rest[1..], members) } else { None };
        let taken = if let Some((name, id)) = mention {
            sent.extend(["<@", id, ">"]);
            1 + name.len()
        } else {
            match character {
                '&' => sent.push_str("&amp;"),
                '<' => sent.push_str("&lt;"),
                '>' => sent.push_str("&gt;"),
                other => sent.push(other),
            }
            character.len_utf8()
        };
        before = rest[..taken].chars().next_back();
        rest = &rest[taken..];
    }
    sent
}

/// The longest name that stands here as a whole word.
fn mentioned<'a>(text: &str, members: &'a [(String, String)]) -> Option<(&'a str, &'a str)> {
    let here = members.iter().filter(|(name, _)| {
        let ends = |rest: &str| !rest.chars().next().is_some_and(|c| c.is_alphanumeric() || c == '_');
        !name.is_empty() && text.strip_prefix(name.as_str()).is_some_and(ends)
    });
    here.max_by_key(|(name, _)| name.len()).map(|(name, id)| (name.as_str(), id.as_str()))
}

/// What a person typed, to be edited; `names` tells the name of an id.
pub(super) fn from_slack(text: &str, names: &dyn Fn(&str) -> Option<String>) -> String {
    let mut typed = String::new();
    let mut rest = text;
    while let Some((before, opened)) = rest.split_once("<@") {
        let Some((id, after)) = opened.split_once('>') else { break };
        typed.push_str(before);
        let id = id.split('|').next().unwrap_or(id);
        typed.push('@');
        typed.push_str(&names(id).unwrap_or_else(|| id.to_owned()));
        rest = after;
    }
    typed.push_str(rest);
    typed.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_names_become_mentions_and_come_back() {
        let members = [("threadkeeper".to_owned(), "U9".to_owned()), ("ada".to_owned(), "U1".to_owned())];
        for (typed, sent) in [
            ("@threadkeeper why?", "<@U9> why?"),
            ("ask @ada, @threadkeeper", "ask <@U1>, <@U9>"),
            ("mail@ada @adam @ada_b", "mail@ada @adam @ada_b"),
            ("a < b && <@U9> \u{1f642}", "a &lt; b &amp;&amp; &lt;@U9&gt; \u{1f642}"),
        ] {
            assert_eq!(to_slack(typed, &members), sent);
            let names = |id: &str| members.iter().find(|(_, known)| known == id).map(|(name, _)| name.clone());
            assert_eq!(from_slack(sent, &names), typed);
        }
    }
}
