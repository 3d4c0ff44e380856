//! Which messages are questions, and to which conversation they belong.

use std::borrow::Cow;

use serde_json::Value;
use shared::{
    config::DirectMessages,
    conversation::Conversation,
    ids::{ChannelId, UserId},
    task::{File, Question, Surface},
    ts::MessageTs,
};

use super::{
    Reason, Reception, blocks,
    envelope::{Envelope, Fields},
    text,
};

/// Slack's own bot, which has no `bot_id`.
const SLACKBOT: &str = "USLACKBOT";

/// The question in an event, or why there is none.
///
/// A mention in a channel comes twice, as `app_mention` and as `message`, with different event ids; both become the
/// same question, since its identity is the channel and the `ts`.
pub(super) fn to_question(envelope: &Envelope<'_>, reception: &Reception<'_>) -> Result<Question, Reason> {
    let event = envelope.event;
    let mentioned_by_name = match event.text("type") {
        Some("app_mention") => true,
        Some("message") => false,
        _ => return Err(Reason::UnsupportedEvent),
    };
    check_subtype(event)?;

    let mut own_users: Vec<&str> = envelope.bot_users().collect();
    own_users.extend(reception.own_user.map(UserId::as_str));
    check_author(envelope, &own_users)?;

    let channel = ChannelId::new(event.text("channel").ok_or(Reason::Malformed)?);
    let surface = surface_of(event, &channel);
    let written = written_text(event);
    if mentioned_by_name && !own_users.iter().any(|user| text::mentions(&written, user)) {
        // Slack says that it is for us, and the first mention is the likeliest to be ours.
        own_users.extend(text::first_mention(&written));
    }
    let addressed = mentioned_by_name
        || surface == Surface::DirectMessage
        || own_users.iter().any(|user| text::mentions(&written, user));
    if !addressed {
        return Err(Reason::NotAddressed);
    }

    let ts = timestamp(event, "ts")?.ok_or(Reason::Malformed)?;
    let thread_ts = timestamp(event, "thread_ts")?;
    let user = UserId::new(event.text("user").ok_or(Reason::Malformed)?);
    let team = envelope.team().ok_or(Reason::Malformed)?;
    let plain = text::to_plain(&written, &own_users);
    let files = files_of(event);
    if plain.is_empty() && files.is_empty() {
        return Err(Reason::Empty);
    }
    Ok(Question {
        team,
        enterprise: envelope.enterprise().map(str::to_owned),
        conversation: conversation_of(&channel, ts, thread_ts, surface, reception.direct_messages),
        channel,
        ts,
        user,
        surface,
        text: plain,
        files,
        externally_shared: envelope.externally_shared(),
        event_id: envelope.event_id(),
        received_ms: reception.received_ms,
    })
}

/// Only what a person writes passes: plain messages, with files, or a thread's reply that is also shown in the channel.
fn check_subtype(event: &Value) -> Result<(), Reason> {
    match event.text("subtype") {
        None | Some("file_share" | "thread_broadcast") if event.is_true("hidden") => Err(Reason::Hidden),
        None | Some("file_share" | "thread_broadcast") => Ok(()),
        Some("bot_message" | "assistant_app_thread") => Err(Reason::BotMessage),
        Some("message_changed") => Err(Reason::Edited),
        Some("message_deleted") => Err(Reason::Deleted),
        Some(subtype) if is_notice(subtype) => Err(Reason::ChannelNotice),
        Some(_) => Err(Reason::UnsupportedSubtype),
    }
}

/// `channel_join`, `group_topic`, `bot_add` and the like: what Slack writes into a channel by itself.
fn is_notice(subtype: &str) -> bool {
    let in_channel = ["channel_", "group_", "bot_", "pinned_", "unpinned_"];
    let others = ["ekm_access_denied", "reminder_add", "huddle_thread", "joiner_notification", "tombstone"];
    in_channel.iter().any(|start| subtype.starts_with(start)) || others.contains(&subtype)
}

/// Messages of programs are no questions: two bots that answer each other never stop.
fn check_author(envelope: &Envelope<'_>, own_users: &[&str]) -> Result<(), Reason> {
    let event = envelope.event;
    let user = event.text("user");
    let posted_by_us = event.text("app_id").is_some_and(|app| Some(app) == envelope.app());
    if posted_by_us || user.is_some_and(|user| own_users.contains(&user)) {
        return Err(Reason::OwnMessage);
    }
    if event.text("bot_id").is_some() || user == Some(SLACKBOT) {
        return Err(Reason::BotMessage);
    }
    Ok(())
}

/// Where it was asked. `app_mention` carries no `channel_type`, and then the channel's first letter tells; Slack does
/// not give private channels a `G` any more, and it matters to nobody's answer.
fn surface_of(event: &Value, channel: &ChannelId) -> Surface {
    match event.text("channel_type") {
        Some("im" | "app_home") => Surface::DirectMessage,
        Some("mpim") => Surface::GroupDirectMessage,
        Some("group") => Surface::Group,
        Some("channel") => Surface::Channel,
        _ => match channel.as_str().chars().next() {
            Some('D') => Surface::DirectMessage,
            Some('G') => Surface::Group,
            _ => Surface::Channel,
        },
    }
}

/// What was written, in Slack's notation: the text, else what blocks or attachments (a forwarded message) say.
pub(crate) fn written_text(event: &Value) -> Cow<'_, str> {
    if let Some(text) = event.text("text") {
        return Cow::Borrowed(text);
    }
    let from_blocks = blocks::to_text(event.items("blocks"));
    if !from_blocks.is_empty() {
        return Cow::Owned(from_blocks);
    }
    let attached =
        event.items("attachments").iter().filter_map(|one| one.text("text").or_else(|| one.text("fallback")));
    Cow::Owned(attached.collect::<Vec<_>>().join("\n"))
}

/// A timestamp; one that is there and is none makes the message unusable, since its place in the order is unknown.
fn timestamp(event: &Value, key: &str) -> Result<Option<MessageTs>, Reason> {
    match event.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => text.parse().map(Some).map_err(|_| Reason::Malformed),
        Some(_) => Err(Reason::Malformed),
    }
}

fn conversation_of(
    channel: &ChannelId,
    ts: MessageTs,
    thread_ts: Option<MessageTs>,
    surface: Surface,
    direct_messages: DirectMessages,
) -> Conversation {
    let channel = channel.clone();
    match (surface, thread_ts, direct_messages) {
        (Surface::DirectMessage, None, DirectMessages::Channel) => Conversation::DirectMessages { channel },
        _ => Conversation::Thread { channel, root: thread_ts.unwrap_or(ts) },
    }
}

fn files_of(event: &Value) -> Vec<File> {
    let file = |one: &Value| {
        Some(File {
            id: one.text("id")?.to_owned(),
            name: one.text("name").map(str::to_owned),
            mimetype: one.text("mimetype").map(str::to_owned),
            size: one.get("size").and_then(Value::as_u64),
        })
    };
    event.items("files").iter().filter_map(file).collect()
}
