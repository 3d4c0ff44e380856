//! The configurations that are searched, in the order of the tables in `docs/GUARANTEES.md`.

use crate::variants::{Configuration as C, Faults as F, NONE, Variant as V};

const fn protocol(name: &'static str, faults: F) -> C {
    C::new(name, V::Protocol, faults)
}

/// The protocol; each search is complete and finds nothing. Small enough for the test suite.
pub const PROTOCOL: &[C] = &[
    // Processes die, pause, lose their connection; Slack repeats itself.
    protocol("two crashes, a double", F { crashes: 2, doubles: 1, ..NONE }),
    protocol("a crash, a zombie, a double", F { crashes: 1, zombies: 1, doubles: 1, ..NONE }),
    protocol("three questions: a crash, a double", F { crashes: 1, doubles: 1, ..NONE }).events(3),
    protocol("Redis away for the ingress, a crash, a zombie", F { crashes: 1, zombies: 1, away: 1, ..NONE }),
    protocol("three questions: one comes late, a crash", F { crashes: 1, swaps: 1, ..NONE }).events(3),
    protocol("one comes late, a crash, a zombie", F { crashes: 1, zombies: 1, swaps: 1, ..NONE }),
    protocol("a claim's reply is lost, a crash, a double", F { crashes: 1, doubles: 1, lost_replies: 1, ..NONE }),
    protocol("SIGTERM, an outage, a lagging read, a crash", F { crashes: 1, outages: 1, stops: 1, lags: 1, ..NONE }),
    // Slack.
    protocol(
        "Slack: late call, lost answer, refusal; a crash",
        F { crashes: 1, late_calls: 1, lost_answers: 1, refusals: 1, ..NONE },
    ),
    protocol(
        "late call, lagging read, a crash, a zombie",
        F { crashes: 1, zombies: 1, late_calls: 1, lags: 1, ..NONE },
    ),
    protocol(
        "two parts: refusal, late call, lagging read, a crash",
        F { crashes: 1, refusals: 1, late_calls: 1, lags: 1, ..NONE },
    )
    .parts(2),
    // Answers that are shown while they are made.
    protocol("streamed: two crashes", F { crashes: 2, ..NONE }).streamed(),
    protocol("streamed: a crash, a zombie", F { crashes: 1, zombies: 1, ..NONE }).streamed(),
    protocol(
        "streamed: late call, lost answer, refusal; a crash",
        F { crashes: 1, late_calls: 1, lost_answers: 1, refusals: 1, ..NONE },
    )
    .events(1)
    .streamed(),
    protocol("streamed: late call, lagging read, a crash", F { crashes: 1, late_calls: 1, lags: 1, ..NONE }).streamed(),
    protocol(
        "streamed: SIGTERM, an outage, one comes late, a crash",
        F { crashes: 1, outages: 1, stops: 1, swaps: 1, ..NONE },
    )
    .streamed(),
    protocol("streamed, two failures, a late call, a crash", F { crashes: 1, failures: 2, late_calls: 1, ..NONE })
        .events(1)
        .attempts(2)
        .streamed(),
    protocol(
        "streamed, in two parts: lost answer, SIGTERM, a crash",
        F { crashes: 1, lost_answers: 1, stops: 1, ..NONE },
    )
    .events(1)
    .parts(2)
    .streamed(),
    protocol("streamed: Redis loses all, a zombie", F { zombies: 1, losses: 1, ..NONE }).events(1).streamed(),
    // Giving up, after two attempts.
    protocol("a question that always fails: outage, crash, zombie", F { crashes: 1, zombies: 1, outages: 1, ..NONE })
        .attempts(2)
        .failing(1),
    protocol(
        "a question that kills its worker: outage, crash, zombie",
        F { crashes: 1, zombies: 1, outages: 1, ..NONE },
    )
    .attempts(2)
    .poison(1),
    protocol("two failures, a crash, a zombie", F { crashes: 1, zombies: 1, failures: 2, ..NONE }).attempts(2),
    protocol("two failures, a late call, a crash", F { crashes: 1, failures: 2, late_calls: 1, ..NONE }).attempts(2),
    // Redis forgets.
    protocol("Redis loses all, a crash", F { crashes: 1, losses: 1, ..NONE }),
    protocol("Redis loses all, a double", F { doubles: 1, losses: 1, ..NONE }),
    protocol("Redis loses all, a zombie", F { zombies: 1, losses: 1, ..NONE }),
    protocol("Redis loses all, a late call, a crash", F { crashes: 1, losses: 1, late_calls: 1, ..NONE }).events(1),
    protocol("two parts: Redis loses all, lost answer, a crash", F { crashes: 1, losses: 1, lost_answers: 1, ..NONE })
        .events(1)
        .parts(2),
    protocol("Redis loses all, a failure, a zombie", F { zombies: 1, losses: 1, failures: 1, ..NONE })
        .events(1)
        .attempts(1),
    protocol("a late copy of a question that is old, a zombie", F { trims: 1, doubles: 1, zombies: 1, ..NONE })
        .laying_ghosts(),
    protocol("Redis falls back, a zombie", F { rollbacks: 1, zombies: 1, ..NONE }).laying_ghosts(),
];

