//! From a question and its thread to an answer with sources.
//!
//! The seam is [`Answerer`]: a [`Request`] (the question and the turns before it) in, an answer out.
//! [`AnyAnswerer::from_config`] makes the one that `answer.mode` names:
//!
//! * `extract` ([`ExtractAnswerer`], the default) asks its sources ([`Sources`]: a folder of pages, held in memory and
//!   read again when it changes) for the passages that fit the question, and quotes them with where they are from. When none fits it says so: nobody is quoted
//!   something irrelevant. While the folder is away it answers nothing: a source that cannot be opened is not quoted.
//! * `echo` ([`EchoAnswerer`]) repeats the question and counts the turns it knows, for load and fault tests.
//!
//! To add a way of answering: implement [`Answerer`], add a variant to [`AnyAnswerer`], and report failures as
//! [`AnswerError::QuestionFails`] or [`AnswerError::DependencyDown`]; the difference decides whether the question loses
//! one of its attempts. Texts from outside go through [`mention::neutralise`] and [`limit::shorten`].
//!
//! # Metrics
//! | name | kind | what |
//! |---|---|---|
//! | `threadkeeper_answers_total` | counter; `mode` = echo, extract; `outcome` = answered, nothing_fits, nothing_asked | answers made (one question may be answered more than once, and is posted once) |
//! | `threadkeeper_answer_extract_seconds` | histogram | search and composition of one answer |
//! | `threadkeeper_knowledge_files` | gauge | files that can be searched |
//! | `threadkeeper_knowledge_passages` | gauge | passages that can be searched |
//! | `threadkeeper_knowledge_skipped_files` | gauge | files and folders passed over when it was read last |

mod answerer;
mod citation;
mod draft;
mod echo;
mod error;
mod extract;
mod knowledge;
pub mod limit;
pub mod mention;
pub mod prose;
mod quotation;
mod source;
mod sources;

pub use self::{
    answerer::{Answerer, AnyAnswerer, Request},
    draft::{Draft, DraftReader, DraftWriter, Step, draft},
    echo::EchoAnswerer,
    error::{AnswerError, Blame},
    extract::ExtractAnswerer,
    knowledge::{Block, Hit, Knowledge, Library, Passage, Skipped},
    source::{Findings, Found, Inquiry, KnowledgeSource},
    sources::{AnySource, Sources},
};
