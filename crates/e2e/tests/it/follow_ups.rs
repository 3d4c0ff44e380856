//! The founding incident: a follow-up that another process takes knows the question before it.

use std::time::Duration;

use crate::world::{World, echo, echoed};

const THREADS: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_up_ten_ms_later_knows_the_question_before_it_whoever_takes_it() {
    let world =
        World::start_with(|stack| stack.ingresses(2).responders(4).env("THREADKEEPER__ANSWER__ECHO_DELAY", "300ms"))
            .await;
    let channels: Vec<_> = (0..THREADS).map(|n| world.slack.channel(&format!("channel-{n}"))).collect();
    let conversations = channels.iter().enumerate().map(|(n, channel)| {
        let world = &world;
        async move {
            let first = world.ask(channel, &format!("question {n}"), None).await;
            // The person's own pace, not a wait for something to happen.
            tokio::time::sleep(Duration::from_millis(10)).await;
            let second = world.ask(channel, &format!("follow-up {n}"), Some(first.ts)).await;
            (first, second)
        }
    });
    let asked = futures_util::future::join_all(conversations).await;

    let expected: Vec<_> = asked
        .iter()
        .enumerate()
        .flat_map(|(n, (first, second))| {
            [(first, echo(&format!("question {n}"), 1)), (second, echo(&format!("follow-up {n}"), 2))]
        })
        .collect();
    world.assert_one_answer_each(&expected).await;

    let mut taken_by_another = 0;
    for (n, (first, second)) in asked.iter().enumerate() {
        let context = world.context(&first.channel, first.ts);
        assert_eq!(context, echoed(&[&format!("question {n}"), &format!("follow-up {n}")]));
        taken_by_another += usize::from(world.answered_by(first) != world.answered_by(second));
    }
    // With four responders three quarters are expected; one third is far below chance.
    assert!(taken_by_another >= THREADS / 3, "only {taken_by_another} of {THREADS} follow-ups went to another process");
}

#[tokio::test(flavor = "multi_thread")]
async fn direct_messages_are_answered_in_their_own_thread_and_remembered_there() {
    let world = World::start().await;
    let channel = world.slack.direct_messages(&world.person);
    let first = world.ask(&channel, "who keeps the keys?", None).await;
    let answer = world.answer(&first).await;
    assert_eq!(answer.thread_ts, Some(first.ts));
    let second = world.ask(&channel, "and who has a copy?", Some(first.ts)).await;
    world.assert_one_answer_each(&[(&second, echo("and who has a copy?", 2))]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_classic_bot_keeps_one_running_conversation_per_direct_message_channel() {
    let world = World::start_with(|stack| {
        stack.ingresses(2).responders(3).env("THREADKEEPER__CONTEXT__DIRECT_MESSAGES", "channel")
    })
    .await;
    let channel = world.slack.direct_messages(&world.person);
    let first = world.ask(&channel, "who keeps the keys?", None).await;
    assert_eq!(world.answer(&first).await.thread_ts, None);
    let second = world.ask(&channel, "and who has a copy?", None).await;
    world
        .assert_one_answer_each(&[(&first, echo("who keeps the keys?", 1)), (&second, echo("and who has a copy?", 2))])
        .await;
    let keys: Vec<String> = world.stack.redis.command(&["KEYS", "slack_conv:*"]).expect("redis answers");
    assert_eq!(keys, [format!("slack_conv:{channel}:dm")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_lives_for_an_hour_after_the_last_turn() {
    let world = World::start_with(|stack| stack).await;
    let channel = world.slack.channel("general");
    let asked = world.ask(&channel, "how long?", None).await;
    world.assert_one_answer_each(&[(&asked, echo("how long?", 1))]).await;
    let key = format!("slack_conv:{channel}:{}", asked.ts);
    let left: u64 = world.stack.redis.command(&["TTL", &key]).expect("redis answers");
    assert!((3540..=3600).contains(&left), "{left} s left");
}
