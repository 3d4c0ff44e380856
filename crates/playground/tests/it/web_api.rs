//! Each method: what it does, and how it refuses.

use std::time::Duration;

use playground::{Method, NOTICE, Options};
use rstest::rstest;
use serde_json::{Value, json};
use shared::{
    clock::Clock,
    ids::{ChannelId, EventKey},
};

use crate::bot::{Bot, form, json, texts};

#[tokio::test]
async fn auth_test_tells_who_the_bot_is() {
    let bot = Bot::new();
    let answer = bot.call(Method::AuthTest, &json!({})).await;
    assert_eq!(answer["ok"], true);
    assert_eq!(answer["user_id"], "U0KEEPER");
    assert_eq!(answer["bot_id"], "B0KEEPER");
}

#[tokio::test]
async fn the_token_is_taken_from_the_header_the_query_or_a_form_but_not_from_json() {
    let bot = Bot::new();
    assert_eq!(
        json(form(bot.request("auth.test"), &[("token", "xoxb-playground")]).send().await.unwrap()).await["ok"],
        true
    );
    let in_query = bot.request("auth.test?token=xoxb-playground").send().await.unwrap();
    assert_eq!(json(in_query).await["ok"], true);
    let in_json = bot.request("auth.test").json(&json!({"token": "xoxb-playground"})).send().await.unwrap();
    assert_eq!(json(in_json).await["error"], "not_authed");
    let wrong = bot.request("auth.test").bearer_auth("xoxb-other").send().await.unwrap();
    assert_eq!(json(wrong).await["error"], "invalid_auth");
    assert_eq!(bot.slack.calls(Method::AuthTest).len(), 2, "refused tokens are no calls");
}

#[tokio::test]
async fn a_post_becomes_an_answer_of_the_bot_in_the_thread() {
    let bot = Bot::new();
    let question = bot.said("why?", None);
    let posted = bot.call(Method::ChatPostMessage, &bot.answer(question, "because")).await;
    assert_eq!(posted["ok"], true);
    assert_eq!(posted["channel"], bot.channel.as_str());
    assert_eq!(posted["message"]["user"], "U0KEEPER");
    assert_eq!(posted["message"]["bot_id"], "B0KEEPER");
    assert_eq!(posted["message"]["app_id"], "A0KEEPER");

    let answers = bot.slack.answers_to(&bot.channel, question);
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].text, "because");
    assert_eq!(answers[0].thread_ts, Some(question));
    assert_eq!(posted["ts"], answers[0].ts.to_string());
    assert!(bot.slack.violations().is_empty());

    let another = bot.said("and why this?", Some(question));
    assert!(bot.slack.answers_to(&bot.channel, another).is_empty(), "it answers the first question only");
}

#[tokio::test]
async fn a_form_with_metadata_as_text_is_as_good_as_json() {
    let bot = Bot::new();
    let question = bot.said("why?", None);
    let answer = bot.answer(question, "because");
    let metadata = answer["metadata"].to_string();
    let thread_ts = question.to_string();
    let arguments = [
        ("channel", bot.channel.as_str()),
        ("thread_ts", &thread_ts),
        ("markdown_text", "**because**"),
        ("metadata", &metadata),
    ];
    let request = form(bot.request("chat.postMessage").bearer_auth("xoxb-playground"), &arguments);
    assert_eq!(json(request.send().await.unwrap()).await["ok"], true);
    assert_eq!(bot.slack.answers_to(&bot.channel, question)[0].text, "**because**");
}

#[rstest]
#[case::no_channel(json!({"channel": null}), "channel_not_found")]
#[case::unknown_channel(json!({"channel": "C404"}), "channel_not_found")]
#[case::nothing(json!({"text": ""}), "no_text")]
#[case::two_texts(json!({"markdown_text": "b"}), "markdown_text_conflict")]
#[case::text_and_blocks(json!({"text": null, "markdown_text": "b", "blocks": [{"type": "divider"}]}), "markdown_text_conflict")]
#[case::long_markdown(json!({"text": null, "markdown_text": "é".repeat(12_001)}), "msg_too_long")]
#[case::blocks_no_json(json!({"blocks": "[{"}), "invalid_blocks_format")]
#[case::blocks_no_type(json!({"blocks": [{}]}), "invalid_blocks")]
#[case::metadata_text(json!({"metadata": "event"}), "invalid_metadata_format")]
#[case::metadata_no_payload(json!({"metadata": {"event_type": "a"}}), "invalid_metadata_format")]
#[case::metadata_payload_list(json!({"metadata": {"event_type": "a", "event_payload": []}}), "invalid_metadata_format")]
#[case::no_thread(json!({"thread_ts": "1729636800.000100"}), "thread_not_found")]
#[case::no_timestamp(json!({"thread_ts": "yesterday"}), "thread_not_found")]
#[tokio::test]
async fn a_wrong_post_is_refused_and_leaves_nothing(#[case] change: Value, #[case] error: &str) {
    let bot = Bot::new();
    let mut arguments = json!({"channel": bot.channel, "text": "a"});
    arguments.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let answer = bot.call(Method::ChatPostMessage, &arguments).await;
    assert_eq!(answer, json!({"ok": false, "error": error}));
    assert!(bot.slack.messages(&bot.channel).is_empty());
    assert_eq!(bot.slack.calls(Method::ChatPostMessage)[0].error, answer["error"].as_str());
}

