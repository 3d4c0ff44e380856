use answers::prose::Sanitiser;
use rstest::rstest;

use super::passages;

#[rstest]
#[case("Keys are rot", "")]
#[case("Keys are rotated. ", "Keys are rotated.")]
#[case("Keys are rotated. Every 90 d", "Keys are rotated.")]
#[case("Keys, e.g. those of ", "")]
#[case("Version 1.2 and 3. ", "")]
#[case("See [the guide. It", "")]
#[case("See [the guide. It is](https://wiki.exam", "")]
#[case("Run `a. b", "")]
#[case("**Note. Keys", "")]
#[case("One. Two [1", "One.")]
#[case("One. Two [1]. Three", "One. Two [1].")]
#[case("- one\n- two", "- one")]
#[case("a\n\n``", "a")]
#[case("a\n\n```rust\nlet x = 1;\nlet y", "a\n\n```rust\nlet x = 1;")]
#[case("1. On", "")]
#[case("はい。次", "はい。")]
#[case("[p]: see x. And", "")]
fn only_what_is_complete_is_shown(#[case] written: &str, #[case] shown: &str) {
    let mut sanitiser = Sanitiser::new(&passages());
    let at_once = sanitiser.push(written);
    assert_eq!(at_once, shown);
    let mut sanitiser = Sanitiser::new(&passages());
    let parts: String = written.chars().map(|c| sanitiser.push(c.encode_utf8(&mut [0; 4]))).collect();
    assert_eq!(parts, shown);
}

#[test]
fn a_secret_in_two_pushes_is_masked() {
    let mut sanitiser = Sanitiser::new(&[]);
    let mut shown = sanitiser.push("The key is xoxb-1234");
    shown += &sanitiser.push("56789012-abcdef. And more. Text");
    assert_eq!(shown, "The key is (secret removed). And more.");
}
