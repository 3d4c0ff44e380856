use rstest::rstest;
use slack::markdown::{length, numbered, silence_mentions, split};

/// Words of about `characters` characters.
fn text(characters: usize) -> String {
    "word ".repeat(characters / 5).trim_end().to_owned()
}

#[test]
fn a_short_text_is_one_part_as_it_was_written() {
    for written in ["", "a", "1. a\n1. b\n\n\n\n*  c\n", "| a |\n|---|\n| b |"] {
        assert_eq!(split(written, 12_000), [written]);
    }
    let exactly = "x".repeat(12_000);
    assert_eq!(split(&exactly, 12_000), [&*exactly]);
}

#[test]
fn parts_end_at_paragraphs() {
    let paragraph = text(300);
    let parts = split(&[&*paragraph; 4].join("\n\n"), 700);
    let two = format!("{paragraph}\n\n{paragraph}");
    assert_eq!(parts, [two.clone(), two]);
}

#[test]
fn a_heading_stays_with_what_follows() {
    let parts = split(&format!("{}\n\n## Title\n\n{}", text(500), text(400)), 600);
    assert_eq!(parts, [text(500), format!("## Title\n\n{}", text(400))]);
}

#[rstest]
#[case("**Sources**\n")]
#[case("**Next steps:**\n\n")]
fn a_bold_line_stays_with_its_list(#[case] line: &str) {
    let list = format!("{line}- [1] {}\n- [2] {}", text(100), text(100));
    // The line would fit into the first part, and the list would not.
    let parts = split(&format!("{}\n\n{list}", text(500)), 600);
    assert_eq!(parts, [text(500), list]);
}

#[test]
fn a_code_block_is_closed_and_opened_again() {
    let code = "let x = 1;\n".repeat(60);
    let parts = split(&format!("So:\n\n````rust\n{code}````\n\nend"), 400);
    assert!(parts.len() == 2 && parts[0].ends_with("let x = 1;\n````"), "{parts:?}");
    assert!(parts[1].starts_with("````rust\nlet x = 1;") && parts[1].ends_with("let x = 1;\n````\n\nend"), "{parts:?}");
}

#[test]
fn a_list_goes_on_with_its_number() {
    let items = format!("1. {}\n", text(60)).repeat(12);
    let parts = split(&items, 500);
    assert!(parts[1].starts_with("8. word"), "{parts:?}");
}

#[test]
fn an_item_that_is_cut_goes_on_where_it_was() {
    let parts = split(&format!("3. a\n   - b\n\n     {}\n\n     {}\n4. c", text(300), text(300)), 500);
    let goes_on = format!("3. …\n\n   - …\n\n     {}\n4. c", text(300));
    assert_eq!(parts, [format!("3. a\n   - b\n\n     {}", text(300)), goes_on]);
}

#[test]
fn a_quote_goes_on() {
    let parts = split(&format!("> {}\n> {}", text(300), text(300)), 500);
    assert_eq!(parts, [format!("> {}", text(300)), format!("> {}", text(300))]);
}

#[test]
fn a_table_has_its_head_in_every_part() {
    let rows = "| 1 | something |\n".repeat(40);
    let parts = split(&format!("| n | what |\n|---|---|\n{rows}"), 500);
    assert!(parts.len() > 1);
    assert!(parts.iter().all(|part| part.starts_with("| n | what |\n|---|---|\n| ")), "{parts:?}");
}

#[test]
fn a_table_that_slack_does_not_show_as_one_is_cut_or_becomes_code() {
    let long = format!("| n |\n|---|\n{}", "| 1 |\n".repeat(150));
    let parts = split(&long, 12_000);
    let rows = |part: &String| part.lines().count() - 1;
    assert_eq!(parts.iter().map(rows).collect::<Vec<_>>(), [100, 52]);

    let wide = format!("{}|\n{}|\n{}|", "| a ".repeat(21), "|---".repeat(21), "| 1 ".repeat(21));
    assert_eq!(split(&wide, 12_000), [format!("````\n{wide}\n````")]);

    let heavy = format!("| n |\n|---|\n{}", format!("| {} |\n", text(900)).repeat(12));
    assert_eq!(split(&heavy, 12_000).len(), 2);
}

#[rstest]
#[case::sentence(&format!("{}. {}", text(399), text(300)), 500, ". ")]
#[case::word(&text(900), 500, " ")]
fn a_long_line_is_cut_at_a_sentence_or_a_word(#[case] written: &str, #[case] limit: usize, #[case] border: &str) {
    let parts = split(written, limit);
    assert!(parts.len() > 1);
    assert_eq!(parts.join(" "), *written);
    assert!(parts[0].ends_with(border.trim_end()), "{parts:?}");
}

#[test]
fn nothing_is_cut_inside_of_what_people_see_as_one_character() {
    let family = "👨\u{200d}👩\u{200d}👧";
    for part in split(&family.repeat(200), 500) {
        assert_eq!(part.replace(family, ""), "");
    }
}

#[test]
fn a_rest_that_looks_like_a_mark_stays_text() {
    let parts = split(&format!("{} 12. {}", text(450), text(300)).replace("word 12", "12"), 480);
    assert!(parts.iter().all(|part| !part.starts_with("12.")), "{parts:?}");
}

#[test]
fn parts_after_the_first_are_labelled_and_fit() {
    let parts = numbered(split(&text(30_000), 12_000));
    assert!(parts[0].starts_with("word") && parts[1].starts_with("_(2/3)_\n\nword"), "{parts:?}");
    assert!(parts.iter().all(|part| length(part) <= 12_000));
    assert_eq!(numbered(vec!["a".to_owned()]), ["a"]);
}

#[test]
fn the_first_part_is_the_beginning_of_the_text() {
    let written = format!("{}\n\n- a\n\n* * *\n{}", text(300), text(900));
    assert!(written.starts_with(&split(&written, 500)[0]));
}

#[test]
fn a_part_that_names_many_people_fits_when_they_are_silenced() {
    let parts = split(&"`<@U1>` ".repeat(200), 1_700);
    assert!(parts.len() == 2 && parts.iter().all(|part| length(&silence_mentions(part)) <= 1_700), "{parts:?}");
}
