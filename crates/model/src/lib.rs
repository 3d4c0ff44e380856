//! The delivery protocol as a model.

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
