//! Makes what a language model writes safe to be shown, while it comes.
//!
//! Whoever writes a page that an answer is made from can write to the model too. So nothing in an answer is believed:
//!
//! * A link leads only to where a source is, or where a source's text leads. Of others the words stay; images are their
//!   words; an address without words becomes a remark. An address can carry a thread's content away with one click, and Slack
//!   fetches some by itself.
//! * Nobody is notified, and nothing of Slack's own notation has an effect.
//! * Secrets of known forms are masked; they are also masked before anything is quoted ([`Sources::find`](crate::Sources::find))
//!   or given to a model.
//! * Only passages that were given are cited. They are numbered in the order in which a reader meets them, not as the model
//!   knows them: then the numbers have no gaps and fit the list of sources, and no number that was shown changes.
//! * What hides something (zero-width characters, entities, HTML) is taken out or resolved first.
//!
//! The text stays Markdown. It is read line by line, and written so that every line is understood by itself: code and links
//! begin and end on one line, backticks that enclose nothing become apostrophes, and a code block has all its lines inside
//! of the same quotes and lists. So it does not matter how exactly Slack reads Markdown: what is not code to us is code to
//! nobody, and the other way round. A link or code span over two lines loses its effect.
//!
//! Inside of code nothing is changed but secrets; the references in it that would notify somebody are silenced where messages
//! leave (crate `slack`).

mod brackets;
mod citations;
mod clean;
mod entities;
mod inline;
mod lines;
mod links;
mod output;
mod pieces;
mod sanitiser;
mod secrets;
mod sources;

pub(crate) use self::secrets::mask_secrets;
pub use self::{
    sanitiser::{Sanitised, Sanitiser},
    sources::{source, sources_list},
};