#[tokio::test]
async fn markdown_of_twelve_thousand_characters_is_taken() {
    let bot = Bot::new();
    let arguments = json!({"channel": bot.channel, "markdown_text": "é".repeat(12_000)});
    assert_eq!(bot.call(Method::ChatPostMessage, &arguments).await["ok"], true);
}

#[tokio::test]
async fn a_text_over_forty_thousand_characters_is_cut_with_a_warning() {
    let bot = Bot::new();
    let answer = bot.call(Method::ChatPostMessage, &json!({"channel": bot.channel, "text": "é".repeat(40_001)})).await;
    assert_eq!(answer["warning"], "message_truncated");
    assert_eq!(bot.slack.messages(&bot.channel)[0].text.chars().count(), 40_000);
}

#[tokio::test]
async fn archived_and_foreign_channels_are_not_written_to() {
    let bot = Bot::new();
    let arguments = json!({"channel": bot.channel, "text": "a"});
    bot.slack.change_channel(&bot.channel, |channel| channel.bot_is_member = false).unwrap();
    assert_eq!(bot.call(Method::ChatPostMessage, &arguments).await["error"], "not_in_channel");
    bot.slack.change_channel(&bot.channel, |channel| channel.archived = true).unwrap();
    assert_eq!(bot.call(Method::ChatPostMessage, &arguments).await["error"], "is_archived");
}

#[tokio::test]
async fn an_update_keeps_metadata_unless_told_otherwise() {
    let bot = Bot::new();
    let question = bot.said("why?", None);
    let posted = bot.call(Method::ChatPostMessage, &bot.answer(question, "because")).await;
    let update = json!({"channel": bot.channel, "ts": posted["ts"], "text": "because of that"});
    let updated = bot.call(Method::ChatUpdate, &update).await;
    assert_eq!(updated["text"], "because of that");
    assert_eq!(updated["ts"], posted["ts"]);
    let answers = bot.slack.answers_to(&bot.channel, question);
    assert_eq!(answers[0].text, "because of that");
    assert!(answers[0].edited.is_some());

    let bare = json!({"channel": bot.channel, "ts": posted["ts"], "text": "x", "metadata": {}});
    assert_eq!(bot.call(Method::ChatUpdate, &bare).await["ok"], true);
    assert!(bot.slack.answers_to(&bot.channel, question).is_empty());
}

#[tokio::test]
async fn only_own_messages_are_changed_and_only_while_they_are_there() {
    let bot = Bot::new();
    let question = bot.said("why?", None);
    let foreign = json!({"channel": bot.channel, "ts": question, "text": "x"});
    assert_eq!(bot.call(Method::ChatUpdate, &foreign).await["error"], "cant_update_message");
    let foreign = json!({"channel": bot.channel, "ts": question});
    assert_eq!(bot.call(Method::ChatDelete, &foreign).await["error"], "cant_delete_message");

    let own = bot.call(Method::ChatPostMessage, &bot.answer(question, "because")).await;
    let long = json!({"channel": bot.channel, "ts": own["ts"], "text": "x".repeat(4_001)});
    assert_eq!(bot.call(Method::ChatUpdate, &long).await["error"], "msg_too_long");
    let own = json!({"channel": bot.channel, "ts": own["ts"]});
    assert_eq!(bot.call(Method::ChatDelete, &own).await["ok"], true);
    assert_eq!(bot.call(Method::ChatDelete, &own).await["error"], "message_not_found");
    assert!(bot.slack.answers_to(&bot.channel, question).is_empty());
    let all = bot.slack.read(|workspace| workspace.all_messages(&bot.channel).filter(|m| m.deleted).count());
    assert_eq!(all, 1, "what was deleted can still be seen by a test");
}

