//! What the page is told of the workspace.

use serde_json::{Value, json};
use shared::{
    answer::Format,
    ids::{ChannelId, UserId},
    ts::MessageTs,
};

use super::{text, typed};
use crate::{
    controls::Controls,
    delivery::{Attempt, RetryReason, millis},
    workspace::{ANSWER, Author, Channel, Kind, Message, Metadata, NOTICE, Workspace},
};

/// Everything that is small: sent as a whole when any of it changes.
pub(super) fn surroundings(workspace: &Workspace, controls: &Controls) -> Value {
    let identity = workspace.identity();
    let people = workspace.people.iter().map(|(id, name)| json!({"name": name, "id": id}));
    let channels = workspace.channels.values().map(channel);
    let shown = workspace.statuses.iter().filter(|(_, status)| workspace.millis() < status.until);
    let statuses = shown.map(|((channel, root), status)| {
        json!({"channel": channel, "thread_ts": root, "text": status.text, "until": status.until})
    });
    let prompts = workspace.prompts.iter().flat_map(|(channel, prompts)| {
        prompts.iter().map(move |(title, message)| json!({"channel": channel, "title": title, "message": message}))
    });
    let titles = workspace.titles.iter();
    let titles = titles.map(|((channel, root), title)| json!({"channel": channel, "thread_ts": root, "title": title}));
    json!({
        "bot": {"id": identity.bot_user, "name": identity.bot_name},
        "people": sorted(people), "channels": sorted(channels), "statuses": sorted(statuses),
        "prompts": sorted(prompts), "titles": sorted(titles),
        "controls": {"workers": controls.workers(), "kill_worker": controls.kill_worker().is_some(),
                     "stop_store": controls.stop_store().is_some()},
    })
}

/// Always in the same order, so that what is the same looks the same.
fn sorted(values: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut values: Vec<Value> = values.collect();
    values.sort_by_cached_key(Value::to_string);
    values
}

fn channel(channel: &Channel) -> Value {
    let person = match &channel.kind {
        Kind::DirectMessages(person) => Some(person),
        Kind::Public | Kind::Private => None,
    };
    json!({"name": channel.name, "id": channel.id, "kind": channel.kind.as_str(), "person": person,
           "archived": channel.archived, "bot_is_member": channel.bot_is_member})
}

/// One message.
pub(super) fn message(workspace: &Workspace, channel: &ChannelId, ts: MessageTs) -> Option<Value> {
    let message = workspace.stored(channel, ts)?;
    let mut shown = json!({"channel": channel, "ts": ts, "thread_ts": message.thread_ts, "deleted": message.deleted});
    shown["person"] = match &message.author {
        Author::Person(user) => json!(user),
        Author::Bot => Value::Null,
    };
    if message.deleted {
        return Some(shown);
    }
    let names = |id: &str| name(workspace, id);
    shown["nodes"] = json!(content(message, &names));
    if !message.is_by_bot() {
        shown["typed"] = json!(typed::from_slack(&message.text, &names));
    }
    let files =
        message.files.iter().map(|file| json!({"name": file.name, "mimetype": file.mimetype, "size": file.size}));
    shown["files"] = json!(files.collect::<Vec<_>>());
    shown["writing_until"] = json!(message.streaming_until);
    shown["edited"] = json!(message.edited.is_some());
    shown["broadcast"] = json!(message.broadcast);
    shown["notice"] = json!(message.is_a(NOTICE));
    shown["answers"] = json!(answered(workspace, message));
    Some(shown)
}

/// What a message says. Blocks stand in the place of `text`, which then is for notifications only; but below what was
/// streamed. People's blocks repeat their text.
fn content(message: &Message, names: text::Names<'_>) -> Vec<text::Node> {
    let blocks = message.blocks.as_ref().filter(|_| message.is_by_bot());
    let mut nodes = match (blocks, message.format) {
        (Some(_), Format::Plain) => Vec::new(),
        _ => text::read(&message.text, message.format, names),
    };
    nodes.extend(blocks.into_iter().flat_map(|blocks| text::read_blocks(blocks, names)));
    nodes
}

/// The question that a message of the bot answers.
fn answered(workspace: &Workspace, message: &Message) -> Option<MessageTs> {
    if !message.is_a(ANSWER) && !message.is_a(NOTICE) {
        return None;
    }
    let key = message.metadata.as_ref().and_then(Metadata::event_key)?;
    workspace.traces.question(key).map(|(_, ts)| *ts)
}

/// The name of a member or channel.
fn name(workspace: &Workspace, id: &str) -> Option<String> {
    let identity = workspace.identity();
    if id == identity.bot_user.as_str() {
        return Some(identity.bot_name.clone());
    }
    let person = workspace.people.get(&UserId::new(id)).cloned();
    person.or_else(|| Some(workspace.channel(&ChannelId::new(id))?.name.clone()))
}

/// The way of one question.
pub(super) fn trace(workspace: &Workspace, channel: &ChannelId, ts: MessageTs) -> Option<Value> {
    let trace = workspace.traces.get(&(channel.clone(), ts))?;
    let deliveries = trace.deliveries.iter().map(|delivery| {
        let attempts: Vec<Value> = delivery.attempts.iter().map(|(at, attempt)| self::attempt(*at, attempt)).collect();
        json!({"event_id": delivery.event_id, "kind": delivery.kind, "again": delivery.again, "begun": delivery.begun,
               "attempts": attempts, "progress": delivery.progress})
    });
    let calls = trace.calls.iter().filter_map(|(at, place)| {
        let call = workspace.calls.get(*place)?;
        let fault = call.fault.as_ref().map(|fault| format!("{fault:?}"));
        Some(json!({"at": at, "method": call.method.as_str(), "error": call.error, "fault": fault}))
    });
    let steps = trace.steps.iter();
    let steps = steps.map(|(at, step)| json!({"at": at, "stage": step.stage, "who": step.who, "why": step.why}));
    Some(json!({
        "channel": channel, "ts": ts, "said": trace.said, "worker": trace.worker(),
        "deliveries": deliveries.collect::<Vec<_>>(), "calls": calls.collect::<Vec<_>>(),
        "steps": steps.collect::<Vec<_>>(),
    }))
}

fn attempt(at: u64, attempt: &Attempt) -> Value {
    json!({"at": at, "url": attempt.url, "status": attempt.answer.ok(),
           "failure": attempt.answer.err().map(RetryReason::as_str), "took_ms": millis(attempt.took)})
}
