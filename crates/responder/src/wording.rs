//! What people read in Slack besides answers: short, says what happened and what happens next.

use answers::Step;

use crate::waiting::Reason;

/// Put after an answer that was made without the turns before it, so that nobody takes it for one that knew them.
pub(crate) const UNREADABLE_THREAD: &str =
    "\n\n_I could not read the earlier messages of this thread, so this answer does not know them._";

/// The status of a thread whose answer is being made. Slack puts the bot's name before a status.
pub(crate) const WORKING: &str = "is working on your answer";

/// The status of a thread whose answer is at this step; none where a status would say nothing. (A thread of the agent view
/// has `agents.sessions.setStatus` besides, which the services do not use yet.)
pub(crate) fn step(step: Step) -> Option<&'static str> {
    match step {
        Step::Searching => Some("is searching…"),
        Step::Thinking => Some("is thinking…"),
        Step::Beginning | Step::Writing => None,
    }
}

/// The status of a thread whose question waits; none where there is nothing a person could use.
pub(crate) fn status(reason: Reason) -> Option<String> {
    let status = match reason {
        Reason::Turn { before: 0 } => WORKING,
        Reason::Turn { before: 1 } => "is waiting: one question before yours is being answered",
        Reason::Turn { before } => {
            return Some(format!("is waiting: {before} questions before yours are being answered"));
        }
        Reason::Settling | Reason::OtherEpoch => "is waiting: the questions of this thread are being put in order",
        Reason::AttemptFailed => "could not answer yet, and tries again soon",
        Reason::ModelAway => "is waiting: what it answers from cannot be reached. Your question is kept",
        Reason::RateLimited | Reason::Paced => "has your answer, and waits until Slack lets it write here",
        Reason::CannotRemember => "is waiting: the earlier messages of this thread cannot be read yet",
        Reason::AskedLater => "is checking whether your answer has arrived",
        // Slack would not take it, or there is nothing to say yet.
        Reason::SlackAway
        | Reason::SlackSilent
        | Reason::SlackRefuses
        | Reason::PostLate
        | Reason::Untold
        | Reason::StoreError => {
            return None;
        }
    };
    Some(status.to_owned())
}

/// A question that was given up after so many attempts; with none or one it waited in vain or cannot be answered here.
pub(crate) fn given_up(attempts: u32) -> String {
    let sorry = match attempts {
        0 | 1 => "Sorry, I could not answer this.".to_owned(),
        _ => format!("Sorry, I could not answer this, I tried {attempts} times."),
    };
    format!(
        "{sorry} Your question is not lost: it is kept for the team that runs me, with the reason. Please turn to them if it \
         is urgent. You can go on asking in this thread."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiting_person_reads_how_many_questions_are_before_theirs() {
        let before = |before| status(Reason::Turn { before }).unwrap_or_default();
        assert_eq!(before(0), "is working on your answer");
        assert_eq!(before(1), "is waiting: one question before yours is being answered");
        assert_eq!(before(2), "is waiting: 2 questions before yours are being answered");
    }

    #[test]
    fn a_person_whose_question_was_given_up_reads_what_was_tried_and_what_happens_next() {
        assert!(given_up(5).starts_with("Sorry, I could not answer this, I tried 5 times. Your question is not lost"));
        assert!(given_up(0).starts_with("Sorry, I could not answer this. Your question is not lost"));
    }

    #[test]
    fn what_slack_cannot_show_is_not_worded() {
        assert_eq!(status(Reason::SlackAway), None);
    }
}
