//! How a question and its answer come into the context: what the `finish` script writes, computed before it runs.

use shared::turn::Turn;

use crate::{
    context::Limits,
    outcome::{Base, Finish},
};

/// The texts from which `finish` makes the new context, in the state that it finds.
pub(crate) struct Writing<'a> {
    /// Question and answer as two entries of JSON, without brackets.
    pub(crate) pair: String,
    /// The context if none is stored, and its number of entries.
    pub(crate) absent: (String, usize),
    /// The context that replaces whatever is stored, and its number of entries.
    pub(crate) replace: Option<(String, usize)>,
    /// What is cut off the start of the stored context, if it still starts like this.
    pub(crate) cut: &'a str,
}

impl<'a> Writing<'a> {
    pub(crate) fn of(finish: &Finish<'a>, limits: Limits) -> Result<Self, serde_json::Error> {
        let turns = [Turn::user(finish.question), Turn::assistant(finish.answer)];
        let pair = format!("{},{}", serde_json::to_string(&turns[0])?, serde_json::to_string(&turns[1])?);
        let mut whole = match &finish.base {
            Base::IfAbsent(before) => before.clone(),
            Base::None | Base::Replace(_) => Vec::new(),
        };
        whole.extend(turns);
        let replace = match &finish.base {
            Base::Replace(turns) => Some(compose(turns, limits)?),
            Base::None | Base::IfAbsent(_) => None,
        };
        let cut = finish.grant.context.cut(&pair, limits);
        Ok(Self { absent: compose(&whole, limits)?, replace, cut, pair })
    }
}

/// A whole context of `turns` within `limits`, and its number of entries. The last two always stay.
fn compose(turns: &[Turn], limits: Limits) -> Result<(String, usize), serde_json::Error> {
    let mut first = turns.len().saturating_sub(limits.entries);
    loop {
        let text = serde_json::to_string(&turns[first..])?;
        if text.len() <= limits.bytes || turns.len() - first <= 2 {
            return Ok((text, turns.len() - first));
        }
        first += 1;
    }
}

/// `pair` put at the end of `stored`, which is a JSON array, after `cut` went off its start: the rule of the script.
pub(crate) fn append(stored: &str, cut: &str, pair: &str) -> String {
    let body = stored.trim_end().strip_suffix(']').unwrap_or(stored);
    let body = match body.strip_prefix(cut) {
        Some(rest) if !cut.is_empty() => format!("[{rest}"),
        _ => body.to_owned(),
    };
    let comma = if body.trim() == "[" { "" } else { "," };
    format!("{body}{comma}{pair}]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_composed_context_keeps_its_newest_entries() {
        let turns: Vec<_> = (0..6).map(|n| Turn::user(n.to_string())).collect();
        let (text, entries) = compose(&turns, Limits { entries: 3, bytes: 10_000 }).unwrap();
        assert_eq!((serde_json::from_str::<Vec<Turn>>(&text).unwrap().as_slice(), entries), (&turns[3..], 3));
        let (_, entries) = compose(&turns, Limits { entries: 100, bytes: 1 }).unwrap();
        assert_eq!(entries, 2);
    }

    #[test]
    fn an_appended_pair_needs_a_comma_only_after_an_entry() {
        assert_eq!(append("[]", "", "1,2"), "[1,2]");
        assert_eq!(append("[ ] ", "", "1,2"), "[ 1,2]");
        assert_eq!(append("[0] ", "", "1,2"), "[0,1,2]");
        assert_eq!(append("[0, 9]", "[0, ", "1,2"), "[9,1,2]");
        assert_eq!(append("[0, 9]", "[0, 9", "1,2"), "[1,2]");
        assert_eq!(append("[7, 9]", "[0, ", "1,2"), "[7, 9,1,2]");
    }
}
