//! What every store of threads does: one behaviour per function, run against each implementation.
//!
//! A test crate implements [`Laboratory`] and says [`conformance!`](crate::conformance!), which makes one test of each
//! behaviour; each gets a laboratory of its own.

#![expect(clippy::missing_panics_doc, reason = "a behaviour that does not hold panics")]

pub mod contexts;
pub mod endings;
pub mod epochs;
pub mod order;
pub mod pacing;
pub mod posting;
pub mod streaming;
pub mod waiting;

use std::{future::Future, time::Duration};

use shared::{
    answer::{Answer, Format},
    conversation::Conversation,
    ids::{BurialId, ChannelId, CopyId, OwnerId},
    ts::MessageTs,
};

use crate::{
    outcome::{
        Announced, Attempt, Base, Begun, Buried, Claim, Claimed, Finish, Finished, Grant, KeptAnswer, Look, Noted,
        Registered, Released, Renewed, State, Streams,
    },
    store::ThreadStore,
};

/// The lease in all behaviours.
const LEASE: Duration = Duration::from_secs(30);

/// A store under test, and what a test has to do behind its back.
pub trait Laboratory: Send + Sync {
    /// The store.
    type Store: ThreadStore;

    /// The store under test, with `context.max_turns` = 6, and the defaults otherwise.
    fn store(&self) -> &Self::Store;

    /// The store's clock, ms since 1970.
    fn now(&self) -> u64;

    /// Moves the store's clock forward.
    fn advance(&self, by: Duration);

    /// Marks an open question as taken back by the person.
    fn withdraw(&self, conversation: &Conversation, ts: MessageTs) -> impl Future<Output = ()> + Send;

    /// Puts a context there, as another application does.
    fn put_context(&self, conversation: &Conversation, json: &str) -> impl Future<Output = ()> + Send;

    /// Removes a context, as an expiry does.
    fn remove_context(&self, conversation: &Conversation) -> impl Future<Output = ()> + Send;

    /// The stored context, byte for byte.
    fn context(&self, conversation: &Conversation) -> impl Future<Output = Option<String>> + Send;

    /// Falls back behind this epoch: what is stored stays, and is of before.
    fn lose_the_epoch(&self) -> impl Future<Output = ()> + Send;

    /// Loses all data.
    fn lose_everything(&self) -> impl Future<Output = ()> + Send;
}

/// One thread in a laboratory, with short forms of the operations that panic when the store fails.
pub struct Thread<'l, L> {
    /// The laboratory.
    pub laboratory: &'l L,
    /// The thread.
    pub conversation: Conversation,
    base: u64,
}

impl<'l, L: Laboratory> Thread<'l, L> {
    /// A thread whose questions are a minute old.
    pub fn new(laboratory: &'l L) -> Self {
        let base = (laboratory.now() - 60_000) * 1000;
        let root = MessageTs::from_micros(base).expect("a time of this century");
        Self { laboratory, conversation: Conversation::Thread { channel: ChannelId::new("C0FFEE"), root }, base }
    }

    /// The timestamp of the thread's `n`th message; they are one ms apart.
    pub fn ts(&self, n: u64) -> MessageTs {
        MessageTs::from_micros(self.base + n * 1000).expect("a time of this century")
    }

    /// Registers the `n`th message.
    pub async fn register(&self, n: u64) -> Registered {
        let store = self.laboratory.store();
        store.register(&self.conversation, self.ts(n), store.stamp(), None).await.expect("register")
    }

    /// Reopens a burial.
    pub async fn replay(&self, n: u64, burial: &str) -> Registered {
        let store = self.laboratory.store();
        let burial = BurialId::new(burial);
        store.register(&self.conversation, self.ts(n), store.stamp(), Some(&burial)).await.expect("register")
    }

    /// Claims with a copy that was parked before.
    pub async fn claim(&self, n: u64, owner: &str) -> Claimed {
        self.claim_copy(n, owner, "copy", false).await
    }

    /// Claims with one copy.
    pub async fn claim_copy(&self, n: u64, owner: &str, copy: &str, fresh: bool) -> Claimed {
        self.claim_as(n, owner, copy, (fresh, false)).await
    }

    /// Claims with one copy that the broker has redelivered.
    pub async fn claim_returned(&self, n: u64, owner: &str, copy: &str) -> Claimed {
        self.claim_as(n, owner, copy, (false, true)).await
    }

    async fn claim_as(&self, n: u64, owner: &str, copy: &str, (fresh, returned): (bool, bool)) -> Claimed {
        let claim = Claim { owner: OwnerId::new(owner), copy: CopyId::new(copy), fresh, returned, lease: LEASE };
        self.laboratory.store().claim(&self.conversation, self.ts(n), claim).await.expect("claim")
    }

