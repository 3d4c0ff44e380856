//! Where the system that answers tells of its steps.

use std::{fmt, sync::Arc};

use crate::{site::Site, workspace::Step};

/// Takes the steps of questions and shows them on the page. Clones write into the same log; nothing waits.
#[derive(Clone)]
pub struct StepLog {
    site: Arc<Site>,
}

impl StepLog {
    pub(crate) fn new(site: Arc<Site>) -> Self {
        Self { site }
    }

    /// Notes a step. One of a question that was never asked here, or long ago, is dropped.
    pub fn note(&self, step: Step) {
        self.site.glimpse(|workspace| workspace.note_step(step));
    }
}

impl fmt::Debug for StepLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepLog").finish_non_exhaustive()
    }
}
