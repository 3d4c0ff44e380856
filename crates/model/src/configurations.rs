//! The configurations that are searched, in the order of the table in `docs/GUARANTEES.md`.

use crate::variants::{Configuration as C, Faults, NONE, Variant::*};

/// The protocol; each search must be complete and find nothing.
pub const PROTOCOL: &[C] = &[
    C::new("rollback double", Protocol, Faults { rollbacks: 1, doubles: 1, ..NONE }).laying_ghosts(),
    C::new("rollback zombie", Protocol, Faults { rollbacks: 1, zombies: 1, ..NONE }).laying_ghosts(),
    C::new("rollback crash looked up", ReturnedLookedUp, Faults { rollbacks: 1, crashes: 1, ..NONE }).events(2).laying_ghosts(),
];
/// Weak.
pub const WEAK: &[(C, &str)] = &[
 (C::new("", RedeliveredTwinsDropped, Faults{crashes:1,zombies:1,..NONE}), "LOST"),
 (C::new("", LostReplyStaysFresh, Faults{lost_replies:1,..NONE}).events(1), "LOST"),
 (C::new("", SeenBeforeWork, Faults{crashes:1,..NONE}), "LOST"),
 (C::new("", AckedAtClaim, Faults{crashes:1,..NONE}), "LOST"),
 (C::new("", OpenWithoutWord, Faults{lost_answers:1,crashes:1,..NONE}).events(1), "DUPLICATE"),
 (C::new("", BuryWithoutCompare, Faults{zombies:1,failures:1,losses:1,..NONE}).attempts(1).events(1), "RECORD"),
 (C::new("", HandOverAcks, Faults{stops:1,..NONE}).events(1), "LOST"),
 (C::new("", BaseNotCompared, Faults{zombies:2,losses:1,..NONE}), "CONTEXT"),
 (C::new("", BaseNotCompared, Faults{zombies:1,crashes:1,losses:1,..NONE}), "CONTEXT"),
 (C::new("", BaseNotCompared, Faults{lost_replies:1,zombies:1,losses:1,..NONE}), "CONTEXT"),
 (C::new("settle", RollCallEndsSettling, Faults{zombies:1,losses:1,late_calls:1,..NONE}).events(1), "NONE"),
];
