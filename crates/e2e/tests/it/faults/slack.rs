//! Slack asks to wait, fails, hangs, answers nonsense, or does late what it was asked for.

use std::time::Duration;

use e2e::Promise;
use playground::{Fault, Method, Rule};

use super::trial::{Trial, Watched, crash, lasting};
use crate::world::PATIENCE;

/// A question that nothing befalls is answered within this time, on a busy machine too.
const NOT_DELAYED: Duration = Duration::from_secs(5);

/// Every post to the busy channel meets `fault`, for longer than others may wait for their answers.
async fn others_are_not_delayed_by(fault: Fault) {
    let mut trial = Trial::start().await;
    let busy = trial.busy().clone();
    trial
        .under_load(async |_, slack| {
            slack.fault(Rule::on(Method::ChatPostMessage, fault).within(busy).always());
            lasting(NOT_DELAYED + Duration::from_secs(2)).await;
            slack.clear_faults();
        })
        .await;
    let trial = trial.judge(Promise::Order).await;
    let slowest = trial.slowest_quiet();
    assert!(slowest < NOT_DELAYED, "a question in another channel waited {slowest:?}");
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
