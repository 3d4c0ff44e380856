//! Which addresses an answer may lead to: those of its sources, and those that stand in them. Every other one goes, because
//! an address can carry what a question holds to wherever a text from outside wants it.

use std::{collections::HashSet, fmt::Write as _, sync::LazyLock};

use regex::Regex;

use crate::Found;

/// Stands for an address that was taken out.
pub(super) const LINK_REMOVED: &str = "(link removed)";

/// Shows nothing, and breaks what stands around it.
pub(super) const WORD_JOINER: char = '\u{2060}';

/// Words that call everybody in a channel when an `@` stands before them.
const CALLS: [&str; 3] = ["channel", "here", "everyone"];

/// An address with its scheme.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    let form = r#"(?i)(?:[a-z][a-z0-9+.-]{0,30}:/{2,}|(?:mailto|tel|sms|javascript|vbscript|skype|data|file|slack):[/\w+])[^\s<>"`\\\[\]|]*"#;
    Regex::new(form).expect("an address is a regex")
});

/// A word, as far as it can be part of an address.
static WORD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"[^\s<>"`\\\[\](){},;*~|]+"#).expect("a word is a regex"));

/// The addresses that may be linked.
#[derive(Debug, Default)]
pub(super) struct Links(HashSet<String>);

impl Links {
    /// Those of `sources`: where they are, and what their texts name.
    pub(super) fn of(sources: &[Found]) -> Self {
        let mut allowed = HashSet::new();
        for source in sources {
            let location = source.location.trim();
            if is_web(location) && !location.contains(char::is_whitespace) {
                allowed.insert(location.to_owned());
            }
            let named = ADDRESS.find_iter(&source.text).map(|found| without_punctuation(found.as_str()));
            allowed.extend(named.filter(|address| is_web(address)).map(ToOwned::to_owned));
        }
        Self(allowed)
    }

    /// The target to write for an address, if it may be linked.
    pub(super) fn allowed(&self, address: &str) -> Option<String> {
        self.0.contains(address).then(|| target(address))
    }

    /// Text outside of code, in which no address is linked that is not allowed, and nobody is called.
    pub(super) fn text(&self, text: &str) -> String {
        let mut safe = String::with_capacity(text.len());
        let mut done = 0;
        for found in ADDRESS.find_iter(text) {
            let address = without_punctuation(found.as_str());
            words(&text[done..found.start()], &mut safe);
            match self.allowed(address) {
                // In brackets it ends where it should, whatever follows.
                Some(target) => safe.extend(["<", &target, ">"]),
                None => safe.push_str(LINK_REMOVED),
            }
            done = found.start() + address.len();
        }
        words(&text[done..], &mut safe);
        safe
    }
}

/// An address for Markdown's `[text](target)`, which cannot end too early.
pub(super) fn target(address: &str) -> String {
    let mut target = String::with_capacity(address.len());
    for c in address.chars() {
        if c.is_whitespace() || c.is_control() || "()<>[]|`\\\"".contains(c) {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                write!(target, "%{byte:02X}").unwrap_or_default();
            }
        } else {
            target.push(c);
        }
    }
    target
}

/// Whether Slack opens the address in a browser.
pub(super) fn is_web(address: &str) -> bool {
    ["https://", "http://"]
        .iter()
        .any(|scheme| address.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme)))
}

/// The address without what ends the sentence around it.
fn without_punctuation(found: &str) -> &str {
    let mut address = found;
    loop {
        let shorter = address.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_', '~', '}', '…']);
        let unopened = shorter.ends_with(')') && shorter.matches(')').count() > shorter.matches('(').count();
        let shorter = if unopened { &shorter[..shorter.len() - 1] } else { shorter };
        if shorter.len() == address.len() {
            return address;
        }
        address = shorter;
    }
}

/// Appends text without schemes. Slack makes links of words such as `a.example` and `page.md`: as code they are none.
fn words(text: &str, safe: &mut String) {
    let mut done = 0;
    for found in WORD.find_iter(text) {
        let start =
            found.as_str().trim_start_matches(['_', '\'', ':', '.', '!', '?', '-', '/', '=', '#', '&', '+', '@']);
        let word = start.trim_end_matches(['_', '\'', ':', '.', '!', '?', '-', '…', '=']);
        let at = found.end() - start.len();
        if is_linked(word) {
            calls(&text[done..at], safe);
            safe.push('`');
            safe.push_str(word);
            safe.push('`');
            done = at + word.len();
        }
    }
    calls(&text[done..], safe);
}

/// Whether Slack may make a link of a word: a domain with or without a path, an e-mail address.
fn is_linked(word: &str) -> bool {
    let (host, rest) = word.split_at(word.find(['/', '?', '#', ':']).unwrap_or(word.len()));
    let host = host.rsplit('@').next().unwrap_or(host);
    let Some((labels, last)) = host.trim_end_matches('.').rsplit_once('.') else { return false };
    let one_case = !last.chars().any(char::is_uppercase) || !last.chars().any(char::is_lowercase);
    let is_name = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    last.chars().count() >= 2
        && (last.chars().all(char::is_alphabetic) || last.starts_with("xn--"))
        && (one_case || !rest.is_empty())
        && labels.split('.').all(is_name)
}

/// Appends text in which `@channel` and the like call nobody.
fn calls(text: &str, safe: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, after) = rest.split_at(at + 1);
        safe.push_str(before);
        if CALLS.iter().any(|call| after.get(..call.len()).is_some_and(|word| word.eq_ignore_ascii_case(call))) {
            safe.push(WORD_JOINER);
        }
        rest = after;
    }
    safe.push_str(rest);
}
