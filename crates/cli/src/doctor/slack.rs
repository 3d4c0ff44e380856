//! Whether Slack knows the token, and what it may do.

use std::time::{Duration, Instant, UNIX_EPOCH};

use reqwest::{Client, Response};
use serde_json::Value;
use shared::{
    clock::Clock,
    config::{Environment, Settings},
};
use slack::app::SCOPES;

use super::finding::Findings;

/// Requests whose time is further off are refused by the ingress, as Slack recommends
/// (<https://docs.slack.dev/authentication/verifying-requests-from-slack>).
const MOST_SKEW: Duration = Duration::from_mins(5);

/// From this difference on somebody should look at the clock.
const NOTABLE_SKEW: Duration = Duration::from_mins(1);

/// Asks Slack who the bot is and what it may do.
pub(super) async fn examine(settings: &Settings, environment: &Environment, findings: &Findings) {
    // As the services: straight to Slack.
    let client = match Client::builder().no_proxy().build() {
        Ok(client) => client,
        Err(error) => return findings.failed("client", error.to_string(), "Check the machine's root certificates."),
    };
    bot(&client, settings, findings).await;
    match &settings.slack.signing_secret {
        None => findings.not_used("signing secret", "SLACK_SIGNING_SECRET is not set; the ingress needs it"),
        Some(secret) if secret.expose().len() == 32 && secret.expose().bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            findings.cannot_tell(
                "signing secret",
                "it has the right form; the next event shows whether it is the right one",
            );
        }
        Some(_) => findings.warning(
            "signing secret",
            "it is not 32 hex digits",
            "Copy it anew: the app's page on api.slack.com, Basic Information, Signing Secret.",
        ),
    }
    socket_mode(&client, settings, environment, findings).await;
}

async fn bot(client: &Client, settings: &Settings, findings: &Findings) {
    let Ok(token) = settings.slack.bot_token() else {
        let fix =
            "Set SLACK_BOT_TOKEN: the app's page on api.slack.com, OAuth & Permissions, Bot User OAuth Token (xoxb-…).";
        return findings.failed("token", "SLACK_BOT_TOKEN is not set", fix);
    };
    if !token.expose().starts_with("xoxb-") {
        findings.warning("token", "it does not begin with xoxb-", "Use the bot's token, not a person's or the app's.");
    }
    let started = Instant::now();
    let answer = match call(client, settings, "auth.test", token.expose()).await {
        Ok(answer) => answer,
        Err(error) => {
            let found = format!(
                "{} cannot be reached: {}",
                settings.slack.api_url,
                shared::telemetry::chain(&error.without_url())
            );
            let fix = "Check slack.api_url, and that this machine may reach it (firewall, DNS, certificates).";
            return findings.failed("auth.test", found, fix);
        }
    };
    let scopes = header(&answer, "x-oauth-scopes");
    let date = header(&answer, "date");
    let status = answer.status();
    let body: Value = answer.json().await.unwrap_or_default();
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or("?").to_owned();
    if body.get("ok") != Some(&Value::Bool(true)) {
        let found = match body.get("error").and_then(Value::as_str) {
            Some(error) => format!("Slack refuses the token: {error}"),
            None => format!("{} answers {status} and no JSON of Slack's", settings.slack.api_url),
        };
        let fix = "Install the app again and copy the bot's token anew; check slack.api_url.";
        return findings.failed("auth.test", found, fix);
    }
    findings.ok_since("auth.test", started, format!("{} in {} ({})", text("user"), text("team"), text("team_id")));
    may(scopes.as_deref(), findings);
    clock(date.as_deref(), Clock::System.millis(), findings);
}

fn may(scopes: Option<&str>, findings: &Findings) {
    let Some(scopes) = scopes else {
        return findings.cannot_tell("scopes", "this Slack does not tell them (x-oauth-scopes)");
    };
    let granted: Vec<&str> = scopes.split(',').map(str::trim).collect();
    let missing: Vec<String> = SCOPES
        .iter()
        .filter(|scope| !granted.contains(&scope.name))
        .map(|scope| format!("{} ({})", scope.name, scope.reason))
        .collect();
    if missing.is_empty() {
        let needed: Vec<&str> = SCOPES.iter().map(|scope| scope.name).collect();
        findings.ok("scopes", needed.join(", "));
    } else {
        let fix = "Add them on the app's page, OAuth & Permissions, Bot Token Scopes, and install the app again.";
        findings.failed("scopes", format!("missing: {}", missing.join("; ")), fix);
    }
}