/// More of the same, for the table only: each takes up to a minute.
pub const LARGE: &[C] = &[
    protocol("two crashes, two zombies", F { crashes: 2, zombies: 2, ..NONE }),
    protocol(
        "Redis away for the ingress, a crash, a zombie, a double",
        F { crashes: 1, zombies: 1, doubles: 1, away: 1, ..NONE },
    ),
    protocol("one comes late, a crash, a zombie, a double", F { crashes: 1, zombies: 1, doubles: 1, swaps: 1, ..NONE }),
    protocol("Redis loses all, a zombie, a double", F { zombies: 1, doubles: 1, losses: 1, ..NONE }),
    protocol("Redis loses all, a zombie, a crash", F { zombies: 1, crashes: 1, losses: 1, ..NONE }).laying_ghosts(),
    protocol("Redis falls back, a double", F { rollbacks: 1, doubles: 1, ..NONE }).laying_ghosts(),
    protocol("three questions: Redis falls back", F { rollbacks: 1, ..NONE }).events(3),
];

const fn weak(name: &'static str, variant: V, faults: F) -> C {
    C::new(name, variant, faults).events(1)
}

/// One rule left out each, and the promise that then breaks.
pub const WEAK: &[(C, &str)] = &[
    (weak("the ingress takes no number", V::NoRegistration, NONE).events(2), "CONTEXT"),
    (weak("a number in whatever epoch", V::NumberInAnyEpoch, F { doubles: 1, losses: 1, ..NONE }), "STUCK"),
    (
        weak("redelivered twins are acked", V::RedeliveredTwinsDropped, F { crashes: 1, zombies: 1, ..NONE }).events(2),
        "LOST",
    ),
    (weak("a claim is repeated as fresh", V::LostReplyStaysFresh, F { lost_replies: 1, ..NONE }), "LOST"),
    (
        weak("any returned copy takes over", V::AnyReturnedTakesOver, F { doubles: 1, ..NONE }).events(2).attempts(1),
        "GIVEN UP EARLY",
    ),
    (
        weak("a copy takes over at each of its claims", V::ReturnedForEver, F { crashes: 1, zombies: 1, ..NONE })
            .attempts(3),
        "GIVEN UP EARLY",
    ),
    (
        weak("taken over while it is posted, without a look", V::TakenOverWhilePosting, F { crashes: 1, ..NONE }),
        "DUPLICATE",
    ),
    (
        weak("an older one goes before one being posted", V::OlderBeforePosting, F { crashes: 1, swaps: 1, ..NONE })
            .events(2),
        "CONTEXT",
    ),
    (weak("a lease without a turn list", V::LeaseWithoutTurns, NONE).events(2), "CONTEXT"),
    (weak("no look in Slack", V::NoReconciliation, F { crashes: 1, ..NONE }), "DUPLICATE"),
    (weak("done before posting", V::DoneBeforePosting, F { crashes: 1, ..NONE }), "LOST"),
    (weak("a seen-flag before the work", V::SeenBeforeWork, F { crashes: 1, ..NONE }).events(2), "LOST"),
    (weak("acked at the claim", V::AckedAtClaim, F { crashes: 1, ..NONE }).events(2), "LOST"),
    (weak("finish does not compare", V::UnfencedFinish, F { zombies: 2, ..NONE }).events(2), "CONTEXT"),
    (weak("finish compares the owner", V::LoserDeletes, F { crashes: 1, zombies: 1, ..NONE }).events(2), "LOST"),
    (weak("one read is enough", V::SingleRead, F { crashes: 1, lags: 1, ..NONE }), "DUPLICATE"),
    (weak("open after an unknown outcome", V::OpenWithoutWord, F { lost_answers: 1, crashes: 1, ..NONE }), "DUPLICATE"),
    (
        weak("a refused second part opens the question", V::OpenAfterFirstPart, F { refusals: 1, ..NONE }).parts(2),
        "DUPLICATE",
    ),
    (
        weak("whoever takes over makes a new answer", V::TakeOverAnswersAnew, F { crashes: 1, ..NONE }).parts(2),
        "RECORD",
    ),
    (
        weak("messages do not name their answer", V::AnswersUnnamed, F { crashes: 1, losses: 1, ..NONE }).parts(2),
        "RECORD",
    ),
    (weak("a second stream after a crash", V::SecondStream, F { crashes: 1, ..NONE }).streamed(), "UNFINISHED"),
    (
        weak("a stream without a known message is not looked for", V::DraftNotLookedFor, F { crashes: 1, ..NONE })
            .streamed(),
        "UNFINISHED",
    ),
    (
        weak("a stream is marked as an answer from its start", V::DraftsMarked, F { crashes: 1, ..NONE }).streamed(),
        "UNFINISHED",
    ),
    (
        weak("a stream is not noted anew after a loss", V::StreamForgotten, F { losses: 1, ..NONE }).streamed(),
        "UNFINISHED",
    ),
    (weak("no clean-up", V::NoSweep, F { late_calls: 1, ..NONE }), "DUPLICATE"),
    (
        weak(
            "clean-up only by who saw the unknown outcome",
            V::SweepOnlyAfterUnknown,
            F { late_calls: 1, crashes: 1, ..NONE },
        ),
        "DUPLICATE",
    ),
    (weak("clean-up gives up when Redis forgot", V::SweepForgets, F { late_calls: 1, losses: 1, ..NONE }), "DUPLICATE"),
    (
        weak("bury does not compare", V::BuryWithoutCompare, F { zombies: 1, failures: 1, losses: 1, ..NONE })
            .attempts(1),
        "RECORD",
    ),
    (weak("buried before it is in `dead`", V::BuryBeforeDead, F { crashes: 1, ..NONE }).attempts(2).failing(1), "LOST"),
    (weak("attempts counted when they fail", V::AttemptsCountedAtFailure, NONE).attempts(2).poison(1), "POISON"),
    (weak("an outage counts", V::OutageCounts, F { outages: 2, failures: 1, ..NONE }).attempts(2), "GIVEN UP EARLY"),
    (weak("a hand-over acks", V::HandOverAcks, F { stops: 1, ..NONE }), "LOST"),
    (weak("no epoch rule", V::NoEpochRule, F { losses: 1, doubles: 1, ..NONE }), "DUPLICATE"),
    (weak("the epoch begins before the loss", V::SinceInThePast, F { losses: 1, doubles: 1, ..NONE }), "DUPLICATE"),
    (weak("turns outlive their epoch", V::TurnsOutliveTheirEpoch, F { rollbacks: 1, ..NONE }).events(2), "STUCK"),
    (weak("a context of an older epoch is used", V::StaleContextKept, F { rollbacks: 1, ..NONE }).events(3), "CONTEXT"),
    (
        weak(
            "an adopted answer of an old question is appended",
            V::DoubtfulAppends,
            F { trims: 1, doubles: 1, ..NONE },
        )
        .laying_ghosts(),
        "CONTEXT",
    ),
    (
        weak("a rebuilt context replaces without comparing", V::BaseNotCompared, F { zombies: 2, losses: 1, ..NONE })
            .events(2),
        "CONTEXT",
    ),
    (
        weak("no clean-up after a loss", V::NoSweepAfterLoss, F { rollbacks: 1, doubles: 1, ..NONE }).laying_ghosts(),
        "DUPLICATE",
    ),
    (
        weak("a roll call sets the epoch's begin", V::RollCall, F { losses: 1, doubles: 1, crashes: 1, ..NONE }),
        "DUPLICATE",
    ),
];

