//! Files that people share. Only their names, types and sizes: the playground keeps no content.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::ids::UserId;

use super::Message;
use crate::options::Identity;

/// The type of a file of which nothing is known.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// A file that somebody adds to what they say.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upload {
    /// Its name, as in `plan.pdf`.
    pub name: String,
    /// Its media type, as in `application/pdf`.
    #[serde(default = "unknown_type")]
    pub mimetype: String,
    /// Its size, in bytes.
    #[serde(default)]
    pub size: u64,
}

impl Upload {
    /// A file of which only the name is known.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), mimetype: unknown_type(), size: 0 }
    }
}

fn unknown_type() -> String {
    UNKNOWN_TYPE.to_owned()
}

/// A file of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Slack's id of it, `F…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its media type.
    pub mimetype: String,
    /// Its size, in bytes.
    pub size: u64,
}

impl File {
    pub(super) fn new(id: String, upload: Upload) -> Self {
        let mimetype = if upload.mimetype.is_empty() { unknown_type() } else { upload.mimetype };
        Self { id, name: upload.name, mimetype, size: upload.size }
    }

    /// The file object in messages (<https://docs.slack.dev/reference/objects/file-object>). Its addresses lead nowhere.
    pub(super) fn to_json(&self, message: &Message, user: &UserId, identity: &Identity) -> Value {
        let Self { id, name, mimetype, size } = self;
        let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_lowercase());
        let filetype = extension.filter(|extension| !extension.is_empty()).unwrap_or_else(|| "binary".to_owned());
        let seconds = message.ts.micros() / 1_000_000;
        let private = format!("https://files.slack.example/files-pri/{}-{id}", identity.team);
        json!({
            "id": id, "created": seconds, "timestamp": seconds, "name": name, "title": name, "mimetype": mimetype,
            "pretty_type": filetype.to_uppercase(), "filetype": filetype, "user": user, "user_team": identity.team,
            "editable": false, "size": size, "mode": "hosted", "is_external": false, "external_type": "",
            "is_public": false, "public_url_shared": false, "display_as_bot": false, "username": "",
            "url_private": format!("{private}/file"), "url_private_download": format!("{private}/download/file"),
            "permalink": format!("https://playground.slack.example/files/{user}/{id}/file"),
            "has_rich_preview": false, "file_access": "visible",
        })
    }
}
