//! The content of a message that the bot sends, checked as Slack checks it.

use serde_json::{Value, json};
use shared::answer::Format;

use super::answer::Refusal;
use crate::workspace::{Arguments, Metadata};

/// What a method allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// More characters of `text` are refused.
    refused: usize,
    /// More characters of `text` are cut off, with a warning.
    truncated: usize,
}

impl Limits {
    /// chat.postMessage (<https://docs.slack.dev/reference/methods/chat.postMessage>).
    pub(crate) const POST: Self = Self { refused: usize::MAX, truncated: 40_000 };
    /// chat.update: "The `text` field cannot exceed 4,000 characters"
    /// (<https://docs.slack.dev/reference/methods/chat.update>).
    pub(crate) const UPDATE: Self = Self { refused: 4_000, truncated: usize::MAX };
}

/// `markdown_text` takes this many characters.
pub(super) const LONGEST_MARKDOWN: usize = 12_000;

/// A message takes this many blocks (<https://docs.slack.dev/reference/block-kit/blocks>).
pub(super) const MOST_BLOCKS: usize = 50;

/// A message takes this many attachments.
const MOST_ATTACHMENTS: usize = 100;

/// What a call says about a message's metadata.
#[derive(Debug)]
pub(crate) enum MetadataChange {
    /// Nothing: chat.update keeps what there is.
    Keep,
    /// An empty object: it is removed.
    Remove,
    /// It is set.
    Set(Metadata),
}

/// What a message is to show.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) text: String,
    pub(crate) format: Format,
    pub(crate) blocks: Option<Value>,
    pub(crate) metadata: MetadataChange,
    pub(crate) truncated: bool,
}

impl Content {
    pub(crate) fn read(arguments: &Arguments, limits: Limits) -> Result<Self, Refusal> {
        let text = arguments.text("text").unwrap_or_default();
        let markdown = arguments.text("markdown_text").unwrap_or_default();
        let blocks = blocks(arguments)?;
        let attachments = attachments(arguments)?;
        let metadata = metadata(arguments)?;
        if !markdown.is_empty() {
            if !text.is_empty() || blocks.is_some() {
                return Err(Refusal("markdown_text_conflict"));
            }
            if markdown.chars().count() > LONGEST_MARKDOWN {
                return Err(Refusal("msg_too_long"));
            }
            return Ok(Self { text: markdown, format: Format::Markdown, blocks, metadata, truncated: false });
        }
        if text.trim().is_empty() && blocks.is_none() && !attachments {
            return Err(Refusal("no_text"));
        }
        let length = text.chars().count();
        if length > limits.refused {
            return Err(Refusal("msg_too_long"));
        }
        let truncated = length > limits.truncated;
        let text = if truncated { text.chars().take(limits.truncated).collect() } else { text };
        Ok(Self { text, format: Format::Plain, blocks, metadata, truncated })
    }
}

pub(super) fn blocks(arguments: &Arguments) -> Result<Option<Value>, Refusal> {
    let sent = arguments.json("blocks").map_err(|_| Refusal("invalid_blocks_format"))?;
    let Some(mut sent) = sent else { return Ok(None) };
    let blocks = sent.as_array_mut().ok_or(Refusal("invalid_blocks_format"))?;
    if blocks.len() > MOST_BLOCKS || !blocks.iter().all(|block| block["type"].is_string()) {
        return Err(Refusal("invalid_blocks"));
    }
    blocks.iter_mut().enumerate().for_each(|(place, block)| identify(place, block));
    Ok(if blocks.is_empty() { None } else { Some(sent) })
}

/// Gives a block and what can be pressed in it the ids that the app left out.
fn identify(place: usize, block: &mut Value) {
    if !block["block_id"].is_string() {
        block["block_id"] = json!(format!("block-{place}"));
    }
    let pressable = match block["type"].as_str() {
        Some("actions" | "context_actions") => block["elements"].as_array_mut().map_or(&mut [][..], Vec::as_mut_slice),
        Some("section") => block.get_mut("accessory").map_or(&mut [][..], std::slice::from_mut),
        _ => &mut [],
    };
    for (place, element) in pressable.iter_mut().enumerate() {
        if element.is_object() && !element["action_id"].is_string() {
            element["action_id"] = json!(format!("action-{place}"));
        }
    }
}

/// Whether there are attachments; what they hold is not kept.
fn attachments(arguments: &Arguments) -> Result<bool, Refusal> {
    let sent = arguments.json("attachments").map_err(|_| Refusal("invalid_attachments"))?;
    let Some(sent) = sent else { return Ok(false) };
    let attachments = sent.as_array().ok_or(Refusal("invalid_attachments"))?;
    if attachments.len() > MOST_ATTACHMENTS {
        return Err(Refusal("too_many_attachments"));
    }
    Ok(!attachments.is_empty())
}

pub(super) fn metadata(arguments: &Arguments) -> Result<MetadataChange, Refusal> {
    let invalid = Refusal("invalid_metadata_format");
    let Some(sent) = arguments.json("metadata").map_err(|_| invalid)? else { return Ok(MetadataChange::Keep) };
    let Value::Object(mut sent) = sent else { return Err(invalid) };
    if sent.is_empty() {
        return Ok(MetadataChange::Remove);
    }
    match (sent.remove("event_type"), sent.remove("event_payload")) {
        (Some(Value::String(event_type)), Some(Value::Object(event_payload))) if !event_type.is_empty() => {
            Ok(MetadataChange::Set(Metadata { event_type, event_payload }))
        }
        _ => Err(invalid),
    }
}
