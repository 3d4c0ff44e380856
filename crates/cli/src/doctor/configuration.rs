//! Whether the options fit together.

use shared::config::{AnswerMode, Settings};

use super::finding::Findings;

/// Looks at what the services need and no default gives.
pub(super) fn examine(settings: &Settings, findings: &Findings) {
    let missing: Vec<_> = [
        (settings.redis.url.is_none(), "REDIS_URL"),
        (settings.amqp.url.is_none(), "AMQP_URL"),
        (settings.slack.bot_token.is_none(), "SLACK_BOT_TOKEN (responder)"),
        (settings.slack.signing_secret.is_none(), "SLACK_SIGNING_SECRET (ingress)"),
        (
            settings.answer.mode != AnswerMode::Echo && settings.answer.knowledge.is_none(),
            "THREADKEEPER__ANSWER__KNOWLEDGE (responder)",
        ),
    ]
    .into_iter()
    .filter_map(|(is_missing, name)| is_missing.then_some(name))
    .collect();
    if missing.is_empty() {
        findings.ok("options", "known, in range, and complete for both services");
    } else {
        let found = format!("known and in range, but not set here: {}", missing.join(", "));
        findings.warning("options", found, "Set them, unless the service that needs them runs elsewhere.");
    }
    if settings.answer.mode == AnswerMode::Echo {
        findings.warning("answer.mode", "echo repeats the question", "Use another mode where people ask.");
    }
    if settings.slack.pacing == shared::config::Pacing::Off {
        let fix = "Leave slack.pacing on where it is the real Slack.";
        findings.warning("slack.pacing", "off: Slack's rate limits are run into", fix);
    }
}
