//! The lines of a Markdown text: inside of which quotes and items each stands, and what it is part of.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};

/// Deeper nesting is text.
const DEEPEST: usize = 6;
/// A longer language of a code block is not repeated, in bytes.
const LONGEST_INFO: usize = 40;

/// The dialect that Slack reads.
pub(super) const DIALECT: Options =
    Options::ENABLE_TABLES.union(Options::ENABLE_STRIKETHROUGH).union(Options::ENABLE_TASKLISTS);

/// A quote or an item of a list.
#[derive(Debug)]
pub(super) struct Container {
    pub(super) kind: Kind,
    start: usize,
    end: usize,
    /// Columns that the lines in an item are indented by.
    pub(super) width: usize,
    /// An item's indentation, mark and space; empty for a quote.
    pub(super) mark: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Quote,
    Item {
        /// Its number, if its list is numbered.
        number: Option<u64>,
        is_first: bool,
    },
}

/// A block that is not text.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) kind: LeafKind,
    start: usize,
    end: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LeafKind {
    Heading,
    /// A code block between fences, with the line that opens it and the one that closes it.
    Fence {
        opening: String,
        closing: String,
    },
    /// A table and its number of columns.
    Table {
        columns: usize,
    },
    /// Indented code, HTML, a rule.
    Other,
}

/// A line.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) start: usize,
    /// Without the line end.
    pub(super) end: usize,
    /// The containers that it stands in, the outermost first.
    pub(super) chain: Vec<usize>,
    /// How many of them, the last ones, begin on this line.
    pub(super) opens: usize,
    /// Where what each container puts before the text ends.
    pub(super) after: Vec<usize>,
    /// Where the marks of those that begin here begin.
    pub(super) opened_at: usize,
    /// Where the text begins.
    pub(super) content: usize,
    /// None = text.
    pub(super) leaf: Option<usize>,
    /// Its number among the leaf's lines.
    pub(super) place: usize,
    /// Whether it is the last line of a fence, and closes it.
    pub(super) closes: bool,
    /// Whether nothing stands on it, and it is not in a code block between fences.
    pub(super) is_blank: bool,
    pub(super) after_blank: bool,
}

/// A text, read.
#[derive(Debug)]
pub(super) struct Outline<'a> {
    pub(super) text: &'a str,
    pub(super) containers: Vec<Container>,
    pub(super) leaves: Vec<Leaf>,
    pub(super) lines: Vec<Line>,
    /// Where emphasis, links and code are: nothing is cut inside of them.
    pub(super) spans: Vec<(usize, usize)>,
}

impl<'a> Outline<'a> {
    pub(super) fn read(text: &'a str) -> Self {
        let mut outline =
            Self { text, containers: Vec::new(), leaves: Vec::new(), lines: Vec::new(), spans: Vec::new() };
        outline.read_blocks();
        outline.read_lines();
        outline
    }

