//! RabbitMQ crashes, drops its connections, or blocks its publishers. Each test has a broker of its own.

use std::time::Duration;

use e2e::{Exit, Promise, Stack};
use tokio::sync::{Mutex, MutexGuard};

use super::trial::{Trial, lasting};
use crate::world::{PATIENCE, World, echo};

/// RabbitMQ 3.10 that is killed within a moment after it declared a quorum queue comes back without a leader for it, and
/// stays so. It happens to a queue of the first seconds of an installation, and is not what is tested here.
const DECLARED: Duration = Duration::from_secs(4);

/// Longer than the longest time for one publish, the responder's 5 s.
const ALARM: Duration = Duration::from_secs(8);

/// One broker at a time beside the shared one: each needs a processor for seconds to start.
async fn alone() -> MutexGuard<'static, ()> {
    static BROKER: Mutex<()> = Mutex::const_new(());
    BROKER.lock().await
}

async fn every_service_is_ready(stack: &Stack) {
    for service in stack.ingresses.iter().chain(&stack.responders) {
        service.ready(PATIENCE).await.expect("it is ready again by itself");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_killed_and_restarted_has_kept_every_question() {
    let _alone = alone().await;
    let mut trial = Trial::start_with(e2e::StackBuilder::own_broker).await;
    trial
        .under_load(async |stack, _| {
            lasting(DECLARED).await;
            stack.broker().kill();
            stack.broker().restart().await.expect("the broker starts again");
            every_service_is_ready(stack).await;
        })
        .await;
    trial.judge(Promise::Order).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_closes_all_connections_is_connected_to_again() {
    let _alone = alone().await;
    let mut trial = Trial::start_with(e2e::StackBuilder::own_broker).await;
    trial
        .under_load(async |stack, _| {
            for _ in 0..3 {
                stack.broker().ctl(&["close_all_connections", "as a test"]).await.expect("the broker obeys");
                every_service_is_ready(stack).await;
            }
        })
        .await;
    trial.judge(Promise::Order).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_short_of_memory_is_waited_for() {
    let _alone = alone().await;
    let mut trial = Trial::start_with(e2e::StackBuilder::own_broker).await;
    trial
        .under_load(async |stack, _| {
            let broker = stack.broker();
            broker.ctl(&["set_vm_memory_high_watermark", "0.000001"]).await.expect("the broker raises the alarm");
            lasting(ALARM).await;
            broker.ctl(&["set_vm_memory_high_watermark", "0.4"]).await.expect("the broker ends the alarm");
            every_service_is_ready(stack).await;
        })
        .await;
    trial.judge(Promise::Order).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn services_that_are_started_before_the_broker_work_once_it_is_there() {
    let _alone = alone().await;
    let world = World::start_with(|stack| stack.own_broker().ingresses(0).responders(0).scaled_times());
    let mut world = world.await;
    world.stack.broker().kill();
    for _ in 0..2 {
        world.stack.start_ingress().expect("it starts");
    }
    for ingress in &world.stack.ingresses {
        ingress.status_is("/readyz", 503, PATIENCE).await.expect("it says that it is not ready");
    }
    world.slack.deliver_events_to(world.stack.event_urls());
    let channel = world.slack.channel("general");
    let said = world.slack.mention(&channel, &world.person, "too early?", None).expect("it is said");
    let refused = world.slack.deliver(&said.events[0]).await;
    assert_eq!(refused.statuses(), [Some(503); 4], "Slack keeps it");
    world.stack.start_responder().expect("it starts");
    let exit = world.stack.responders[0].wait_exit(PATIENCE).await.expect("it ends");
    assert!(matches!(exit, Exit::Code(code) if code != 0), "{exit:?}");
    let log = world.stack.responders[0].log();
    let errors: Vec<_> = log.iter().filter(|line| line.level() == Some("ERROR")).collect();
    assert!(errors.len() == 1 && errors[0].contains("RabbitMQ"), "{errors:#?}");

    world.stack.broker().restart().await.expect("the broker starts");
    // What ended is started again by whoever supervises it; the ingresses have to find the broker by themselves.
    world.stack.responders[0].restart().expect("it starts again");
    for _ in 1..4 {
        world.stack.start_responder().expect("it starts");
    }
    every_service_is_ready(&world.stack).await;
    let asked = world.slack.tell(said).await;
    assert!(asked.is_acked(), "{:?}", asked.deliveries);
    let follow_up = world.ask(&channel, "and now?", Some(asked.ts)).await;
    world.assert_one_answer_each(&[(&asked, echo("too early?", 1)), (&follow_up, echo("and now?", 2))]).await;
}