    /// Claims what has to be granted.
    pub async fn run(&self, n: u64, owner: &str) -> Grant {
        match self.claim(n, owner).await {
            Claimed::Run(grant) => grant,
            other => panic!("message {n} should run for {owner}, not {other:?}"),
        }
    }

    /// Renews the lease.
    pub async fn renew(&self, n: u64, owner: &str) -> Renewed {
        let owner = OwnerId::new(owner);
        self.laboratory.store().renew(&self.conversation, self.ts(n), &owner, LEASE).await.expect("renew")
    }

    /// Gives the thread back.
    pub async fn release(&self, n: u64, owner: &str, state: State, attempt: Attempt) -> Released {
        let (store, owner) = (self.laboratory.store(), OwnerId::new(owner));
        store.release(&self.conversation, self.ts(n), &owner, state, attempt).await.expect("release")
    }

    /// Announces the post of `answer n`.
    pub async fn begin_post(&self, n: u64, owner: &str) -> Begun {
        let (store, owner) = (self.laboratory.store(), OwnerId::new(owner));
        let answer = kept(n);
        let announced = Announced::Answer(&answer);
        store.begin_post(&self.conversation, self.ts(n), &owner, announced, LEASE).await.expect("begin_post")
    }

    /// Announces a stream for the `n`th message.
    pub async fn begin_stream(&self, n: u64, owner: &str) -> Begun {
        let (store, owner) = (self.laboratory.store(), OwnerId::new(owner));
        store.begin_post(&self.conversation, self.ts(n), &owner, Announced::Stream, LEASE).await.expect("begin_post")
    }

    /// Notes that the stream is message `message`; none = there is none.
    pub async fn note_stream(&self, n: u64, message: Option<u64>) -> Noted {
        let (store, message) = (self.laboratory.store(), message.map(|message| self.ts(message)));
        store.note_stream(&self.conversation, self.ts(n), message).await.expect("note_stream")
    }

    /// The streams of the thread.
    pub async fn streams(&self, n: u64) -> Streams {
        self.laboratory.store().streams(&self.conversation, self.ts(n)).await.expect("streams")
    }

    /// Records `question n` and `answer n`, posted as message `posted`.
    pub async fn finish(&self, n: u64, owner: &str, grant: &Grant, posted: u64) -> Finished {
        self.finish_with(n, owner, grant, (posted, Base::None)).await
    }

    /// Records an answer together with a rebuilt context.
    pub async fn finish_with(&self, n: u64, owner: &str, grant: &Grant, (posted, base): (u64, Base)) -> Finished {
        let (question, answer) = (format!("question {n}"), format!("answer {n}"));
        let finish = Finish { answer_ts: &[self.ts(posted)], question: &question, answer: &answer, grant, base };
        let (store, owner) = (self.laboratory.store(), OwnerId::new(owner));
        store.finish(&self.conversation, self.ts(n), &owner, finish).await.expect("finish")
    }

    /// Claims, announces and records: the whole way of one question, posted as message `n + 1000`.
    pub async fn answer(&self, n: u64) {
        let grant = self.run(n, "whole way").await;
        assert_eq!(self.begin_post(n, "whole way").await, Begun::Ok);
        assert!(matches!(self.finish(n, "whole way", &grant, n + 1000).await, Finished::Ok { .. }));
    }

    /// Gives the question up.
    pub async fn bury(&self, n: u64, burial: &str) -> Buried {
        let (store, burial) = (self.laboratory.store(), BurialId::new(burial));
        store.bury(&self.conversation, self.ts(n), &burial).await.expect("bury")
    }

    /// Records that the person was told.
    pub async fn note_told(&self, n: u64, burial: &str, notice: u64) {
        let (store, burial) = (self.laboratory.store(), BurialId::new(burial));
        store.note_told(&self.conversation, self.ts(n), &burial, self.ts(notice)).await.expect("note_told");
    }

    /// Forgets what was said up to the `n`th message; whether there was a context.
    pub async fn forget(&self, n: u64) -> bool {
        self.laboratory.store().forget(&self.conversation, self.ts(n)).await.expect("forget")
    }

    /// What became of the question.
    pub async fn look(&self, n: u64) -> Look {
        self.laboratory.store().look(&self.conversation, self.ts(n)).await.expect("look")
    }

    /// Takes the question back.
    pub async fn withdraw(&self, n: u64) {
        self.laboratory.withdraw(&self.conversation, self.ts(n)).await;
    }
}

/// A conversation beside that of [`Thread::new`].
fn direct_messages() -> Conversation {
    Conversation::DirectMessages { channel: ChannelId::new("D0FFEE") }
}

/// `answer n` as it is kept.
pub fn kept(n: u64) -> KeptAnswer {
    let answer = Answer { text: format!("answer {n}"), format: Format::Markdown, sources: Vec::new() };
    KeptAnswer { answer, entries: 0, parts: Vec::new() }
}

