use answers::prose::{source, sources_list};
use rstest::rstest;
use shared::answer::Source;

use super::{passages, sanitise};

#[rstest]
#[case::kept("Rotated [1].", "Rotated [1].", &[0])]
#[case::in_order_of_appearance("First [2], then [1], then [2].", "First [1], then [2], then [1].", &[1, 0])]
#[case::list("So [1, 2].", "So [1][2].", &[0, 1])]
#[case::two("So [2][1].", "So [1][2].", &[1, 0])]
#[case::range("So [1-2].", "So [1][2].", &[0, 1])]
#[case::same_page("So [1][3].", "So [1].", &[0])]
#[case::same_page_in_one("So [1, 3].", "So [1].", &[0])]
#[case::lenticular("So 【1】 and 【2†source】.", "So [1] and [2].", &[0, 1])]
#[case::named("So (Source 1) and [source 2].", "So [1] and [2].", &[0, 1])]
#[case::in_parentheses("So ([1]).", "So [1].", &[0])]
#[case::footnote("So [^2].", "So [1].", &[1])]
#[case::linked("So [1](https://evil.example).", "So [1].", &[0])]
#[case::reference("The [guide][2].", "The guide[1].", &[1])]
#[case::unknown("So [7]. And [9] more [8], (Source 9).", "So. And more,.", &[])]
#[case::unknown_at_the_start("[9] So.", "So.", &[])]
#[case::unknown_and_known("So [9, 1] and [4][2].", "So [1] and [2].", &[0, 1])]
#[case::unknown_alone("- [9]\n- a", "- a", &[])]
#[case::in_code("`a[1]` and `b[9]`", "`a[1]` and `b[9]`", &[])]
#[case::no_citations("In [2024] items[0], (1) and [x] [ ].", "In [2024] items[0], (1) and [x] [ ].", &[])]
#[case::huge("[99999999999999999999] [1-999]", "[99999999999999999999] [1][2]", &[0, 1])]
fn only_given_passages_are_cited(#[case] written: &str, #[case] text: &str, #[case] cited: &[usize]) {
    let sanitised = sanitise(written);
    assert_eq!(sanitised.text, text);
    assert_eq!(sanitised.cited, cited);
}

#[test]
fn the_list_links_pages_and_names_files() {
    let sources: Vec<Source> = passages()[..2].iter().map(source).collect();
    assert_eq!(
        sources_list(&sources),
        "**Sources**\n- [1] [Keys](https://wiki.example/keys)\n- [2] Limits — `guides/limits.md`"
    );
    assert_eq!(sources_list(&[]), "");
}

#[test]
fn a_title_has_no_effect() {
    let source = |title: &str, location: &str| Source { title: title.to_owned(), location: location.to_owned() };
    let list = sources_list(&[source("a](https://evil.example) <!channel>\n`b`", "https://a.example/x)y z")]);
    assert_eq!(
        list,
        "**Sources**\n- [1] [a)(https://evil.example) <\u{2060}!channel> 'b'](https://a.example/x%29y%20z)"
    );
    let long = sources_list(&[source(&"x".repeat(1_000), "a`b.md")]);
    assert_eq!(long, format!("**Sources**\n- [1] {}… — ``a`b.md``", "x".repeat(150)));
}
