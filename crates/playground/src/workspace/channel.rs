//! A place where people write.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::ids::{ChannelId, TeamId, UserId};

/// What kind of place a channel is; Slack's `channel_type`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A public channel.
    Public,
    /// A private channel.
    Private,
    /// The direct messages between the bot and one person.
    DirectMessages(UserId),
}

impl Kind {
    /// `channel_type` in a message event (<https://docs.slack.dev/reference/events/message>).
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Public => "channel",
            Self::Private => "group",
            Self::DirectMessages(_) => "im",
        }
    }
}

/// A channel, private channel or direct-message channel.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Channel {
    /// Slack's id.
    pub id: ChannelId,
    /// What kind of place it is.
    pub kind: Kind,
    /// Its name; direct messages have none.
    pub name: String,
    /// Archived channels take no messages.
    pub archived: bool,
    /// Whether the bot was invited; it hears and says nothing elsewhere.
    pub bot_is_member: bool,
}

impl Channel {
    pub(crate) fn new(id: ChannelId, kind: Kind, name: &str) -> Self {
        Self { id, kind, name: name.to_owned(), archived: false, bot_is_member: true }
    }

    /// The channel object of conversations.info.
    pub(crate) fn to_json(&self, team: &TeamId) -> Value {
        let direct = matches!(self.kind, Kind::DirectMessages(_));
        let private = self.kind != Kind::Public;
        let mut shown = json!({
            "id": self.id, "is_channel": self.kind == Kind::Public, "is_group": self.kind == Kind::Private,
            "is_im": direct, "is_mpim": false, "is_private": private, "is_archived": self.archived,
            "is_org_shared": false, "context_team_id": team,
        });
        match &self.kind {
            Kind::DirectMessages(user) => shown["user"] = json!(user),
            Kind::Public | Kind::Private => {
                shown["name"] = json!(self.name);
                shown["name_normalized"] = json!(self.name);
                shown["is_member"] = json!(self.bot_is_member);
                shown["is_ext_shared"] = json!(false);
            }
        }
        shown
    }
}
