//! chat.startStream, .appendStream, .stopStream: a message that grows while the bot writes it.
//!
//! Of `chunks` the ones of type `markdown_text` are written; the others are checked and not shown.

use std::time::Duration;

use serde_json::{Value, json};
use shared::{answer::Format, ids::UserId};

use super::{
    answer::{Done, Refusal},
    chat::{owned, thread, writable},
    content::{LONGEST_MARKDOWN, MOST_BLOCKS, MetadataChange, blocks, metadata},
};
use crate::{
    event::Event,
    workspace::{Arguments, Author, Draft, Kind, Message, Workspace},
};

/// The documented types of a chunk (<https://docs.slack.dev/reference/methods/chat.appendStream>).
const CHUNKS: [&str; 4] = ["markdown_text", "task_update", "plan_update", "blocks"];

/// How tasks can be shown (<https://docs.slack.dev/reference/methods/chat.startStream>).
const TASK_DISPLAY_MODES: [&str; 2] = ["timeline", "plan"];

/// Begins a message; `readable_after` is how long Slack hides it from conversations.replies and .history.
pub(crate) fn start(
    workspace: &mut Workspace,
    arguments: &Arguments,
    readable_after: Duration,
) -> Result<Done, Refusal> {
    let channel = writable(workspace, arguments)?;
    let (id, direct) = (channel.id.clone(), matches!(channel.kind, Kind::DirectMessages(_)));
    recipient(workspace, arguments, direct)?;
    if arguments.text("task_display_mode").is_some_and(|mode| !TASK_DISPLAY_MODES.contains(&mode.as_str())) {
        return Err(Refusal("invalid_arguments"));
    }
    let text = written(arguments)?.unwrap_or_default();
    let thread_ts = thread(workspace, &id, arguments)?;
    if thread_ts.is_none() {
        workspace.violation("chat.startStream without `thread_ts`: streamed messages should always be replies");
    }
    let message = workspace.add(Draft {
        channel: id,
        thread_ts,
        author: Author::Bot,
        text,
        format: Format::Markdown,
        blocks: None,
        files: Vec::new(),
        metadata: None,
        broadcast: false,
        streaming: true,
        readable_after,
    });
    let fields = json!({"channel": message.channel, "ts": message.ts});
    Ok(Done { fields, events: Event::about_new(workspace, &message) })
}

/// Goes on with a message. Nobody is told: Slack's clients see it grow.
pub(crate) fn append(workspace: &mut Workspace, arguments: &Arguments) -> Result<Done, Refusal> {
    let mut message = streaming(workspace, arguments)?;
    let text = written(arguments)?.ok_or(Refusal("no_text"))?;
    message.text.push_str(&text);
    workspace.replace(message.clone());
    Ok(Done::quiet(json!({"channel": message.channel, "ts": message.ts})))
}

/// Finishes a message, which may get metadata, and blocks below its text.
pub(crate) fn stop(workspace: &mut Workspace, arguments: &Arguments) -> Result<Done, Refusal> {
    let before = streaming(workspace, arguments)?;
    let mut after = before.clone();
    after.text.push_str(&written(arguments)?.unwrap_or_default());
    after.blocks = closing_blocks(arguments)?;
    if let MetadataChange::Set(metadata) = metadata(arguments)? {
        after.metadata = Some(metadata);
    }
    if after.text.trim().is_empty() && after.blocks.is_none() {
        return Err(Refusal("no_text"));
    }
    after.streaming_until = None;
    workspace.replace(after.clone());
    let shown = workspace.show(&after, true);
    let fields = json!({"channel": after.channel, "ts": after.ts, "message": shown});
    Ok(Done { fields, events: Event::about_edited(workspace, &before, &after) })
}

/// Outside of direct messages the one who is written to must be named.
fn recipient(workspace: &mut Workspace, arguments: &Arguments, direct: bool) -> Result<(), Refusal> {
    let named = |name| arguments.text(name).filter(|id| !id.is_empty());
    let (user, team) = (named("recipient_user_id"), named("recipient_team_id"));
    if !direct && user.is_none() {
        return Err(Refusal("missing_recipient_user_id"));
    }
    if !direct && team.is_none() {
        return Err(Refusal("missing_recipient_team_id"));
    }
    if user.is_some_and(|user| !workspace.people.contains_key(&UserId::new(user))) {
        return Err(Refusal("user_not_found"));
    }
    if let Some(team) = team.filter(|team| team != workspace.identity().team.as_str()) {
        workspace.violation(format!("recipient_team_id {team} is another workspace than the recipient's"));
    }
    Ok(())
}

/// The message of the call, if the bot wrote it and it is still open.
fn streaming(workspace: &Workspace, arguments: &Arguments) -> Result<Message, Refusal> {
    writable(workspace, arguments)?;
    let message = owned(workspace, arguments, Refusal("message_not_owned_by_app"))?;
    if workspace.is_streaming(&message) { Ok(message) } else { Err(Refusal("message_not_in_streaming_state")) }
}

/// What the call writes; none = nothing.
fn written(arguments: &Arguments) -> Result<Option<String>, Refusal> {
    let mut text = arguments.text("markdown_text").unwrap_or_default();
    let chunks = arguments.json("chunks").map_err(|_| Refusal("invalid_chunks"))?;
    let chunks = match chunks {
        None => Vec::new(),
        Some(Value::Array(chunks)) => chunks,
        Some(_) => return Err(Refusal("invalid_chunks")),
    };
    for chunk in &chunks {
        let kind = chunk["type"].as_str().filter(|kind| CHUNKS.contains(kind)).ok_or(Refusal("invalid_chunks"))?;
        if kind == "markdown_text" {
            text.push_str(chunk["text"].as_str().ok_or(Refusal("invalid_chunks"))?);
        }
    }
    if text.chars().count() > LONGEST_MARKDOWN {
        // The reference names the limit and no error of its own for it; chat.postMessage's is this one.
        return Err(Refusal("msg_too_long"));
    }
    Ok(if text.is_empty() && chunks.is_empty() { None } else { Some(text) })
}

/// As for chat.postMessage, with the error codes that chat.stopStream has.
fn closing_blocks(arguments: &Arguments) -> Result<Option<Value>, Refusal> {
    let sent = arguments.json("blocks").ok().flatten();
    if sent.as_ref().and_then(Value::as_array).is_some_and(|blocks| blocks.len() > MOST_BLOCKS) {
        return Err(Refusal("msg_blocks_too_many"));
    }
    blocks(arguments).map_err(|_| Refusal("invalid_blocks"))
}
