//! An answer while it is made: what people may be shown of it already.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::sync::watch;

/// What the answerer is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Step {
    /// Nothing that takes time.
    #[default]
    Beginning,
    /// Looks in the sources.
    Searching,
    /// Waits for the language model's first words.
    Thinking,
    /// Words come.
    Writing,
}

/// An answer as far as it has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// What is being done.
    pub step: Step,
    /// What may be shown: whole sentences or lines of standard Markdown, safe for Slack. It only grows. The answer begins with
    /// it, unless a check of the whole answer changes what was said: whoever shows a draft compares, and corrects.
    pub text: String,
}

/// An empty draft: the answerer's end and that of whoever shows it.
pub fn draft() -> (DraftWriter, DraftReader) {
    let (writer, reader) = watch::channel(Draft::default());
    let terms = Arc::default();
    (DraftWriter { draft: writer, terms: Arc::clone(&terms) }, DraftReader { draft: reader, terms })
}

/// What whoever waits for the answer tells the answerer.
#[derive(Debug, Clone, Copy, Default)]
struct Terms {
    /// By when the answer is to be finished.
    until: Option<Instant>,
    /// Nobody is shown the draft.
    hidden: bool,
}

type SharedTerms = Arc<Mutex<Terms>>;

fn lock(terms: &SharedTerms) -> MutexGuard<'_, Terms> {
    terms.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where an answerer tells how far it has come. Nobody has to listen.
#[derive(Debug)]
pub struct DraftWriter {
    draft: watch::Sender<Draft>,
    terms: SharedTerms,
}

impl DraftWriter {
    /// Tells what is being done now.
    pub fn step(&self, step: Step) {
        self.draft.send_if_modified(|draft| std::mem::replace(&mut draft.step, step) != step);
    }

    /// Adds to what may be shown; see [`Draft::text`]. Whether somebody may see it: what nobody sees may be said anew.
    pub fn append(&self, text: &str) -> bool {
        let visible = !lock(&self.terms).hidden;
        self.draft.send_modify(|draft| {
            draft.step = Step::Writing;
            if visible {
                draft.text.push_str(text);
            }
        });
        visible
    }

    /// By when the answer is to be finished, as far as is known now: one that is shown has longer.
    pub fn until(&self) -> Option<Instant> {
        lock(&self.terms).until
    }
}

/// Where a draft is watched.
#[derive(Debug, Clone)]
pub struct DraftReader {
    draft: watch::Receiver<Draft>,
    terms: SharedTerms,
}

impl DraftReader {
    /// The draft as it is.
    pub fn now(&mut self) -> Draft {
        self.draft.borrow_and_update().clone()
    }

    /// Waits until the draft differs from what [`now`](Self::now) gave last; false = it will not change any more.
    pub async fn changed(&mut self) -> bool {
        self.draft.changed().await.is_ok()
    }

    /// Tells by when the answer is to be finished, even if it ends in its middle: whoever waits goes away soon after.
    pub fn finish_by(&self, until: Instant) {
        lock(&self.terms).until = Some(until);
    }

    /// Tells that nobody will be shown the draft, before anything is said: only the answer counts.
    pub fn hide(&self) {
        lock(&self.terms).hidden = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reader_sees_the_newest_draft_and_its_end() {
        let (writer, mut reader) = draft();
        assert_eq!(reader.now(), Draft::default());
        writer.step(Step::Searching);
        writer.append("First. ");
        writer.append("Second.");
        assert!(reader.changed().await);
        assert_eq!(reader.now(), Draft { step: Step::Writing, text: "First. Second.".to_owned() });
        drop(writer);
        assert!(!reader.changed().await);
    }

    #[test]
    fn a_hidden_draft_tells_what_is_done_and_nothing_of_what_is_said() {
        let (writer, mut reader) = draft();
        assert!(writer.append("Seen. "));
        reader.hide();
        assert!(!writer.append("Not seen."));
        assert_eq!(reader.now(), Draft { step: Step::Writing, text: "Seen. ".to_owned() });
    }
}
