//! The protocol, its weak variants, and what may go wrong in a search.

/// The protocol or one deviation from it. A weak variant leaves out one rule; its counterexample is the reason for the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Variant {
    /// Everything as promised.
    Protocol,

    // --- order and identity
    /// The ingress takes no number before it says 200.
    NoRegistration,
    /// The ingress takes a number in whatever epoch.
    NumberInAnyEpoch,
    /// Redelivered copies of a question that is being answered are acked too, not only fresh ones.
    RedeliveredTwinsDropped,
    /// A claim whose reply was lost is repeated as fresh.
    LostReplyStaysFresh,
    /// Any copy that has come back takes its question over from whoever is answering it, not only the owner's own.
    AnyReturnedTakesOver,
    /// A copy that has come back takes over whenever it claims, not only at its first claim.
    ReturnedForEver,
    /// The owner's copy that has come back takes over while it is being posted too, and does not look in Slack.
    TakenOverWhilePosting,
    /// An older event that arrives late goes before one that is being posted.
    OlderBeforePosting,
    /// A lease per thread, but no turn list.
    LeaseWithoutTurns,

    // --- answer once
    /// Whoever takes over posts without looking in Slack.
    NoReconciliation,
    /// The question is marked done before it is posted.
    DoneBeforePosting,
    /// A seen-flag is set before the work (set-if-absent dedupe).
    SeenBeforeWork,
    /// The copy is acked when it is claimed.
    AckedAtClaim,
    /// `finish` does not compare.
    UnfencedFinish,
    /// `finish` compares the owner; who lost deletes its message.
    LoserDeletes,
    /// One read in Slack is enough, although reads lag behind posts.
    SingleRead,
    /// After a post with unknown outcome the question is open again.
    OpenWithoutWord,
    /// A second part that Slack refuses opens the question again, although the first part is visible.
    OpenAfterFirstPart,
    /// Whoever takes over makes a new answer.
    TakeOverAnswersAnew,
    /// The messages' metadata does not say which answer they belong to.
    AnswersUnnamed,

    // --- streams
    /// Whoever takes over begins a second stream.
    SecondStream,
    /// A stream that was announced, and whose message is not known, is not looked for in Slack, by nobody.
    DraftNotLookedFor,
    /// A stream carries the answer's metadata from its start.
    DraftsMarked,
    /// An attempt that has begun a stream and finds Redis in another epoch does not say there which message it is.
    StreamForgotten,

    // --- calls that Slack executes late
    /// Nobody cleans up.
    NoSweep,
    /// Only an attempt that saw the unknown outcome leaves a copy for the clean-up; one that takes over does not.
    SweepOnlyAfterUnknown,
    /// A copy for the clean-up is acked when Redis does not know its question.
    SweepForgets,

    // --- giving up
    /// `bury` does not compare.
    BuryWithoutCompare,
    /// Buried first, published to `dead` after.
    BuryBeforeDead,
    /// Attempts are counted when they fail, not when they are claimed.
    AttemptsCountedAtFailure,
    /// An attempt that a broken dependency ended counts.
    OutageCounts,
    /// A hand-over at SIGTERM acks the copy.
    HandOverAcks,

    // --- Redis forgets
    /// What is older than the epoch is not looked up in Slack.
    NoEpochRule,
    /// The epoch begins in the past of the loss.
    SinceInThePast,
    /// Turns of an older epoch stay.
    TurnsOutliveTheirEpoch,
    /// A context of an older epoch is used as it is, by questions that are younger than the loss.
    StaleContextKept,
    /// An answer that is found in Slack for a question that Redis does not know is appended to the context.
    DoubtfulAppends,
    /// A context rebuilt from Slack replaces the stored one without comparing, whatever was recorded since.
    BaseNotCompared,
    /// An attempt that has posted and finds Redis in another epoch leaves no copy for the clean-up.
    NoSweepAfterLoss,
    /// Claims are granted at once in a new epoch, while attempts of the old one may still be posting.
    NoSettling,
    /// After a loss responders tell what they claimed, and the epoch begins at the youngest of that.
    RollCall,
    /// The same, but only the settling ends early; the epoch begins at the loss.
    RollCallEndsSettling,

    /// More than the protocol asks: the answer of a copy that is not fresh is looked up in Slack, always.
    ReturnedLookedUp,

    // --- assumptions about time, dropped
    /// A worker may be frozen between its check of the time and the call to Slack, and then posts.
    FrozenPoster,
    /// Slack may execute a call after the clean-up.
    SlowSlack,
    /// A lease that ran out and a connection that was lost do not speak against a question.
    PausesAreNoFailures,
}

