//! auth.test and users.info: who is who.

use serde_json::json;
use shared::ids::UserId;

use super::answer::{Done, Refusal};
use crate::workspace::{Arguments, Workspace};

/// Whose token it is.
pub(crate) fn auth_test(workspace: &Workspace) -> Done {
    let identity = workspace.identity();
    Done::quiet(json!({
        "url": "https://playground.slack.example/", "team": "Playground", "team_id": identity.team,
        "user": identity.bot_name, "user_id": identity.bot_user, "bot_id": identity.bot,
        "is_enterprise_install": false,
    }))
}

/// One member: a person or the bot.
pub(crate) fn users_info(workspace: &Workspace, arguments: &Arguments) -> Result<Done, Refusal> {
    let identity = workspace.identity();
    let user = UserId::new(arguments.text("user").unwrap_or_default());
    let is_bot = user == identity.bot_user;
    let name = if is_bot { Some(&identity.bot_name) } else { workspace.people.get(&user) };
    let name = name.ok_or(Refusal("user_not_found"))?;
    Ok(Done::quiet(json!({"user": {
        "id": user, "team_id": identity.team, "name": name, "real_name": name, "deleted": false, "is_bot": is_bot,
        "tz": "Etc/UTC", "tz_label": "UTC", "tz_offset": 0,
        "profile": {"real_name": name, "display_name": name, "team": identity.team},
    }})))
}
