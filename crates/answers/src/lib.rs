//! From a question and its thread to an answer with sources.
//!
//! The seam is [`Answerer`]: a [`Request`] (the question, the turns before it and what others said in its thread) in, an answer out.
//! [`AnyAnswerer::from_config`] makes the one that `answer.mode` names:
//!
//! * `extract` ([`ExtractAnswerer`], the default) asks its sources ([`Sources`]: a folder of pages, held in memory and
//!   read again when it changes) for the passages that fit the question, and quotes them with where they are from. When none
//!   fits it says so: nobody is quoted something irrelevant. While the folder is away it answers nothing: a source that cannot be opened is not quoted.
//! * `llm` ([`LlmAnswerer`]) has a language model answer from the same passages, which cites them, and shows the answer while it
//!   comes. A model that is away makes questions wait; one that refuses a question fails that question alone.
//! * `echo` ([`EchoAnswerer`]) repeats the question and counts the turns it knows, for load and fault tests.
//!
//! A source is a folder ([`Library`]) or a search service of the team ([`SearchService`]); to add a kind, implement
//! [`KnowledgeSource`] and add a variant to [`AnySource`].
//!
//! To add a way of answering: implement [`Answerer`], add a variant to [`AnyAnswerer`], and report failures as
//! [`AnswerError::QuestionFails`] or [`AnswerError::DependencyDown`]; the difference decides whether the question loses
//! one of its attempts. Texts from outside go through [`mention::neutralise`] and [`limit::shorten`].
//!
//! # Metrics
//! | name | kind | what |
//! |---|---|---|
//! | `threadkeeper_answers_total` | counter; `mode` = echo, extract, llm; `outcome` = answered, nothing_fits, nothing_asked, and of llm unsourced | answers made (one question may be answered more than once, and is posted once) |
//! | `threadkeeper_answer_extract_seconds` | histogram | search and composition of one answer |
//! | `threadkeeper_model_tokens_total` | counter; `model`; `direction` = in, out | tokens read and written, as the provider counts, else as we do |
//! | `threadkeeper_model_first_token_seconds` | histogram; `model` | from a request to the first piece of its answer |
//! | `threadkeeper_model_seconds` | histogram; `model` | from a request to the end of its answer |
//! | `threadkeeper_model_failures_total` | counter; `model`; `kind` = unreachable, silent, rate_limited, resting, server, unauthorised, no_credit, not_found, refused, filtered, empty, spent, cut, malformed, stalled, late, client | requests that got no whole answer |
//! | `threadkeeper_model_retries_total` | counter; `model` | requests that were made again at once |
//! | `threadkeeper_model_fallbacks_total` | counter; `model` | answers that the fallback was asked for |
//! | `threadkeeper_model_rewrites_total` | counter; `outcome` = rewritten, failed | follow-ups that a model was to make stand by themselves |
//! | `threadkeeper_knowledge_files` | gauge | files that can be searched |
//! | `threadkeeper_knowledge_passages` | gauge | passages that can be searched |
//! | `threadkeeper_knowledge_skipped_files` | gauge | files and folders passed over when it was read last |

mod answerer;
mod citation;
mod draft;
mod echo;
mod error;
mod extract;
mod heard;
mod knowledge;
pub mod limit;
mod llm;
pub mod mention;
mod more;
pub mod prose;
mod quotation;
mod search;
mod source;
mod sources;

pub use self::{
    answerer::{Answerer, AnyAnswerer, Request},
    draft::{Draft, DraftReader, DraftWriter, Step, draft},
    echo::EchoAnswerer,
    error::{AnswerError, Blame},
    extract::ExtractAnswerer,
    heard::{Author, Heard},
    knowledge::{Block, Hit, Knowledge, Library, Passage, Skipped},
    llm::{LlmAnswerer, ModelCheck, check_models},
    search::SearchService,
    source::{Findings, Found, Inquiry, KnowledgeSource},
    sources::{AnySource, Sources},
};
