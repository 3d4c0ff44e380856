//! The playground's page in a real browser, with a real stack behind it.

#![expect(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod browser;
mod in_a_browser;
