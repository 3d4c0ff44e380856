//! What becomes of Slack's events: the shapes are those of `fixtures/`, each case changes one with a JSON merge patch.

#![expect(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

use std::{fs, path::PathBuf};

use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};
use shared::{
    config::DirectMessages,
    conversation::Conversation,
    ids::{ChannelId, UserId},
    task::{Question, Surface},
};
use slack::event::{EventError, Incoming, Reason, Reception, parse};

const FIXTURES: [&str; 10] = [
    "app_mention",
    "message_twin",
    "direct_message",
    "file_share",
    "message_changed",
    "bot_answer",
    "shared_channel",
    "app_home_opened",
    "app_rate_limited",
    "url_verification",
];

fn fixture(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format!("{name}.json"));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// RFC 7396: null removes.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let target = target.as_object_mut().unwrap();
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key).or_insert(Value::Null), value);
        }
    }
}

fn reception(direct_messages: DirectMessages, own_user: Option<&UserId>) -> Reception<'_> {
    Reception { direct_messages, own_user, received_ms: 1_764_000_500_000 }
}

fn read(name: &str, patch: &Value) -> Incoming {
    read_as(name, patch, &reception(DirectMessages::Thread, None))
}

fn read_as(name: &str, patch: &Value, reception: &Reception<'_>) -> Incoming {
    let mut event = fixture(name);
    merge(&mut event, patch);
    parse(event.to_string().as_bytes(), reception).unwrap()
}

fn question(incoming: Incoming) -> Question {
    match incoming {
        Incoming::Question(question) => *question,
        other => panic!("expected a question, got {other:?}"),
    }
}

fn thread(channel: &str, root: &str) -> Conversation {
    Conversation::Thread { channel: ChannelId::new(channel), root: root.parse().unwrap() }
}

#[test]
fn a_mention_in_a_channel_becomes_a_question_with_all_that_is_known() {
    insta::assert_json_snapshot!(question(read("app_mention", &json!({}))));
}

#[test]
fn a_question_from_another_organisation_belongs_to_our_workspace() {
    insta::assert_json_snapshot!(question(read("shared_channel", &json!({}))));
}

#[test]
fn both_events_of_one_mention_are_the_same_question() {
    let mention = question(read("app_mention", &json!({})));
    let twin = question(read("message_twin", &json!({})));
    assert_ne!(mention.event_id, twin.event_id);
    assert_eq!(Question { event_id: mention.event_id.clone(), ..twin }, mention);
}