#[tokio::test]
async fn replies_come_oldest_first_in_pages_with_the_root() {
    let bot = Bot::with(Options { page_limit: 2, ..Options::default() });
    let root = bot.said("0", None);
    for text in ["1", "2", "3", "4"] {
        bot.said(text, Some(root));
    }
    bot.said("elsewhere", None);
    let (channel, root) = (bot.channel.as_str(), root.to_string());
    let mut pages = Vec::new();
    let mut cursor = String::new();
    loop {
        let arguments = [("channel", channel), ("ts", &root), ("limit", "200"), ("cursor", &cursor)];
        let page = bot.get(Method::ConversationsReplies, &arguments).await;
        pages.push(texts(page["messages"].as_array().unwrap()).join(","));
        if page["has_more"] == false {
            break;
        }
        page["response_metadata"]["next_cursor"].as_str().unwrap().clone_into(&mut cursor);
    }
    assert_eq!(pages, ["0,1", "2,3", "4"]);
}

#[rstest]
#[case::after("oldest", false, "0,2,3")]
#[case::from("oldest", true, "0,1,2,3")]
#[case::before("latest", false, "0")]
#[case::up_to("latest", true, "0,1")]
#[tokio::test]
async fn a_range_of_replies_is_exclusive_unless_asked_and_always_has_the_root(
    #[case] bound: &str,
    #[case] inclusive: bool,
    #[case] expected: &str,
) {
    let bot = Bot::new();
    let root = bot.said("0", None);
    let first = bot.said("1", Some(root)).to_string();
    bot.said("2", Some(root));
    bot.said("3", Some(root));
    let arguments = [
        ("channel", bot.channel.as_str()),
        ("ts", &root.to_string()),
        (bound, &first),
        ("inclusive", if inclusive { "true" } else { "false" }),
    ];
    let answer = bot.get(Method::ConversationsReplies, &arguments).await;
    assert_eq!(texts(answer["messages"].as_array().unwrap()).join(","), expected);
}

#[rstest]
#[case("channel", "C404", "channel_not_found")]
#[case("ts", "1729636800.000100", "thread_not_found")]
#[case("ts", "", "thread_not_found")]
#[case("cursor", "00ff", "invalid_cursor")]
#[case("oldest", "soon", "invalid_ts_oldest")]
#[case("latest", "1.0000001", "invalid_ts_latest")]
#[case("limit", "0", "invalid_limit")]
#[tokio::test]
async fn wrong_arguments_of_replies_are_refused(#[case] name: &str, #[case] value: &str, #[case] error: &str) {
    let bot = Bot::new();
    let root = bot.said("0", None).to_string();
    let mut arguments = vec![("channel", bot.channel.as_str()), ("ts", root.as_str())];
    arguments.retain(|(known, _)| *known != name);
    arguments.push((name, value));
    assert_eq!(bot.get(Method::ConversationsReplies, &arguments).await["error"], error);
}

#[tokio::test]
async fn metadata_is_read_back_only_if_asked_for() {
    let bot = Bot::new();
    let question = bot.said("why?", None);
    bot.call(Method::ChatPostMessage, &bot.answer(question, "because")).await;
    let thread = bot.read_thread(question).await;
    let key = EventKey::of(&bot.channel, &question);
    assert_eq!(thread[1]["metadata"]["event_type"], "threadkeeper_answer");
    assert_eq!(thread[1]["metadata"]["event_payload"]["event_key"], key.as_str());
    assert_eq!(thread[0]["reply_count"], 1);
    let (channel, ts) = (bot.channel.as_str(), question.to_string());
    let bare = bot.get(Method::ConversationsReplies, &[("channel", channel), ("ts", &ts)]).await;
    assert_eq!(bare["messages"][1].get("metadata"), None);
}

#[tokio::test]
async fn a_deleted_root_leaves_a_tombstone_while_there_are_replies() {
    let bot = Bot::new();
    let root = bot.said("0", None);
    bot.said("1", Some(root));
    bot.slack.delete(&bot.channel, root).unwrap();
    let thread = bot.read_thread(root).await;
    assert_eq!(thread[0]["subtype"], "tombstone");
    assert_eq!(thread[1]["text"], "1");
    let posted = bot.call(Method::ChatPostMessage, &bot.answer(root, "late")).await;
    assert_eq!(posted["ok"], true);
}

