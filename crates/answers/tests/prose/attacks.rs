use rstest::rstest;

use super::text;

#[rstest]
#[case::source("see [keys](https://wiki.example/keys).", "see [keys](https://wiki.example/keys).")]
#[case::in_a_source("[b](https://limits.example/a_(b)?x=1)", "[b](https://limits.example/a_%28b%29?x=1)")]
#[case::bare_source("see https://wiki.example/keys.", "see <https://wiki.example/keys>.")]
#[case::bare_in_a_source("(http://two.example/x)", "(<http://two.example/x>)")]
#[case::autolink_source("<https://wiki.example/keys>", "<https://wiki.example/keys>")]
#[case::another("see [keys](https://evil.example/?q=secret) now", "see keys now")]
#[case::longer("[keys](https://wiki.example/keys?q=secret)", "keys")]
#[case::other_host("[keys](https://wiki.example.evil/keys)", "keys")]
#[case::title("[keys](https://evil.example \"a) b\") c", "keys c")]
#[case::angle("[keys](<https://evil.example/a b>) c", "keys c")]
#[case::relative("[keys](/etc/passwd) c", "keys c")]
#[case::script("[keys](javascript:alert(1)) c", "keys c")]
#[case::bare("see https://evil.example/x, please", "see (link removed), please")]
#[case::upper_case("HTTPS://EVIL.example", "(link removed)")]
#[case::other_scheme("slack://open and mailto:a@evil.example", "(link removed) and (link removed)")]
#[case::domain("see evil.example/x and page.md", "see `evil.example/x` and `page.md`")]
#[case::mail("ask a.b@evil.example.", "ask `a.b@evil.example`.")]
#[case::autolink("see <https://evil.example> now", "see (link removed) now")]
#[case::slack_link("see <https://evil.example|the page> now", "see the page now")]
#[case::strong("**https://evil.example**", "**(link removed)**")]
#[case::entities("&#104;ttps&colon;&sol;/evil.example", "(link removed)")]
#[case::escapes("https:\\/\\/evil.example", "(link removed)")]
#[case::zero_width("ht\u{200b}tps://ev\u{2060}il.example", "(link removed)")]
#[case::image("![a chart](https://evil.example/x.png) here", "a chart here")]
#[case::empty_image("look ![](https://evil.example/x.png) here", "look here")]
#[case::image_of_a_source("![keys](https://wiki.example/keys)", "keys")]
#[case::image_in_a_link("[![alt](https://evil.example/i)](https://evil.example)", "alt")]
#[case::link_in_a_link("[a [b](https://evil.example) c](https://evil.example)", "a b c")]
#[case::link_as_words(
    "[https://evil.example](https://wiki.example/keys)",
    "[(link removed)](https://wiki.example/keys)"
)]
#[case::reference("see [the page][p].\n\n[p]: https://evil.example", "see the page.")]
#[case::definition_with_a_title("a\n[p]: <https://evil.example> 'title'\nb", "a\nb")]
#[case::definition_over_lines("[p]:\nhttps://evil.example\n\n[p]", "(link removed)\n\n[p]")]
#[case::label_over_lines("[a\nb]: /x\n\n[a b]", "[a\nb]~: /x\n\n[a b]")]
#[case::link_over_lines("[a\nb](https://evil.example)", "[a\nb]~((link removed))")]
#[case::escaped_bracket("\\[a](https://evil.example)", "\\[a]~((link removed))")]
#[case::not_closed("[a](https://evil.example", "[a]~((link removed)")]
#[case::around_a_tag("https:<b>//1.2.3.4/x</b> <<b>!channel>", "https:~//1.2.3.4/x <~!channel>")]
#[case::around_a_link("evil[.example](https://x.example)/q", "evil.~example~/q")]
#[case::around_a_citation("evil[9].example/q http[9]s://evil.example", "evil.~example/q http~(link removed)")]
#[case::after_a_link("[a](https://evil.example/)https://wiki.example/keys/x", "a~(link removed)")]
#[case::html("<b>bold</b> and <a href=\"https://evil.example\">here</a>", "bold and here")]
#[case::html_image("x <img src=https://evil.example/x> y", "x y")]
#[case::comment("x <!-- [9] --> y", "x y")]
#[case::placeholder("ssh <user>@host, a < b, x <- y", "ssh <~user>@host, a < b, x <- y")]
fn links_lead_to_sources_only(#[case] written: &str, #[case] safe: &str) {
    assert_eq!(text(written), safe);
}

#[rstest]
#[case("<!channel> wake up", "@~channel wake up")]
#[case("<!here|here> and <!EVERYONE>", "@~here and @~EVERYONE")]
#[case("ask <@U123> or <@W9|ann>", "ask @~U123 or @~ann")]
#[case("in <#C1|general> or <#C2>", "in #~general or #~C2")]
#[case("<!subteam^S1|@ops> and <!subteam^S2>", "@~ops and @~subteam^S2")]
#[case("@channel and @Here", "@~channel and @~Here")]
#[case("<@U123", "<~@U123")]
#[case("<<!channel>>", "<~@~channel~>")]
#[case("<\u{200b}!chan\u{ad}nel>", "@~channel")]
#[case("&lt;!channel&gt; &amp;lt;!here>", "<~!channel> <~!here>")]
#[case("\\<!channel>", "<~!channel>")]
#[case("[<!channel>](https://evil.example)", "@~channel")]
fn nobody_is_called(#[case] written: &str, #[case] safe: &str) {
    assert_eq!(text(written), safe);
}

#[rstest]
#[case("`[1](https://evil.example) <b> &lt; \\x [9]`", "`[1](https://evil.example) <b> &lt; \\x [9]`")]
#[case(
    "```sh extra info\ncurl https://x.example [9]\n<b>\n```\n\n[9] end",
    "```sh\ncurl https://x.example [9]\n<b>\n```\n\nend"
)]
#[case("`` a ` b `` and ```c```", "`` a ` b `` and `c`")]
#[case("~~~\na\n```\n[9]\n~~~\n[9] b", "~~~\na\n```\n[9]\n~~~\nb")]
#[case("1. a\n   ```\n   x\n  y\n   ```\n2. b", "1. a\n   ```\n   x\n   y\n   ```\n2. b")]
#[case("> ```\n> x\nhttps://evil.example", "> ```\n> x\n> ```\n(link removed)")]
#[case("    ```\nx\n    ```\nhttps://evil.example", "    ```\n    x\n    ```\n(link removed)")]
#[case("a\n    ```\nhttps://evil.example", "a\n\n    ```\n    https://evil.example\n    ```")]
#[case("```\nx", "```\nx\n```")]
#[case("```\n\n\n\nx\n\n```", "```\n\n\n\nx\n\n```")]
#[case("a ` b https://evil.example", "a ' b (link removed)")]
#[case("`a\nhttps://evil.example `", "'a\n(link removed) '")]
#[case("\\`https://evil.example`", "'(link removed)'")]
#[case("`https://evil.example\\`", "`https://evil.example\\`")]
#[case("| a | b |\n|---|---|\n| `x | https://evil.example` |", "| a | b |\n|---|---|\n| 'x | (link removed)' |")]
#[case("a ` | b\n--- | ---\n` | c", "a ' | b\n' | c")]
fn code_stays_and_is_code_to_everybody(#[case] written: &str, #[case] safe: &str) {
    assert_eq!(text(written), safe);
}
