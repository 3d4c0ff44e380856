//! What people press in messages, and how the app is told of it
//! (<https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>).
//!
//! The app may answer with a status only: the `response_url` of a payload leads nowhere.

use serde_json::{Value, json};
use shared::{
    ids::{ChannelId, UserId},
    ts::MessageTs,
};

use crate::{
    delivery::Attempt,
    error::PlaygroundError,
    playground::Playground,
    site::Site,
    workspace::{Kind, Message, Workspace},
};

/// A person presses a button of a message.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Press {
    /// Where the message is; with `ts` its identity.
    pub channel: ChannelId,
    /// The message.
    pub ts: MessageTs,
    /// Who presses.
    pub user: UserId,
    /// The button's block.
    pub block_id: String,
    /// The button, or both feedback buttons.
    pub action_id: String,
    /// The button's value; it tells the feedback buttons apart.
    pub value: Option<String>,
}

impl Playground {
    /// Somebody presses a button, and the app is told at [`crate::Options::interactions_url`]: once, as Slack does.
    ///
    /// # Errors
    /// When there is no such URL, person, message or button.
    pub async fn press(&self, press: &Press) -> Result<Attempt, PlaygroundError> {
        tell(&self.site, press).await
    }
}

/// [`Playground::press`], for the page too.
pub(crate) async fn tell(site: &Site, press: &Press) -> Result<Attempt, PlaygroundError> {
    let payload = site.change(|workspace| payload(workspace, press))?;
    let url = site.options.interactions_url.as_ref().ok_or(PlaygroundError::NobodyListens)?;
    Ok(site.sender.interact(url, &payload.to_string()).await)
}

fn payload(workspace: &mut Workspace, press: &Press) -> Result<Value, PlaygroundError> {
    let Press { channel, ts, user, .. } = press;
    let no_message = || PlaygroundError::NoMessage { channel: channel.clone(), ts: *ts };
    let message = workspace.message(channel, *ts).cloned().ok_or_else(no_message)?;
    let name = workspace.people.get(user).cloned().ok_or_else(|| PlaygroundError::NoPerson(user.clone()))?;
    let mut action = action(&message, press).ok_or_else(|| PlaygroundError::NoButton {
        block_id: press.block_id.clone(),
        action_id: press.action_id.clone(),
        channel: channel.clone(),
        ts: *ts,
    })?;
    action["action_ts"] = json!(workspace.next_ts());
    let trigger = format!("{}.{}", ts.micros(), workspace.next_id('T'));
    let identity = workspace.identity();
    let channel_name = workspace.channel(channel).map(|channel| match &channel.kind {
        Kind::DirectMessages(_) => "directmessage",
        Kind::Public | Kind::Private => channel.name.as_str(),
    });
    Ok(json!({
        "type": "block_actions", "token": "deprecated", "api_app_id": identity.app, "trigger_id": trigger,
        "team": {"id": identity.team, "domain": "playground"}, "enterprise": null, "is_enterprise_install": false,
        "user": {"id": user, "username": name, "name": name, "team_id": identity.team},
        "channel": {"id": channel, "name": channel_name},
        "container": {"type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": false,
                      "thread_ts": message.thread_ts},
        "message": workspace.show(&message, true),
        "state": {"values": {}},
        "response_url": format!("https://hooks.slack.example/actions/{}/{trigger}", identity.team),
        "actions": [action],
    }))
}

/// The element that is pressed, as payloads show it.
fn action(message: &Message, press: &Press) -> Option<Value> {
    let blocks = message.blocks.as_ref().filter(|_| message.is_by_bot())?.as_array()?;
    let block = blocks.iter().find(|block| block["block_id"] == press.block_id)?;
    let elements = block["elements"].as_array().into_iter().flatten().chain([&block["accessory"]]);
    let mut candidates = elements.filter(|element| element["action_id"] == press.action_id);
    let element = candidates.next()?;
    let shown = match element["type"].as_str()? {
        "button" | "icon_button" => element,
        "feedback_buttons" => {
            let both = [&element["positive_button"], &element["negative_button"]];
            both.into_iter().find(|button| button["value"].as_str() == press.value.as_deref())?
        }
        _ => return None,
    };
    let mut action = json!({"type": element["type"], "block_id": press.block_id, "action_id": press.action_id,
                            "text": shown["text"]});
    for optional in ["value", "style"] {
        if shown[optional].is_string() {
            action[optional] = shown[optional].clone();
        }
    }
    Some(action)
}
