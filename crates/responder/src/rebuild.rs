//! Rebuilds a thread's context from Slack, where Redis has none or lost what it had.

use std::time::Duration;

use answers::{Answerer, Heard};
use shared::{ids::EventKey, task::Question, ts::MessageTs, turn::Turn};
use slack::{CallError, event::plain_text, replies::Identity, replies::Seen};
use threads::{
    ThreadError, ThreadStore,
    outcome::{Base, Previous},
};

use crate::{
    decision::Decision,
    found::{Found, found},
    heard::heard,
    reconcile::{NO_HISTORY, Trace},
    waiting::Reason,
    worker::{Try, Worker},
};

/// Between two tries to read a thread that Slack does not show.
const UNREADABLE_PAUSE: Duration = Duration::from_secs(5);

/// A question and its answer, as Slack shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exchange {
    pub(crate) asked: MessageTs,
    question: String,
    answer: String,
}

/// A thread as it was read from Slack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Past {
    exchanges: Vec<Exchange>,
    /// What others said. It is for this answer alone and not for Redis, whose context is shared with another application as
    /// pairs of question and answer. Each attempt reads it again, and finds the same: only what is older than the question counts.
    heard: Vec<Heard>,
}

impl Past {
    fn of(seen: &[Seen], question: &Question, identity: &Identity, forgotten: Option<MessageTs>) -> Self {
        let exchanges = pair_up(seen, question, identity, forgotten);
        let heard = heard(seen, &exchanges, question, identity, forgotten);
        Self { exchanges, heard }
    }

    fn turns(&self) -> Vec<Turn> {
        self.exchanges.iter().flat_map(|e| [Turn::user(&e.question), Turn::assistant(&e.answer)]).collect()
    }
}

/// The context that an answer is made from, and what of it Redis does not have.
pub(crate) enum Memory {
    /// Redis has it.
    Stored,
    /// Read from Slack, because Redis has none.
    Missing(Past),
    /// Read from Slack, because Redis lost data since.
    Lost(Past),
    /// Redis has none, and Slack refuses to show the thread. The answer says so.
    Unreadable,
}

impl Memory {
    /// The turns before the question; none = those of the claim.
    pub(crate) fn turns(&self) -> Option<Vec<Turn>> {
        match self {
            Self::Stored | Self::Unreadable => None,
            Self::Missing(past) | Self::Lost(past) => Some(past.turns()),
        }
    }

    /// What others said before the question, as far as the thread was read.
    pub(crate) fn heard(&self) -> &[Heard] {
        match self {
            Self::Stored | Self::Unreadable => &[],
            Self::Missing(past) | Self::Lost(past) => &past.heard,
        }
    }

    /// What is stored with the answer besides the pair itself.
    pub(crate) fn base(&self, question: &str, answer: &str) -> Base {
        match self {
            Self::Stored | Self::Unreadable => Base::None,
            Self::Missing(past) => Base::IfAbsent(past.turns()),
            Self::Lost(past) => {
                let mut turns = past.turns();
                turns.extend([Turn::user(question), Turn::assistant(answer)]);
                Base::Replace(turns)
            }
        }
    }
}

impl<S: ThreadStore, A: Answerer> Worker<S, A> {
    /// What was said before, from Slack where Redis cannot tell.
    ///
    /// # Errors
    /// When Slack could not be asked.
    pub(crate) async fn remember(&self, attempt: &Try<'_>, trace: &Trace) -> Result<Memory, CallError> {
        let Try { question, grant, .. } = attempt;
        let lost = is_untrusted(grant.stale, grant.previous, matches!(trace, Trace::Posted { .. }));
        let begins = question.conversation.thread_ts() == Some(question.ts);
        if !lost && (begins || grant.context.bytes().is_some()) {
            return Ok(Memory::Stored);
        }
        let identity = self.identity().await?;
        let seen = match self.messages(question).await {
            Err(CallError::Refused { refusal, .. }) => {
                shared::error_once!(
                    NO_HISTORY,
                    slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                    outcome = "unreadable_thread",
                    "{}:{} is answered without the turns before it, and the answer says so: Redis has no context of its \
                     thread and Slack refuses to show it; give the bot its history scopes: {refusal}",
                    question.channel, question.ts,
                );
                return Ok(Memory::Unreadable);
            }
            seen => seen?,
        };
        let past = Past::of(&seen, question, identity, grant.forgotten);
        let turns = past.exchanges.len() * 2;
        if turns > 0 {
            metrics::counter!("threadkeeper_contexts_rebuilt_total").increment(1);
            tracing::info!(
                slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
                turns, heard = past.heard.len(),
                "context of {} rebuilt from Slack ({turns} turns)", question.conversation,
            );
        }
        Ok(if lost { Memory::Lost(past) } else { Memory::Missing(past) })
    }

