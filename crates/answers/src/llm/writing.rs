//! An answer while it comes: what is safe of it is shown, and remembered as shown.

use crate::{
    DraftWriter, Found,
    prose::{Sanitised, Sanitiser},
};

/// An answer while it comes.
#[derive(Debug)]
pub(crate) struct Writing<'a> {
    sanitiser: Sanitiser,
    draft: &'a DraftWriter,
    shown: bool,
}

impl<'a> Writing<'a> {
    /// An answer that may cite `sources`.
    pub(crate) fn new(sources: &[Found], draft: &'a DraftWriter) -> Self {
        Self { sanitiser: Sanitiser::new(sources), draft, shown: false }
    }

    /// Takes a piece from the model.
    pub(crate) fn hear(&mut self, piece: &str) {
        let safe = self.sanitiser.push(piece);
        self.show(&safe);
    }

    /// Whether somebody may have seen anything of it.
    pub(crate) fn is_shown(&self) -> bool {
        self.shown
    }

    /// The whole answer.
    pub(crate) fn finish(self) -> Sanitised {
        let Self { sanitiser, draft, .. } = self;
        let whole = sanitiser.finish();
        if !whole.rest.is_empty() {
            draft.append(&whole.rest);
        }
        whole
    }

    fn show(&mut self, safe: &str) {
        if !safe.is_empty() {
            self.shown |= self.draft.append(safe);
        }
    }
}