#[tokio::test]
async fn history_shows_the_top_level_newest_first() {
    let bot = Bot::new();
    let root = bot.said("first", None);
    bot.said("reply", Some(root));
    bot.said("second", None);
    let broadcast = json!({"channel": bot.channel, "thread_ts": root, "text": "for all", "reply_broadcast": true});
    bot.call(Method::ChatPostMessage, &broadcast).await;
    let page = bot.get(Method::ConversationsHistory, &[("channel", bot.channel.as_str()), ("limit", "2")]).await;
    assert_eq!(texts(page["messages"].as_array().unwrap()), ["for all", "second"]);
    let cursor = page["response_metadata"]["next_cursor"].as_str().unwrap();
    let rest = bot.get(Method::ConversationsHistory, &[("channel", bot.channel.as_str()), ("cursor", cursor)]).await;
    assert_eq!(texts(rest["messages"].as_array().unwrap()), ["first"]);
    assert_eq!(rest["has_more"], false);
}

#[tokio::test]
async fn channels_and_people_are_told() {
    let bot = Bot::new();
    let direct = bot.slack.direct_messages(&bot.ada);
    assert_eq!(bot.slack.direct_messages(&bot.ada), direct, "one per person");
    let channel = bot.get(Method::ConversationsInfo, &[("channel", bot.channel.as_str())]).await;
    assert_eq!(channel["channel"]["name"], "general");
    let channel = bot.get(Method::ConversationsInfo, &[("channel", direct.as_str())]).await;
    assert_eq!(channel["channel"]["is_im"], true);
    assert_eq!(channel["channel"]["user"], bot.ada.as_str());
    let person = bot.get(Method::UsersInfo, &[("user", bot.ada.as_str())]).await;
    assert_eq!(person["user"]["name"], "ada");
    assert_eq!(person["user"]["is_bot"], false);
    assert_eq!(bot.get(Method::UsersInfo, &[("user", "U404")]).await["error"], "user_not_found");
    assert_eq!(bot.get(Method::ConversationsInfo, &[("channel", "C404")]).await["error"], "channel_not_found");
}

#[tokio::test]
async fn a_status_is_shown_until_the_next_message_of_the_bot() {
    let bot = Bot::new();
    let root = bot.said("why?", None);
    let status = json!({"channel_id": bot.channel, "thread_ts": root, "status": "is thinking…"});
    let shown = || bot.slack.status(&bot.channel, root);
    assert_eq!(bot.call(Method::AssistantThreadsSetStatus, &status).await, json!({"ok": true}));
    assert_eq!(shown().as_deref(), Some("is thinking…"));
    bot.call(Method::ChatPostMessage, &bot.answer(root, "because")).await;
    assert_eq!(shown(), None);
    let nowhere = json!({"channel_id": bot.channel, "thread_ts": "1.000000", "status": "x"});
    assert_eq!(bot.call(Method::AssistantThreadsSetStatus, &nowhere).await["error"], "invalid_thread_ts");
    let nothing = json!({"channel_id": bot.channel, "thread_ts": root});
    assert_eq!(bot.call(Method::AssistantThreadsSetStatus, &nothing).await["error"], "invalid_arguments");
}

