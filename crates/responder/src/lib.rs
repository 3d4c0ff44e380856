//! The responder: the workers that answer.
//!
//! ```text
//! consume::consume            takes deliveries from `work`, one task each, and pauses while Redis is away
//!   worker::Worker::handle    one delivery, from claim to its end
//!     claim                   may this question run now, and here?          not its turn -> parked
//!     reconcile               an earlier attempt may have posted: look in Slack before posting again
//!     remember                the context of the claim, or rebuilt from Slack where Redis has none, with what others said
//!     answer                  under a lease that is renewed, within a deadline; not while what it is made from is away
//!       stream                what may be shown of it meanwhile, in a message that grows
//!     post                    announce in Redis, then one call to Slack for each message, never repeated
//!     finish                  save question and answer in the thread, once
//!   ack
//! ```
//!
//! A delivery is only a right to try: any number of copies of a question may exist. The state in Redis decides
//! (`open -> post -> done`), and a copy is acked only when its question is answered, parked or buried.
//!
//! [`startup`] puts it together with RabbitMQ and Redis, from [`responder`], which knows neither.
//!
//! | metric | labels | what |
//! |---|---|---|
//! | `threadkeeper_deliveries_total` | `outcome`: `answered`, `adopted`, `done`, `twin`, `waits`, … | copies taken, by how they ended |
//! | `threadkeeper_question_seconds` | | from the ingress' receipt to the visible answer |
//! | `threadkeeper_answer_seconds` | | making one answer |
//! | `threadkeeper_permit_wait_seconds` | | waiting for Slack's pace |
//! | `threadkeeper_rate_limited_total` | | posts that Slack refused with 429 |
//! | `threadkeeper_reconciled_total` | | answers of earlier attempts that were found in Slack |
//! | `threadkeeper_contexts_rebuilt_total` | | contexts read from Slack |
//! | `threadkeeper_leases_lost_total` | | attempts that lost their thread |
//! | `threadkeeper_duplicates_removed_total` | | second answers that were removed |
//! | `threadkeeper_breaker_open` | `dependency`: `model`, `slack`, `slack_token` | 1 while it cannot be used and questions wait for it |
//! | `threadkeeper_statuses_total` | `outcome`: `shown`, `cleared`, `failed` | status lines in threads of people who wait |
//! | `threadkeeper_panics_total` | | questions whose task panicked |

mod answering;
mod breaker;
mod consume;
mod decision;
mod dependencies;
mod dependency;
mod failure;
mod found;
mod heard;
mod lease;
mod notice;
mod pacing;
mod parts;
mod post;
mod put;
mod rebuild;
mod reconcile;
pub mod responder;
mod shown;
pub mod startup;
mod status;
mod stream;
mod sweep;
mod waiting;
mod wording;
mod worker;
