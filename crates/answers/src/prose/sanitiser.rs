//! The text of a model, made safe while it comes.

use super::{
    citations::Citations,
    clean::{Cleaner, LONGEST_RUN, ends_sentence_alone},
    inline::render,
    lines::{Fence, Inside, Line},
    links::Links,
    output::Output,
    pieces::is_closed,
    secrets::{KeyFilter, mask},
};
use crate::Found;

/// A longer line is written in part, also where something is open in it: it bounds what is held back. Longer than a line of
/// two runs, so that a line that only ends a fence is read as a whole.
const LONGEST_HELD: usize = 3 * LONGEST_RUN;
/// After an end of a sentence at which something was open, so many bytes are waited for before it is tried again.
const NEXT_TRY: usize = 64;
/// A word before a full stop that ends a sentence has so many letters: `e.g.` ends none, nor does `1.`.
const LEAST_OF_A_LAST_WORD: usize = 3;

/// A whole answer, made safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sanitised {
    /// What is to be shown after all that [`Sanitiser::push`] gave.
    pub rest: String,
    /// The whole text: standard Markdown.
    pub text: String,
    /// The passages that it cites, as indices of those that were given, in the order of their numbers: the first one is
    /// `[1]` in the text.
    pub cited: Vec<usize>,
}

/// Makes a model's text safe while it comes; see [`prose`](crate::prose).
///
/// Every character is taken by itself, so the text does not depend on how it was cut into pieces.
#[derive(Debug)]
pub struct Sanitiser {
    cleaner: Cleaner,
    keys: KeyFilter,
    links: Links,
    citations: Citations,
    /// What is held back of the line that comes.
    line: String,
    /// What it belongs to.
    place: Place,
    fence: Option<Fence>,
    in_table: bool,
    /// The length of `line` from which on an end of a sentence is looked for.
    next_try: usize,
    output: Output,
    /// Bytes of the output that were shown.
    shown: usize,
}

/// Where in its line the held text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At its beginning.
    Start,
    /// In a paragraph, of which the sentences before are written.
    Prose,
    /// In a row of a table.
    Row,
    /// In a line of code.
    Code,
}

impl Sanitiser {
    /// For an answer that may cite `sources`, which the model knows as 1, 2, …
    pub fn new(sources: &[Found]) -> Self {
        Self {
            cleaner: Cleaner::default(),
            keys: KeyFilter::default(),
            links: Links::of(sources),
            citations: Citations::of(sources),
            line: String::new(),
            place: Place::Start,
            fence: None,
            in_table: false,
            next_try: 0,
            output: Output::default(),
            shown: 0,
        }
    }

    /// Takes what the model wrote next, and gives what may be shown after all that was given before: whole sentences, lines
    /// and items, with nothing half open but a code block.
    pub fn push(&mut self, text: &str) -> String {
        let mut seen = String::with_capacity(text.len());
        for c in text.chars() {
            if let Some(c) = self.cleaner.take(c) {
                self.keys.take(c, &mut seen);
            }
        }
        self.read(&seen);
        self.unshown()
    }

    /// Ends the text.
    pub fn finish(mut self) -> Sanitised {
        let mut seen = String::new();
        self.keys.release(&mut seen);
        self.read(&seen);
        if !self.line.is_empty() || self.place != Place::Start {
            self.end_line();
        }
        if let Some(fence) = self.fence.take() {
            self.output.write_verbatim(&fence.closing());
        }
        let rest = self.unshown();
        Sanitised { rest, text: self.output.into_text(), cited: self.citations.into_cited() }
    }

    fn unshown(&mut self) -> String {
        let text = &self.output.text()[self.shown..];
        self.shown += text.len();
        text.to_owned()
    }

    fn read(&mut self, seen: &str) {
        for c in seen.chars() {
            if c == '\n' {
                self.end_line();
                continue;
            }
            let too_long = self.line.len() >= LONGEST_HELD && !awaits_a_secret(&self.line);
            if too_long && (c.is_whitespace() || self.line.len() >= 2 * LONGEST_HELD) {
                self.write_part();
            } else if c == ' ' && self.fence.is_none() && self.line.len() >= self.next_try && ends_sentence(&self.line)
            {
                self.write_sentence();
            }
            self.line.push(c);
            if ends_sentence_alone(c) && self.fence.is_none() && self.line.len() >= self.next_try {
                self.write_sentence();
            }
        }
    }

    /// Writes what is held, if it can be understood without what follows.
    fn write_sentence(&mut self) {
        let line = Line::read(&self.line);
        let (begins_line, content) = match self.place {
            Place::Start => (true, line.content),
            Place::Prose => (false, self.line.as_str()),
            Place::Row | Place::Code => return,
        };
        let is_block = begins_line && (self.in_table || !begins_with_text(content));
        if is_block || !is_closed(content) {
            self.next_try = self.line.len() + NEXT_TRY;
            return;
        }
        self.write_part();
    }

