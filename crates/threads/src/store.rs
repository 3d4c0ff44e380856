//! The store of threads: who may answer now, and what was said before.

use std::{future::Future, time::Duration};

use shared::{
    conversation::Conversation,
    ids::{BurialId, OwnerId},
    ts::MessageTs,
};

use crate::{
    epoch::EpochStamp,
    error::ThreadError,
    outcome::{
        Announced, Attempt, Begun, Buried, Claim, Claimed, Finish, Finished, Look, Noted, Pace, Permit, Registered,
        Released, Renewed, State, Streams,
    },
};

/// How long it is remembered that a thread was forgotten on request. Slack keeps the messages, so a follow-up that comes
/// later than this is answered with them again; 90 days are far beyond the length of any conversation.
pub(crate) const FORGOTTEN_FOR: Duration = Duration::from_hours(90 * 24);

/// Turn order and context of all threads, shared by all processes.
///
/// Every operation is one step that happens wholly or not at all, and is safe to repeat by its caller when the answer was
/// lost. To add an implementation, run [`mod@crate::conformance`] against it.
///
/// # Errors
/// Every operation fails with a [`ThreadError`] when the store cannot be reached or refuses; it may have run.
pub trait ThreadStore: Send + Sync {
    /// The epoch this process knows; the ingress takes it before it publishes a question.
    fn stamp(&self) -> EpochStamp;

    /// Takes a number in the thread's turn list. `stamp` is of before the question was published: a number is taken in
    /// that epoch only, else a question whose copy is gone could block the thread for ever. `replay` reopens that burial;
    /// the notice that told its person is kept for the answer ([`crate::outcome::Grant::notice`]).
    fn register(
        &self,
        conversation: &Conversation,
        ts: MessageTs,
        stamp: EpochStamp,
        replay: Option<&BurialId>,
    ) -> impl Future<Output = Result<Registered, ThreadError>> + Send;

    /// Asks for the right to answer. Registers the question if need be; grants only to the head of the turn list, to one
    /// owner at a time, and counts the attempt. An owner whose own copy has come back ([`Claim::returned`]) is fenced at
    /// once if nothing was posted; a lease of a begun post is waited for. After an error the claim's outcome is unknown: the copy is never fresh again.
    fn claim(
        &self,
        conversation: &Conversation,
        ts: MessageTs,
        claim: Claim,
    ) -> impl Future<Output = Result<Claimed, ThreadError>> + Send;

    /// Lengthens the lease to at least `lease` from now.
    fn renew(
        &self,
        conversation: &Conversation,
        ts: MessageTs,
        owner: &OwnerId,
        lease: Duration,
    ) -> impl Future<Output = Result<Renewed, ThreadError>> + Send;

    /// Gives the thread back without an answer.
    fn release(
        &self,
        conversation: &Conversation,
        ts: MessageTs,
        owner: &OwnerId,
        state: State,
        attempt: Attempt,
    ) -> impl Future<Output = Result<Released, ThreadError>> + Send;

    /// Announces what is going to be posted; the lease becomes `lease` from now. After a stream its answer is announced too,
    /// before it is finished.
    fn begin_post(
        &self,
        conversation: &Conversation,
        ts: MessageTs,
        owner: &OwnerId,
        announced: Announced<'_>,
        lease: Duration,
    ) -> impl Future<Output = Result<Begun, ThreadError>> + Send;

    /// Notes which message the announced stream is; none = Slack said that it has begun none. The first message stays. It
    /// is true whoever says it and in any epoch, so nobody has to own the question for it.
    fn note_stream(
        &self,
        conversation: &Conversation,
        ts: MessageTs,
        message: Option<MessageTs>,
    ) -> impl Future<Output = Result<Noted, ThreadError>> + Send;

    /// The streams of a thread, as far as they are remembered; changes nothing.
    fn streams(
        &self,
        conversation: &Conversation,
        ts: MessageTs,
    ) -> impl Future<Output = Result<Streams, ThreadError>> + Send;

    /// Records the answer and puts question and answer into the context. The first record wins.
    fn finish(
        &self,
        conversation: &Conversation,
        ts: MessageTs,
        owner: &OwnerId,
        finish: Finish<'_>,
    ) -> impl Future<Output = Result<Finished, ThreadError>> + Send;

    /// Gives the question up, whoever owns it. A delivery is acked only after this said dead, done or withdrawn.
    fn bury(
        &self,
        conversation: &Conversation,
        ts: MessageTs,
        burial: &BurialId,
    ) -> impl Future<Output = Result<Buried, ThreadError>> + Send;

    /// Records that the person was told about the burial. The first notice stays.
    fn note_told(
        &self,
        conversation: &Conversation,
        ts: MessageTs,
        burial: &BurialId,
        notice: MessageTs,
    ) -> impl Future<Output = Result<(), ThreadError>> + Send;

    /// Forgets on request what was said in the thread up to `at`, the request's own timestamp: the context goes at once, an
    /// answer under way does not bring it back, and what is older is not read from Slack again for 90 days. Whether there was
    /// a context. Questions that wait stay, and are answered without it. Asked again with the same `at`, or an older one, it
    /// does nothing.
    fn forget(
        &self,
        conversation: &Conversation,
        at: MessageTs,
    ) -> impl Future<Output = Result<bool, ThreadError>> + Send;

    /// What became of a question; changes nothing.
    fn look(
        &self,
        conversation: &Conversation,
        ts: MessageTs,
    ) -> impl Future<Output = Result<Look, ThreadError>> + Send;

    /// Asks for one permit in `lane` (a name such as `chat.postMessage:C0FFEE`). A permit that was granted and whose answer
    /// was lost is spent.
    fn permit(&self, lane: &str, pace: Pace) -> impl Future<Output = Result<Permit, ThreadError>> + Send;

    /// Nobody gets a permit in `lane` for this time: Slack said so.
    fn hold(&self, lane: &str, pace: Pace, duration: Duration) -> impl Future<Output = Result<(), ThreadError>> + Send;

    /// Whether the people of a thread are to be told now that a question of theirs waits: once in `at_most_every`, by all
    /// workers together. If so it is noted, and `remembered` for so long. Says nothing about turns.
    fn note_waiting(
        &self,
        conversation: &Conversation,
        at_most_every: Duration,
        remembered: Duration,
    ) -> impl Future<Output = Result<bool, ThreadError>> + Send;

    /// Whether [`note_waiting`](Self::note_waiting) is remembered; it is forgotten then.
    fn forget_waiting(&self, conversation: &Conversation) -> impl Future<Output = Result<bool, ThreadError>> + Send;

    /// A small write. A read would succeed while the store is out of memory.
    fn probe(&self) -> impl Future<Output = Result<(), ThreadError>> + Send;

    /// The write of an idle process, once a second, by which lost writes are noticed.
    fn heartbeat(&self) -> impl Future<Output = Result<(), ThreadError>> + Send;
}
