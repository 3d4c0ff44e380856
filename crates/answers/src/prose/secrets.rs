//! Secrets whose form is known are masked, wherever they stand.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Captures, Regex};

/// Stands for a secret.
pub(super) const MASK: &str = "(secret removed)";

/// Forms of secrets. The group `secret` is masked, or else everything. `\b` in front and the lengths keep hashes, UUIDs and
/// plain Base64 as they are.
const FORMS: [(&str, &str); 13] = [
    ("Slack token", r"\bxox[a-z](?:\.[a-z]+)?-[A-Za-z0-9-]{10,}"),
    ("Slack app token", r"\bxapp-\d-[A-Za-z0-9-]{10,}"),
    ("Slack webhook", r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[A-Za-z0-9/_-]{20,})"),
    ("AWS access key", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"),
    (
        "AWS secret key",
        r#"(?i)\b(?:aws[\w.-]{0,20})?secret[\w.-]{0,4}access[\w.-]{0,4}key\b["'` ]{0,3}(?:[:=]|is){0,2}[>"'` ]{0,3}(?P<secret>[A-Za-z0-9/+]{40})"#,
    ),
    ("GitHub token", r"\bgh[pousr]_[A-Za-z0-9]{20,}"),
    ("GitHub fine-grained token", r"\bgithub_pat_[A-Za-z0-9_]{20,}"),
    ("GitLab token", r"\bgl(?:pat|ptt|dt|rt)-[A-Za-z0-9_-]{20,}"),
    ("OpenAI, Anthropic or Stripe key", r"\b(?:sk|rk)[-_](?:[a-z]+[0-9]*[-_])*[A-Za-z0-9_-]{20,}"),
    ("Google API key", r"\bAIza[A-Za-z0-9_-]{30,}"),
    ("JSON Web Token", r"\beyJ[A-Za-z0-9_-]{5,}\.eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*"),
    ("password in an address", r"\b[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s/:@]{0,200}:(?P<secret>[^\s/@]{1,200})@[^\s@]"),
    ("bearer token", r#"(?i)\bbearer["'` :=]{1,4}(?P<secret>[A-Za-z0-9._~+/-]{16,}=*)"#),
];

/// Values in documentation that stand for a password.
const PLACEHOLDERS: [&str; 9] = ["password", "passwd", "pass", "pwd", "secret", "guest", "changeme", "xxx", "token"];

static SECRETS: LazyLock<Vec<Regex>> =
    LazyLock::new(|| FORMS.iter().map(|(_, form)| Regex::new(form).expect("a form of secrets is a regex")).collect());

/// `text` with its secrets masked.
pub(super) fn mask(text: &str) -> Cow<'_, str> {
    SECRETS.iter().fold(Cow::Borrowed(text), |text, form| match form.replace_all(&text, masked) {
        Cow::Borrowed(_) => text,
        Cow::Owned(masked) => Cow::Owned(masked),
    })
}

/// `text`, of any number of lines, with its secrets masked, private keys too: for what is quoted, and for what leaves for a
/// language model.
pub(crate) fn mask_secrets(text: &str) -> String {
    let mut keys = KeyFilter::default();
    let mut kept = String::with_capacity(text.len());
    text.chars().for_each(|c| keys.take(c, &mut kept));
    keys.release(&mut kept);
    mask(&kept).into_owned()
}

fn masked(found: &Captures<'_>) -> String {
    let whole = found.get(0).map_or("", |all| all.as_str());
    let Some(secret) = found.name("secret") else { return MASK.to_owned() };
    if is_placeholder(secret.as_str()) {
        return whole.to_owned();
    }
    let start = found.get(0).map_or(0, |all| all.start());
    format!("{}{MASK}{}", &whole[..secret.start() - start], &whole[secret.end() - start..])
}

fn is_placeholder(secret: &str) -> bool {
    let named = PLACEHOLDERS.iter().any(|placeholder| secret.eq_ignore_ascii_case(placeholder));
    named || secret == MASK || secret.chars().any(|c| "<>{}$*…".contains(c))
}

/// Takes out the body of private keys in PEM form, which goes over many lines.
#[derive(Debug, Default)]
pub(super) struct KeyFilter {
    /// The last characters that were passed on.
    tail: String,
    /// What follows a key's first line, as long as it may be a key.
    held: Option<String>,
    /// Whether `held` is a key for certain, and is not kept any more.
    is_key: bool,
}

/// As long as a key's first line.
const TAIL: usize = 64;
const KEY_LINE_END: &str = "PRIVATE KEY-----";
const KEY_LINE_START: &str = "-----BEGIN";
/// A run of so many characters of Base64 is no word.
const LEAST_OF_A_KEY: usize = 24;
/// If there is no such run in so many characters, it was no key.
const MOST_HELD: usize = 200;

impl KeyFilter {
    /// Takes one character and adds to `kept` what may be passed on.
    pub(super) fn take(&mut self, c: char, kept: &mut String) {
        let Some(held) = &mut self.held else {
            self.pass(c, kept);
            return;
        };
        held.push(c);
        if self.is_key {
            if held.ends_with(KEY_LINE_END) || !is_of_a_key(c) {
                let ended = held.ends_with(KEY_LINE_END);
                // What follows, such as a closing fence, stands on a line of its own, as it did.
                let on_its_line = held.trim_end_matches(|c: char| c != '\n' && !is_of_a_key(c)).ends_with('\n');
                self.held = None;
                self.is_key = false;
                if !ended {
                    if on_its_line {
                        self.pass('\n', kept);
                    }
                    self.pass(c, kept);
                }
            } else if held.len() > MOST_HELD {
                let end = held.split_off(held.len() - TAIL);
                *held = end;
            }
        } else if held.ends_with(KEY_LINE_END) || longest_run(held) >= LEAST_OF_A_KEY {
            self.is_key = !held.ends_with(KEY_LINE_END);
            if !self.is_key {
                self.held = None;
            }
            kept.push(' ');
            kept.push_str(MASK);
            self.tail.clear();
        } else if !is_of_a_key(c) || held.len() > MOST_HELD {
            self.release(kept);
        }
    }

    /// Passes on what was held and was no key.
    pub(super) fn release(&mut self, kept: &mut String) {
        let held = self.held.take().unwrap_or_default();
        if !std::mem::take(&mut self.is_key) {
            held.chars().for_each(|c| self.pass(c, kept));
        }
        // What was passed on may end with a key's first line itself; what follows it is looked at anew.
    }

    fn pass(&mut self, c: char, kept: &mut String) {
        kept.push(c);
        self.tail.push(c);
        if c == '-' && self.tail.ends_with(KEY_LINE_END) && self.tail.contains(KEY_LINE_START) {
            self.held = Some(String::new());
            self.tail.clear();
        }
        if self.tail.len() > 2 * TAIL {
            let start = self.tail.ceil_char_boundary(self.tail.len() - TAIL);
            self.tail.drain(..start);
        }
    }
}

/// Whether a key in PEM form has this character: Base64, its headers, line ends (also written as `\n`), quote marks.
fn is_of_a_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || " \n\t+/=-:,\\>|\"".contains(c)
}

fn longest_run(text: &str) -> usize {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || "+/=".contains(c))).map(str::len).max().unwrap_or_default()
}
