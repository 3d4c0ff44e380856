//! The context of a thread: a JSON array of `{"role","content"}` that is shared with other applications.
//!
//! It is never decoded and written again: new entries are spliced in as text, so that whatever another application wrote
//! (other roles, further fields, large numbers, its own spacing) survives byte for byte.

use serde::Deserialize;
use serde_json::value::RawValue;
use shared::{config, turn::Turn};

/// A thread's context as a claim found it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context {
    text: Option<String>,
    turns: Vec<Turn>,
    /// Where each entry begins, in bytes of `text`.
    starts: Vec<usize>,
}

/// The stored value is no JSON array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no JSON array")]
pub struct NoArray;

/// How much of a context is kept; the oldest entries go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most entries: each question and each answer is one.
    pub entries: usize,
    /// Most bytes of JSON.
    pub bytes: usize,
}

impl From<&config::Context> for Limits {
    fn from(context: &config::Context) -> Self {
        Self { entries: context.max_turns, bytes: context.max_bytes }
    }
}

impl Context {
    /// No context is stored.
    pub fn absent() -> Self {
        Self::default()
    }

    /// Reads a stored value. Entries that are no turns (other roles, no text) are counted and kept, but not shown.
    ///
    /// # Errors
    /// When the value is no JSON array.
    pub fn parse(value: Vec<u8>) -> Result<Self, NoArray> {
        let text = String::from_utf8(value).map_err(|_| NoArray)?;
        let entries: Vec<&RawValue> = serde_json::from_str(&text).map_err(|_| NoArray)?;
        // Raw values borrow from the text, so their place in it is the distance of the two.
        let starts = entries.iter().map(|entry| entry.get().as_ptr() as usize - text.as_ptr() as usize).collect();
        let turns = entries.iter().filter_map(|entry| Turn::deserialize(*entry).ok()).collect();
        Ok(Self { starts, turns, text: Some(text) })
    }

    /// What was said in the thread so far, oldest first.
    pub fn turns(&self) -> &[Turn] {
        &self.turns
    }

    /// The stored JSON; none = nothing is stored.
    pub(crate) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// The number of stored entries; at least the number of turns.
    pub fn entries(&self) -> usize {
        self.starts.len()
    }

    /// The size of the stored JSON, in bytes; none = nothing is stored.
    pub fn bytes(&self) -> Option<usize> {
        self.text.as_ref().map(String::len)
    }

    /// The start of the stored value that has to go so that `pair` fits: everything before the first entry that stays.
    /// The pair itself always stays.
    pub(crate) fn cut(&self, pair: &str, limits: Limits) -> &str {
        let Some(text) = self.text.as_ref().filter(|_| self.entries() > 0) else { return "" };
        let fits = |first: usize| {
            let begin = self.starts.get(first).copied().unwrap_or(text.len());
            // "[" and what stays with its "]", a comma, the pair.
            let bytes = 1 + (text.len() - begin) + 1 + pair.len();
            self.entries() - first + 2 <= limits.entries && bytes <= limits.bytes
        };
        let Some(first) = (0..self.entries()).find(|first| fits(*first)) else {
            return text.rfind(']').map_or("", |end| &text[..end]);
        };
        if first == 0 { "" } else { &text[..self.starts[first]] }
    }

    /// How many entries are left after [`Context::cut`].
    pub(crate) fn entries_after(&self, cut: &str) -> usize {
        self.starts.iter().filter(|start| **start >= cut.len()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIR: &str = r#"{"role":"user","content":"q"},{"role":"assistant","content":"a"}"#;

    #[test]
    fn entries_that_are_no_turns_are_counted_and_not_shown() {
        let text = r#" [ {"role":"system","content":"x"}, {"role": "user", "content": "hi", "ts": 1e400}, [[1]], 3 ] "#;
        let context = Context::parse(text.as_bytes().to_vec()).unwrap();
        assert_eq!(context.entries(), 4);
        assert_eq!(context.turns(), [Turn::user("hi")]);
        assert_eq!(context.bytes(), Some(text.len()));
    }

    #[test]
    fn what_is_no_array_is_refused() {
        for text in ["", "{}", "[1", "[1]]", "null", "[nope]"] {
            assert_eq!(Context::parse(text.as_bytes().to_vec()), Err(NoArray), "{text}");
        }
        assert_eq!(Context::parse(vec![b'[', 0xff, b']']), Err(NoArray));
    }

    #[test]
    fn the_oldest_entries_are_cut_so_that_the_pair_fits() {
        let context = Context::parse(br#"[ {"a":1}, {"b":2}, {"c":3} ]"#.to_vec()).unwrap();
        let entries = |entries| Limits { entries, bytes: 10_000 };
        assert_eq!(context.cut(PAIR, entries(5)), "");
        assert_eq!(context.cut(PAIR, entries(4)), r#"[ {"a":1}, "#);
        assert_eq!(context.cut(PAIR, entries(2)), r#"[ {"a":1}, {"b":2}, {"c":3} "#);
        assert_eq!(Context::parse(b"[ ]".to_vec()).unwrap().cut(PAIR, entries(2)), "");
        assert_eq!(context.entries_after(context.cut(PAIR, entries(4))), 2);
        assert_eq!(context.entries_after(context.cut(PAIR, entries(2))), 0);
        let bytes = Limits { entries: 100, bytes: 2 + r#"{"c":3} "#.len() + 1 + PAIR.len() };
        assert_eq!(context.cut(PAIR, bytes), r#"[ {"a":1}, {"b":2}, "#);
    }
}
