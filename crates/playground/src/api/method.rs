//! The methods that the playground knows, with their arguments as in Slack's reference
//! (<https://docs.slack.dev/reference/methods>).

use std::fmt;

/// A method of Slack's Web API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// `auth.test`
    AuthTest,
    /// `assistant.threads.setStatus`
    AssistantThreadsSetStatus,
    /// `assistant.threads.setSuggestedPrompts`
    AssistantThreadsSetSuggestedPrompts,
    /// `assistant.threads.setTitle`
    AssistantThreadsSetTitle,
    /// `chat.appendStream`
    ChatAppendStream,
    /// `chat.delete`
    ChatDelete,
    /// `chat.postEphemeral`
    ChatPostEphemeral,
    /// `chat.postMessage`
    ChatPostMessage,
    /// `chat.startStream`
    ChatStartStream,
    /// `chat.stopStream`
    ChatStopStream,
    /// `chat.update`
    ChatUpdate,
    /// `conversations.history`
    ConversationsHistory,
    /// `conversations.info`
    ConversationsInfo,
    /// `conversations.replies`
    ConversationsReplies,
    /// `users.info`
    UsersInfo,
}

impl Method {
    /// All methods.
    pub const ALL: [Self; 15] = [
        Self::AuthTest,
        Self::AssistantThreadsSetStatus,
        Self::AssistantThreadsSetSuggestedPrompts,
        Self::AssistantThreadsSetTitle,
        Self::ChatAppendStream,
        Self::ChatDelete,
        Self::ChatPostEphemeral,
        Self::ChatPostMessage,
        Self::ChatStartStream,
        Self::ChatStopStream,
        Self::ChatUpdate,
        Self::ConversationsHistory,
        Self::ConversationsInfo,
        Self::ConversationsReplies,
        Self::UsersInfo,
    ];

    /// The name in the URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AuthTest => "auth.test",
            Self::AssistantThreadsSetStatus => "assistant.threads.setStatus",
            Self::AssistantThreadsSetSuggestedPrompts => "assistant.threads.setSuggestedPrompts",
            Self::AssistantThreadsSetTitle => "assistant.threads.setTitle",
            Self::ChatAppendStream => "chat.appendStream",
            Self::ChatDelete => "chat.delete",
            Self::ChatPostEphemeral => "chat.postEphemeral",
            Self::ChatPostMessage => "chat.postMessage",
            Self::ChatStartStream => "chat.startStream",
            Self::ChatStopStream => "chat.stopStream",
            Self::ChatUpdate => "chat.update",
            Self::ConversationsHistory => "conversations.history",
            Self::ConversationsInfo => "conversations.info",
            Self::ConversationsReplies => "conversations.replies",
            Self::UsersInfo => "users.info",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }

    /// Whether Slack reads arguments from a JSON body; the others read a query or a form only, and ignore JSON.
    pub(crate) fn takes_json(self) -> bool {
        !matches!(self, Self::ConversationsInfo | Self::ConversationsReplies | Self::UsersInfo)
    }

    /// The documented arguments, without `token`.
    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::AuthTest => &[],
            Self::AssistantThreadsSetStatus => {
                &["channel_id", "thread_ts", "status", "loading_messages", "icon_emoji", "icon_url", "username"]
            }
            Self::AssistantThreadsSetSuggestedPrompts => &["channel_id", "thread_ts", "prompts", "title"],
            Self::AssistantThreadsSetTitle => &["channel_id", "thread_ts", "title"],
            Self::ChatAppendStream => &["channel", "chunks", "ts", "markdown_text"],
            Self::ChatDelete => &["as_user", "channel", "ts"],
            Self::ChatPostEphemeral => &[
                "as_user",
                "attachments",
                "blocks",
                "channel",
                "icon_emoji",
                "icon_url",
                "link_names",
                "markdown_text",
                "metadata",
                "parse",
                "text",
                "thread_ts",
                "user",
                "username",
            ],
            Self::ChatPostMessage => &[
                "as_user",
                "attachments",
                "blocks",
                "channel",
                "current_draft_last_updated_ts",
                "icon_emoji",
                "icon_url",
                "link_names",
                "markdown_text",
                "metadata",
                "mrkdwn",
                "parse",
                "reply_broadcast",
                "text",
                "thread_ts",
                "unfurl_links",
                "unfurl_media",
                "username",
            ],
            Self::ChatStartStream => &[
                "channel",
                "chunks",
                "markdown_text",
                "thread_ts",
                "recipient_user_id",
                "recipient_team_id",
                "task_display_mode",
                "icon_emoji",
                "icon_url",
                "username",
            ],
            Self::ChatStopStream => &["channel", "chunks", "ts", "markdown_text", "blocks", "metadata"],
            Self::ChatUpdate => &[
                "as_user",
                "attachments",
                "unfurled_attachments",
                "blocks",
                "markdown_text",
                "metadata",
                "channel",
                "link_names",
                "parse",
                "text",
                "ts",
                "reply_broadcast",
                "file_ids",
            ],
            Self::ConversationsHistory => {
                &["channel", "cursor", "include_all_metadata", "inclusive", "latest", "limit", "oldest"]
            }
            Self::ConversationsInfo => &["channel", "include_locale", "include_num_members"],
            Self::ConversationsReplies => {
                &["channel", "cursor", "include_all_metadata", "inclusive", "latest", "limit", "oldest", "ts"]
            }
            Self::UsersInfo => &["include_locale", "user"],
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
