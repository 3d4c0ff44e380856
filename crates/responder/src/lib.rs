//! The responder: the workers that answer.
//!
//! ```text
//! consume::consume            takes deliveries from `work`, one task each, and pauses while Redis is away
//!   worker::Worker::handle    one delivery, from claim to its end
//!     claim                   may this question run now, and here?          not its turn -> parked
//!     reconcile               an earlier attempt may have posted: look in Slack before posting again
//!     remember                the context of the claim, or rebuilt from Slack where Redis has none
//!     answer                  under a lease that is renewed, within a deadline
//!     post                    announce in Redis, then one call to Slack that is never repeated
//!     finish                  save question and answer in the thread, once
//!   ack
//! ```
//!
//! A delivery is only a right to try: any number of copies of a question may exist. The state in Redis decides
//! (`open -> post -> done`), and a copy is acked only when its question is answered, parked or buried.

mod consume;
mod failure;
mod lease;
mod pacing;
mod post;
mod rebuild;
mod reconcile;
pub mod startup;
mod sweep;
mod wording;
mod worker;
