//! The safe text as it grows: white space is written when something follows it, so that nothing has to be taken back.

use super::links::WORD_JOINER;

/// Stands in rendered text where something was removed, also what was around words that stay. The cleaner lets no control
/// character through.
pub(super) const REMOVED: char = '\u{0}';

#[derive(Debug, Default)]
pub(super) struct Output {
    text: String,
    /// Line ends that are to be written before the next character.
    line_ends: usize,
    /// What the line begins with: indentation, list marks, quote marks.
    prefix: String,
    spaces: usize,
    /// Whether something was removed behind what is written.
    removed: bool,
    /// Whether what follows at once would join what stood before something removed: `evil[9].example`.
    seam: bool,
    /// Whether the line has a character besides its prefix.
    line_has_text: bool,
}

impl Output {
    /// What is written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// Begins a line's text with `prefix`, which is written only if something follows.
    pub(super) fn begin_line(&mut self, prefix: &str) {
        prefix.clone_into(&mut self.prefix);
    }

    /// Writes rendered text. Around what was removed one space is left, and none before a mark that closes.
    pub(super) fn write(&mut self, rendered: &str) {
        for c in rendered.chars() {
            match c {
                REMOVED => self.removed = true,
                ' ' => {
                    self.spaces += 1;
                    self.seam = false;
                }
                _ => self.put(c),
            }
        }
    }

    fn put(&mut self, c: char) {
        if !self.line_has_text {
            self.write_line_start();
            self.line_has_text = true;
        } else if self.removed {
            self.seam = self.spaces == 0;
            self.spaces = if is_closing(c) { 0 } else { self.spaces.min(1) };
        }
        if self.seam && (!is_closing(c) || self.text.ends_with('<')) {
            self.seam = false;
            if !separates(c) && !self.text.ends_with(separates) {
                self.text.push(WORD_JOINER);
            }
        }
        self.text.extend(std::iter::repeat_n(' ', std::mem::take(&mut self.spaces)));
        self.text.push(c);
        self.removed = false;
    }

    fn write_line_start(&mut self) {
        if !self.text.is_empty() {
            self.text.extend(std::iter::repeat_n('\n', self.line_ends));
        }
        self.line_ends = 0;
        self.text.push_str(&std::mem::take(&mut self.prefix));
        self.spaces = 0;
    }

    /// Writes a whole line as it is, such as one of code.
    pub(super) fn write_verbatim(&mut self, line: &str) {
        if line.is_empty() && !self.text.is_empty() {
            self.line_ends += 1;
            return;
        }
        self.continue_verbatim(line);
        self.end_line();
    }

    /// Writes a part of a line as it is.
    pub(super) fn continue_verbatim(&mut self, part: &str) {
        if !self.line_has_text {
            self.write_line_start();
            self.line_has_text = true;
        }
        self.text.push_str(part);
    }

    /// Ends a line, if there is something on it; else it is as if it had not been.
    pub(super) fn end_line(&mut self) {
        if self.line_has_text {
            self.line_ends = 1;
        }
        self.prefix.clear();
        self.spaces = 0;
        self.removed = false;
        self.seam = false;
        self.line_has_text = false;
    }

    /// A blank line; several are one.
    pub(super) fn blank_line(&mut self) {
        self.end_line();
        self.line_ends = 2;
    }
}

fn is_closing(c: char) -> bool {
    matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | ')' | ']' | '。' | '，')
}

/// Whether no address or reference goes on over this character.
fn separates(c: char) -> bool {
    matches!(c, '*' | '~' | '"' | '\'' | ';' | '|' | ',' | '`' | '[') || c.is_whitespace()
}
