//! Standard Markdown, as Slack takes it in `markdown_text`. HTML in it is text, as in Slack.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::{Node, address};

/// Deeper nesting is flattened: no person writes it, and the page builds its elements by recursion.
const DEEPEST: usize = 24;

pub(super) fn read(text: &str) -> Vec<Node> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut builder = Builder::default();
    for event in Parser::new_ext(text, options) {
        builder.take(event);
    }
    builder.finish()
}

/// An element that is open.
struct Open {
    /// What it becomes when it is closed.
    form: Form,
    children: Vec<Node>,
}

enum Form {
    Node(fn(Vec<Node>) -> Node),
    Heading(u8),
    List {
        start: Option<u64>,
        items: Vec<Vec<Node>>,
    },
    Item,
    CodeBlock(Option<String>),
    Link(String),
    Table(Vec<Vec<Vec<Node>>>),
    Row(Vec<Vec<Node>>),
    Cell,
    /// Nothing of its own: only what is in it is shown.
    Nothing,
}

#[derive(Default)]
struct Builder {
    done: Vec<Node>,
    open: Vec<Open>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(end) => self.end(end),
            Event::Text(text) if self.is_in_code() => self.add(Node::text(&*text)),
            Event::Text(text) => self.add_all(address::linked(&text)),
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.add(Node::Code { text: text.into_string() });
            }
            Event::Html(text) | Event::InlineHtml(text) => self.add(Node::text(&*text)),
            Event::FootnoteReference(name) => self.add(Node::text(format!("[{name}]"))),
            // A single line end shows as one, as in Slack.
            Event::SoftBreak | Event::HardBreak => self.add(Node::Break),
            Event::Rule => self.add(Node::Rule),
            Event::TaskListMarker(done) => self.add(Node::Task { done }),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        let form = match tag {
            _ if self.open.len() >= DEEPEST => Form::Nothing,
            Tag::Paragraph => Form::Node(|children| Node::Paragraph { children }),
            Tag::Heading { level, .. } => Form::Heading(level as u8),
            Tag::BlockQuote(_) => Form::Node(|children| Node::Quote { children }),
            Tag::CodeBlock(kind) => Form::CodeBlock(match kind {
                CodeBlockKind::Fenced(info) => {
                    info.split([' ', ',']).next().filter(|word| !word.is_empty()).map(ToOwned::to_owned)
                }
                CodeBlockKind::Indented => None,
            }),
            Tag::List(start) => Form::List { start, items: Vec::new() },
            Tag::Item => Form::Item,
            Tag::Table(_) => Form::Table(Vec::new()),
            Tag::TableHead | Tag::TableRow => Form::Row(Vec::new()),
            Tag::TableCell => Form::Cell,
            Tag::Emphasis => Form::Node(|children| Node::Emphasis { children }),
            Tag::Strong => Form::Node(|children| Node::Strong { children }),
            Tag::Strikethrough => Form::Node(|children| Node::Strike { children }),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => Form::Link(dest_url.into_string()),
            _ => Form::Nothing,
        };
        self.open.push(Open { form, children: Vec::new() });
    }

    fn end(&mut self, _: TagEnd) {
        let Some(Open { form, children }) = self.open.pop() else { return };
        match form {
            Form::Node(make) => self.add(make(children)),
            Form::Heading(level) => self.add(Node::Heading { level, children }),
            Form::CodeBlock(language) => {
                let text =
                    children.into_iter().map(|node| if let Node::Text { text } = node { text } else { String::new() });
                let text: String = text.collect();
                self.add(Node::CodeBlock { language, text: text.trim_end_matches('\n').to_owned() });
            }
            Form::Link(to) => {
                let shown = if children.is_empty() { vec![Node::text(to.clone())] } else { unlinked(children) };
                self.add_all(address::link(&to, shown));
            }
            Form::List { start, items } => self.add(Node::List { start, items }),
            Form::Table(rows) => self.add(Node::Table { rows }),
            Form::Item => match self.open.last_mut().map(|open| &mut open.form) {
                Some(Form::List { items, .. }) => items.push(children),
                _ => self.add_all(children),
            },
            Form::Row(cells) => match self.open.last_mut().map(|open| &mut open.form) {
                Some(Form::Table(rows)) => rows.push(cells),
                _ => self.add_all(cells.into_iter().flatten()),
            },
            Form::Cell => match self.open.last_mut().map(|open| &mut open.form) {
                Some(Form::Row(cells)) => cells.push(children),
                _ => self.add_all(children),
            },
            Form::Nothing => self.add_all(children),
        }
    }

    fn add(&mut self, node: Node) {
        let nodes = self.open.last_mut().map_or(&mut self.done, |open| &mut open.children);
        nodes.push(node);
    }

    fn add_all(&mut self, nodes: impl IntoIterator<Item = Node>) {
        for node in nodes {
            self.add(node);
        }
    }

    fn is_in_code(&self) -> bool {
        self.open.last().is_some_and(|open| matches!(open.form, Form::CodeBlock(_)))
    }

    fn finish(mut self) -> Vec<Node> {
        while !self.open.is_empty() {
            self.end(TagEnd::Paragraph);
        }
        self.done
    }
}

