//! What becomes of a request.

use std::time::Duration;

/// What the simulated model does with one request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Quotes the sources of the request, each with its number; says so when there are none.
    Quotes,
    /// Says this.
    Says(Speech),
    /// Refuses.
    Refuses(Refusal),
    /// Takes the request and never answers.
    Hangs,
}

impl Reply {
    /// Says `text` in pieces of a word each, without pauses.
    pub fn says(text: impl Into<String>) -> Self {
        Self::Says(Speech { text: text.into(), pause: Duration::ZERO, ending: Ending::Complete })
    }

    /// Refuses with this HTTP status.
    pub fn refuses(status: u16) -> Self {
        Self::Refuses(Refusal { status, code: "simulated_refusal".to_owned(), retry_after: None })
    }

    /// Waits so long before each piece.
    #[must_use]
    pub fn pausing(mut self, pause: Duration) -> Self {
        if let Self::Says(speech) = &mut self {
            speech.pause = pause;
        }
        self
    }

    /// Ends in another way than by having said everything.
    #[must_use]
    pub fn ending(mut self, ending: Ending) -> Self {
        if let Self::Says(speech) = &mut self {
            speech.ending = ending;
        }
        self
    }

    /// Asks to come again after so many seconds.
    #[must_use]
    pub fn after_seconds(mut self, seconds: u64) -> Self {
        if let Self::Refuses(refusal) = &mut self {
            refusal.retry_after = Some(seconds);
        }
        self
    }

    /// Gives this `error.code`, such as `context_length_exceeded`.
    #[must_use]
    pub fn because_of(mut self, code: &str) -> Self {
        if let Self::Refuses(refusal) = &mut self {
            code.clone_into(&mut refusal.code);
        }
        self
    }
}

/// Something said.
#[derive(Debug, Clone)]
pub struct Speech {
    /// All of it; it is sent word by word.
    pub text: String,
    /// The wait before each piece.
    pub pause: Duration,
    /// What comes after the last piece.
    pub ending: Ending,
}

impl Speech {
    /// The pieces, each a word with the space after it; joined they are the text.
    pub(crate) fn pieces(&self) -> Vec<String> {
        self.text.split_inclusive(' ').map(str::to_owned).collect()
    }
}

/// How a speech ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With everything said: `finish_reason` = `stop`.
    Complete,
    /// At the longest length: `finish_reason` = `length`.
    TooLong,
    /// By the provider's filter: `finish_reason` = `content_filter`.
    Filtered,
    /// The connection breaks.
    Cut,
    /// The connection is closed in good order, without `[DONE]`.
    Unfinished,
    /// A chunk that is no JSON.
    Malformed,
    /// An `error` in the stream, as a server sends it that fails while it writes.
    Error,
    /// Nothing more comes, and the connection stays open.
    Silence,
}

/// A refusal with an HTTP status.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// `error.code` in the body.
    pub code: String,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
}