    /// The thread's earlier turns are in Slack and cannot be read at present: an answer that has forgotten them is what
    /// must not happen, so the question waits, and the log says why.
    pub(crate) async fn cannot_remember(&self, attempt: &Try<'_>, error: &CallError) -> Result<Decision, ThreadError> {
        let question = attempt.question;
        tracing::warn!(
            slack.channel_id = %question.channel, slack.ts = %question.ts, event_key = %question.event_key(),
            outcome = "cannot_remember",
            "{}:{} waits: Redis has no context of its thread and Slack does not show it at present: {error}",
            question.channel, question.ts,
        );
        let wait = match error {
            CallError::RateLimited { retry_after, .. } => *retry_after,
            _ => UNREADABLE_PAUSE,
        };
        match self.waited_too_long(attempt, Reason::CannotRemember) {
            Some(given_up) => Ok(given_up),
            None => self.look_again_later(attempt, wait, Reason::CannotRemember).await,
        }
    }

    /// What Redis has recorded since the thread was read in Slack is read once more, when Slack shows it too.
    ///
    /// # Errors
    /// When Slack could not be asked.
    pub(crate) async fn remember_anew(&self, attempt: &Try<'_>) -> Result<Memory, CallError> {
        let Try { question, grant, .. } = attempt;
        tokio::time::sleep(self.delivery.reconcile_pause).await;
        let identity = self.identity().await?;
        match self.messages(question).await {
            // The stored context stays, and the next question reads the thread if it is stale.
            Err(CallError::Refused { .. }) => Ok(Memory::Unreadable),
            seen => Ok(Memory::Lost(Past::of(&seen?, question, identity, grant.forgotten))),
        }
    }

    async fn messages(&self, question: &Question) -> Result<Vec<Seen>, CallError> {
        if let Some(root) = question.conversation.thread_ts() {
            return self.read(self.replies.thread(&question.channel, root, root)).await;
        }
        // One running conversation: what is older than the context's memory would be forgotten anyway.
        let memory = u64::try_from(self.context_ttl.as_micros()).unwrap_or(u64::MAX);
        let oldest = question.ts.micros().saturating_sub(memory);
        let oldest = MessageTs::from_micros(oldest).unwrap_or(question.ts);
        self.read(self.replies.history(&question.channel, oldest)).await
    }
}

/// Whether the stored context may lack a turn, or hold this question's already.
///
/// One that is older than a loss may lack turns that people see. An answer that was found in Slack (`found`), and whose
/// record Redis may have lost, may stand in the context already: put there by another question that read it from Slack. An
/// answer that was not found cannot; then a context that was begun after the loss is whole, and replacing it would forget
/// what Slack does not show.
fn is_untrusted(stale: bool, previous: Previous, found: bool) -> bool {
    stale || (found && matches!(previous, Previous::BeforeEpoch | Previous::Unknown))
}

/// Puts each own answer beside its question, in the order in which the questions were asked. What was never answered is
/// no turn, as in a context that was never lost; a younger question that was answered first is one, since people see it.
/// What was asked before the thread was forgotten on request is none either, whenever it was answered.
pub(crate) fn pair_up(
    seen: &[Seen],
    question: &Question,
    identity: &Identity,
    forgotten: Option<MessageTs>,
) -> Vec<Exchange> {
    let own: Vec<Seen> = seen.iter().filter(|message| message.is_by(identity)).cloned().collect();
    let mut exchanges: Vec<Exchange> = seen
        .iter()
        .filter(|message| message.ts != question.ts && !message.is_by(identity))
        .filter(|message| forgotten.is_none_or(|forgotten| message.ts > forgotten))
        .filter_map(|asked| {
            let key = EventKey::of(&question.channel, &asked.ts);
            let Found::All { text, .. } = found(&own, &key, None) else { return None };
            Some(Exchange {
                asked: asked.ts,
                question: plain_text(&asked.text, &identity.user),
                answer: plain_text(&text, &identity.user),
            })
        })
        .collect();
    exchanges.sort_by_key(|exchange| exchange.asked);
    exchanges.dedup_by_key(|exchange| exchange.asked);
    exchanges
}

#[cfg(test)]
pub(crate) mod tests {
    use rstest::rstest;
    use shared::{
        conversation::Conversation,
        ids::{ChannelId, EventId, TeamId, UserId},
        task::Surface,
    };
    use slack::replies::{Mark, Metadata, Part};

    use super::*;

    pub(crate) fn ts(seconds: u64) -> MessageTs {
        MessageTs::from_micros(seconds * 1_000_000).unwrap()
    }

    pub(crate) fn bot() -> Identity {
        Identity { team: TeamId::new("T1"), user: UserId::new("UBOT"), bot_id: Some("B1".to_owned()), url: None }
    }

