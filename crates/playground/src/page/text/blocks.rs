//! Structured content (<https://docs.slack.dev/reference/block-kit/blocks>): texts, and buttons to press.

use serde_json::Value;

use super::{Button, Names, Node, address, markdown, mrkdwn};

pub(super) fn read(blocks: &Value, names: Names<'_>) -> Vec<Node> {
    list(blocks).iter().flat_map(|block| one(block, names)).collect()
}

fn one(block: &Value, names: Names<'_>) -> Vec<Node> {
    let kind = block["type"].as_str().unwrap_or_default();
    match kind {
        "section" => {
            let mut nodes = text(&block["text"], names);
            nodes.extend(list(&block["fields"]).iter().flat_map(|field| text(field, names)));
            nodes.extend(actions(block, std::slice::from_ref(&block["accessory"])));
            nodes
        }
        "header" => vec![Node::Heading { level: 2, children: vec![Node::text(label(&block["text"]))] }],
        "markdown" => markdown::read(block["text"].as_str().unwrap_or_default()),
        "divider" => vec![Node::Rule],
        "context" => {
            let children = list(&block["elements"]).iter().flat_map(|element| context(element, names)).collect();
            vec![Node::Context { children }]
        }
        "actions" | "context_actions" => actions(block, list(&block["elements"])),
        // Said and not left out: a message is never empty because of what the page does not know.
        _ => vec![Node::Context { children: vec![Node::text(format!("A block of type {kind} is not shown here."))] }],
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A text object, in Slack's markup or plain.
fn text(object: &Value, names: Names<'_>) -> Vec<Node> {
    let text = object["text"].as_str().unwrap_or_default();
    if object["type"] == "mrkdwn" {
        return mrkdwn::read(text, names);
    }
    let mut children = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if number > 0 {
            children.push(Node::Break);
        }
        children.push(Node::text(line));
    }
    if children.is_empty() { Vec::new() } else { vec![Node::Paragraph { children }] }
}

fn context(element: &Value, names: Names<'_>) -> Vec<Node> {
    if element["type"] == "image" {
        let alternative = element["alt_text"].as_str().unwrap_or_default();
        return vec![Node::Paragraph { children: vec![Node::text(alternative)] }];
    }
    text(element, names)
}

fn label(object: &Value) -> &str {
    object["text"].as_str().unwrap_or_default()
}

/// The buttons among the elements of a block, and links in the place of those that lead somewhere.
fn actions(block: &Value, elements: &[Value]) -> Vec<Node> {
    let (mut buttons, mut links) = (Vec::new(), Vec::new());
    for element in elements {
        let button = |shown: &Value, tone: Option<&str>| Button {
            label: label(&shown["text"]).to_owned(),
            title: shown["accessibility_label"].as_str().map(ToOwned::to_owned),
            tone: tone.map(ToOwned::to_owned),
            block_id: block["block_id"].as_str().unwrap_or_default().to_owned(),
            action_id: element["action_id"].as_str().unwrap_or_default().to_owned(),
            value: shown["value"].as_str().map(ToOwned::to_owned),
        };
        match element["type"].as_str() {
            Some("button") if element["url"].is_string() => {
                let shown = vec![Node::text(label(&element["text"]))];
                links.extend(address::link(element["url"].as_str().unwrap_or_default(), shown));
            }
            Some("button") => buttons.push(button(element, element["style"].as_str())),
            Some("icon_button") => buttons.push(button(element, Some("quiet"))),
            Some("feedback_buttons") => {
                let both = [&element["positive_button"], &element["negative_button"]];
                buttons.extend(both.map(|shown| button(shown, Some("quiet"))));
            }
            _ => {}
        }
    }
    let buttons = (!buttons.is_empty()).then_some(Node::Actions { buttons });
    let links = (!links.is_empty()).then_some(Node::Paragraph { children: links });
    buttons.into_iter().chain(links).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_one(block: Value) -> Value {
        json!(read(&Value::Array(vec![block]), &|id| (id == "U1").then(|| "ada".to_owned())))
    }

    #[test]
    fn texts_are_read_in_their_own_markup() {
        let section = read_one(json!({"type": "section", "text": {"type": "mrkdwn", "text": "*a* <@U1>"},
                                      "fields": [{"type": "plain_text", "text": "*b*"}]}));
        assert_eq!(section[0]["children"][0]["kind"], "strong");
        assert_eq!(section[0]["children"][2]["text"], "@ada");
        assert_eq!(section[1]["children"][0]["text"], "*b*");
        let markdown = read_one(json!({"type": "markdown", "text": "**a**"}));
        assert_eq!(markdown[0]["children"][0]["kind"], "strong");
        let context = read_one(json!({"type": "context", "elements": [{"type": "mrkdwn", "text": "_a_"}]}));
        assert_eq!(
            (&context[0]["kind"], &context[0]["children"][0]["children"][0]["kind"]),
            (&json!("context"), &json!("emphasis"))
        );
    }

    #[test]
    fn both_feedback_buttons_have_one_action_and_two_values() {
        let button = |text: &str| json!({"text": {"type": "plain_text", "text": text}, "value": text});
        let feedback = json!({"type": "feedback_buttons", "action_id": "f", "positive_button": button("good"),
                              "negative_button": button("bad")});
        let read = read_one(json!({"type": "context_actions", "block_id": "b", "elements": [feedback]}));
        let buttons = read[0]["buttons"].as_array().unwrap();
        let shown: Vec<_> = buttons.iter().map(|button| (&button["action_id"], &button["value"])).collect();
        assert_eq!(shown, [(&json!("f"), &json!("good")), (&json!("f"), &json!("bad"))]);
    }

    #[test]
    fn no_block_is_shown_as_nothing_and_hostile_addresses_are_no_links() {
        for kind in ["image", "video", "", "rich_text"] {
            assert!(read_one(json!({"type": kind}))[0]["children"][0]["text"].is_string(), "{kind}");
        }
        let button =
            json!({"type": "button", "text": {"type": "plain_text", "text": "go"}, "url": "javascript:alert(1)"});
        let read = read_one(json!({"type": "actions", "elements": [button]}));
        assert_eq!(read, json!([{"kind": "paragraph", "children": [{"kind": "text", "text": "go"}]}]));
    }
}
