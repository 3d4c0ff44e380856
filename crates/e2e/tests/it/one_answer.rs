//! One question gets one visible answer, however often and wherever it is delivered.

use playground::{Fault, Method, Rule};
use shared::ids::EventKey;

use crate::world::{World, echo, echoed};

#[tokio::test(flavor = "multi_thread")]
async fn both_events_of_a_mention_four_times_each_at_different_ingresses_get_one_answer() {
    shared::lifecycle::install_tls_provider();
    let world = World::start().await;
    let channel = world.slack.channel("general");
    let said = world.slack.mention(&channel, &world.person, "once please", None).expect("it is said");
    let urls = world.stack.event_urls();
    // Both events of the mention, all at the same moment.
    let deliveries = (0..8_usize).map(|number| {
        let (event, retry) = (&said.events[number % 2], number / 2);
        let (seconds, signature) = world.slack.signed(event.body.as_bytes());
        let mut request = reqwest::Client::new().post(&urls[(number + retry) % urls.len()]).body(event.body.clone());
        request = request.header("x-slack-request-timestamp", seconds).header("x-slack-signature", signature);
        if retry > 0 {
            request = request.header("x-slack-retry-num", retry).header("x-slack-retry-reason", "http_timeout");
        }
        async move { (retry, request.send().await.expect("the ingress answers").status()) }
    });
    for (retry, status) in futures_util::future::join_all(deliveries).await {
        assert_eq!(status, 200, "retry {retry}");
    }
    let asked = playground::Asked { channel: channel.clone(), ts: said.ts, deliveries: Vec::new() };
    world.assert_one_answer_each(&[(&asked, echo("once please", 1))]).await;
    assert_eq!(world.context(&channel, said.ts), echoed(&["once please"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn twins_with_different_event_ids_at_the_same_moment_get_one_answer() {
    let world = World::start().await;
    let channel = world.slack.channel("general");
    let mut asked = Vec::new();
    for n in 0..30 {
        let one = world.ask(&channel, &format!("twin {n}"), None).await;
        assert_eq!(one.deliveries.len(), 2, "an app_mention and its message twin");
        assert_ne!(one.deliveries[0].event_id, one.deliveries[1].event_id);
        asked.push(one);
    }
    let expected: Vec<_> = asked.iter().enumerate().map(|(n, a)| (a, echo(&format!("twin {n}"), 1))).collect();
    world.assert_one_answer_each(&expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_long_after_the_answer_is_not_answered_again() {
    let world = World::start().await;
    let channel = world.slack.channel("general");
    let said = world.slack.mention(&channel, &world.person, "late twin", None).expect("it is said");
    world.slack.deliver(&said.events[0]).await;
    let asked = playground::Asked { channel: channel.clone(), ts: said.ts, deliveries: Vec::new() };
    world.assert_one_answer_each(&[(&asked, echo("late twin", 1))]).await;
    assert!(world.slack.deliver(&said.events[1]).await.is_acked());
    world.assert_one_answer_each(&[(&asked, echo("late twin", 1))]).await;
    assert_eq!(world.slack.calls(Method::ChatPostMessage).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_confirmation_was_lost_is_found_in_slack_and_not_posted_again() {
    let world = World::start_with(|stack| {
        let stack = stack.ingresses(2).responders(3).env("THREADKEEPER__DELIVERY__POST_START", "200ms");
        let stack =
            stack.env("THREADKEEPER__DELIVERY__POST_TIMEOUT", "1s").env("THREADKEEPER__DELIVERY__POST_LEASE", "2s");
        stack
            .env("THREADKEEPER__DELIVERY__WAITS", "200,1000,2000")
            .env("THREADKEEPER__DELIVERY__RECONCILE_PAUSE", "300ms")
    })
    .await;
    let channel = world.slack.channel("general");
    let said = world.slack.mention(&channel, &world.person, "did it arrive?", None).expect("it is said");
    let key = EventKey::of(&channel, &said.ts);
    world.slack.fault(Rule::on(Method::ChatPostMessage, Fault::TookEffectThenCut).about(key));
    let asked = world.slack.tell(said).await;
    world.assert_one_answer_each(&[(&asked, echo("did it arrive?", 1))]).await;
    assert_eq!(world.slack.calls(Method::ChatPostMessage).len(), 1, "posted once, then found");
    assert_eq!(world.context(&channel, asked.ts), echoed(&["did it arrive?"]));
}
