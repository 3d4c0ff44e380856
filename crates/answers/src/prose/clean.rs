//! What a reader would not see is taken out first, so that nothing can be hidden behind it.

/// A longer run of characters without a space, and of spaces, is nothing for people: the rest of it is left out. It bounds
/// what is held back of an unfinished word. Longer than any token whose form is known.
pub(super) const LONGEST_RUN: usize = 3_000;

/// Stands for what was left out.
const LEFT_OUT: char = '…';

/// Joins letters of some scripts and the parts of an emoji.
const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];

/// Passes on the characters that are seen, and line ends as `\n`.
#[derive(Debug, Default)]
pub(super) struct Cleaner {
    last: Option<char>,
    run: usize,
    after_return: bool,
}

impl Cleaner {
    /// The character as it is to be read; none for what is left out.
    pub(super) fn take(&mut self, c: char) -> Option<char> {
        let second_half = c == '\n' && self.after_return;
        self.after_return = c == '\r';
        let c = match c {
            _ if second_half => return None,
            '\r' | '\u{2028}' | '\u{2029}' => '\n',
            '\n' | '\t' => c,
            joiner if JOINERS.contains(&joiner) => self.last.filter(|last| is_joined(*last)).map(|_| joiner)?,
            hidden if is_hidden(hidden) => return None,
            seen => seen,
        };
        let same_kind = self.last.is_some_and(|last| last.is_whitespace() == c.is_whitespace());
        self.run = if same_kind && c != '\n' && !ends_sentence_alone(c) { self.run + 1 } else { 0 };
        self.last = Some(c);
        match self.run {
            LONGEST_RUN => Some(if c.is_whitespace() { c } else { LEFT_OUT }),
            0..LONGEST_RUN => Some(c),
            _ => None,
        }
    }
}

/// Ends a sentence without a space after it.
pub(super) fn ends_sentence_alone(c: char) -> bool {
    matches!(c, '。' | '！' | '？')
}

fn is_joined(before: char) -> bool {
    !before.is_ascii() && !JOINERS.contains(&before)
}

/// Whether a character has no look of its own: controls, zero-width ones, marks of direction, tags.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0e}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn clean(text: &str) -> String {
        let mut cleaner = Cleaner::default();
        text.chars().filter_map(|c| cleaner.take(c)).collect()
    }

    #[rstest]
    #[case("a\r\nb\rc\n\r\nd\u{2028}e", "a\nb\nc\n\nd\ne")]
    #[case("<\u{200b}!cha\u{ad}nnel\u{feff}>", "<!channel>")]
    #[case("ht\u{200d}tp\u{2060}s://a\u{0}", "https://a")]
    #[case("👩\u{200d}💻 ❤\u{fe0f} می\u{200c}خواهم", "👩\u{200d}💻 ❤\u{fe0f} می\u{200c}خواهم")]
    fn hidden_characters_go_and_those_that_shape_others_stay(#[case] text: &str, #[case] seen: &str) {
        assert_eq!(clean(text), seen);
    }

    #[test]
    fn what_no_person_reads_is_cut() {
        let cut = clean(&format!("a {} b", "[".repeat(1_000_000)));
        assert_eq!(cut, format!("a {}… b", "[".repeat(LONGEST_RUN)));
        assert!(clean(&" ".repeat(1_000_000)).len() <= LONGEST_RUN + 1);
    }
}