#[rstest]
#[case::without_user_in_text_it_is_no_use("app_mention", json!({"event": {"user": null}}), Reason::Malformed)]
#[case::user_of_another_type("app_mention", json!({"event": {"user": {"id": "U1"}}}), Reason::Malformed)]
#[case::no_channel("app_mention", json!({"event": {"channel": null}}), Reason::Malformed)]
#[case::no_ts("app_mention", json!({"event": {"ts": null}}), Reason::Malformed)]
#[case::ts_is_a_number("app_mention", json!({"event": {"ts": 5.5}}), Reason::Malformed)]
#[case::ts_is_no_timestamp("app_mention", json!({"event": {"ts": "today"}}), Reason::Malformed)]
#[case::thread_is_no_timestamp("app_mention", json!({"event": {"thread_ts": "1"}}), Reason::Malformed)]
#[case::no_workspace("app_mention", json!({"team_id": null, "authorizations": null}), Reason::Malformed)]
#[case::mention_alone("app_mention", json!({"event": {"text": "<@U04KEEPER1>"}}), Reason::Empty)]
#[case::two_mentions_alone("app_mention", json!({"event": {"text": " <@U04KEEPER1> <@U04KEEPER1|k> "}}), Reason::Empty)]
#[case::nothing_written("direct_message", json!({"event": {"text": "", "blocks": []}}), Reason::Empty)]
#[case::mention_by_a_bot("app_mention", json!({"event": {"bot_id": "B07OTHER01"}}), Reason::BotMessage)]
#[case::bot_subtype("message_twin", json!({"event": {"subtype": "bot_message"}}), Reason::BotMessage)]
#[case::direct_message_of_a_bot("direct_message", json!({"event": {"bot_id": "B07OTHER01"}}), Reason::BotMessage)]
#[case::slackbot("direct_message", json!({"event": {"user": "USLACKBOT"}}), Reason::BotMessage)]
#[case::own_answer("bot_answer", json!({}), Reason::OwnMessage)]
#[case::own_user_only("bot_answer", json!({"event": {"bot_id": null, "app_id": null}}), Reason::OwnMessage)]
#[case::own_app_only("bot_answer", json!({"event": {"bot_id": null, "user": "U07ASKS001"}}), Reason::OwnMessage)]
#[case::other_bot("bot_answer", json!({"event": {"user": "U07OTHER01", "app_id": "A07OTHER01"}}), Reason::BotMessage)]
#[case::to_nobody("message_twin", json!({"event": {"text": "good morning"}}), Reason::NotAddressed)]
#[case::to_another("message_twin", json!({"event": {"text": "<@U07ASKS002> hi"}}), Reason::NotAddressed)]
#[case::mention_typed_as_text("message_twin", json!({"event": {"text": "&lt;@U04KEEPER1&gt; hi"}}), Reason::NotAddressed)]
#[case::several_people("message_twin", json!({"event": {"text": "hi", "channel_type": "mpim"}}), Reason::NotAddressed)]
#[case::nobody_knows_who_we_are("message_twin", json!({"authorizations": []}), Reason::NotAddressed)]
#[case::edited("message_changed", json!({}), Reason::Edited)]
#[case::deleted("message_changed", json!({"event": {"subtype": "message_deleted"}}), Reason::Deleted)]
#[case::hidden("message_twin", json!({"event": {"hidden": true}}), Reason::Hidden)]
#[case::joined("message_twin", json!({"event": {"subtype": "channel_join"}}), Reason::ChannelNotice)]
#[case::left("message_twin", json!({"event": {"subtype": "group_leave"}}), Reason::ChannelNotice)]
#[case::topic("message_twin", json!({"event": {"subtype": "channel_topic"}}), Reason::ChannelNotice)]
#[case::pinned("message_twin", json!({"event": {"subtype": "pinned_item"}}), Reason::ChannelNotice)]
#[case::me_message("message_twin", json!({"event": {"subtype": "me_message"}}), Reason::UnsupportedSubtype)]
#[case::new_subtype("message_twin", json!({"event": {"subtype": "brand_new"}}), Reason::UnsupportedSubtype)]
#[case::other_event("app_home_opened", json!({}), Reason::UnsupportedEvent)]
#[case::new_event("app_mention", json!({"event": {"type": "brand_new"}}), Reason::UnsupportedEvent)]
#[case::event_without_type("app_mention", json!({"event": {"type": 7}}), Reason::UnsupportedEvent)]
#[case::no_event("app_mention", json!({"event": null}), Reason::UnsupportedEvent)]
#[case::event_is_a_text("app_mention", json!({"event": "x"}), Reason::UnsupportedEvent)]
#[case::new_outer_type("app_rate_limited", json!({"type": "brand_new"}), Reason::UnsupportedEvent)]
#[case::no_challenge("url_verification", json!({"challenge": null}), Reason::Malformed)]
fn what_is_no_question_is_filtered(#[case] name: &str, #[case] patch: Value, #[case] reason: Reason) {
    assert_eq!(read(name, &patch), Incoming::Filtered(reason));
}

#[rstest]
#[case::mention("app_mention", json!({}), "how do I rotate the signing keys?")]
#[case::new_fields("app_mention", json!({"brand": [{"new": 1}], "event": {"brand": {"new": null}}}),
    "how do I rotate the signing keys?")]
#[case::new_outer_type_with_event("app_mention", json!({"type": "event_callback_v2"}), "how do I rotate the signing keys?")]
#[case::wrong_types_elsewhere("message_twin",
    json!({"event_time": "x", "event_id": 5, "event": {"blocks": 7, "files": "none", "attachments": {"id": "1"},
        "metadata": {"event_payload": {"n": 1}}, "client_msg_id": 7, "subtype": 9, "bot_id": "", "thread_ts": ""}}),
    "how do I rotate the signing keys?")]
#[case::workspace_from_the_authorization("app_mention", json!({"team_id": null}), "how do I rotate the signing keys?")]
#[case::no_authorization_first_mention_is_ours("app_mention",
    json!({"authorizations": null, "event": {"text": "<@U04KEEPER1> ask <@U07ASKS002>"}}), "ask <@U07ASKS002>")]
