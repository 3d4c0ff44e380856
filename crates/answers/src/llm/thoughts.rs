//! Leaves out what a model thinks aloud before it answers: open models put it between `<think>` and `</think>`, and not every
//! server takes it out.

const OPENING: &str = "<think>";
const CLOSING: &str = "</think>";

/// Takes a model's text while it comes, and gives the answer without the thoughts before it.
#[derive(Debug)]
pub(crate) enum Thoughts {
    /// What has come so far may be a beginning of thoughts.
    Undecided(String),
    /// Thoughts come; held is what may be the beginning of their end.
    Thinking(String),
    /// The answer comes.
    Over,
}

impl Default for Thoughts {
    fn default() -> Self {
        Self::Undecided(String::new())
    }
}

impl Thoughts {
    /// What of the text so far belongs to the answer and was not given before.
    pub(crate) fn pass(&mut self, piece: &str) -> String {
        match std::mem::replace(self, Self::Over) {
            Self::Over => piece.to_owned(),
            Self::Undecided(mut text) => {
                text.push_str(piece);
                let start = text.trim_start();
                if let Some(thoughts) = start.strip_prefix(OPENING) {
                    *self = Self::Thinking(String::new());
                    return self.pass(thoughts);
                }
                if OPENING.starts_with(start) {
                    *self = Self::Undecided(text);
                    return String::new();
                }
                text
            }
            Self::Thinking(mut held) => {
                held.push_str(piece);
                if let Some((_, answer)) = held.split_once(CLOSING) {
                    return answer.trim_start().to_owned();
                }
                let end = held.floor_char_boundary(held.len().saturating_sub(CLOSING.len()));
                *self = Self::Thinking(held.split_off(end));
                String::new()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pass(pieces: &[&str]) -> String {
        let mut thoughts = Thoughts::default();
        pieces.iter().map(|piece| thoughts.pass(piece)).collect()
    }

    proptest! {
        #[test]
        fn thoughts_are_left_out_however_they_are_cut(cuts in proptest::collection::vec(1_usize..9, 1..30)) {
            let text = "\n<think>hm, <b>ü</b>? </thin no </think>\n\nPress the red one.";
            let (mut pieces, mut rest) = (Vec::new(), text);
            for cut in cuts {
                let (piece, later) = rest.split_at(rest.floor_char_boundary(cut.min(rest.len())));
                pieces.push(piece);
                rest = later;
            }
            pieces.push(rest);
            let answer = pass(&pieces);
            prop_assert_eq!(answer.trim_start(), "Press the red one.");
        }
    }

    #[test]
    fn an_answer_without_thoughts_stays_as_it_is() {
        assert_eq!(pass(&["<", "thing> is ", "<think> ", "a mark"]), "<thing> is <think> a mark");
    }
}
