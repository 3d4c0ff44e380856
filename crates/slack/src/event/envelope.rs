//! The outer part of an event: which workspace it is for, and who we are there.

use serde_json::Value;
use shared::ids::{EventId, TeamId};

/// Looks fields up in JSON; what is missing, empty or of another type is none.
pub(super) trait Fields {
    /// A text that is not empty.
    fn text(&self, key: &str) -> Option<&str>;
    /// Whether the field is `true`.
    fn is_true(&self, key: &str) -> bool;
    /// The elements of an array.
    fn items(&self, key: &str) -> &[Value];
}

impl Fields for Value {
    fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str().filter(|text| !text.is_empty())
    }

    fn is_true(&self, key: &str) -> bool {
        self.get(key).and_then(Value::as_bool).unwrap_or(false)
    }

    fn items(&self, key: &str) -> &[Value] {
        self.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }
}

/// An event with what Slack wraps around it.
pub(super) struct Envelope<'a> {
    outer: &'a Value,
    /// The inner event.
    pub(super) event: &'a Value,
}

impl<'a> Envelope<'a> {
    /// The envelope in `outer`, if there is an event in it.
    pub(super) fn of(outer: &'a Value) -> Option<Self> {
        outer.get("event").filter(|event| event.is_object()).map(|event| Self { outer, event })
    }

    /// The workspace that the app is installed in. In a channel shared with another organisation this is our side,
    /// while the inner event's `team` is that of the person.
    pub(super) fn team(&self) -> Option<TeamId> {
        let installed = || self.outer.items("authorizations").iter().find_map(|one| one.text("team_id"));
        self.outer.text("team_id").or_else(installed).map(TeamId::new)
    }

    /// The Enterprise Grid organisation.
    pub(super) fn enterprise(&self) -> Option<&'a str> {
        let installed = || self.outer.items("authorizations").iter().find_map(|one| one.text("enterprise_id"));
        self.outer.text("enterprise_id").or_else(installed)
    }

    /// The bot's users, as Slack names them in the event. An authorization that is no bot's is a person who installed
    /// the app, and never us.
    pub(super) fn bot_users(&self) -> impl Iterator<Item = &'a str> {
        let authorizations = self.outer.items("authorizations").iter();
        authorizations.filter(|one| one.is_true("is_bot")).filter_map(|one| one.text("user_id"))
    }

    /// The app that the event is for.
    pub(super) fn app(&self) -> Option<&'a str> {
        self.outer.text("api_app_id")
    }

    /// Slack's id of the event. It serves tracing only, so a missing one costs no question.
    pub(super) fn event_id(&self) -> EventId {
        EventId::new(self.outer.text("event_id").unwrap_or("unknown"))
    }

    /// Whether the channel is shared with another organisation.
    pub(super) fn externally_shared(&self) -> bool {
        self.outer.is_true("is_ext_shared_channel")
    }
}
