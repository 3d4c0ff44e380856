//! Which messages and traces changed since when, so that a page asks for just these.

use std::collections::{BTreeMap, HashMap};

use shared::{ids::ChannelId, ts::MessageTs};

/// Something that the page shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// A message.
    Message(ChannelId, MessageTs),
    /// The way of a question.
    Trace(ChannelId, MessageTs),
}

/// Counts changes. Each subject is listed once, at its last change: whoever missed a hundred changes of a message asks for
/// one.
#[derive(Debug, Default)]
pub(crate) struct Revisions {
    latest: u64,
    by_subject: HashMap<Subject, u64>,
    subjects: BTreeMap<u64, Subject>,
}

impl Revisions {
    /// The subject has changed.
    pub(crate) fn touch(&mut self, subject: Subject) {
        self.latest += 1;
        if let Some(before) = self.by_subject.insert(subject.clone(), self.latest) {
            self.subjects.remove(&before);
        }
        self.subjects.insert(self.latest, subject);
    }

    /// The number of the last change; 0 = none yet.
    pub(crate) fn latest(&self) -> u64 {
        self.latest
    }

    /// What changed after the change `revision`, in the order of the last changes.
    pub(crate) fn since(&self, revision: u64) -> impl Iterator<Item = &Subject> {
        self.subjects.range(revision + 1..).map(|(_, subject)| subject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_listed_once_at_its_last_change() {
        let subject = |micros| Subject::Message(ChannelId::new("C1"), MessageTs::from_micros(micros).unwrap());
        let mut revisions = Revisions::default();
        revisions.touch(subject(1));
        revisions.touch(subject(2));
        let seen = revisions.latest();
        revisions.touch(subject(1));
        revisions.touch(subject(1));
        assert_eq!(revisions.since(0).collect::<Vec<_>>(), [&subject(2), &subject(1)]);
        assert_eq!(revisions.since(seen).collect::<Vec<_>>(), [&subject(1)]);
        assert_eq!(revisions.since(revisions.latest()).count(), 0);
    }
}
