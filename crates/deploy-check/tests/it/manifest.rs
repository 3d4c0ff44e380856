//! The Slack app's manifest gives what the program needs, no more, and the page for admins says why.

use std::collections::BTreeSet;

use serde_json::Value;
use slack::app::{EVENTS_PATH, SCOPES};

use crate::files::{text, yaml};

const SETUP: &str = "docs/SLACK_SETUP.md";

fn manifest() -> Value {
    yaml("deploy/slack/manifest.yaml").remove(0)
}

fn names(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// What the page's tables say of each name that begins a row: the row's other cells.
fn reasons(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix('|')?.split_once("` |"))
}

fn assert_explained(page: &str, name: &str) {
    let reason = reasons(page).find(|(explained, _)| *explained == name).map(|(_, reason)| reason.trim());
    assert!(reason.is_some_and(|reason| reason.len() > 10), "{SETUP} has no row with a reason for `{name}`");
}

#[test]
fn the_manifests_scopes_are_those_that_doctor_demands() {
    let granted = names(&manifest()["oauth_config"]["scopes"]["bot"]);
    let demanded: BTreeSet<_> = SCOPES.iter().map(|scope| scope.name.to_owned()).collect();
    assert_eq!(granted.iter().cloned().collect::<BTreeSet<_>>(), demanded);
    assert_eq!(granted.len(), demanded.len(), "a scope stands twice: {granted:?}");
    assert!(manifest()["oauth_config"]["scopes"]["user"].is_null(), "nothing is done in a person's name");
}

#[test]
fn every_scope_and_event_has_its_reason_in_the_page_for_admins() {
    let page = text(SETUP);
    for scope in SCOPES {
        assert_explained(&page, scope.name);
    }
    let events = names(&manifest()["settings"]["event_subscriptions"]["bot_events"]);
    assert!(!events.is_empty());
    for event in &events {
        assert_explained(&page, event);
    }
    let other = reasons(&page).map(|(name, _)| name).filter(|name| name.contains(':'));
    let known: Vec<_> = SCOPES.iter().map(|scope| scope.name).collect();
    for name in other {
        assert!(known.contains(&name), "{SETUP} explains `{name}`, which the manifest does not ask for");
    }
}

#[test]
fn slack_posts_to_the_route_of_the_ingress_over_https() {
    let settings = manifest()["settings"].clone();
    let url = settings["event_subscriptions"]["request_url"].as_str().unwrap().to_owned();
    let host_and_path = url.strip_prefix("https://").unwrap();
    let path = &host_and_path[host_and_path.find('/').unwrap()..];
    assert_eq!(path, EVENTS_PATH);
    assert!(text(SETUP).contains(EVENTS_PATH));
    for off in ["socket_mode_enabled", "org_deploy_enabled", "token_rotation_enabled"] {
        assert_eq!(settings[off], false, "{off}");
    }
}

#[test]
fn people_can_write_direct_messages() {
    let home = manifest()["features"]["app_home"].clone();
    assert_eq!(home["messages_tab_enabled"], true);
    assert_eq!(home["messages_tab_read_only_enabled"], false);
    assert!(manifest()["features"]["bot_user"]["display_name"].is_string());
}
