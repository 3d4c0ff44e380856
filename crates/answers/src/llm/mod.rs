//! `llm` mode: a language model answers from the sources.
//!
//! In reading order: [`answerer`] is the way of one question; [`rewrite`] makes a follow-up stand by itself before it is
//! searched; [`said`] puts the thread in order; [`prompt`] writes the request within a [`budget`] of [`tokens`]; [`attempts`] asks the models, again where that
//! may help; [`model`] is one of them, behind the client library, at its [`provider`]; [`failure`] says what a failure means;
//! [`thoughts`] are left out; [`writing`] is the answer while it
//! comes; [`provenance`] says under an answer where it is from, or that it is from nowhere.

mod answerer;
mod attempts;
mod budget;
mod check;
mod failure;
mod model;
mod prompt;
mod provenance;
mod provider;
mod rewrite;
mod said;
mod thoughts;
mod tokens;
mod writing;

pub use self::{
    answerer::LlmAnswerer,
    check::{ModelCheck, check_models},
};