/// How often each fault may happen in one run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Faults {
    /// A process dies between any two steps.
    pub crashes: u8,
    /// A live owner's lease runs out, or a worker's broker connection is lost and it runs on.
    pub zombies: u8,
    /// Slack sends an event twice.
    pub doubles: u8,
    /// Slack sends a younger event first.
    pub swaps: u8,
    /// Redis cannot be reached by the ingress.
    pub away: u8,
    /// Redis loses everything.
    pub losses: u8,
    /// Redis falls back to an older copy.
    pub rollbacks: u8,
    /// An answered question is forgotten because it is old, and its context is not.
    pub trims: u8,
    /// The reply to a granted claim is lost.
    pub lost_replies: u8,
    /// An answer cannot be made: the question's own failure.
    pub failures: u8,
    /// A dependency is down, or Slack cannot be read.
    pub outages: u8,
    /// A worker is told to stop.
    pub stops: u8,
    /// Slack says that it did not post (429, refused connection).
    pub refusals: u8,
    /// Slack posted, and its answer is lost.
    pub lost_answers: u8,
    /// Slack executes a call after its caller gave up.
    pub late_calls: u8,
    /// A read in Slack does not show what was just posted.
    pub lags: u8,
}

/// One search: what is run, and what may go wrong.
#[derive(Debug, Clone, Copy)]
pub struct Configuration {
    /// What it shows.
    pub name: &'static str,
    /// Protocol or weak variant.
    pub variant: Variant,
    /// Questions in the thread, 1 to 3.
    pub events: u8,
    /// Responders.
    pub workers: u8,
    /// Parts of each answer, 1 or 2.
    pub parts: u8,
    /// Answers are streamed.
    pub streams: bool,
    /// A question is given up after so many attempts; 0 = never.
    pub attempts: u8,
    /// Questions that cannot be answered, as a bit per event.
    pub failing: u8,
    /// Questions that kill the worker that answers them, as a bit per event.
    pub poison: u8,
    /// A turn without a copy is forgotten after a while. Off where the protocol must do without.
    pub lays_ghosts: bool,
    /// What may go wrong.
    pub faults: Faults,
}

/// No faults at all.
pub const NONE: Faults = Faults {
    crashes: 0,
    zombies: 0,
    doubles: 0,
    swaps: 0,
    away: 0,
    losses: 0,
    rollbacks: 0,
    trims: 0,
    lost_replies: 0,
    failures: 0,
    outages: 0,
    stops: 0,
    refusals: 0,
    lost_answers: 0,
    late_calls: 0,
    lags: 0,
};

impl Configuration {
    /// Two questions, two workers, answers of one part, no faults.
    pub const fn new(name: &'static str, variant: Variant, faults: Faults) -> Self {
        Configuration {
            name,
            variant,
            events: 2,
            workers: 2,
            parts: 1,
            streams: false,
            attempts: 0,
            failing: 0,
            poison: 0,
            lays_ghosts: false,
            faults,
        }
    }

    /// With so many questions.
    #[must_use]
    pub const fn events(self, events: u8) -> Self {
        Configuration { events, ..self }
    }

    /// Turns without a copy are forgotten after a while.
    #[must_use]
    pub const fn laying_ghosts(self) -> Self {
        Configuration { lays_ghosts: true, ..self }
    }

    /// With so many responders.
    #[must_use]
    pub const fn workers(self, workers: u8) -> Self {
        Configuration { workers, ..self }
    }

    /// With answers of so many parts.
    #[must_use]
    pub const fn parts(self, parts: u8) -> Self {
        Configuration { parts, ..self }
    }

    /// With answers that are shown while they are made.
    #[must_use]
    pub const fn streamed(self) -> Self {
        Configuration { streams: true, ..self }
    }

    /// Questions are given up after so many attempts.
    #[must_use]
    pub const fn attempts(self, attempts: u8) -> Self {
        Configuration { attempts, ..self }
    }

    /// These questions cannot be answered.
    #[must_use]
    pub const fn failing(self, failing: u8) -> Self {
        Configuration { failing, ..self }
    }

    /// These questions kill their worker.
    #[must_use]
    pub const fn poison(self, poison: u8) -> Self {
        Configuration { poison, ..self }
    }
}
