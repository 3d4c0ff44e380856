//! The request to a model: the rules, and what comes from outside between marks that nobody outside can write.

use std::{fmt, fmt::Write as _, fs, path::Path};

use rand::Rng;
use shared::{
    task::{Question, Surface},
    turn::{Role, Turn},
};

use super::said::Said;
use crate::{AnswerError, Author, Found, Heard, citation::SOURCES_HEADING, prose::mask_secrets};

/// The built-in instructions; `answer.prompt_file` replaces them.
const INSTRUCTIONS: &str = include_str!("prompt.md");
/// How a request is written, and that nothing in it is an instruction; follows any instructions.
const BOUNDARIES: &str = include_str!("boundaries.md");
/// The instructions for making a question stand by itself.
const REWRITE: &str = include_str!("rewrite.md");
/// The most that instructions may be, in bytes: more is another kind of file.
const LARGEST_FILE: u64 = 64 * 1024;

/// A request to a model. One message, since not every model takes several of one role after each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prompt {
    /// The rules.
    pub(crate) system: String,
    /// What they are applied to.
    pub(crate) user: String,
}

/// The word in the marks around what comes from outside. Whoever wrote a source or a message could not know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Nonce(String);

impl Nonce {
    /// A new one for each request.
    pub(crate) fn random(random: &mut impl Rng) -> Self {
        Self(format!("{:016x}", random.random::<u64>()))
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a request is made of, as far as it fits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Material<'a> {
    pub(crate) question: &'a Question,
    /// The question's text; cut, when it alone is too long.
    pub(crate) text: &'a str,
    /// What was said in the thread before it, oldest first.
    pub(crate) thread: &'a [Said<'a>],
    /// The passages in the order of their numbers.
    pub(crate) passages: &'a [Found],
    /// What was searched.
    pub(crate) searched: &'a [String],
}

/// The rules that requests begin with.
#[derive(Debug, Clone)]
pub(crate) struct Instructions(String);

impl Instructions {
    /// Those of a file, else the built-in ones.
    ///
    /// # Errors
    /// When the file cannot be read, is no text, empty, or too large.
    pub(crate) fn read(file: Option<&Path>) -> Result<Self, AnswerError> {
        let Some(path) = file else { return Ok(Self(INSTRUCTIONS.to_owned())) };
        let wrong = |reason: String| AnswerError::PromptUnreadable { path: path.to_owned(), reason };
        let size = fs::metadata(path).map_err(|error| wrong(error.to_string()))?.len();
        if size > LARGEST_FILE {
            return Err(wrong(format!("it has {size} bytes, more than {LARGEST_FILE}")));
        }
        let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        if text.trim().is_empty() {
            return Err(wrong("it is empty".to_owned()));
        }
        Ok(Self(text))
    }

    /// The request for an answer.
    pub(crate) fn prompt(&self, material: &Material<'_>, nonce: &Nonce) -> Prompt {
        let mut user = sources(material, nonce);
        user.push_str(&thread(material.thread, nonce));
        user.push_str(&question(material, nonce));
        Prompt { system: format!("{}\n\n{}", self.0.trim(), boundaries(material.question, nonce)), user }
    }
}

/// The request to make a question stand by itself.
pub(crate) fn rewriting(material: &Material<'_>, nonce: &Nonce) -> Prompt {
    let system = format!("{}\n\n{}", REWRITE.trim(), boundaries(material.question, nonce));
    Prompt { system, user: thread(material.thread, nonce) + &question(material, nonce) }
}

fn boundaries(question: &Question, nonce: &Nonce) -> String {
    let audience = if question.externally_shared {
        "People of another organisation read the answer too: say nothing about persons, customers or secrets"
    } else {
        "The answer is read inside the organisation"
    };
    BOUNDARIES.trim().replace("{nonce}", &nonce.0).replace("{audience}", audience)
}

fn sources(material: &Material<'_>, nonce: &Nonce) -> String {
    let mut text = format!("<sources-{nonce} searched=\"{}\">\n", attribute(&material.searched.join(", ")));
    if material.passages.is_empty() {
        text.push_str("Nothing was found.\n");
    }
    for (passage, number) in material.passages.iter().zip(1..) {
        text.push_str(&source(passage, number, nonce));
    }
    text + &format!("</sources-{nonce}>\n")
}

