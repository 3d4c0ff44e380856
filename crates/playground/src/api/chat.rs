//! chat.*: what the bot writes.

use std::time::Duration;

use serde_json::json;
use shared::{
    ids::{ChannelId, UserId},
    ts::MessageTs,
};

use super::{
    answer::{Done, Refusal},
    content::{Content, Limits, MetadataChange},
};
use crate::{
    event::Event,
    workspace::{Arguments, Author, Channel, Draft, Ephemeral, Kind, Message, Workspace},
};

/// Posts a message of the bot; `readable_after` is how long Slack hides it from conversations.replies and .history.
pub(crate) fn post_message(
    workspace: &mut Workspace,
    arguments: &Arguments,
    readable_after: Duration,
) -> Result<Done, Refusal> {
    let channel = writable(workspace, arguments)?.id.clone();
    let content = Content::read(arguments, Limits::POST)?;
    let thread_ts = thread(workspace, &channel, arguments)?;
    let metadata = match content.metadata {
        MetadataChange::Set(metadata) => Some(metadata),
        MetadataChange::Keep | MetadataChange::Remove => None,
    };
    let message = workspace.add(Draft {
        channel,
        thread_ts,
        author: Author::Bot,
        text: content.text,
        format: content.format,
        blocks: content.blocks,
        files: Vec::new(),
        metadata,
        broadcast: thread_ts.is_some() && arguments.flag("reply_broadcast"),
        streaming: false,
        readable_after,
    });
    let shown = workspace.show(&message, true);
    let mut fields = json!({"channel": message.channel, "ts": message.ts, "message": shown});
    if content.truncated {
        fields["warning"] = json!("message_truncated");
        fields["response_metadata"] = json!({"warnings": ["message_truncated"]});
    }
    Ok(Done { fields, events: Event::about_new(workspace, &message) })
}

/// Changes a message of the bot.
pub(crate) fn update(workspace: &mut Workspace, arguments: &Arguments) -> Result<Done, Refusal> {
    let before = owned(workspace, arguments, Refusal("cant_update_message"))?;
    if workspace.is_streaming(&before) {
        return Err(Refusal("streaming_state_conflict"));
    }
    let content = Content::read(arguments, Limits::UPDATE)?;
    let mut after = before.clone();
    after.text = content.text;
    after.format = content.format;
    after.blocks = content.blocks;
    after.edited = Some(workspace.next_ts());
    after.streaming_until = None;
    match content.metadata {
        MetadataChange::Keep => {}
        MetadataChange::Remove => after.metadata = None,
        MetadataChange::Set(metadata) => after.metadata = Some(metadata),
    }
    workspace.replace(after.clone());
    let shown = workspace.show(&after, true);
    Ok(Done {
        fields: json!({"channel": after.channel, "ts": after.ts, "text": after.text, "message": shown}),
        events: Event::about_edited(workspace, &before, &after),
    })
}

/// Deletes a message of the bot.
pub(crate) fn delete(workspace: &mut Workspace, arguments: &Arguments) -> Result<Done, Refusal> {
    let mut message = owned(workspace, arguments, Refusal("cant_delete_message"))?;
    message.deleted = true;
    workspace.replace(message.clone());
    Ok(Done {
        fields: json!({"channel": message.channel, "ts": message.ts}),
        events: Event::about_deleted(workspace, &message),
    })
}

/// Shows a message to one person only.
pub(crate) fn post_ephemeral(workspace: &mut Workspace, arguments: &Arguments) -> Result<Done, Refusal> {
    let channel = writable(workspace, arguments)?.clone();
    let user = UserId::new(arguments.text("user").unwrap_or_default());
    let is_there = workspace.people.contains_key(&user);
    let is_theirs = !matches!(&channel.kind, Kind::DirectMessages(person) if *person != user);
    if !is_there || !is_theirs {
        return Err(Refusal("user_not_in_channel"));
    }
    let content = Content::read(arguments, Limits::POST)?;
    let thread_ts = thread(workspace, &channel.id, arguments)?;
    let ts = workspace.next_ts();
    workspace.ephemerals.push(Ephemeral { channel: channel.id, user, thread_ts, text: content.text });
    Ok(Done::quiet(json!({"message_ts": ts})))
}

/// The channel of the call, if the bot may write there.
pub(super) fn writable<'a>(workspace: &'a Workspace, arguments: &Arguments) -> Result<&'a Channel, Refusal> {
    let id = ChannelId::new(arguments.text("channel").unwrap_or_default());
    let channel = workspace.channel(&id).ok_or(Refusal("channel_not_found"))?;
    if channel.archived {
        return Err(Refusal("is_archived"));
    }
    if !channel.bot_is_member {
        return Err(Refusal(if channel.kind == Kind::Private { "channel_not_found" } else { "not_in_channel" }));
    }
    Ok(channel)
}

/// The thread that the call replies in. A deleted root keeps its thread while there are replies.
pub(super) fn thread(
    workspace: &mut Workspace,
    channel: &ChannelId,
    arguments: &Arguments,
) -> Result<Option<MessageTs>, Refusal> {
    if arguments.text("thread_ts").is_none_or(|ts| ts.is_empty()) {
        return Ok(None);
    }
    let named = timestamp(arguments, "thread_ts").ok_or(Refusal("thread_not_found"))?;
    let found = workspace.stored(channel, named).map(|message| (message.deleted, message.thread_ts));
    match found {
        None => Err(Refusal("thread_not_found")),
        Some((true, _)) if workspace.replies(channel, named).next().is_none() => Err(Refusal("thread_not_found")),
        Some((_, None)) => Ok(Some(named)),
        Some((_, Some(root))) => {
            // "Avoid using a reply's `ts` value; use its parent instead."
            workspace.violation(format!("thread_ts {named} is a reply's ts: use its root's, {root}"));
            Ok(Some(root))
        }
    }
}

/// The message of the call, if the bot wrote it.
pub(super) fn owned(workspace: &Workspace, arguments: &Arguments, foreign: Refusal) -> Result<Message, Refusal> {
    let channel = ChannelId::new(arguments.text("channel").unwrap_or_default());
    if workspace.channel(&channel).is_none() {
        return Err(Refusal("channel_not_found"));
    }
    let message = timestamp(arguments, "ts").and_then(|ts| workspace.message(&channel, ts));
    match message {
        None => Err(Refusal("message_not_found")),
        Some(message) if !message.is_by_bot() => Err(foreign),
        Some(message) => Ok(message.clone()),
    }
}

pub(super) fn timestamp(arguments: &Arguments, name: &str) -> Option<MessageTs> {
    arguments.text(name)?.parse().ok()
}
