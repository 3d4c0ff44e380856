//! The delivery protocol as a model.

pub mod actions;
pub mod configurations;
pub mod decision;
mod disturbance;
mod intake;
pub mod invariants;
pub mod search;
pub mod state;
mod store;
mod story;
pub mod variants;
mod worker;
