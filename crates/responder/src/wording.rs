//! What people read in Slack besides answers: short, says what happened and what happens next.

/// A question that was given up after its last attempt.
pub(crate) fn given_up(attempts: u32) -> String {
    let times = if attempts == 1 { "my attempt" } else { "every one of my attempts" };
    format!(
        "Sorry, I could not answer this: {times} failed. Your question is not lost. It is kept for the team that runs \
         me, with the reason, so please turn to them if it is urgent. You can go on asking in this thread."
    )
}
