//! Long answers in several messages.

mod generated;
mod parts;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A block as a reader sees it: what kind it is, and its text without white space, which a cut may change.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shown {
    kind: String,
    text: String,
}

/// What a reader sees of parts, one after the other, without what was repeated to continue a block: the ellipsis in an item,
/// the head of a table. A block that was cut is one block.
fn shown(parts: &[String]) -> Vec<Shown> {
    let mut all: Vec<Shown> = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let blocks = read(part);
        let mut blocks = blocks.into_iter().filter(|block| number == 0 || block.text != "…").peekable();
        if number > 0
            && let (Some(last), Some(first)) = (all.last_mut(), blocks.peek())
            && last.kind == first.kind
        {
            let mut goes_on = first.text.trim_start_matches('…').to_owned();
            if let Some(head) = last.kind.strip_prefix("table ").and_then(|kind| kind.split(' ').next()) {
                goes_on = goes_on.strip_prefix(head).unwrap_or(&goes_on).to_owned();
            }
            last.text.push_str(&goes_on);
            blocks.next();
        }
        all.extend(blocks);
    }
    merged(all)
}

/// Neighbours of one kind as one: two paragraphs and a paragraph that was cut look the same.
fn merged(blocks: Vec<Shown>) -> Vec<Shown> {
    let mut merged: Vec<Shown> = Vec::new();
    for block in blocks.into_iter().filter(|block| !block.text.is_empty()) {
        match merged.last_mut().filter(|last| last.kind == block.kind) {
            Some(last) => last.text.push_str(&block.text),
            None => merged.push(block),
        }
    }
    merged
}

/// The blocks of a Markdown text, in their order.
fn read(markdown: &str) -> Vec<Shown> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut blocks: Vec<Shown> = Vec::new();
    // What is open around: `>` for a quote, an item's number or `-`.
    let mut around: Vec<String> = Vec::new();
    let mut numbers: Vec<Option<u64>> = Vec::new();
    let begin = |blocks: &mut Vec<Shown>, around: &[String], leaf: &str| {
        blocks.push(Shown { kind: format!("{leaf} {}", around.join("")), text: String::new() });
    };
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Start(Tag::BlockQuote(_)) => around.push(">".to_owned()),
            Event::Start(Tag::List(first)) => numbers.push(first),
            Event::Start(Tag::Item) => {
                let number = numbers.last_mut().and_then(Option::as_mut);
                around.push(number.map_or("-".to_owned(), |number| {
                    *number += 1;
                    format!("{}.", *number - 1)
                }));
                begin(&mut blocks, &around, "text");
            }
            Event::End(TagEnd::BlockQuote(_) | TagEnd::Item) => {
                around.pop();
                begin(&mut blocks, &around, "text");
            }
            Event::End(TagEnd::List(_)) => {
                numbers.pop();
            }
            Event::Start(Tag::Paragraph) | Event::End(TagEnd::CodeBlock | TagEnd::Heading(_) | TagEnd::Table) => {
                begin(&mut blocks, &around, "text");
            }
            Event::Start(Tag::Heading { level, .. }) => begin(&mut blocks, &around, &format!("{level}")),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                begin(&mut blocks, &around, &format!("code {info}"));
            }
            Event::Start(Tag::CodeBlock(_)) => begin(&mut blocks, &around, "indented"),
            Event::Start(Tag::Table(_)) => begin(&mut blocks, &[], "table "),
            Event::End(TagEnd::TableHead) => {
                let last = blocks.last_mut().expect("a table has begun");
                last.kind = format!("table {} {}", last.text, around.join(""));
            }
            Event::Rule => begin(&mut blocks, &around, "rule"),
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
                if blocks.is_empty() {
                    begin(&mut blocks, &around, "text");
                }
                let visible = text.chars().filter(|c| !c.is_whitespace() && *c != '\u{2060}');
                blocks.last_mut().expect("a block has begun").text.extend(visible);
            }
            _ => {}
        }
    }
    merged(blocks)
}