/// `date` as HTTP writes it (RFC 9110, IMF-fixdate), seconds only.
fn clock(date: Option<&str>, now_ms: u64, findings: &Findings) {
    let Some(theirs) = date.and_then(|date| httpdate::parse_http_date(date).ok()) else {
        return findings.cannot_tell("clock", "the answer has no date");
    };
    let skew =
        (UNIX_EPOCH + Duration::from_millis(now_ms)).duration_since(theirs).unwrap_or_else(|error| error.duration());
    let found = format!("{} s from Slack's", skew.as_secs());
    if skew >= MOST_SKEW {
        findings.failed(
            "clock",
            found,
            "Set this machine's clock (NTP): the ingress takes Slack's requests for replays.",
        );
    } else if skew >= NOTABLE_SKEW {
        findings.warning(
            "clock",
            found,
            "Set this machine's clock (NTP), before Slack's requests are refused at 5 min.",
        );
    } else {
        findings.ok("clock", found);
    }
}

async fn socket_mode(client: &Client, settings: &Settings, environment: &Environment, findings: &Findings) {
    let Some(token) = environment.get("SLACK_APP_TOKEN") else {
        return findings.not_used("socket mode", "SLACK_APP_TOKEN is not set");
    };
    if !token.starts_with("xapp-") {
        let fix = "Use an app-level token with connections:write: the app's page, Basic Information.";
        return findings.failed("socket mode", "SLACK_APP_TOKEN does not begin with xapp-", fix);
    }
    let started = Instant::now();
    match call(client, settings, "apps.connections.open", token).await {
        Ok(answer) => {
            let body: Value = answer.json().await.unwrap_or_default();
            if body.get("ok") == Some(&Value::Bool(true)) {
                return findings.ok_since("socket mode", started, "the app may open connections");
            }
            let error = body.get("error").and_then(Value::as_str).unwrap_or("no JSON of Slack's");
            let fix = "Switch Socket Mode on, and give the app-level token connections:write.";
            findings.failed("socket mode", format!("apps.connections.open: {error}"), fix);
        }
        Err(error) => {
            let fix = "Check that this machine may reach Slack.";
            findings.failed("socket mode", shared::telemetry::chain(&error), fix);
        }
    }
}

async fn call(client: &Client, settings: &Settings, method: &str, token: &str) -> reqwest::Result<Response> {
    let url = format!("{}/{method}", settings.slack.api_url.trim_end_matches('/'));
    client.post(url).bearer_auth(token).header("content-type", "application/json").body("{}").send().await
}

fn header(answer: &Response, name: &str) -> Option<String> {
    answer.headers().get(name)?.to_str().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Verdict, *};

    fn verdict(check: impl FnOnce(&Findings)) -> (Verdict, String) {
        let findings = Findings::about("slack");
        check(&findings);
        let found = findings.into_list().remove(0);
        (found.verdict, found.found)
    }

    #[test]
    fn a_missing_scope_is_named_with_what_does_not_work_without() {
        let all = "app_mentions:read,chat:write,im:history,channels:history,groups:history,mpim:history,users:read";
        assert_eq!(verdict(|findings| may(Some(all), findings)).0, Verdict::Ok);
        let (failed, found) = verdict(|findings| may(Some("chat:write, im:history,app_mentions:read"), findings));
        assert_eq!(failed, Verdict::Failed);
        assert!(found.contains("channels:history (look") && found.contains("groups:history"), "{found}");
        assert_eq!(verdict(|findings| may(None, findings)).0, Verdict::CannotTell);
    }

    #[test]
    fn a_clock_that_makes_slacks_requests_look_old_is_told() {
        let date = Some("Tue, 22 Oct 2024 22:40:00 GMT");
        let at = |seconds: u64| (1_729_636_800 + seconds) * 1000;
        assert_eq!(verdict(|findings| clock(date, at(3), findings)).0, Verdict::Ok);
        assert_eq!(verdict(|findings| clock(date, at(90), findings)).0, Verdict::Warning);
        assert_eq!(verdict(|findings| clock(date, at(400), findings)).0, Verdict::Failed);
        assert_eq!(verdict(|findings| clock(date, at(0) - 400_000, findings)).0, Verdict::Failed);
        assert_eq!(verdict(|findings| clock(None, at(0), findings)).0, Verdict::CannotTell);
    }
}
