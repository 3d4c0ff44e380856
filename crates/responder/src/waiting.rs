//! Why a question waits.

/// Why a copy goes to a wait queue instead of being answered now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It is not the first of its thread, or another copy of it is being answered.
    Turn {
        /// Questions before it.
        before: u64,
    },
    /// Redis lost data, and waiting questions take their places again.
    Settling,
    /// Redis lost data while it was claimed.
    OtherEpoch,
    /// An attempt at it failed.
    AttemptFailed,
    /// What answers are made from is away.
    ModelAway,
    /// Slack, or its consent to our token, is away.
    SlackAway,
    /// Slack does not say whether it posts.
    SlackSilent,
    /// Slack takes no message at present.
    SlackRefuses,
    /// Slack asked to wait.
    RateLimited,
    /// The channel has had its messages for this second.
    Paced,
    /// Too much time had passed since the post was announced.
    PostLate,
    /// Whether it was answered already cannot be seen yet.
    AskedLater,
    /// The turns before it cannot be read.
    CannotRemember,
    /// It was given up, and its person does not know yet.
    Untold,
    /// Redis refused a call for it.
    StoreError,
}

impl Reason {
    /// The outcome of the delivery, in logs and metrics.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Turn { .. } => "waits",
            Self::Settling => "settling",
            Self::OtherEpoch => "other_epoch",
            Self::AttemptFailed => "attempt_failed",
            Self::ModelAway => "model_away",
            Self::SlackAway => "slack_away",
            Self::SlackSilent => "slack_silent",
            Self::SlackRefuses => "slack_refuses",
            Self::RateLimited => "rate_limited",
            Self::Paced => "paced",
            Self::PostLate => "post_late",
            Self::AskedLater => "slack_asked_later",
            Self::CannotRemember => "cannot_remember",
            Self::Untold => "untold",
            Self::StoreError => "store_error",
        }
    }
}
