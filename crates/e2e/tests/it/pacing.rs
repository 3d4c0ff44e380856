//! Slack's limit of one message a second per channel is kept by all responders together.

use std::time::Duration;

use crate::world::{World, echo};

#[tokio::test(flavor = "multi_thread")]
async fn posts_in_one_channel_keep_slacks_pace_and_other_channels_do_not_wait() {
    let world =
        World::start_with(|stack| stack.ingresses(2).responders(3).env("THREADKEEPER__SLACK__PACING", "on")).await;
    let channel = world.slack.channel("crowded");
    let mut asked = Vec::new();
    for n in 0..8 {
        asked.push(world.ask(&channel, &format!("all at once {n}"), None).await);
    }
    let elsewhere = world.slack.channel("elsewhere");
    let other = world.ask(&elsewhere, "and here?", None).await;
    let first_elsewhere = world.answer(&other).await.ts;

    let expected: Vec<_> = asked.iter().enumerate().map(|(n, a)| (a, echo(&format!("all at once {n}"), 1))).collect();
    world.assert_one_answer_each(&expected).await;
    let mut posted: Vec<u64> = asked.iter().map(|a| world.slack.answers_to(&channel, a.ts)[0].ts.micros()).collect();
    posted.sort_unstable();
    // Four at once, then one a second; 8 need at least 4 s, less what a clock tick may hide.
    let span = Duration::from_micros(posted[7] - posted[0]);
    assert!(span >= Duration::from_millis(3_800), "8 posts within {span:?}");
    assert!(first_elsewhere.micros() < posted[7], "another channel waited for the crowded one");
}