/// What the protocol does not promise, and how it shows.
pub const RESIDUAL: &[(C, &str)] = &[
    (
        weak(
            "a frozen worker posts after its time, and a crash",
            V::FrozenPoster,
            F { zombies: 2, crashes: 1, ..NONE },
        )
        .events(2),
        "DUPLICATE",
    ),
    (
        weak(
            "Redis loses all in mid-stream, and the worker dies too",
            V::Protocol,
            F { losses: 1, crashes: 1, ..NONE },
        )
        .streamed(),
        "UNFINISHED",
    ),
    (
        weak("Redis loses all, and Slack begins a stream late", V::Protocol, F { losses: 1, late_calls: 1, ..NONE })
            .streamed(),
        "UNFINISHED",
    ),
    (weak("Slack executes a call after the clean-up", V::SlowSlack, F { late_calls: 1, ..NONE }), "DUPLICATE"),
    (
        weak("Redis falls back by what a process wrote that died", V::Protocol, F { rollbacks: 1, crashes: 1, ..NONE })
            .laying_ghosts(),
        "DUPLICATE",
    ),
    (
        weak("the same, and turns without a copy stay", V::Protocol, F { rollbacks: 1, crashes: 1, ..NONE }).events(2),
        "STUCK",
    ),
    (
        weak(
            "Redis loses all, and a worker whose copy was taken from it claims late and dies",
            V::Protocol,
            F { zombies: 1, crashes: 1, losses: 1, ..NONE },
        )
        .events(2),
        "STUCK",
    ),
    (
        weak("a healthy question whose worker pauses too often", V::PausesAreNoFailures, F { zombies: 2, ..NONE })
            .attempts(1),
        "GIVEN UP EARLY",
    ),
];

