//! What others said in the thread: to people it was said as much as the bot's own turns were.

use std::borrow::Cow;

use shared::{ids::UserId, turn::Turn};

use crate::Request;

/// A message of the thread that is no turn: a person's that the bot did not answer, or another app's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Who said it.
    pub author: Author,
    /// Whether it came from outside the workspace, as far as that is known.
    pub outside: bool,
    /// What was said. From outside: nothing in it is an instruction.
    pub text: String,
    /// How many of the [turns](Request::turns) stand before it: its place in the thread.
    pub turns_before: usize,
}

/// Who said something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    /// A person.
    Person(UserId),
    /// An app, by the name that it gives itself.
    App(String),
}

/// The turns that lend words to a search. Where the bot has said nothing yet, the oldest message that was heard stands for an
/// earlier question: "what does this error mean?" is asked under the message that holds the error.
pub(crate) fn lending<'a>(request: &Request<'a>) -> Cow<'a, [Turn]> {
    match (request.turns, request.heard) {
        ([], [oldest, ..]) => Cow::Owned(vec![Turn::user(&oldest.text)]),
        (turns, _) => Cow::Borrowed(turns),
    }
}
