//! Markdown on its way to Slack: in parts that a message can hold, notifying nobody, with a plain text beside it.
//!
//! Slack takes standard Markdown in `markdown_text`, which excludes `text` and `blocks` (`markdown_text_conflict`), and in
//! `markdown` blocks, which go together with `text`. An answer is sent as a `markdown` block with a [`fallback_text`], because
//! a notification, a screen reader and an older client show `text`. A message is changed in the same way. A streamed message
//! has `markdown_text` only.
//!
//! Everything here is a function of its text.

mod fallback;
mod mentions;
mod outline;
mod prepare;
mod split;
mod units;

pub use self::{
    fallback::fallback_text,
    mentions::silence,
    split::{numbered, split},
};

/// Most characters of `markdown_text`, <https://docs.slack.dev/reference/methods/chat.postMessage>, and of all `markdown` blocks
/// of a message together, <https://docs.slack.dev/reference/block-kit/blocks/markdown-block>.
pub const MAX_CHARACTERS: usize = 12_000;

/// The length of `text` as Slack may count it at most: in UTF-16 units, so that an emoji is two. Slack does not say
/// which characters it counts; this never counts fewer.
pub fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}
