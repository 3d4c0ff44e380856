//! What of an answer stands in Slack, as far as an attempt knows.

use shared::ts::MessageTs;
use threads::outcome::Stream;

/// Everything that an attempt, or one before it, has shown.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    /// The message that shows the answer while it is made.
    pub(crate) draft: Option<Draft>,
    /// Such a message was announced, and nobody knows whether Slack has begun it.
    pub(crate) in_doubt: bool,
    /// The messages of the answer itself, by part.
    pub(crate) parts: Vec<Option<MessageTs>>,
}

/// A message that shows an answer that is not finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) ts: MessageTs,
    /// What it says, if it is a stream of this attempt and each call was confirmed: then the stream can be completed.
    /// Otherwise its whole text is replaced.
    pub(crate) stream: Option<String>,
}

impl Shown {
    /// What earlier attempts have left.
    pub(crate) fn before(stream: Option<Stream>) -> Self {
        let draft = stream.and_then(|stream| stream.message).map(|ts| Draft { ts, stream: None });
        Self { in_doubt: stream.is_some() && draft.is_none(), draft, parts: Vec::new() }
    }

    /// Another attempt may do everything anew without looking in Slack: nothing of the answer is there, and a draft is known.
    pub(crate) fn leaves_it_open(&self) -> bool {
        !self.in_doubt && self.parts.iter().all(Option::is_none)
    }

    /// The message of a part.
    pub(crate) fn part(&self, place: usize) -> Option<MessageTs> {
        self.parts.get(place).copied().flatten()
    }

    /// A part is visible.
    pub(crate) fn put_part(&mut self, place: usize, ts: MessageTs) {
        if self.parts.len() <= place {
            self.parts.resize(place + 1, None);
        }
        self.parts[place] = Some(ts);
    }

    /// All messages of the answer.
    pub(crate) fn messages(&self) -> Vec<MessageTs> {
        self.parts.iter().flatten().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ts(seconds: u64) -> MessageTs {
        MessageTs::from_micros(seconds * 1_000_000).unwrap()
    }

    #[test]
    fn a_question_is_open_again_unless_something_of_its_answer_is_or_may_be_there() {
        assert!(Shown::before(None).leaves_it_open());
        assert!(!Shown::before(Some(Stream { announced: 1, message: None })).leaves_it_open());
        let mut known = Shown::before(Some(Stream { announced: 1, message: Some(ts(7)) }));
        assert!(known.leaves_it_open());
        known.put_part(1, ts(8));
        assert!(!known.leaves_it_open());
        assert_eq!((known.part(0), known.part(1), known.messages()), (None, Some(ts(8)), vec![ts(8)]));
    }
}
