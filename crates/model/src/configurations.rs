//! The configurations that are searched, in the order of the table in `docs/GUARANTEES.md`.

use crate::variants::{Configuration as C, Faults, NONE, Variant::*};

/// The protocol; each search must be complete and find nothing.
pub const PROTOCOL: &[C] = &[
    C::new("rollback double", Protocol, Faults { rollbacks: 1, doubles: 1, ..NONE }).laying_ghosts(),
    C::new("rollback zombie", Protocol, Faults { rollbacks: 1, zombies: 1, ..NONE }).laying_ghosts(),
    C::new("rollback crash looked up", ReturnedLookedUp, Faults { rollbacks: 1, crashes: 1, ..NONE }).events(2).laying_ghosts(),
    C::new("rollback 3", Protocol, Faults { rollbacks: 1, ..NONE }).events(3),
];
/// Weak.
pub const WEAK: &[(C, &str)] = &[
 (C::new("", NoRegistration, NONE), "CONTEXT"),
 (C::new("", NumberInAnyEpoch, Faults{doubles:1,losses:1,..NONE}).events(1), "STUCK"),
 (C::new("", RedeliveredTwinsDropped, Faults{crashes:1,zombies:1,..NONE}), "LOST"),
 (C::new("", LostReplyStaysFresh, Faults{lost_replies:1,..NONE}).events(1), "LOST"),
 (C::new("", OlderBeforePosting, Faults{crashes:1,swaps:1,..NONE}), "CONTEXT"),
 (C::new("", LeaseWithoutTurns, NONE), "CONTEXT"),
 (C::new("", NoReconciliation, Faults{crashes:1,..NONE}), "DUPLICATE"),
 (C::new("", DoneBeforePosting, Faults{crashes:1,..NONE}).events(1), "LOST"),
 (C::new("", SeenBeforeWork, Faults{crashes:1,..NONE}), "LOST"),
 (C::new("", AckedAtClaim, Faults{crashes:1,..NONE}), "LOST"),
 (C::new("", UnfencedFinish, Faults{zombies:2,..NONE}), "CONTEXT"),
 (C::new("", LoserDeletes, Faults{crashes:1,zombies:1,..NONE}), "LOST"),
 (C::new("", SingleRead, Faults{crashes:1,lags:1,..NONE}).events(1), "DUPLICATE"),
 (C::new("", OpenWithoutWord, Faults{lost_answers:1,..NONE}).events(1), "DUPLICATE"),
 (C::new("", OpenAfterFirstPart, Faults{refusals:1,..NONE}).events(1).parts(2), "DUPLICATE"),
 (C::new("", TakeOverAnswersAnew, Faults{crashes:1,..NONE}).events(1).parts(2), "RECORD"),
 (C::new("", AnswersUnnamed, Faults{crashes:1,losses:1,..NONE}).events(1).parts(2), "RECORD"),
 (C::new("", NoSweep, Faults{late_calls:1,..NONE}).events(1), "DUPLICATE"),
 (C::new("", SweepOnlyAfterUnknown, Faults{late_calls:1,crashes:1,..NONE}).events(1), "DUPLICATE"),
 (C::new("", SweepForgets, Faults{late_calls:1,losses:1,..NONE}).events(1), "DUPLICATE"),
 (C::new("", BuryWithoutCompare, Faults{zombies:2,failures:2,..NONE}).attempts(2).events(1), "RECORD"),
 (C::new("", BuryUnderAnother, Faults{zombies:1,failures:1,crashes:1,..NONE}).attempts(1).events(1), "RECORD"),
 (C::new("", BuryUnderAnother, Faults{zombies:2,failures:2,crashes:1,..NONE}).attempts(2).events(1), "RECORD"),
 (C::new("", BuryBeforeDead, Faults{crashes:1,..NONE}).attempts(2).events(1).failing(1), "LOST"),
 (C::new("", AttemptsCountedAtFailure, NONE).attempts(2).poison(1), "POISON"),
 (C::new("", OutageCounts, Faults{outages:2,failures:1,..NONE}).attempts(2).events(1), "GIVEN UP EARLY"),
 (C::new("", HandOverAcks, Faults{stops:1,..NONE}).events(1), "LOST"),
 (C::new("", NoEpochRule, Faults{losses:1,doubles:1,..NONE}).events(1), "DUPLICATE"),
 (C::new("", SinceInThePast, Faults{losses:1,doubles:1,..NONE}).events(1), "DUPLICATE"),
 (C::new("", TurnsOutliveTheirEpoch, Faults{rollbacks:1,..NONE}), "STUCK"),
 (C::new("", StaleContextKept, Faults{rollbacks:1,..NONE}).events(3), "CONTEXT"),
 (C::new("", BaseNotCompared, Faults{zombies:1,losses:1,..NONE}), "CONTEXT"),
 (C::new("", NoSweepAfterLoss, Faults{rollbacks:1,doubles:1,..NONE}).events(1), "DUPLICATE"),
 (C::new("", RollCall, Faults{losses:1,doubles:1,crashes:1,..NONE}).events(1), "DUPLICATE"),
 (C::new("residual", FrozenPoster, Faults{zombies:2,crashes:1,..NONE}), "DUPLICATE"),
 (C::new("residual", SlowSlack, Faults{late_calls:1,..NONE}).events(1), "DUPLICATE"),
 (C::new("residual", Protocol, Faults{rollbacks:1,crashes:1,..NONE}).events(1).laying_ghosts(), "DUPLICATE"),
 (C::new("residual", Protocol, Faults{rollbacks:1,crashes:1,..NONE}).events(2), "STUCK"),
 (C::new("residual", NoSettling, Faults{losses:1,zombies:1,crashes:1,..NONE}).events(2), "NONE"),
];
