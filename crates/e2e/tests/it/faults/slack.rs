//! Slack asks to wait, fails, hangs, answers nonsense, or does late what it was asked for.

use std::time::Duration;

use e2e::Promise;
use playground::{Fault, Method, Rule};

use super::trial::{Trial, Watched, crash, lasting};
use crate::world::{PATIENCE, echo, echoed};

/// How long the posts to one channel fail: much longer than an answer takes on a busy machine.
const TROUBLE: Duration = Duration::from_secs(7);

/// Every post to the busy channel meets `fault` for a while. A machine that is slow is slow for all, so the waits of the
/// others are compared with those of the troubled channel: who shared its trouble would wait as long.
async fn others_are_not_delayed_by(fault: Fault) {
    let mut trial = Trial::start().await;
    let busy = trial.busy().clone();
    trial
        .under_load(async |_, slack| {
            slack.fault(Rule::on(Method::ChatPostMessage, fault).within(busy).always());
            lasting(TROUBLE).await;
            slack.clear_faults();
        })
        .await;
    let trial = trial.judge(Promise::Order).await;
    let (troubled, others) = (trial.waits("busy"), trial.waits("quiet"));
    // Questions come at an even pace, so half of those in the channel waited for about half of its trouble at least.
    let medians = (others[others.len() / 2], troubled[troubled.len() / 2]);
    assert!(medians.0 + TROUBLE / 4 < medians.1, "median waits, of others and in the channel: {medians:?}");
    let longest = (others[others.len() - 1], troubled[troubled.len() - 1]);
    assert!(longest.0 + TROUBLE / 4 < longest.1, "longest waits, of others and in the channel: {longest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_slack_asks_to_spare_delays_no_other() {
    others_are_not_delayed_by(Fault::RateLimit { retry_after: Duration::from_secs(1) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_slack_in_one_channel_delay_no_other() {
    others_are_not_delayed_by(Fault::Status(500)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_instead_of_answers_in_one_channel_delay_no_other() {
    others_are_not_delayed_by(Fault::Html).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_hang_in_one_channel_delay_no_other() {
    others_are_not_delayed_by(Fault::Hang { lasting: Duration::from_secs(3) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_whose_outcome_is_never_told_are_found_in_slack() {
    let mut trial = Trial::start().await;
    trial
        .under_load(async |_, slack| {
            slack.fault(Rule::on(Method::ChatPostMessage, Fault::TookEffectThenCut).times(12));
            slack.fault(Rule::on(Method::ChatPostMessage, Fault::CutBefore).times(12));
            slack
                .wait_for("all faults to be met", PATIENCE, |workspace| {
                    let met = workspace.calls(Method::ChatPostMessage).filter(|call| call.fault.is_some()).count();
                    (met == 24).then_some(())
                })
                .await
                .expect("they are met");
        })
        .await;
    trial.judge(Promise::Order).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_executed_after_the_answer_was_posted_again_is_cleaned_up() {
    let mut trial = Trial::start().await;
    let watched = trial
        .under_load(async |_, slack| {
            // Given up after 1 s, looked for at 4 s, posted again at 4.3 s: and then Slack does it.
            let watched = Watched::ask_after(slack, "twice at last?", |slack, key| {
                let late = Fault::Late { by: Duration::from_millis(5500) };
                slack.fault(Rule::on(Method::ChatPostMessage, late).about(key));
            })
            .await;
            watched.answer(slack).await;
            slack
                .wait_for("the late call to take effect", PATIENCE, |workspace| {
                    (workspace.answers_to(&watched.channel, watched.ts).count() == 2).then_some(())
                })
                .await
                .expect("there are two answers for a while");
            watched
        })
        .await;
    let trial = trial.judge(Promise::Order).await;
    watched.assert_one_answer(&trial, "twice at last?");
    assert_eq!(trial.world.slack.calls(Method::ChatDelete).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_slack_does_not_show_at_once_is_not_posted_again() {
    let mut trial = Trial::start().await;
    let watched = trial
        .under_load(async |stack, slack| {
            let mut watched = Vec::new();
            for _ in 0..3 {
                // Not shown to the first look, which comes when the lease of 2 s is over, and shown to the second.
                let lag = Fault::RepliesLag { by: Duration::from_millis(2100) };
                let ask = Watched::ask_after(slack, "where is it?", |slack, key| {
                    slack.fault(Rule::on(Method::ChatPostMessage, lag).about(key));
                });
                let one = ask.await;
                one.posting(slack).await;
                // Whoever has posted dies before it is recorded.
                stack.responders.iter().for_each(e2e::Service::pause);
                stack.responders.iter_mut().for_each(crash);
                one.answer(slack).await;
                watched.push(one);
            }
            watched
        })
        .await;
    let trial = trial.judge(Promise::Order).await;
    for one in watched {
        one.assert_one_answer(&trial, "where is it?");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_slack_shows_only_after_it_was_posted_again_is_cleaned_up() {
    let mut trial = Trial::start().await;
    let watched = trial
        .under_load(async |stack, slack| {
            // Shown to neither look, which come after 2 s and 0.3 s later, and shown to the clean-up 3 s after them.
            let lag = Fault::RepliesLag { by: Duration::from_secs(4) };
            let watched = Watched::ask_after(slack, "where was it?", |slack, key| {
                slack.fault(Rule::on(Method::ChatPostMessage, lag).about(key));
            })
            .await;
            watched.posting(slack).await;
            stack.responders.iter().for_each(e2e::Service::pause);
            stack.responders.iter_mut().for_each(crash);
            watched.answer(slack).await;
            watched
        })
        .await;
    // On a slow machine the first look may come so late that the answer is found: then nothing is to be cleaned up.
    let trial = trial.judge(Promise::Order).await;
    watched.assert_one_answer(&trial, "where was it?");
    let posts = watched.posts(&trial.world.slack);
    assert_eq!(trial.world.slack.calls(Method::ChatDelete).len(), posts - 1, "one of {posts} answers stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_slack_delivers_while_a_younger_one_is_answered_knows_that_answer() {
    let trial = Trial::start_with(|stack| stack.env("THREADKEEPER__ANSWER__ECHO_DELAY", "1500ms")).await;
    let mut trial = trial.slowly(Duration::from_millis(500));
    let (root, older, younger) = trial
        .under_load(async |stack, slack| {
            let (channel, person) = (slack.channel("watched"), slack.person("grace"));
            let root = slack.say(&channel, &person, "just talk", None).expect("it is said").ts;
            let older = slack.mention(&channel, &person, "the older one", Some(root)).expect("it is said");
            let younger = slack.ask(&channel, &person, "the younger one", Some(root)).await.expect("it is said");
            Watched { channel, ts: younger.ts }.claimed(stack).await;
            let older = slack.tell(older).await;
            assert!(older.is_acked(), "it is taken: {:?}", older.deliveries);
            (root, older, younger)
        })
        .await;
    for asked in [&younger, &older] {
        trial.world.answer(asked).await;
    }
    let trial = trial.judge(Promise::Order).await;
    for (asked, text, turn) in [(&younger, "the younger one", 1), (&older, "the older one", 2)] {
        let answers = trial.world.slack.answers_to(&asked.channel, asked.ts);
        assert_eq!(answers.len(), 1, "{answers:#?}\n{}", trial.world.logs());
        assert_eq!(answers[0].text, echo(text, turn));
    }
    assert_eq!(trial.world.context(&older.channel, root), echoed(&["the younger one", "the older one"]));
}
