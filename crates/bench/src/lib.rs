//! What the measuring programs share. They use the product's own code, and docs/BENCHMARKS.md has their results.
//!
//! * `bench-retrieval`: how well passages are found in conversations, and how well it is told that there are none;
//!   with `--rewrites`, how near a search comes to a person's rewritten question;
//! * `bench-knowledge`: how fast and in how much memory a large folder is read and searched;
//! * `bench-first-words`: how soon a person sees the first words of an answer, and what a long one costs in calls of Slack.

pub mod conversations;
pub mod folder;
pub mod memory;
pub mod methods;
pub mod progress;
pub mod refusal;
pub mod rewrites;
pub mod table;
