//! The events that Slack sends about what happens (<https://docs.slack.dev/reference/events>).

use serde_json::{Value, json};
use shared::ids::EventId;

use crate::workspace::{Author, Kind, Message, Question, Subject, Workspace};

/// One event as it is delivered: the same id and the same bytes on each retry.
#[derive(Debug, Clone)]
pub struct Event {
    /// Slack's id of the event, `Ev…`.
    pub id: EventId,
    /// The type of what happened: `app_mention`, `message`, …
    pub kind: String,
    /// The whole body, envelope included, as JSON.
    pub body: String,
    /// The message that a person wrote, if it is about one.
    pub(crate) question: Option<Question>,
}

impl Event {
    /// Puts what happened into Slack's envelope (<https://docs.slack.dev/apis/events-api/#callback-field>).
    pub(crate) fn wrap(workspace: &mut Workspace, inner: &Value) -> Self {
        let id = workspace.next_event_id();
        let seconds = workspace.seconds();
        let identity = workspace.identity();
        let kind = inner["type"].as_str().unwrap_or("unknown").to_owned();
        let body = json!({
            "token": "deprecated",
            "team_id": identity.team,
            "context_team_id": identity.team,
            "context_enterprise_id": null,
            "api_app_id": identity.app,
            "event": inner,
            "type": "event_callback",
            "event_id": id,
            "event_time": seconds,
            "authorizations": [{
                "enterprise_id": null, "team_id": identity.team, "user_id": identity.bot_user,
                "is_bot": true, "is_enterprise_install": false,
            }],
            "is_ext_shared_channel": false,
            "event_context": format!("4-{id}"),
        });
        Self { id, kind, body: body.to_string(), question: None }
    }

    /// The events about a new message: its `message` event, after the `app_mention` if a person mentioned the bot in a
    /// channel. Two ids, one ts. Slack sends no `app_mention` in direct messages
    /// (<https://docs.slack.dev/reference/events/app_mention>).
    pub(crate) fn about_new(workspace: &mut Workspace, message: &Message) -> Vec<Self> {
        let Some(channel) = workspace.channel(&message.channel).cloned() else { return Vec::new() };
        if !channel.bot_is_member {
            return Vec::new();
        }
        let direct = matches!(channel.kind, Kind::DirectMessages(_));
        let mentions = message.text.contains(&workspace.identity().mention());
        let mut inner = workspace.show(message, true);
        inner["channel"] = json!(message.channel);
        inner["event_ts"] = json!(message.ts);
        if let Author::Person(_) = message.author {
            inner["client_msg_id"] = json!(workspace.next_client_msg_id());
        }
        let mut events = Vec::with_capacity(2);
        if mentions && !direct && !message.is_by_bot() {
            let mut mention = inner.clone();
            mention["type"] = json!("app_mention");
            // It carries the files, and says of no kind of message what kind it is.
            if let Some(fields) = mention.as_object_mut() {
                fields.remove("subtype");
            }
            events.push(Self::wrap(workspace, &mention));
        }
        inner["channel_type"] = json!(channel.kind.as_str());
        events.push(Self::wrap(workspace, &inner));
        if let Author::Person(_) = message.author {
            let question = (message.channel.clone(), message.ts);
            for event in &mut events {
                event.question = Some(question.clone());
            }
            let said = workspace.millis();
            workspace.revisions.touch(Subject::Trace(message.channel.clone(), message.ts));
            workspace.traces.open(question, said, events.clone());
        }
        events
    }

    /// The event about an edited message, `message_changed`
    /// (<https://docs.slack.dev/reference/events/message/message_changed>).
    pub(crate) fn about_edited(workspace: &mut Workspace, before: &Message, after: &Message) -> Vec<Self> {
        let shown = workspace.show(after, true);
        let previous = workspace.show(before, true);
        Self::about_change(
            workspace,
            after,
            json!({"subtype": "message_changed", "message": shown, "previous_message": previous}),
        )
    }

    /// The event about a deleted message, `message_deleted`
    /// (<https://docs.slack.dev/reference/events/message/message_deleted>).
    pub(crate) fn about_deleted(workspace: &mut Workspace, message: &Message) -> Vec<Self> {
        let previous = workspace.show(message, true);
        Self::about_change(
            workspace,
            message,
            json!({"subtype": "message_deleted", "deleted_ts": message.ts, "previous_message": previous}),
        )
    }

    fn about_change(workspace: &mut Workspace, message: &Message, mut inner: Value) -> Vec<Self> {
        let Some(channel) = workspace.channel(&message.channel) else { return Vec::new() };
        if !channel.bot_is_member {
            return Vec::new();
        }
        let kind = channel.kind.as_str();
        let ts = workspace.next_ts();
        inner["type"] = json!("message");
        inner["hidden"] = json!(true);
        inner["channel"] = json!(message.channel);
        inner["channel_type"] = json!(kind);
        inner["ts"] = json!(ts);
        inner["event_ts"] = json!(ts);
        vec![Self::wrap(workspace, &inner)]
    }
}

/// The `blocks` that Slack's clients send with a person's text: one `rich_text` block, mentions as elements of
/// their own (<https://docs.slack.dev/reference/block-kit/blocks/rich-text-block>).
pub(crate) fn rich_text(text: &str) -> Value {
    let mut elements = Vec::new();
    let mut rest = text;
    while let Some((before, mention, after)) = next_mention(rest) {
        if !before.is_empty() {
            elements.push(json!({"type": "text", "text": unescape(before)}));
        }
        elements.push(json!({"type": "user", "user_id": mention}));
        rest = after;
    }
    if !rest.is_empty() {
        elements.push(json!({"type": "text", "text": unescape(rest)}));
    }
    json!([{"type": "rich_text", "block_id": "b1",
            "elements": [{"type": "rich_text_section", "elements": elements}]}])
}

fn next_mention(text: &str) -> Option<(&str, &str, &str)> {
    let (before, opened) = text.split_once("<@")?;
    let (mention, after) = opened.split_once('>')?;
    Some((before, mention, after))
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mentions_become_elements_between_the_texts() {
        let blocks = rich_text("<@U1> is 1 &lt; 2, <@U2>?");
        let expected = json!([
            {"type": "user", "user_id": "U1"},
            {"type": "text", "text": " is 1 < 2, "},
            {"type": "user", "user_id": "U2"},
            {"type": "text", "text": "?"},
        ]);
        assert_eq!(blocks[0]["elements"][0]["elements"], expected);
    }
}
