//! assistant.threads.*: what the bot shows beside its messages.

use serde::Deserialize;
use serde_json::json;
use shared::ids::ChannelId;

use super::{
    answer::{Done, Refusal},
    chat::timestamp,
};
use crate::workspace::{Arguments, Kind, Workspace};

/// Slack shows at most so many prompts
/// (<https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts>).
const MOST_PROMPTS: usize = 4;

/// Shows what the bot is doing in a thread; an empty status clears it.
pub(crate) fn set_status(workspace: &mut Workspace, arguments: &Arguments) -> Result<Done, Refusal> {
    let required = |name| arguments.text(name).ok_or(Refusal("invalid_arguments"));
    let (channel, _, status) = (required("channel_id")?, required("thread_ts")?, required("status")?);
    let channel = ChannelId::new(channel);
    if !workspace.channels.contains_key(&channel) {
        return Err(Refusal("channel_not_found"));
    }
    let root = timestamp(arguments, "thread_ts").filter(|root| workspace.message(&channel, *root).is_some());
    let root = root.ok_or(Refusal("invalid_thread_ts"))?;
    workspace.set_status(channel, root, status);
    Ok(Done::quiet(json!({})))
}

/// Offers questions in the direct messages with the bot.
pub(crate) fn set_suggested_prompts(workspace: &mut Workspace, arguments: &Arguments) -> Result<Done, Refusal> {
    let channel = direct_messages(workspace, arguments)?;
    let invalid = Refusal("invalid_arguments");
    let prompts = arguments.json("prompts").map_err(|_| invalid)?.ok_or(invalid)?;
    let prompts: Vec<Prompt> = serde_json::from_value(prompts).map_err(|_| invalid)?;
    if prompts.len() > MOST_PROMPTS {
        return Err(invalid);
    }
    if arguments.text("thread_ts").is_some() {
        // The agent view has no thread to offer them in.
        workspace.violation("assistant.threads.setSuggestedPrompts with `thread_ts` does nothing in an agent's app");
        return Ok(Done::quiet(json!({})));
    }
    workspace.prompts.insert(channel, prompts.into_iter().map(|Prompt { title, message }| (title, message)).collect());
    Ok(Done::quiet(json!({})))
}

/// Names a thread of the direct messages with the bot.
pub(crate) fn set_title(workspace: &mut Workspace, arguments: &Arguments) -> Result<Done, Refusal> {
    let channel = direct_messages(workspace, arguments)?;
    let title = arguments.text("title").ok_or(Refusal("invalid_arguments"))?;
    let root = timestamp(arguments, "thread_ts").filter(|root| workspace.message(&channel, *root).is_some());
    workspace.titles.insert((channel, root.ok_or(Refusal("invalid_thread_ts"))?), title);
    Ok(Done::quiet(json!({})))
}

#[derive(Deserialize)]
struct Prompt {
    title: String,
    message: String,
}

/// The channel of the call, if it is one of direct messages.
fn direct_messages(workspace: &Workspace, arguments: &Arguments) -> Result<ChannelId, Refusal> {
    let id = ChannelId::new(arguments.text("channel_id").ok_or(Refusal("invalid_arguments"))?);
    let channel = workspace.channel(&id).filter(|channel| matches!(channel.kind, Kind::DirectMessages(_)));
    channel.map(|channel| channel.id.clone()).ok_or(Refusal("channel_not_found"))
}