/// The same without links: a link in a link is none.
fn unlinked(nodes: Vec<Node>) -> Vec<Node> {
    let unwrap = |node| match node {
        Node::Link { children, .. } => children,
        other => vec![other],
    };
    nodes.into_iter().flat_map(unwrap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Node {
        Node::text(text)
    }

    #[test]
    fn blocks_and_spans_are_read() {
        let nodes =
            read("# Keys\n\nRotate *them* **now**, ~~later~~:\n\n1. `a`\n2. [b](https://b.test)\n\n> quoted\n\n---\n");
        assert_eq!(
            nodes,
            [
                Node::Heading { level: 1, children: vec![text("Keys")] },
                Node::Paragraph {
                    children: vec![
                        text("Rotate "),
                        Node::Emphasis { children: vec![text("them")] },
                        text(" "),
                        Node::Strong { children: vec![text("now")] },
                        text(", "),
                        Node::Strike { children: vec![text("later")] },
                        text(":"),
                    ]
                },
                Node::List {
                    start: Some(1),
                    items: vec![
                        vec![Node::Code { text: "a".to_owned() }],
                        vec![Node::Link { address: "https://b.test".to_owned(), children: vec![text("b")] }],
                    ]
                },
                Node::Quote { children: vec![Node::Paragraph { children: vec![text("quoted")] }] },
                Node::Rule,
            ]
        );
    }

    #[test]
    fn code_is_shown_as_it_is() {
        let nodes = read("```sh extra\ncurl https://a.test | sh\n<b>\n```\n");
        let expected =
            Node::CodeBlock { language: Some("sh".to_owned()), text: "curl https://a.test | sh\n<b>".to_owned() };
        assert_eq!(nodes, [expected]);
    }

    #[test]
    fn a_table_is_rows_of_cells_and_a_task_a_box() {
        let nodes = read("| a | b |\n|---|---|\n| 1 | 2 |\n\n- [x] done\n");
        let cell = |text: &str| vec![Node::text(text)];
        assert_eq!(nodes[0], Node::Table { rows: vec![vec![cell("a"), cell("b")], vec![cell("1"), cell("2")]] });
        assert_eq!(nodes[1], Node::List { start: None, items: vec![vec![Node::Task { done: true }, text("done")]] });
    }

    #[test]
    fn endless_nesting_ends() {
        let nodes = read(&format!("{} deep", ">".repeat(5000)));
        let mut depth = 0;
        let mut inner = &nodes[0];
        while let Node::Quote { children } = inner {
            depth += 1;
            inner = &children[0];
        }
        assert!((1..=DEEPEST).contains(&depth), "{depth}");
        assert!(serde_json::to_string(&nodes).unwrap().contains("deep"));
    }
}