    pub(crate) fn said(seconds: u64, user: &str, text: &str) -> Seen {
        let user = Some(UserId::new(user));
        let (ts, text) = (ts(seconds), text.to_owned());
        Seen {
            ts,
            thread_ts: None,
            user,
            bot_id: None,
            app_id: None,
            app_name: None,
            team: None,
            text,
            mark: None,
            subtype: None,
        }
    }

    pub(crate) fn answered(seconds: u64, question: u64, text: &str) -> Seen {
        let mark = Mark {
            event_type: Metadata::ANSWER.to_owned(),
            event_key: Some(EventKey::of(&ChannelId::new("C1"), &ts(question)).to_string()),
            part: Some(Part::WHOLE),
            answer: None,
        };
        Seen { mark: Some(mark), ..said(seconds, "UBOT", text) }
    }

    pub(crate) fn question(seconds: u64) -> Question {
        let channel = ChannelId::new("C1");
        Question {
            team: TeamId::new("T1"),
            enterprise: None,
            channel: channel.clone(),
            ts: ts(seconds),
            conversation: Conversation::Thread { channel, root: ts(1) },
            user: UserId::new("U1"),
            surface: Surface::Channel,
            text: "now?".to_owned(),
            files: Vec::new(),
            externally_shared: false,
            event_id: EventId::new("Ev1"),
            received_ms: 0,
        }
    }

    fn rebuilt(seen: &[Seen]) -> Vec<(String, String)> {
        pair_up(seen, &question(100), &bot(), None).into_iter().map(|e| (e.question, e.answer)).collect()
    }

    #[test]
    fn questions_come_in_the_order_in_which_they_were_asked_each_with_its_answer() {
        let seen = [
            said(1, "U1", "<@UBOT> one &amp; only?"),
            said(2, "U2", "<@UBOT> two?"),
            answered(3, 2, "second"),
            answered(4, 1, "first"),
        ];
        let expected = [("one & only?", "first"), ("two?", "second")];
        assert_eq!(rebuilt(&seen), expected.map(|(q, a)| (q.to_owned(), a.to_owned())));
    }

    #[test]
    fn what_was_not_answered_is_no_turn_and_the_question_itself_neither() {
        let seen =
            [said(1, "U1", "just talk"), said(100, "U1", "now?"), answered(101, 100, "now"), said(102, "U1", "later")];
        assert!(rebuilt(&seen).is_empty());
    }

    #[test]
    fn a_younger_question_that_was_answered_first_is_a_turn() {
        let seen =
            [said(1, "U1", "one?"), answered(2, 1, "first"), said(102, "U1", "later?"), answered(103, 102, "last")];
        let expected = [("one?", "first"), ("later?", "last")];
        assert_eq!(rebuilt(&seen), expected.map(|(q, a)| (q.to_owned(), a.to_owned())));
    }

    #[test]
    fn what_was_asked_before_the_thread_was_forgotten_stays_forgotten() {
        let seen = [
            said(1, "U1", "one?"),
            answered(6, 1, "late"),
            said(5, "U1", "two?"),
            said(7, "U1", "three?"),
            answered(8, 7, "last"),
        ];
        let exchanges = pair_up(&seen, &question(100), &bot(), Some(ts(5)));
        assert_eq!(exchanges.iter().map(|exchange| exchange.question.as_str()).collect::<Vec<_>>(), ["three?"]);
    }

    #[test]
    fn another_apps_copy_of_our_metadata_is_no_answer_of_ours() {
        let forged = Seen { user: Some(UserId::new("UEVIL")), ..answered(2, 1, "forged") };
        assert!(rebuilt(&[said(1, "U1", "one?"), forged]).is_empty());
    }

    #[rstest]
    #[case(false, Previous::Open, false, false)]
    #[case(false, Previous::BeforeEpoch, false, false)]
    #[case(false, Previous::Unknown, false, false)]
    #[case(false, Previous::BeforeEpoch, true, true)]
    #[case(false, Previous::Unknown, true, true)]
    #[case(true, Previous::Open, false, true)]
    fn a_context_begun_after_a_loss_is_kept_unless_it_may_hold_the_answer_that_was_found(
        #[case] stale: bool,
        #[case] previous: Previous,
        #[case] found: bool,
        #[case] replaced: bool,
    ) {
        assert_eq!(is_untrusted(stale, previous, found), replaced);
    }

    #[test]
    fn lost_contexts_are_replaced_as_a_whole_and_missing_ones_begun() {
        let exchanges = vec![Exchange { asked: ts(1), question: "one?".to_owned(), answer: "first".to_owned() }];
        let before = vec![Turn::user("one?"), Turn::assistant("first")];
        let past = Past { exchanges, heard: Vec::new() };
        assert_eq!(Memory::Missing(past.clone()).base("now?", "now"), Base::IfAbsent(before.clone()));
        let whole = [before, vec![Turn::user("now?"), Turn::assistant("now")]].concat();
        assert_eq!(Memory::Lost(past).base("now?", "now"), Base::Replace(whole));
    }
}