/// Makes one `#[tokio::test]` of each behaviour. `$laboratory` is an expression that makes a new laboratory; it may await.
#[macro_export]
macro_rules! conformance {
    ($laboratory:expr) => {
        $crate::conformance!(@each $laboratory;
            order: only_the_oldest_question_runs,
            order: one_owner_at_a_time,
            order: a_claim_repeated_by_its_owner_is_the_same_run,
            order: an_unregistered_question_is_registered_by_its_claim,
            order: a_late_older_question_does_not_pass_one_that_is_being_posted,
            order: a_twin_is_recognised_only_while_the_other_copy_is_being_answered,
            order: a_copy_that_the_broker_took_from_its_owner_takes_over_at_once,
            order: a_copy_that_is_not_the_owners_waits_for_the_lease,
            order: a_lease_that_ran_out_lets_another_worker_in,
            order: a_renewed_lease_keeps_the_thread,
            order: a_released_question_is_free_at_once,
            order: an_attempt_is_given_back_once,
            order: a_failed_question_rests_for_every_copy,
            order: attempts_are_counted_per_claim,
            posting: a_begun_post_is_seen_by_the_next_worker_with_its_answer,
            posting: a_returned_copy_waits_for_the_lease_of_a_post,
            posting: only_slack_itself_reopens_a_begun_post,
            posting: a_worker_that_lost_its_lease_may_not_post,
            posting: renewing_never_shortens_the_lease_of_a_post,
            posting: the_first_record_wins,
            posting: a_worker_that_lost_its_lease_may_record_what_it_posted,
            posting: a_record_waits_while_another_question_is_the_head,
            posting: recording_twice_names_the_own_messages,
            streaming: an_announced_stream_is_seen_by_the_next_worker,
            streaming: whoever_takes_over_knows_the_message_of_the_stream,
            streaming: the_first_message_of_a_stream_stays,
            streaming: a_stream_that_slack_refused_was_none,
            streaming: a_stream_is_kept_when_its_question_is_open_again,
            streaming: a_stream_of_a_decided_question_is_to_be_removed,
            streaming: a_stream_is_noted_after_a_loss_by_whoever_began_it,
            streaming: who_cleans_up_knows_the_streams_of_the_others,
            streaming: a_notice_takes_the_place_of_a_stream,
            endings: an_answered_question_is_done_for_everybody,
            endings: a_buried_question_is_dead_for_everybody,
            endings: the_first_burial_and_the_first_notice_stay,
            endings: an_answered_question_cannot_be_buried,
            endings: a_replay_reopens_only_its_own_burial,
            endings: a_replay_knows_the_notice_of_its_burial,
            endings: a_burial_while_posting_is_looked_up_when_it_is_replayed,
            endings: a_withdrawn_question_is_withdrawn_for_everybody,
            endings: a_question_so_old_that_it_may_be_forgotten_stays_unknown_until_it_is_posted,
            endings: a_look_tells_what_became_of_a_question_and_changes_nothing,
            endings: unknown_questions_are_lost_to_who_did_not_claim_them,
            contexts: a_follow_up_knows_the_turns_before_it,
            contexts: what_another_application_wrote_survives_byte_for_byte,
            contexts: the_oldest_entries_go_first,
            contexts: entries_that_came_meanwhile_are_kept,
            contexts: a_rebuilt_context_is_used_only_when_there_is_none,
            contexts: a_replacing_context_stands_alone,
            contexts: a_context_read_before_another_turn_was_recorded_does_not_replace_it,
            contexts: a_forgotten_context_stays_forgotten,
            contexts: a_thread_is_forgotten_once_for_each_request,
            contexts: who_answers_after_it_was_forgotten_knows_since_when,
            contexts: a_record_of_before_is_not_put_into_the_context_of_after,
            contexts: a_context_that_vanished_meanwhile_is_not_begun_anew,
            pacing: permits_come_in_a_burst_and_then_at_the_rate,
            pacing: a_lane_on_hold_gives_no_permit_until_the_time_is_over,
            waiting: a_thread_is_told_once_in_a_while_that_it_waits,
            waiting: what_a_thread_was_told_is_forgotten_once,
            waiting: each_thread_is_told_for_itself,
            epochs: a_loss_is_told_to_every_operation,
            epochs: after_a_loss_claims_wait_until_the_questions_have_their_places,
            epochs: after_a_loss_older_questions_are_looked_up_first,
            epochs: a_context_of_before_a_loss_is_stale_until_it_is_replaced,
            epochs: a_number_is_taken_only_in_the_epoch_of_the_request,
        );
    };
    (@each $laboratory:expr; $($group:ident: $behaviour:ident,)*) => {
        $(
            #[tokio::test]
            async fn $behaviour() {
                $crate::conformance::$group::$behaviour(&$laboratory).await;
            }
        )*
    };
}
