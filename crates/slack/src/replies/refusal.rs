//! What Slack's `{"ok":false,"error":"…"}` means for the call.

use std::fmt;

/// Slack says that it did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Slack's word for it, such as `channel_not_found`.
    pub error: String,
    /// What it is about.
    pub kind: RefusalKind,
}

/// What a refusal is about, and so what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalKind {
    /// The token, its scopes or the installation: nothing works until a person repairs it, and then everything does.
    Token,
    /// The channel or thread: this answer cannot go there.
    Channel,
    /// What was sent: the same would be refused again.
    Content,
    /// A passing state of the workspace.
    Transient,
    /// A word that is not known here.
    Other,
}

impl RefusalKind {
    /// Whether the same call may be accepted later. A word that is not known here may be; attempts are counted anyway.
    pub fn is_retriable(self) -> bool {
        matches!(self, Self::Token | Self::Transient | Self::Other)
    }

    /// A short name, for a metric's label or a log field.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Channel => "channel",
            Self::Content => "content",
            Self::Transient => "transient",
            Self::Other => "other",
        }
    }
}

impl Refusal {
    /// Sorts Slack's words; the lists are those of the methods' pages, under "Errors"
    /// (<https://docs.slack.dev/reference/methods/chat.postMessage>).
    pub(super) fn of(error: &str) -> Self {
        let kind = match error {
            "not_authed"
            | "invalid_auth"
            | "account_inactive"
            | "token_revoked"
            | "token_expired"
            | "missing_scope"
            | "not_allowed_token_type"
            | "org_login_required"
            | "accesslimited"
            | "two_factor_setup_required"
            | "team_access_not_granted"
            | "enterprise_is_restricted"
            | "app_access_restricted"
            | "metadata_must_be_sent_from_app" => RefusalKind::Token,
            // "Make sure your app is a member of the conversation": said of one conversation, not of the token.
            "no_permission"
            | "access_denied"
            | "channel_not_found"
            | "not_in_channel"
            | "is_archived"
            | "is_inactive"
            | "thread_not_found"
            | "message_not_found"
            | "cannot_reply_to_message"
            | "channel_is_limited_access"
            | "ekm_access_denied"
            | "messages_tab_disabled"
            | "team_not_found"
            | "method_not_supported_for_channel_type"
            | "posting_to_channel_denied"
            | "cant_update_message"
            | "cant_delete_message"
            | "edit_window_closed" => RefusalKind::Channel,
            "msg_too_long"
            | "msg_blocks_too_long"
            | "no_text"
            | "markdown_text_conflict"
            | "metadata_too_large"
            | "block_mismatch"
            | "too_many_attachments"
            | "attachment_payload_limit_exceeded" => RefusalKind::Content,
            "message_limit_exceeded"
            | "team_added_to_org"
            | "external_channel_migrating"
            | "request_timeout"
            | "streaming_state_conflict"
            | "update_failed" => RefusalKind::Transient,
            error if error.starts_with("restricted_action") => RefusalKind::Channel,
            error if error.starts_with("slack_connect_") => RefusalKind::Content,
            error if error.starts_with("invalid_") => RefusalKind::Content,
            _ => RefusalKind::Other,
        };
        Self { error: error.to_owned(), kind }
    }

    /// Whether a message that was to be changed cannot be, now or later: it is gone, not ours, too old to be edited, or what
    /// it was to say does not fit into a change (<https://docs.slack.dev/reference/methods/chat.update>).
    pub fn is_about_the_changed_message(&self) -> bool {
        const WORDS: [&str; 5] =
            ["message_not_found", "cant_update_message", "edit_window_closed", "block_mismatch", "msg_too_long"];
        WORDS.contains(&self.error.as_str())
    }

    fn advice(&self) -> &'static str {
        match self.kind {
            RefusalKind::Token => "check SLACK_BOT_TOKEN, the app's scopes and its installation",
            RefusalKind::Channel => "check that the channel exists and that the bot is a member and may write there",
            RefusalKind::Content => "the text or its format is not accepted",
            RefusalKind::Transient => "it may be accepted later",
            RefusalKind::Other => "see the method's page on docs.slack.dev",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.error, self.advice())
    }
}