/// Rules that could be added or left out without breaking a promise.
pub const ALTERNATIVES: &[C] = &[
    C::new("no settling after a loss, a zombie", V::NoSettling, F { losses: 1, zombies: 1, ..NONE }),
    C::new("a roll call ends the settling, a zombie", V::RollCallEndsSettling, F { losses: 1, zombies: 1, ..NONE }),
    C::new(
        "a roll call ends the settling, a double, a crash",
        V::RollCallEndsSettling,
        F { losses: 1, doubles: 1, crashes: 1, ..NONE },
    )
    .events(1),
    C::new(
        "returned copies are looked up: Redis falls back, a crash",
        V::ReturnedLookedUp,
        F { rollbacks: 1, crashes: 1, ..NONE },
    )
    .events(1)
    .laying_ghosts(),
];

/// Small ones, searched for livelocks too.
pub const LIVELY: &[C] = &[
    protocol("a crash, a zombie", F { crashes: 1, zombies: 1, ..NONE }),
    protocol("a crash, a failure, an outage", F { crashes: 1, failures: 1, outages: 1, ..NONE }).attempts(2),
    protocol("a question that kills its worker", F { zombies: 1, ..NONE }).attempts(2).poison(1),
    protocol("two parts: refusal, late call, a crash", F { crashes: 1, refusals: 1, late_calls: 1, ..NONE })
        .events(1)
        .parts(2),
    protocol("Redis loses all, a zombie", F { zombies: 1, losses: 1, ..NONE }),
];
