//! What a person sees and does on the page.

use std::sync::Arc;

use e2e::{Stack, StackBuilder};
use playground::{Controls, Options, Playground};
use shared::{config::Secret, ids::ChannelId};

use crate::browser::{Browser, PATIENCE};

const ENTER: &str = "\u{e007}";

fn workspace() -> Playground {
    let playground = Playground::start(Options {
        bot_token: Secret::new(e2e::BOT_TOKEN),
        signing_secret: Secret::new(e2e::SIGNING_SECRET),
        time_scale: 60.0,
        ..Options::default()
    });
    let playground = playground.unwrap();
    playground.furnish();
    playground
}

async fn stack(playground: &Playground, build: impl FnOnce(StackBuilder) -> StackBuilder) -> Stack {
    let stack = build(Stack::builder(playground.api_url())).build().await.unwrap();
    playground.deliver_events_to(stack.event_urls());
    stack
}

fn answers(browser_text: &serde_json::Value) -> Vec<&str> {
    browser_text.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

const ANSWERS: &str = "[...document.querySelectorAll('#thread .by-bot .text')].map((answer) => answer.innerText)";

#[tokio::test]
async fn a_question_and_its_follow_up_are_answered_once_through_reload_and_repetition() {
    let playground = workspace();
    let stack = stack(&playground, |stack| stack.responders(2)).await;
    let browser = Browser::open(&playground.page_url(), 1280, 800).await;

    // The name is completed while it is typed.
    browser.type_into("#channel textarea", "@thr").await;
    browser.until_count("#channel .names li", 1).await;
    browser.type_into("#channel textarea", &format!("{ENTER}first?{ENTER}")).await;
    browser.until_count("#thread .by-bot", 1).await;
    browser.type_into("#thread textarea", &format!("@threadkeeper second?{ENTER}")).await;
    browser.until_count("#thread .by-bot", 2).await;
    let expected = ["answer to: first? (turn 1)", "answer to: second? (turn 2)"];
    assert_eq!(answers(&browser.value(ANSWERS).await), expected);

    // Everything is still there, the open thread too.
    browser.reload().await;
    browser.until_count("#thread .by-bot", 2).await;
    assert_eq!(answers(&browser.value(ANSWERS).await), expected);

    // Slack sends both events of the follow-up again; both are taken, and nothing else is seen.
    browser.until("document.querySelector('#trace .asked').innerText.includes('second?')").await;
    browser.click("#trace [data-name=deliver-twice]").await;
    let repeated = "[...document.querySelectorAll('#trace li:not(.bad) .title')]\
                    .filter((title) => title.innerText.includes('once more')).length === 2";
    browser.until(repeated).await;
    stack.settled(PATIENCE).await.unwrap();
    browser.until("document.querySelector('#trace .answers').innerText === '1 visible answer'").await;
    assert_eq!(browser.count("#thread .by-bot").await, 2);
    assert_eq!(playground.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_worker_that_is_killed_by_the_button_costs_no_answer_and_makes_no_second_one() {
    let playground = workspace();
    let slow = |stack: StackBuilder| stack.scaled_times().env("THREADKEEPER__ANSWER__ECHO_DELAY", "2s");
    let mut stack = stack(&playground, slow).await;
    let worker = Arc::new(stack.responders.remove(0));
    let killed = Arc::clone(&worker);
    playground.set_controls(Controls::of_workers(1).on_kill_worker(move |number| {
        killed.kill();
        Ok(format!("worker {number} was killed"))
    }));
    let browser = Browser::open(&playground.page_url(), 1280, 800).await;

    browser.type_into("#channel textarea", &format!("@threadkeeper are you there?{ENTER}")).await;
    browser.until("document.querySelector('#trace .verdict.busy')?.innerText.includes('received')").await;
    browser.click("#trace [data-name=kill-worker]").await;
    browser.until("document.querySelector('#trace .timeline').innerText.includes('worker 1 was killed')").await;
    assert!(worker.exit().is_some());
    assert_eq!(browser.count("#thread .by-bot").await, 0, "the worker had answered before it was killed");

    stack.start_responder().unwrap();
    browser.until_count("#thread .by-bot", 1).await;
    stack.settled(PATIENCE).await.unwrap();
    assert_eq!(answers(&browser.value(ANSWERS).await), ["answer to: are you there? (turn 1)"]);
    assert_eq!(browser.value("document.querySelector('#trace .answers').innerText").await, "1 visible answer");
}

#[tokio::test]
async fn a_narrow_window_shows_one_pane_at_a_time() {
    let playground = workspace();
    let (channel, ada) = (ChannelId::new("C0GENERAL"), shared::ids::UserId::new("U0ADA"));
    // There is no ingress, so nobody takes it; it is a question all the same.
    let root = playground.ask(&channel, &ada, "who knows?", None).await.unwrap().ts;
    playground.say(&channel, &ada, "somebody?", Some(root)).unwrap();
    // The least width of Chromium's window.
    let browser = Browser::open(&playground.page_url(), 500, 844).await;
    let panes = "[...document.querySelectorAll('#sidebar, #channel, #thread, #trace')]\
                 .filter((pane) => pane.checkVisibility()).map((pane) => pane.id).join()";
    let shows = |pane: &str| format!("{panes} === '{pane}'");
    browser.until(&shows("sidebar")).await;
    browser.click("#sidebar [data-name=C0GENERAL]").await;
    browser.until(&shows("channel")).await;
    browser.click("#channel .summary").await;
    browser.until(&shows("thread")).await;
    browser.until_count("#thread .message", 2).await;
    browser.click("#thread .mark").await;
    browser.until(&shows("trace")).await;
    let too_wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth";
    assert_eq!(browser.value(too_wide).await, false);
    for pane in ["thread", "channel", "sidebar"] {
        let here = browser.value(panes).await;
        browser.click(&format!("#{} .back", here.as_str().unwrap())).await;
        browser.until(&shows(pane)).await;
    }
}

#[tokio::test]
async fn hostile_text_is_shown_and_does_nothing() {
    let playground = workspace();
    let (channel, ada) = (ChannelId::new("C0GENERAL"), shared::ids::UserId::new("U0ADA"));
    let hostile = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>";
    playground.say(&channel, &ada, hostile, None).unwrap();
    playground.say(&channel, &ada, "<javascript:document.title='broken'|click>", None).unwrap();
    let markdown = format!("{hostile}\n\n[click](javascript:document.title='broken')\n\n[good](https://example.org)");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let post = client.post(format!("{}chat.postMessage", playground.api_url())).bearer_auth(e2e::BOT_TOKEN);
    let post = post.json(&serde_json::json!({"channel": channel, "markdown_text": markdown}));
    assert!(post.send().await.unwrap().text().await.unwrap().contains("\"ok\":true"));

    let browser = Browser::open(&playground.page_url(), 1280, 800).await;
    browser.until_count("#channel .message", 3).await;
    let shown = browser.value("document.querySelector('#channel .messages').innerText").await;
    assert_eq!(shown.as_str().unwrap().matches("onerror").count(), 2, "{shown}");
    assert_eq!(browser.count("#channel .messages :is(img, script, iframe, object)").await, 0);
    let links = "[...document.querySelectorAll('#channel .messages a')].map((link) => link.href).join()";
    assert_eq!(browser.value(links).await, "https://example.org/");
    assert_eq!(browser.value("document.title").await, "#general – Playground");
}
