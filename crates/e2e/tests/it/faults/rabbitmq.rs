//! RabbitMQ crashes, drops its connections, or blocks its publishers. Each test has a broker of its own.

use std::time::Duration;

use e2e::{Promise, Stack};
use tokio::sync::{Mutex, MutexGuard};

use super::trial::{Trial, lasting};
use crate::world::PATIENCE;

/// RabbitMQ 3.10 that is killed within a moment after it declared a quorum queue comes back without a leader for it, and
/// stays so. It happens to a queue of the first seconds of an installation, and is not what is tested here.
const DECLARED: Duration = Duration::from_secs(4);

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
            lasting(Duration::from_secs(5)).await;
            broker.ctl(&["set_vm_memory_high_watermark", "0.4"]).await.expect("the broker ends the alarm");
            every_service_is_ready(stack).await;
        })
        .await;
    trial.judge(Promise::Order).await;
}