#[case::authorization_of_a_person("app_mention",
    json!({"authorizations": [{"user_id": "U07ASKS001", "is_bot": false}]}), "how do I rotate the signing keys?")]
#[case::mention_in_the_middle("message_twin", json!({"event": {"text": "hey <@U04KEEPER1|keeper> how?"}}), "hey how?")]
#[case::several_people("message_twin", json!({"event": {"channel_type": "mpim", "channel": "C05SEVERAL"}}),
    "how do I rotate the signing keys?")]
#[case::edited_mention_has_the_same_ts("app_mention", json!({"event": {"edited": {"user": "U07ASKS001"}}}),
    "how do I rotate the signing keys?")]
#[case::direct("direct_message", json!({}), "what is a lease?")]
#[case::direct_without_authorization("direct_message", json!({"authorizations": []}), "what is a lease?")]
#[case::direct_by_its_letter("direct_message", json!({"event": {"channel_type": null}}), "what is a lease?")]
#[case::direct_with_mention("direct_message", json!({"event": {"text": "<@U04KEEPER1> a &lt; b?"}}), "a < b?")]
#[case::blocks_only("direct_message", json!({"event": {"text": null}}), "what is a lease?")]
#[case::blocks_only_with_mention("message_twin", json!({"event": {"text": ""}}), "how do I rotate the signing keys?")]
#[case::forwarded("direct_message",
    json!({"event": {"text": "", "blocks": [], "attachments": [{"is_share": true, "text": "a &amp; b"}]}}), "a & b")]
#[case::with_a_file("file_share", json!({}), "read this")]
#[case::file_alone("file_share", json!({"event": {"text": "<@U04KEEPER1>"}}), "")]
#[case::shown_in_the_channel_too("file_share", json!({"event": {"subtype": "thread_broadcast"}}), "read this")]
fn a_question_is_read_whatever_is_around_it(#[case] name: &str, #[case] patch: Value, #[case] text: &str) {
    assert_eq!(question(read(name, &patch)).text, text);
}

#[rstest]
#[case("app_mention", json!({}), Surface::Channel)]
#[case("app_mention", json!({"event": {"channel": "G05PRIVATE"}}), Surface::Group)]
#[case("app_mention", json!({"event": {"channel": "D06DIRECT1"}}), Surface::DirectMessage)]
#[case("message_twin", json!({"event": {"channel_type": "mpim"}}), Surface::GroupDirectMessage)]
#[case("message_twin", json!({"event": {"channel_type": "brand_new"}}), Surface::Channel)]
#[case("file_share", json!({}), Surface::Group)]
#[case("direct_message", json!({}), Surface::DirectMessage)]
fn the_surface_is_where_it_was_asked(#[case] name: &str, #[case] patch: Value, #[case] surface: Surface) {
    assert_eq!(question(read(name, &patch)).surface, surface);
}

#[rstest]
#[case("app_mention", json!({}), DirectMessages::Channel, thread("C05GENERAL", "1764000005.000200"))]
#[case("file_share", json!({}), DirectMessages::Channel, thread("G05PRIVATE", "1764000000.000100"))]
#[case("direct_message", json!({}), DirectMessages::Thread, thread("D06DIRECT1", "1764000100.123456"))]
#[case("direct_message", json!({}), DirectMessages::Channel,
    Conversation::DirectMessages { channel: ChannelId::new("D06DIRECT1") })]
#[case("direct_message", json!({"event": {"thread_ts": "1764000090.000100"}}), DirectMessages::Channel,
    thread("D06DIRECT1", "1764000090.000100"))]
#[case("message_twin", json!({"event": {"channel_type": "mpim"}}), DirectMessages::Channel,
    thread("C05GENERAL", "1764000005.000200"))]
fn the_conversation_is_the_thread_or_the_direct_messages(
    #[case] name: &str,
    #[case] patch: Value,
    #[case] direct_messages: DirectMessages,
    #[case] expected: Conversation,
) {
    let incoming = read_as(name, &patch, &reception(direct_messages, None));
    assert_eq!(question(incoming).conversation, expected);
}

