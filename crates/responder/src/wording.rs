//! What people read in Slack besides answers: short, says what happened and what happens next.

/// Put after an answer that was made without the turns before it, so that nobody takes it for one that knew them.
pub(crate) const UNREADABLE_THREAD: &str =
    "\n\n_I could not read the earlier messages of this thread, so this answer does not know them._";

/// A question that was given up after its last attempt.
pub(crate) fn given_up(attempts: u32) -> String {
    let times = if attempts == 1 { "my attempt" } else { "every one of my attempts" };
    format!(
        "Sorry, I could not answer this: {times} failed. Your question is not lost. It is kept for the team that runs \
         me, with the reason, so please turn to them if it is urgent. You can go on asking in this thread."
    )
}
