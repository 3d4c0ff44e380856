//! Slack's own markup (<https://docs.slack.dev/messaging/formatting-message-text>): what stands in `text`.

use super::{Names, Node, address};

/// Deeper nesting is shown as it was written.
const DEEPEST: usize = 8;

const FENCE: &str = "```";

pub(super) fn read(text: &str, names: Names<'_>) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut rest = text;
    while let Some((before, opened)) = rest.split_once(FENCE) {
        let Some((code, after)) = opened.split_once(FENCE) else { break };
        blocks(before.trim_end_matches('\n'), names, &mut nodes);
        nodes.push(Node::CodeBlock { language: None, text: unescape(code.trim_matches('\n')) });
        rest = after.trim_start_matches('\n');
    }
    blocks(rest, names, &mut nodes);
    nodes
}

/// Paragraphs and quotes: a quote is a run of lines that begin with `>`.
fn blocks(text: &str, names: Names<'_>, nodes: &mut Vec<Node>) {
    if text.is_empty() {
        return;
    }
    let mut lines = text.split('\n').peekable();
    while let Some(first) = lines.peek() {
        let quoted = quote(first).is_some();
        let mut children = Vec::new();
        while let Some(line) = lines.next_if(|line| quote(line).is_some() == quoted) {
            if !children.is_empty() {
                children.push(Node::Break);
            }
            children.extend(spans(quote(line).unwrap_or(line), names, 0));
        }
        nodes.push(if quoted { Node::Quote { children } } else { Node::Paragraph { children } });
    }
}

fn quote(line: &str) -> Option<&str> {
    let quoted = line.strip_prefix("&gt;").or_else(|| line.strip_prefix('>'))?;
    Some(quoted.strip_prefix(' ').unwrap_or(quoted))
}

/// One line's `*bold*`, `_italic_`, `~struck~`, `` `code` `` and `<…>`.
fn spans(line: &str, names: Names<'_>, depth: usize) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut plain = String::new();
    let mut at = 0;
    while let Some(character) = line[at..].chars().next() {
        if let Some((node, end)) = span(line, at, character, names, depth) {
            push_plain(&mut nodes, &mut plain);
            nodes.extend(node);
            at = end;
        } else {
            plain.push(character);
            at += character.len_utf8();
        }
    }
    push_plain(&mut nodes, &mut plain);
    nodes
}

fn push_plain(nodes: &mut Vec<Node>, plain: &mut String) {
    if !plain.is_empty() {
        nodes.extend(address::linked(&unescape(plain)));
        plain.clear();
    }
}

/// What begins at `at`, if something does, and where it ends.
fn span(line: &str, at: usize, character: char, names: Names<'_>, depth: usize) -> Option<(Vec<Node>, usize)> {
    let inside = &line[at + character.len_utf8()..];
    match character {
        '<' => {
            let (inner, _) = inside.split_once('>')?;
            Some((reference(inner, names)?, at + inner.len() + 2))
        }
        '`' => {
            let (code, _) = inside.split_once('`').filter(|(code, _)| !code.is_empty())?;
            Some((vec![Node::Code { text: unescape(code) }], at + code.len() + 2))
        }
        '*' | '_' | '~' if depth < DEEPEST => {
            let before = line[..at].chars().next_back();
            let marked = marked(inside, character).filter(|_| !before.is_some_and(char::is_alphanumeric))?;
            let children = spans(marked, names, depth + 1);
            let node = match character {
                '*' => Node::Strong { children },
                '_' => Node::Emphasis { children },
                _ => Node::Strike { children },
            };
            Some((vec![node], at + marked.len() + 2))
        }
        _ => None,
    }
}

/// What stands up to the mark that closes: neither begins nor ends with a space, and no word goes on after the mark.
fn marked(inside: &str, mark: char) -> Option<&str> {
    if inside.starts_with(char::is_whitespace) {
        return None;
    }
    let closing = inside.match_indices(mark).map(|(at, _)| at).find(|at| {
        let (before, after) = (&inside[..*at], &inside[at + mark.len_utf8()..]);
        !before.is_empty()
            && !before.ends_with(char::is_whitespace)
            && !after.chars().next().is_some_and(char::is_alphanumeric)
    });
    closing.map(|at| &inside[..at])
}

