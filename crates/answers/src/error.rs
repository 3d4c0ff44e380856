//! What can go wrong on the way to an answer.

use std::{error::Error, io, path::PathBuf};

/// Why there is no answer, or why no answerer could be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// There is nothing to answer from.
    #[error(
        "option `answer.knowledge` is not set: extract and llm mode answer from a folder of documents; \
         set THREADKEEPER__ANSWER__KNOWLEDGE to its path (or `search.url` to a search service), or `answer.mode` to \
         `echo` for load tests"
    )]
    KnowledgeUnset,
    /// The folder, or a folder in it, cannot be listed.
    #[error(
        "option `answer.knowledge`: folder `{}` cannot be read; check that it exists, is mounted and readable for \
         this user",
        path.display()
    )]
    KnowledgeUnreadable {
        /// The folder that was to be listed.
        path: PathBuf,
        /// What the file system said.
        #[source]
        source: io::Error,
    },
    /// The folder holds nothing to answer from.
    #[error(
        "option `answer.knowledge`: folder `{}` holds no readable page with text (Markdown, .txt, .rst, HTML; \
         skipped: {skipped}); put the documents there, or point the option at the folder that has them",
        path.display()
    )]
    KnowledgeEmpty {
        /// The configured folder.
        path: PathBuf,
        /// Files and folders that were passed over: hidden, larger than 1 MiB, unreadable.
        skipped: usize,
    },
    /// Llm mode without a model.
    #[error("option `model.name` is not set: llm mode needs a language model")]
    ModelUnset {
        /// What to set.
        #[source]
        source: shared::config::ConfigError,
    },
    /// A model that cannot be used as it is configured.
    #[error("option `{option}` = `{name}` is not possible: {reason}")]
    ModelUnusable {
        /// `model.name` or `model.fallback`.
        option: &'static str,
        /// The model's name.
        name: String,
        /// What is missing.
        reason: &'static str,
    },
    /// The instructions for the model cannot be used.
    #[error("option `answer.prompt_file`: `{}` cannot be used: {reason}", path.display())]
    PromptUnreadable {
        /// The configured file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// This question cannot be answered, however often it is tried against healthy dependencies.
    #[error("the question cannot be answered; see the cause, it is tried again a few times and then given up")]
    QuestionFails {
        /// What went wrong with it.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// Something that every answer needs is away; no question is to blame.
    #[error("{dependency} is not available; questions wait until it is back")]
    DependencyDown {
        /// What is away, for a person: `language model`.
        dependency: &'static str,
        /// How it was noticed.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

/// Whom a failure is laid to: this decides whether it counts as one of the question's attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The question: the attempt counts, and after the last one the question is given up.
    Question,
    /// A dependency: the question waits, uncounted, until it is back.
    Dependency,
}

impl AnswerError {
    /// Whom this failure is laid to.
    pub fn blame(&self) -> Blame {
        match self {
            Self::QuestionFails { .. } => Blame::Question,
            Self::KnowledgeUnset
            | Self::KnowledgeUnreadable { .. }
            | Self::KnowledgeEmpty { .. }
            | Self::ModelUnset { .. }
            | Self::ModelUnusable { .. }
            | Self::PromptUnreadable { .. }
            | Self::DependencyDown { .. } => Blame::Dependency,
        }
    }
}
