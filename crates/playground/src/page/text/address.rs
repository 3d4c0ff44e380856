//! Which addresses the page links to.

use super::Node;

const SCHEMES: [&str; 3] = ["http://", "https://", "mailto:"];

/// The address, if it is one that a person may be sent to with a click.
pub(super) fn allowed(address: &str) -> Option<String> {
    let lower = address.to_ascii_lowercase();
    let is_known = SCHEMES.iter().any(|scheme| lower.starts_with(scheme));
    // A browser drops tabs and line ends inside an address, and so could see another one than we do.
    let is_plain = !address.chars().any(|c| c.is_control() || c.is_whitespace());
    (is_known && is_plain).then(|| address.to_owned())
}

/// A link, or what it shows where the address is not one for a click.
pub(super) fn link(address: &str, children: Vec<Node>) -> Vec<Node> {
    match allowed(address) {
        Some(address) => vec![Node::Link { address, children }],
        None if children.is_empty() => vec![Node::text(address)],
        None => children,
    }
}

/// Text in which addresses that somebody just typed are links.
pub(super) fn linked(text: &str) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut rest = text;
    while let Some(start) = next_address(rest) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| c.is_whitespace() || "<>\"`|".contains(c)).unwrap_or(from.len());
        // What ends a sentence is no part of the address.
        let address = from[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'', '*', '_']);
        if !before.is_empty() {
            nodes.push(Node::text(before));
        }
        nodes.extend(link(address, vec![Node::text(address)]));
        rest = &from[address.len()..];
    }
    if !rest.is_empty() {
        nodes.push(Node::text(rest));
    }
    nodes
}

/// Where the next `http://` or `https://` with something behind it begins.
fn next_address(text: &str) -> Option<usize> {
    let begins = |scheme: &str| {
        text.match_indices(scheme).map(|(at, _)| at).find(|at| {
            let follows = text[at + scheme.len()..].chars().next();
            let precedes = text[..*at].chars().next_back();
            follows.is_some_and(char::is_alphanumeric) && !precedes.is_some_and(char::is_alphanumeric)
        })
    };
    [begins("http://"), begins("https://")].into_iter().flatten().min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_addresses_become_links_without_the_end_of_the_sentence() {
        let nodes = linked("see https://example.org/a_b, (http://x.test/?q=1).");
        let addresses: Vec<_> = nodes
            .iter()
            .filter_map(|node| match node {
                Node::Link { address, .. } => Some(address.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(addresses, ["https://example.org/a_b", "http://x.test/?q=1"]);
        assert_eq!(linked("https:// is a scheme"), [Node::text("https:// is a scheme")]);
    }
}