    fn read_blocks(&mut self) {
        // The number of the next item, for each list that is open.
        let mut lists: Vec<(Option<u64>, bool)> = Vec::new();
        for (event, range) in Parser::new_ext(self.text, DIALECT).into_offset_iter() {
            let leaf = |kind| Leaf { kind, start: range.start, end: range.end };
            match event {
                Event::Start(Tag::List(first)) => lists.push((first, true)),
                Event::End(pulldown_cmark::TagEnd::List(_)) => {
                    lists.pop();
                }
                Event::Start(tag @ (Tag::BlockQuote(_) | Tag::Item)) => {
                    let kind = match (tag, lists.last_mut()) {
                        (Tag::Item, Some((number, is_first))) => {
                            let kind = Kind::Item { number: *number, is_first: *is_first };
                            *number = number.map(|number| number.saturating_add(1));
                            *is_first = false;
                            kind
                        }
                        _ => Kind::Quote,
                    };
                    let (start, end) = (range.start, range.end);
                    self.containers.push(Container { kind, start, end, width: 0, mark: String::new() });
                }
                Event::Start(Tag::Heading { .. }) => self.leaves.push(leaf(LeafKind::Heading)),
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    let marks = &self.text[range.start..];
                    let mark = marks.chars().next().unwrap_or('`');
                    let closing: String = marks.chars().take_while(|c| *c == mark).collect();
                    let info = if info.len() > LONGEST_INFO { "" } else { &*info };
                    self.leaves.push(leaf(LeafKind::Fence { opening: format!("{closing}{info}"), closing }));
                }
                Event::Start(Tag::Table(columns)) => self.leaves.push(leaf(LeafKind::Table { columns: columns.len() })),
                Event::Start(Tag::CodeBlock(_) | Tag::HtmlBlock) | Event::Rule => {
                    self.leaves.push(leaf(LeafKind::Other));
                }
                Event::Start(
                    Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. },
                )
                | Event::Code(_)
                | Event::InlineHtml(_) => self.add_span(range.start, range.end),
                _ => {}
            }
        }
    }

    /// Spans come in the order of their beginnings; those inside of others add nothing.
    fn add_span(&mut self, start: usize, end: usize) {
        if self.spans.last().is_none_or(|last| end > last.1) {
            self.spans.push((start, end));
        }
    }

    fn read_lines(&mut self) {
        let (mut next_container, mut next_leaf) = (0, 0);
        let mut chain: Vec<usize> = Vec::new();
        let (mut place, mut after_blank) = (0, false);
        let mut start = 0;
        for raw in self.text.split_inclusive('\n') {
            let end = start + raw.trim_end_matches('\n').len();
            chain.retain(|container| self.containers[*container].end > start);
            while self.containers.get(next_container).is_some_and(|container| container.start < end) {
                if chain.len() < DEEPEST {
                    chain.push(next_container);
                }
                next_container += 1;
            }
            while self.leaves.get(next_leaf).is_some_and(|leaf| leaf.end <= start) {
                (next_leaf, place) = (next_leaf + 1, 0);
            }
            let leaf = self.leaves.get(next_leaf).filter(|leaf| leaf.start < end.max(start + 1)).map(|_| next_leaf);
            let line = Line {
                start,
                end,
                chain: chain.clone(),
                opens: chain.iter().filter(|container| self.containers[**container].start >= start).count(),
                after: Vec::new(),
                opened_at: start,
                content: start,
                leaf,
                place,
                closes: false,
                is_blank: false,
                after_blank,
            };
            let line = self.measure(line);
            start += raw.len();
            let is_blank = self.text[line.content..end].trim().is_empty() && line.opens == 0;
            let is_blank = is_blank && !leaf.is_some_and(|leaf| self.is_fence(leaf));
            after_blank = is_blank;
            place += usize::from(leaf.is_some() && !is_blank);
            self.lines.push(Line { is_blank, ..line });
        }
    }

    fn is_fence(&self, leaf: usize) -> bool {
        matches!(self.leaves[leaf].kind, LeafKind::Fence { .. })
    }

    /// Finds where a line's containers end and its text begins.
    fn measure(&mut self, mut line: Line) -> Line {
        let mut at = line.start;
        let opened_from = line.chain.len() - line.opens;
        for (number, container) in line.chain.iter().enumerate() {
            if number == opened_from {
                line.opened_at = at;
            }
            let container = &mut self.containers[*container];
            let before = at;
            at = match (container.kind, number >= opened_from) {
                (Kind::Quote, is_new) => {
                    let mark = if is_new { container.start.max(at) } else { at + spaces(&self.text[at..line.end], 3) };
                    match self.text[mark..line.end].strip_prefix('>') {
                        Some(rest) => mark + 1 + usize::from(rest.starts_with(' ')),
                        None => at,
                    }
                }
                (Kind::Item { .. }, true) => {
                    let mark = container.start.max(at).min(line.end);
                    // The parser may count indentation to the item.
                    let mark = mark + spaces(&self.text[mark..line.end], 4);
                    let rest = &self.text[mark..line.end];
                    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                    let length = (digits + 1).min(rest.len());
                    let space = spaces(&rest[length..], 5);
                    let content = mark + length + if space > 4 { 1 } else { space };
                    container.width = content - before + usize::from(space == 0);
                    container.mark = format!("{:<1$}", &self.text[before..content], container.width);
                    content
                }
                (Kind::Item { .. }, false) => at + spaces(&self.text[at..line.end], container.width),
            };
            line.after.push(at);
        }
        if opened_from == line.chain.len() {
            line.opened_at = at;
        }
        line.content = at;
        let closing = line.leaf.and_then(|leaf| match &self.leaves[leaf].kind {
            LeafKind::Fence { closing, .. } => Some(closing),
            _ => None,
        });
        let text = self.text[at..line.end].trim();
        line.closes = line.place > 0
            && closing
                .is_some_and(|closing| text.len() >= closing.len() && text.chars().all(|c| closing.starts_with(c)));
        line
    }

    /// What the lines inside of these containers begin with.
    pub(super) fn prefix(&self, chain: &[usize]) -> String {
        let mut prefix = String::new();
        for container in chain {
            let container = &self.containers[*container];
            match container.kind {
                Kind::Quote => prefix.push_str("> "),
                Kind::Item { .. } => prefix.extend(std::iter::repeat_n(' ', container.width)),
            }
        }
        prefix
    }

    /// The line's text, without what its containers put before it.
    pub(super) fn content(&self, line: &Line) -> &'a str {
        &self.text[line.content..line.end]
    }
}

/// How many spaces `text` begins with, at most `most`.
fn spaces(text: &str, most: usize) -> usize {
    text.bytes().take(most).take_while(|byte| *byte == b' ').count()
}
