//! Markdown on its way to Slack: in parts that a message can hold, notifying nobody.
//!
//! # `markdown_text` or a `markdown` block
//! Slack takes standard Markdown in the argument `markdown_text`, which excludes `text` and `blocks`
//! (`markdown_text_conflict`), and in a `markdown` block, which goes together with `text`. An answer is sent as
//! `markdown_text`, for three reasons:
//!
//! * It is the one form that every method has: `chat.postMessage`, `chat.update` and the three of a stream. A message can be
//!   begun as a stream and finished with `chat.update`, or the other way round, and `block_mismatch` (blocks of one kind
//!   cannot become blocks of another) cannot happen.
//! * The thread is read from Slack when its context is lost, by the `text` of its messages. With a block that would be the
//!   fallback, and all that is known of an answer.
//! * It leaves no room for a second text that says something else: what a notification shows, Slack makes of the message.
//!
//! Everything here is a function of its text.

mod mentions;
mod outline;
mod prepare;
mod split;
mod units;

pub use self::{
    mentions::silence_mentions,
    split::{numbered, split},
};

/// Most characters of `markdown_text`, and of all `markdown` blocks of a message together,
/// <https://docs.slack.dev/reference/block-kit/blocks/markdown-block>.
pub const MAX_CHARACTERS: usize = shared::answer::MESSAGE_CHARACTERS;

/// The length of `text` as Slack may count it at most: in UTF-16 units, so that an emoji is two. Slack does not say
/// which characters it counts; this never counts fewer.
pub fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}