    /// Writes what is held of a line.
    fn write_part(&mut self) {
        let held = std::mem::take(&mut self.line);
        self.next_try = 0;
        match (self.place, &self.fence) {
            (Place::Start, Some(fence)) => {
                if let Some(code) = fence.without_prefix(&held) {
                    self.output.continue_verbatim(&fence.line(&mask(code)));
                    self.place = Place::Code;
                } else {
                    self.close_fence();
                    self.line = held;
                    self.write_part();
                }
            }
            (Place::Code, _) => self.output.continue_verbatim(&mask(&held)),
            (Place::Row, _) => self.write_row(&held),
            (Place::Prose, _) => self.write_text(&held),
            (Place::Start, None) => {
                let line = Line::read(&held);
                self.output.begin_line(&line.prefix);
                if self.in_table || line.content.starts_with('|') {
                    self.place = Place::Row;
                    self.write_row(line.content);
                } else {
                    self.place = Place::Prose;
                    self.write_text(line.content);
                }
            }
        }
    }

    fn end_line(&mut self) {
        if self.place == Place::Start {
            let held = std::mem::take(&mut self.line);
            self.write_line(&held);
        } else {
            self.write_part();
            self.output.end_line();
        }
        self.place = Place::Start;
        self.next_try = 0;
    }

    /// Writes a line that is here as a whole.
    fn write_line(&mut self, held: &str) {
        if let Some(fence) = &self.fence {
            match fence.read(held) {
                Inside::Code(code) => {
                    let line = fence.line(&mask(code));
                    return self.output.write_verbatim(&line);
                }
                Inside::Closing => return self.close_fence(),
                Inside::Outside => self.close_fence(),
            }
        }
        let line = Line::read(held);
        if line.content.is_empty() {
            self.in_table = false;
            let marks = line.prefix.trim_end();
            return if marks.is_empty() { self.output.blank_line() } else { self.output.write_verbatim(marks) };
        }
        if let Some(fence) = Fence::opened_by(&line) {
            self.in_table = false;
            if fence.needs_blank_line(&line) {
                self.output.blank_line();
            }
            self.output.write_verbatim(&fence.opening(&line));
            self.fence = Some(fence);
            return;
        }
        let is_row = line.content.starts_with('|');
        // Only after a row with a bar in front is it the second line of a table: of such rows the cells are known.
        let makes_a_table = !is_row && !self.in_table && is_delimiter(line.content);
        if makes_a_table || is_definition(line.content) {
            return;
        }
        self.in_table = is_row || (self.in_table && line.prefix.trim().is_empty());
        self.output.begin_line(&line.prefix);
        if self.in_table {
            self.write_row(line.content);
        } else {
            self.write_text(line.content);
        }
        self.output.end_line();
    }

    fn close_fence(&mut self) {
        if let Some(fence) = self.fence.take() {
            self.output.write_verbatim(&fence.closing());
        }
    }

    /// Each cell by itself: Markdown looks for their borders first.
    fn write_row(&mut self, row: &str) {
        let mut cells = Vec::new();
        let mut start = 0;
        for (at, _) in row.match_indices('|') {
            if !row[..at].ends_with('\\') {
                cells.push(&row[start..at]);
                start = at + 1;
            }
        }
        cells.push(&row[start..]);
        for (number, cell) in cells.into_iter().enumerate() {
            if number > 0 {
                self.output.write("|");
            }
            self.write_text(cell);
        }
    }

    fn write_text(&mut self, text: &str) {
        let rendered = render(&mask(text), &self.links, &mut self.citations);
        // Again, for what stood in entities and behind backslashes.
        self.output.write(&mask(&rendered));
    }
}

/// Whether a line that begins so is text, and no fence, row, or definition of a link.
fn begins_with_text(content: &str) -> bool {
    !content.starts_with(['|', '`', '~']) && !is_definition_start(content)
}

fn is_definition_start(content: &str) -> bool {
    content.starts_with('[') && content.split_once(']').is_some_and(|(_, after)| after.starts_with(':'))
}

/// Whether a line says where a label leads: `[label]: https://a.example "title"`. Such a line is never shown.
fn is_definition(content: &str) -> bool {
    let Some((_, target)) = content.split_once("]:").filter(|_| is_definition_start(content)) else { return false };
    let mut words = target.split_whitespace();
    let first = words.next().unwrap_or_default();
    let is_target = first.contains(['/', '.', '#', '<', ':']) || first.is_empty();
    is_target && words.next().is_none_or(|title| title.starts_with(['"', '\'', '(']))
}

/// Whether a line is what makes a table of the line before it.
fn is_delimiter(content: &str) -> bool {
    content.contains('|') && content.contains('-') && content.chars().all(|c| "|:- ".contains(c))
}

/// Whether a sentence ends with `line`, so that a space follows.
fn ends_sentence(line: &str) -> bool {
    let text = line.trim_end_matches(['"', '\'', ')', ']', '*', '_', '”', '’', '»', '`']);
    if text.ends_with(['!', '?', '…']) {
        return true;
    }
    let Some(before) = text.strip_suffix('.') else { return false };
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    let letters = word.chars().filter(|c| c.is_alphanumeric()).count();
    // What a citation or closing mark ends, is a sentence as well.
    let closed = before.ends_with([')', ']', '`', '*', '"', '”']);
    closed || (letters >= LEAST_OF_A_LAST_WORD && word.chars().any(char::is_alphabetic))
}

/// Whether the next word may be a secret because of the last one.
fn awaits_a_secret(line: &str) -> bool {
    let word = line.trim_end().rsplit(char::is_whitespace).next().unwrap_or_default();
    word.len() < LONGEST_RUN / 2
        && (word.ends_with([':', '=', '"', '\'', '`', '>']) || word.to_ascii_lowercase().ends_with("bearer"))
}
