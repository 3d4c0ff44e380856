//! The text of a message that has blocks only.

use serde_json::Value;

use super::{envelope::Fields, text};

/// What `rich_text` blocks say, in the notation of a message's `text`, so that both are read in the same way.
///
/// Source: <https://docs.slack.dev/reference/block-kit/blocks/rich-text-block>. An element of an unknown type gives
/// its own text and that of its elements.
pub(super) fn to_text(blocks: &[Value]) -> String {
    let mut out = String::new();
    for block in blocks.iter().filter(|block| block.text("type") == Some("rich_text")) {
        start_line(&mut out);
        write_elements(block, &mut out);
    }
    out.trim().to_owned()
}

/// The depth is bounded by the JSON parser, which refuses more than 128 levels.
fn write_elements(parent: &Value, out: &mut String) {
    for element in parent.items("elements") {
        match element.text("type") {
            Some("user") => write_reference("@", element.text("user_id"), out),
            Some("channel") => write_reference("#", element.text("channel_id"), out),
            Some("usergroup") => write_reference("!subteam^", element.text("usergroup_id"), out),
            Some("broadcast") => write_reference("!", element.text("range"), out),
            Some("emoji") => {
                if let Some(name) = element.text("name") {
                    out.extend([":", name, ":"]);
                }
            }
            Some("link") => write_link(element, out),
            Some("rich_text_section" | "rich_text_list" | "rich_text_quote" | "rich_text_preformatted") => {
                start_line(out);
                write_elements(element, out);
            }
            _ => {
                out.push_str(&text::escape(element.text("text").unwrap_or_default()));
                write_elements(element, out);
            }
        }
    }
}

fn write_reference(sign: &str, id: Option<&str>, out: &mut String) {
    if let Some(id) = id {
        out.extend(["<", sign, id, ">"]);
    }
}

fn write_link(element: &Value, out: &mut String) {
    match (element.text("url"), element.text("text")) {
        (Some(url), Some(label)) => out.extend(["<", &text::escape(url), "|", &text::escape(label), ">"]),
        (Some(url), None) => out.extend(["<", &text::escape(url), ">"]),
        (None, label) => out.push_str(&text::escape(label.unwrap_or_default())),
    }
}

fn start_line(out: &mut String) {
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(json!([{"type": "text", "text": "a < b & c"}]), "a &lt; b &amp; c")]
    #[case(json!([{"type": "user", "user_id": "U1"}, {"type": "text", "text": " hi"}]), "<@U1> hi")]
    #[case(json!([{"type": "link", "url": "https://a.example/?x=1&y=2", "text": "there"}]),
        "<https://a.example/?x=1&amp;y=2|there>")]
    #[case(json!([{"type": "link", "url": "https://a.example"}]), "<https://a.example>")]
    #[case(json!([{"type": "emoji", "name": "wave"}, {"type": "broadcast", "range": "here"}]), ":wave:<!here>")]
    #[case(json!([{"type": "hologram", "text": "kept", "elements": [{"type": "text", "text": " too"}]}]), "kept too")]
    #[case(json!([{"type": "user", "user_id": 7}, 5, null, "x"]), "")]
    fn an_inline_element_becomes_slacks_notation(#[case] elements: Value, #[case] expected: &str) {
        let block = json!({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]});
        assert_eq!(to_text(&[block]), expected);
    }

    #[test]
    fn each_section_and_list_item_is_a_line() {
        let item = |text: &str| json!({"type": "rich_text_section", "elements": [{"type": "text", "text": text}]});
        let list = json!({"type": "rich_text_list", "elements": [item("one"), item("two")]});
        let block = json!({"type": "rich_text", "elements": [item("which?"), list]});
        assert_eq!(to_text(&[block]), "which?\none\ntwo");
    }
}
