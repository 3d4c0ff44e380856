//! The span of one question.

use tracing::Span;

use crate::task::Question;

/// Its name.
pub(super) const QUESTION: &str = "question";

/// The span in which everything about one question is logged, in every service: one process' hold of one copy.
///
/// | field | what |
/// |---|---|
/// | `slack.team_id`, `slack.channel_id` | where it was asked |
/// | `slack.thread_ts` | root of its thread; its own `ts` where it stands at top level |
/// | `slack.ts` | the message itself; with the channel its identity |
/// | `slack.event_id` | Slack's event that brought this copy; a twin of the same message has another one |
/// | `event_key` | its identity in one word, the same in all services |
/// | `attempt` | 0 = nobody has claimed it yet; recorded at the claim |
///
/// It is an ERROR span so that no level filters it away: it says nothing itself.
pub fn question_span(question: &Question) -> Span {
    tracing::error_span!(
        "question",
        slack.team_id = %question.team,
        slack.channel_id = %question.channel,
        slack.thread_ts = %question.conversation.thread_ts().unwrap_or(question.ts),
        slack.ts = %question.ts,
        slack.event_id = %question.event_id,
        event_key = %question.event_key(),
        attempt = 0_u32,
    )
}
