//! The delivery protocol as a model: one thread of questions, every step of every process, every fault, searched
//! completely by [stateright](https://docs.rs/stateright).
//!
//! The services are tested by running them; a test runs one order of events. This crate runs **all** orders of a small
//! world: two or three questions, two responders, one or two crashes. What holds here in each of some millions of worlds is
//! what `docs/GUARANTEES.md` promises, and for each rule of the protocol there is a weak variant without it, whose shortest
//! counterexample is the reason for the rule.
//!
//! ```text
//! cargo test  -p model                             every configuration, two minutes
//! cargo run   -p model --release --example table   the tables of docs/GUARANTEES.md
//! ```
//!
//! Read in this order:
//!
//! 1. [`thread`]: what Redis keeps of one thread.
//! 2. [`decision`]: what each script answers to it (`register`, `claim`, `begin_post`, `finish`, `release`, `bury`), and
//!    what a look in Slack means (`reconcile`). Pure functions, one per decision.
//! 3. [`state`]: the whole world: Slack, the ingress' requests, the copies in the broker, Redis, the responders.
//! 4. [`actions`]: everything that can happen. `intake.rs` (Slack, ingress), `claim.rs`, `look.rs`, `worker.rs` (the
//!    responder), `store.rs` (Redis as a server) and `disturbance.rs` (what goes wrong) do it.
//! 5. [`invariants`]: the promises.
//! 6. [`variants`] and [`configurations`]: what is searched. [`search`] searches it.
//!
//! # How the world is made small
//!
//! * **One thread.** Threads share nothing but responders.
//! * **Copies are a bag without order.** Every order of delivery, parking, requeueing and redelivery is one of its orders.
//! * **A copy has a name only while it matters**: while a lease or another process knows it. A claim takes over what the
//!   broker took away from its owner, and only the name tells this copy from a second one.
//! * **Time is order.** A lease runs out at once when its owner is gone (natural), or while it runs on (a fault). Where the
//!   protocol relies on a duration, the model forbids what the duration excludes, at one named place each: an earlier
//!   attempt cannot begin a call once a look has begun (`end_of_post_time`), nothing is granted in a new epoch while an
//!   attempt of the old one may be posting (`settling`), a clean-up comes after the calls that Slack still has (`sweep`),
//!   a turn is a ghost only if no copy of it is left (`is_ghost`). The residual configurations drop these assumptions.
//! * **Publish-and-ack of a parked copy is one step**, and a crash between the two is a fault of its own.
//! * **A stream is its first message.** What is appended to it changes nothing that anybody decides by, so a draft is one
//!   unmarked message with the text "unfinished"; stop and change are one step that puts the answer into it.
//! * **Rest.** Some promises are about the end: they are checked in worlds in which nothing happens by itself any more. That
//!   such a world is always within reach (no livelock) is searched separately, in small configurations.
//!
//! # What is not modelled
//!
//! Control tasks (stop, forget, edit, delete), `withdrawn`, limits, replays of dead letters, the trimming of contexts
//! and the expiry of keys, private answers, data loss in the broker, several threads, questions older than the dedupe
//! memory. Durations and clocks: their values are argued, not searched.

pub mod actions;
mod claim;
pub mod configurations;
pub mod decision;
mod disturbance;
mod intake;
pub mod invariants;
mod look;
pub mod search;
pub mod state;
mod store;
mod story;
pub mod thread;
pub mod variants;
mod worker;
