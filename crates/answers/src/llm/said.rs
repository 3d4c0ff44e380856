//! The thread as it was said: turns and what was heard, in one order.

use shared::turn::Turn;

use crate::{Heard, Request};

/// One message of the thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said<'a> {
    /// A question to the bot, or its answer.
    Turn(&'a Turn),
    /// What others said.
    Heard(&'a Heard),
}

/// Everything that was said before the question, oldest first.
pub(crate) fn thread<'a>(request: &Request<'a>) -> Vec<Said<'a>> {
    let Request { turns, heard, .. } = *request;
    let mut rest = heard.iter().peekable();
    let mut said = Vec::with_capacity(turns.len() + heard.len());
    for (turn, before) in turns.iter().zip(0..) {
        while let Some(heard) = rest.next_if(|heard| heard.turns_before <= before) {
            said.push(Said::Heard(heard));
        }
        said.push(Said::Turn(turn));
    }
    said.extend(rest.map(Said::Heard));
    said
}