#[tokio::test]
async fn prompts_and_titles_are_for_direct_messages_and_the_page_shows_them() {
    let bot = Bot::new();
    let direct = bot.slack.direct_messages(&bot.ada);
    let root = bot.slack.say(&direct, &bot.ada, "why?", None).unwrap().ts;
    let prompts = json!([{"title": "Keys", "message": "How do I rotate keys?"}]);
    let offer = |channel: &ChannelId| json!({"channel_id": channel, "prompts": prompts});
    let method = Method::AssistantThreadsSetSuggestedPrompts;
    assert_eq!(bot.call(method, &offer(&direct)).await, json!({"ok": true}));
    assert_eq!(bot.call(method, &offer(&bot.channel)).await["error"], "channel_not_found");
    let many = json!({"channel_id": direct, "prompts": vec![prompts[0].clone(); 5]});
    assert_eq!(bot.call(method, &many).await["error"], "invalid_arguments");
    let title = |root: &str| json!({"channel_id": direct, "thread_ts": root, "title": "On reasons"});
    let method = Method::AssistantThreadsSetTitle;
    assert_eq!(bot.call(method, &title(&root.to_string())).await, json!({"ok": true}));
    assert_eq!(bot.call(method, &title("1.000000")).await["error"], "invalid_thread_ts");

    let surroundings = crate::page::Reader::open(&bot, None).await.next().await["surroundings"].clone();
    let expected = json!([{"channel": direct, "title": "Keys", "message": "How do I rotate keys?"}]);
    assert_eq!(surroundings["prompts"], expected);
    assert_eq!(surroundings["titles"], json!([{"channel": direct, "thread_ts": root, "title": "On reasons"}]));
    assert_eq!(bot.slack.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_status_goes_when_it_is_emptied_and_after_two_minutes() {
    let clock = Clock::manual(1_764_000_000_000);
    let bot = Bot::with(Options { clock: clock.clone(), ..Options::default() });
    let root = bot.said("why?", None);
    let mut status = json!({"channel_id": bot.channel, "thread_ts": root, "status": "is thinking…"});
    bot.call(Method::AssistantThreadsSetStatus, &status).await;
    clock.advance(Duration::from_secs(119));
    assert_eq!(bot.slack.status(&bot.channel, root).as_deref(), Some("is thinking…"));
    clock.advance(Duration::from_secs(1));
    assert_eq!(bot.slack.status(&bot.channel, root), None);
    bot.call(Method::AssistantThreadsSetStatus, &status).await;
    status["status"] = json!("");
    bot.call(Method::AssistantThreadsSetStatus, &status).await;
    assert_eq!(bot.slack.status(&bot.channel, root), None);
}

#[tokio::test]
async fn an_ephemeral_message_is_seen_by_one_person_and_read_back_by_nobody() {
    let bot = Bot::new();
    let root = bot.said("why?", None);
    let mut arguments = json!({"channel": bot.channel, "thread_ts": root, "user": bot.ada, "text": "slow down"});
    let answer = bot.call(Method::ChatPostEphemeral, &arguments).await;
    assert!(answer["message_ts"].is_string());
    assert_eq!(bot.slack.read(|workspace| workspace.ephemerals()[0].text.clone()), "slow down");
    assert_eq!(bot.read_thread(root).await.len(), 1);
    arguments["user"] = json!("U404");
    assert_eq!(bot.call(Method::ChatPostEphemeral, &arguments).await["error"], "user_not_in_channel");
}

#[tokio::test]
async fn notices_are_told_apart_from_answers() {
    let bot = Bot::new();
    let question = bot.said("why?", None);
    let mut notice = bot.answer(question, "I gave up");
    notice["metadata"]["event_type"] = json!(NOTICE);
    bot.call(Method::ChatPostMessage, &notice).await;
    assert!(bot.slack.answers_to(&bot.channel, question).is_empty());
    assert_eq!(bot.slack.notices().len(), 1);
    assert_eq!(bot.slack.read(|workspace| workspace.notices_about(&bot.channel, question).count()), 1);
}

#[tokio::test]
async fn what_the_reference_does_not_describe_is_a_violation() {
    let bot = Bot::new();
    let root = bot.said("0", None);
    let reply = bot.said("1", Some(root));
    assert_eq!(json(bot.request("chat.shout").send().await.unwrap()).await["error"], "unknown_method");
    bot.call(Method::ChatPostMessage, &json!({"channel": bot.channel, "text": "a", "thread": root})).await;
    bot.call(Method::ChatPostMessage, &json!({"channel": bot.channel, "text": "a", "thread_ts": reply})).await;
    let ignored = bot.call(Method::ConversationsReplies, &json!({"channel": bot.channel, "ts": root})).await;
    assert_eq!(ignored["error"], "channel_not_found");
    let violations = bot.slack.violations();
    assert_eq!(violations.len(), 4, "{violations:?}");
    for (violation, part) in violations.iter().zip(["chat.shout", "`thread`", "is a reply's ts", "does not read JSON"])
    {
        assert!(violation.contains(part), "{violation} should mention {part}");
    }
}

#[tokio::test]
async fn a_lenient_playground_records_no_violations() {
    let bot = Bot::with(Options { strict: false, ..Options::default() });
    bot.call(Method::ChatPostMessage, &json!({"channel": bot.channel, "text": "a", "thread": "b"})).await;
    assert!(bot.slack.violations().is_empty());
}

#[rstest]
#[case("application/json", "{", "invalid_json")]
#[case("application/json", "[]", "json_not_object")]
#[case("text/plain", "channel=C1", "invalid_post_type")]
#[tokio::test]
async fn unreadable_bodies_are_refused(#[case] kind: &str, #[case] body: &'static str, #[case] error: &str) {
    let bot = Bot::new();
    let request = bot.request("chat.postMessage").bearer_auth("xoxb-playground").header("Content-Type", kind);
    assert_eq!(json(request.body(body).send().await.unwrap()).await["error"], error);
}
