//! What a model writes becomes safe text.

mod attacks;
mod citations;
mod robustness;
mod secrets;
mod streaming;

use answers::{
    Found,
    prose::{Sanitised, Sanitiser},
};

/// Three passages: of a web page, of a file that names an address, of the same web page.
fn passages() -> Vec<Found> {
    let found = |title: &str, location: &str, text: &str| Found {
        id: location.to_owned(),
        title: title.to_owned(),
        location: location.to_owned(),
        text: text.to_owned(),
        date: None,
        author: None,
        source: "wiki".to_owned(),
        fits: true,
    };
    vec![
        found("Keys", "https://wiki.example/keys", "Keys are rotated."),
        found("Limits", "guides/limits.md", "See [limits](https://limits.example/a_(b)?x=1) and http://two.example/x."),
        found("Keys", "https://wiki.example/keys", "Every 90 days."),
    ]
}

fn sanitise(text: &str) -> Sanitised {
    let mut sanitiser = Sanitiser::new(&passages());
    let shown = sanitiser.push(text);
    let answer = sanitiser.finish();
    assert_eq!(format!("{shown}{}", answer.rest), answer.text);
    answer
}

/// The text, in which word joiners show as `~`.
fn text(written: &str) -> String {
    sanitise(written).text.replace('\u{2060}', "~")
}
