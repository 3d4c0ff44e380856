//! Ingresses crash and freeze: Slack sends what was not taken to another one.

use std::time::Duration;

use e2e::Promise;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use super::trial::{Trial, crash, lasting};
use crate::world::PATIENCE;

#[tokio::test(flavor = "multi_thread")]
async fn an_ingress_that_crashes_at_any_moment_loses_nothing_that_it_has_taken() {
    let mut trial = Trial::start().await.slowly(Duration::from_millis(40));
    trial
        .under_load(async |stack, slack| {
            let mut random = StdRng::seed_from_u64(11);
            for round in 0..8 {
                lasting(Duration::from_millis(random.random_range(100..500))).await;
                let ingress = &mut stack.ingresses[round % 2];
                crash(ingress);
                ingress.ready(PATIENCE).await.expect("it is back");
                slack.deliver_events_to(stack.event_urls());
            }
        })
        .await;
    trial.judge(Promise::Order).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_frozen_ingress_had_in_hand_is_answered_once() {
    let mut trial = Trial::start().await;
    trial
        .under_load(async |stack, _| {
            // Longer than Slack's three seconds: it sends the event to the other one, and the frozen one takes it too.
            stack.ingresses[0].pause();
            lasting(Duration::from_secs(4)).await;
            stack.ingresses[0].resume();
        })
        .await;
    trial.judge(Promise::Order).await;
}