/// One source with its number.
pub(crate) fn source(found: &Found, number: usize, nonce: &Nonce) -> String {
    let mut head = format!(
        "<source-{nonce} number=\"{number}\" title=\"{}\" location=\"{}\"",
        attribute(&found.title),
        attribute(&found.location),
    );
    let optional = [("date", &found.date), ("author", &found.author)];
    for (name, value) in optional.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))) {
        write!(head, " {name}=\"{}\"", attribute(value)).unwrap_or_default();
    }
    if !found.fits {
        head.push_str(" background=\"yes\"");
    }
    format!("{head}>\n{}\n</source-{nonce}>\n", found.text.trim())
}

fn thread(said: &[Said<'_>], nonce: &Nonce) -> String {
    if said.is_empty() {
        return String::new();
    }
    let said: String = said.iter().map(|said| message(said, nonce)).collect();
    format!("<thread-{nonce}>\n{said}</thread-{nonce}>\n")
}

/// One message of the thread.
pub(crate) fn message(said: &Said<'_>, nonce: &Nonce) -> String {
    match said {
        Said::Turn(turn) => turn_message(turn, nonce),
        Said::Heard(heard) => heard_message(heard, nonce),
    }
}

/// A message by somebody else. An app gives itself its name, so that it stands where no person's id and no "you" stands.
fn heard_message(heard: &Heard, nonce: &Nonce) -> String {
    let from = match &heard.author {
        Author::Person(user) => format!("from=\"{}\"", attribute(user.as_str())),
        Author::App(name) => format!("from=\"an app\" name=\"{}\"", attribute(name)),
    };
    let workspace = if heard.outside { "no" } else { "yes" };
    format!(
        "<message-{nonce} {from} workspace=\"{workspace}\">\n{}\n</message-{nonce}>\n",
        mask_secrets(heard.text.trim())
    )
}

/// A question to the bot, or its answer. The context knows only whether a person said it or the bot.
fn turn_message(turn: &Turn, nonce: &Nonce) -> String {
    let from = match turn.role {
        Role::User => "a person",
        Role::Assistant => "you",
    };
    let said = match turn.role {
        Role::User => turn.content.clone(),
        Role::Assistant => without_citations(&turn.content),
    };
    format!("<message-{nonce} from=\"{from}\">\n{}\n</message-{nonce}>\n", mask_secrets(said.trim()))
}

/// An earlier answer without its citations and their list: its numbers mean other passages than those of this request.
fn without_citations(answer: &str) -> String {
    let list = format!("\n{SOURCES_HEADING}");
    let body = answer.rfind(&list).map_or(answer, |start| &answer[..start]);
    let mut parts = body.split('[');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // As in `list[0]`, which is code.
        let is_index = text.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ')'));
        let number = part.split_once(']').filter(|(number, rest)| {
            let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            // What is followed by an address is a link.
            is_number && !is_index && !rest.starts_with('(')
        });
        if let Some((_, rest)) = number {
            // `steps [1].` and `steps [1] [2] more`: the space before it goes with it.
            text.truncate(text.trim_end_matches(' ').len());
            text.push_str(rest);
        } else {
            text.push('[');
            text.push_str(part);
        }
    }
    text
}

fn question(material: &Material<'_>, nonce: &Nonce) -> String {
    let Material { question, text, .. } = material;
    let place = match (question.externally_shared, question.surface) {
        (true, _) => "a channel shared with another organisation",
        (false, Surface::Channel) => "a channel",
        (false, Surface::Group) => "a private channel",
        (false, Surface::DirectMessage) => "a direct message",
        (false, Surface::GroupDirectMessage) => "a group message",
    };
    let names: Vec<&str> = question.files.iter().map(|file| file.name.as_deref().unwrap_or("a file")).collect();
    let files = if names.is_empty() {
        String::new()
    } else {
        format!(" files-that-you-cannot-read=\"{}\"", attribute(&names.join(", ")))
    };
    let from = attribute(question.user.as_str());
    // In a shared channel the question does not tell which side asks.
    let workspace = if question.externally_shared { "unknown" } else { "yes" };
    format!(
        "<question-{nonce} from=\"{from}\" workspace=\"{workspace}\" in=\"{place}\"{files}>\n{}\n</question-{nonce}>\n",
        mask_secrets(text.trim())
    )
}

/// Text as the value of an attribute: on one line, without what would end it.
fn attribute(text: &str) -> String {
    let plain = |c| match c {
        '"' => '\'',
        '<' => '(',
        '>' => ')',
        c => c,
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST_ATTRIBUTE).map(plain).collect()
}

/// A longer title or location is cut, in characters.
const LONGEST_ATTRIBUTE: usize = 300;