#[test]
fn the_passed_own_user_serves_where_slack_names_none() {
    let own = UserId::new("U04KEEPER1");
    let reception = reception(DirectMessages::Thread, Some(&own));
    let unnamed = json!({"authorizations": null});
    assert_eq!(question(read_as("message_twin", &unnamed, &reception)).text, "how do I rotate the signing keys?");
    let own_message = json!({"authorizations": null, "event": {"bot_id": null, "app_id": null}});
    assert_eq!(read_as("bot_answer", &own_message, &reception), Incoming::Filtered(Reason::OwnMessage));
    let to_two = json!({"authorizations": null, "event": {"text": "<@U07ASKS002> and <@U04KEEPER1> hi"}});
    assert_eq!(question(read_as("app_mention", &to_two, &reception)).text, "<@U07ASKS002> and hi");
}

#[test]
fn files_are_named_as_far_as_slack_tells() {
    let patch = json!({"event": {"files": [{"id": "F1", "size": -1, "name": 5}, {"name": "without id"}, null]}});
    let files = question(read("file_share", &patch)).files;
    assert_eq!(serde_json::to_value(files).unwrap(), json!([{"id": "F1"}]));
    let files = question(read("file_share", &json!({}))).files;
    let notes = json!({"id": "F08NOTES01", "name": "notes.md", "mimetype": "text/markdown", "size": 2048});
    assert_eq!(serde_json::to_value(files).unwrap(), json!([notes]));
}

#[test]
fn slacks_own_requests_are_told_apart() {
    let challenge = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P".to_owned();
    assert_eq!(read("url_verification", &json!({})), Incoming::UrlVerification { challenge });
    let Incoming::RateLimited { team, minute_seconds } = read("app_rate_limited", &json!({})) else {
        panic!("expected a rate limit");
    };
    assert_eq!((team.as_str(), minute_seconds), ("T04KEEPER1", 1_764_000_420));
}

#[rstest]
#[case(b"")]
#[case(b"payload=%7B%7D")]
#[case(b"{\"type\":")]
#[case(b"\xff\xfe")]
fn what_is_no_json_is_an_error_that_quotes_nothing(#[case] body: &[u8]) {
    let error = parse(body, &reception(DirectMessages::Thread, None)).unwrap_err();
    assert!(matches!(error, EventError::NotJson { .. }), "{error}");
    assert!(!error.to_string().contains("payload"), "{error}");
}

#[rstest]
#[case(b"[]")]
#[case(b"null")]
#[case(b"\"event\"")]
fn json_that_is_no_object_is_an_error(#[case] body: &[u8]) {
    let error = parse(body, &reception(DirectMessages::Thread, None)).unwrap_err();
    assert!(matches!(error, EventError::NotAnObject), "{error}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[<>@#!|&;a-zU: \\n]{0,20}".prop_map(Value::from),
        "\\PC{0,10}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{1,8}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// All places in a JSON value.
fn places(value: &Value, path: &str, found: &mut Vec<String>) {
    found.push(path.to_owned());
    match value {
        Value::Object(map) => map.iter().for_each(|(key, inner)| places(inner, &format!("{path}/{key}"), found)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(at, inner)| places(inner, &format!("{path}/{at}"), found));
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn bytes_are_read_if_they_are_a_json_object_and_refused_else(
        body in prop_oneof![prop::collection::vec(any::<u8>(), 0..200), any_json().prop_map(|json| json.to_string().into_bytes())],
    ) {
        let is_object = serde_json::from_slice::<Value>(&body).is_ok_and(|json| json.is_object());
        prop_assert_eq!(parse(&body, &reception(DirectMessages::Thread, None)).is_ok(), is_object);
    }

    #[test]
    fn a_fixture_with_anything_anywhere_is_still_an_object_and_so_no_error(
        name in prop::sample::select(FIXTURES.to_vec()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any_json()), 1..4),
    ) {
        let mut event = fixture(name);
        for (place, value) in changes {
            let mut found = Vec::new();
            places(&event, "", &mut found);
            let place = place.get(&found);
            if !place.is_empty() && let Some(target) = event.pointer_mut(place) {
                *target = value;
            }
        }
        let body = event.to_string();
        prop_assert!(parse(body.as_bytes(), &reception(DirectMessages::Channel, None)).is_ok(), "{}", body);
    }

    #[test]
    fn a_cut_fixture_is_read_or_refused(name in prop::sample::select(FIXTURES.to_vec()), cut in any::<prop::sample::Index>()) {
        let body = fixture(name).to_string();
        let end = cut.index(body.len());
        prop_assert!(parse(&body.as_bytes()[..end], &reception(DirectMessages::Thread, None)).is_err());
    }
}
