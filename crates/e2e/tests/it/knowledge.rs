//! A folder that answers are made from, and that can go away.

use std::path::PathBuf;

use e2e::StackBuilder;

/// What the folder knows something about.
pub(crate) const QUESTION: &str = "does a zebra have stripes?";

/// A folder of one page, from which a question about zebras is answered.
pub(crate) struct Knowledge {
    place: tempfile::TempDir,
}

impl Knowledge {
    pub(crate) fn new() -> Self {
        let knowledge = Self { place: tempfile::tempdir().expect("a folder for the pages") };
        std::fs::create_dir(knowledge.folder()).expect("it is made");
        knowledge.says("A zebra has stripes.");
        knowledge
    }

    /// The page says this from now on.
    pub(crate) fn says(&self, text: &str) {
        std::fs::write(self.folder().join("zebra.md"), format!("# Zebra\n\n{text}\n")).expect("it is written");
    }

    fn folder(&self) -> PathBuf {
        self.place.path().join("pages")
    }

    /// Answers are made from it.
    pub(crate) fn answers(&self, stack: StackBuilder) -> StackBuilder {
        let folder = self.folder().display().to_string();
        stack.env("THREADKEEPER__ANSWER__MODE", "extract").env("THREADKEEPER__ANSWER__KNOWLEDGE", folder)
    }

    pub(crate) fn go_away(&self) {
        std::fs::rename(self.folder(), self.place.path().join("elsewhere")).expect("it is moved");
    }

    pub(crate) fn come_back(&self) {
        std::fs::rename(self.place.path().join("elsewhere"), self.folder()).expect("it is moved back");
    }
}