/// What stands between `<` and `>`: a member, a channel, a group, or an address.
fn reference(inner: &str, names: Names<'_>) -> Option<Vec<Node>> {
    let (target, label) = inner.split_once('|').map_or((inner, None), |(target, label)| (target, Some(label)));
    let label = label.filter(|label| !label.is_empty()).map(unescape);
    let mention = |mark: char, id: &str| {
        let name = names(id).or(label.clone()).unwrap_or_else(|| id.to_owned());
        Node::Mention { text: format!("{mark}{name}") }
    };
    if let Some(user) = target.strip_prefix('@') {
        return Some(vec![mention('@', user)]);
    }
    if let Some(channel) = target.strip_prefix('#') {
        return Some(vec![mention('#', channel)]);
    }
    if let Some(special) = target.strip_prefix('!') {
        let word = special.split('^').next().unwrap_or(special);
        let shown = label.unwrap_or_else(|| format!("@{word}"));
        return Some(vec![Node::Mention { text: shown }]);
    }
    let address = unescape(target);
    let shown = label.unwrap_or_else(|| address.strip_prefix("mailto:").unwrap_or(&address).to_owned());
    address::allowed(&address).map(|address| vec![Node::Link { address, children: vec![Node::text(shown)] }])
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada(id: &str) -> Option<String> {
        (id == "U1").then(|| "ada".to_owned())
    }

    fn line(text: &str) -> Vec<Node> {
        match read(text, &ada).as_slice() {
            [Node::Paragraph { children }] => children.clone(),
            other => panic!("{text:?} is not one paragraph: {other:?}"),
        }
    }

    fn text(text: &str) -> Node {
        Node::text(text)
    }

    #[test]
    fn marks_are_read_where_slack_reads_them() {
        let strong = |inner: &str| Node::Strong { children: vec![text(inner)] };
        assert_eq!(line("*a b* c"), [strong("a b"), text(" c")]);
        assert_eq!(line("(*a*)"), [text("("), strong("a"), text(")")]);
        assert_eq!(line("*_a_*"), [Node::Strong { children: vec![Node::Emphasis { children: vec![text("a")] }] }]);
        assert_eq!(line("~a~"), [Node::Strike { children: vec![text("a")] }]);
        for plain in ["2 * 3 * 4", "snake_case_name", "*a", "* a*", "**", "a*b*"] {
            assert_eq!(line(plain), [text(plain)]);
        }
        assert_eq!(line("`*a* &lt;b&gt;`"), [Node::Code { text: "*a* <b>".to_owned() }]);
    }

    #[test]
    fn references_are_named() {
        let mention = |text: &str| Node::Mention { text: text.to_owned() };
        assert_eq!(line("<@U1>"), [mention("@ada")]);
        assert_eq!(line("<@U2|grace>"), [mention("@grace")]);
        assert_eq!(line("<#C2|general>"), [mention("#general")]);
        assert_eq!(line("<!here>"), [mention("@here")]);
        assert_eq!(line("<!subteam^S1|@ops>"), [mention("@ops")]);
        let link = |address: &str, shown: &str| Node::Link { address: address.to_owned(), children: vec![text(shown)] };
        assert_eq!(line("<https://a.test?b&amp;c|here>"), [link("https://a.test?b&c", "here")]);
        assert_eq!(line("<mailto:a@b.test>"), [link("mailto:a@b.test", "a@b.test")]);
        assert_eq!(line("a &lt;b&gt; &amp;amp;"), [text("a <b> &amp;")]);
    }

    #[test]
    fn lines_quotes_and_fences_are_blocks() {
        assert_eq!(line("a\nb"), [text("a"), Node::Break, text("b")]);
        let nodes = read("a\n&gt; b\n&gt;c\nd ```x\ny``` e", &ada);
        assert_eq!(
            nodes,
            [
                Node::Paragraph { children: vec![text("a")] },
                Node::Quote { children: vec![text("b"), Node::Break, text("c")] },
                Node::Paragraph { children: vec![text("d ")] },
                Node::CodeBlock { language: None, text: "x\ny".to_owned() },
                Node::Paragraph { children: vec![text(" e")] },
            ]
        );
    }
}
