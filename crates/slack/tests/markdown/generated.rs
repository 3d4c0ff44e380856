use proptest::prelude::*;
use slack::markdown::{length, numbered, split};

use super::shown;

/// A few words, with spans and signs that Markdown gives a meaning to in other places.
fn words() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        12 => "[a-zäß]{1,9}",
        1 => "[A-Z][a-z]{2,6}[.!?]",
        1 => Just("**two words**".to_owned()),
        1 => Just("`a - b | c`".to_owned()),
        1 => Just("_so_".to_owned()),
        1 => Just("[a link](https://a.example/x_(y))".to_owned()),
        1 => Just("👩\u{200d}💻".to_owned()),
        1 => Just("-".to_owned()),
        1 => Just("12.".to_owned()),
        1 => Just("#".to_owned()),
        1 => Just(">".to_owned()),
        1 => Just("日本語。".to_owned()),
    ];
    (prop::collection::vec(word, 1..60)).prop_map(|words| format!("A {}", words.join(" ")))
}

fn paragraph() -> impl Strategy<Value = String> {
    prop::collection::vec(words(), 1..4).prop_map(|lines| lines.join("\n"))
}

fn fence() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        6 => "[a-z(){};= ]{0,60}",
        1 => Just("```".to_owned()),
        1 => Just("~~~ x".to_owned()),
        1 => Just("| a | b |".to_owned()),
        1 => Just("1. # x".to_owned()),
        1 => "x{80,200}",
    ];
    let marks = prop_oneof![Just("````".to_owned()), Just("~~~~".to_owned()), Just("``````".to_owned())];
    (marks, "(sh|rust)?", prop::collection::vec(line, 0..30))
        .prop_map(|(marks, info, lines)| format!("{marks}{info}\n{}\n{marks}", lines.join("\n")))
}

fn table() -> impl Strategy<Value = String> {
    let row = "\\| [a-z]{0,12} \\| [a-z*`]{0,3}[a-z]{0,9} \\|";
    ("[a-z]{6}", prop::collection::vec(row, 0..40))
        .prop_map(|(head, rows)| format!("| {head} | i |\n|---|:-:|\n{}", rows.join("\n")).trim_end().to_owned())
}

fn indented(text: &str, first: &str, rest: &str) -> String {
    let lines = text.lines().enumerate().map(|(number, line)| match (number, line) {
        (0, line) => format!("{first}{line}"),
        (_, "") => rest.trim_end().to_owned(),
        (_, line) => format!("{rest}{line}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn block() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => paragraph(),
        2 => fence(),
        1 => table(),
        1 => "#{1,4} [a-z ]{1,40}x".prop_map(|heading| heading),
    ];
    leaf.prop_recursive(3, 24, 6, |block| {
        let blocks = prop::collection::vec(block, 1..5);
        prop_oneof![
            blocks.clone().prop_map(|blocks| indented(&blocks.join("\n\n"), "> ", "> ")),
            blocks.clone().prop_map(|items| {
                items.iter().map(|item| indented(item, "- ", "  ")).collect::<Vec<_>>().join("\n")
            }),
            (blocks.clone(), 0_usize..12).prop_map(|(items, first)| {
                let item = |(number, item): (usize, &String)| {
                    let mark = format!("{}. ", number + first);
                    indented(item, &mark, &" ".repeat(mark.len()))
                };
                items.iter().enumerate().map(item).collect::<Vec<_>>().join("\n\n")
            }),
            // `1.` before every item.
            blocks.prop_map(|items| items
                .iter()
                .map(|item| indented(item, "1. ", "   "))
                .collect::<Vec<_>>()
                .join("\n")),
        ]
    })
}

fn document() -> impl Strategy<Value = String> {
    prop::collection::vec(block(), 1..8).prop_map(|blocks| blocks.join("\n\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_parts_of_a_document_fit_and_show_the_same(document in document(), limit in 700_usize..3_000) {
        let parts = split(&document, limit);
        for part in numbered(parts.clone()) {
            prop_assert!(length(&part) <= limit, "{} > {limit}", length(&part));
            prop_assert!(!part.trim().is_empty());
        }
        let (cut, whole) = (shown(&parts), shown(&[document]));
        let first = cut.iter().zip(&whole).position(|(cut, whole)| cut != whole).unwrap_or(cut.len().min(whole.len()));
        prop_assert_eq!(cut.get(first), whole.get(first), "in {:#?}", parts);
    }

    #[test]
    fn any_text_is_cut_into_parts_that_fit(text in any::<String>(), times in 1_usize..60) {
        for part in numbered(split(&text.repeat(times), 400)) {
            prop_assert!(length(&part) <= 400);
        }
    }

    #[test]
    fn any_marks_are_cut_into_parts_that_fit(text in "([`~>*_|#\\[\\]()<!:0-9.\\n \t-]|\n\n|é|word ){0,2000}") {
        for part in numbered(split(&text, 400)) {
            prop_assert!(length(&part) <= 400);
        }
    }
}
