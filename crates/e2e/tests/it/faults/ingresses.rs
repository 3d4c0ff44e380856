//! Ingresses crash and freeze: Slack sends what was not taken to another one.

use std::time::Duration;

use e2e::{Gate, Promise, Stack};
use playground::{Asked, Delivery, Playground};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use shared::ts::MessageTs;

use super::trial::{Trial, Watched, crash, lasting};
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

/// Where an ingress is with an event.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    BeforeItIsPublished,
    BetweenConfirmAndNumber,
    BetweenNumberAndOk,
}

/// On a busy machine the kill may come when the ingress has waited for too long and has answered; then it is tried again.
const TRIES: usize = 5;

/// An ingress whose connections are held back at one step.
struct Gated {
    place: usize,
    broker: Gate,
    redis: Gate,
}

impl Gated {
    /// Starts it beside the others.
    async fn start(stack: &mut Stack, step: Step) -> Self {
        let broker = Gate::before(&stack.broker().url()).await.expect("a gate before the broker");
        let redis = Gate::before(&stack.redis.url()).await.expect("a gate before redis");
        let place = stack.ingresses.len();
        // It waits where it is held for as long as the configuration allows: 2.5 s together.
        let (publish, register) = if step == Step::BeforeItIsPublished { ("2s", "500ms") } else { ("500ms", "2s") };
        let ingress = stack
            .service("ingress", place)
            .env("AMQP_URL", broker.url())
            .env("REDIS_URL", redis.url())
            .env("THREADKEEPER__INGRESS__PUBLISH_TIMEOUT", publish)
            .env("THREADKEEPER__INGRESS__REGISTER_TIMEOUT", register)
            .env("THREADKEEPER__REDIS__SOCKET_TIMEOUT", "5s");
        stack.ingresses.push(ingress.start().expect("it starts"));
        stack.ingresses[place].ready(PATIENCE).await.expect("it is ready");
        Self { place, broker, redis }
    }

    /// Holds it as soon as it is at this step with a question.
    fn hold_at(&self, step: Step, ts: MessageTs) -> &Gate {
        let ts = ts.to_string();
        match step {
            Step::BeforeItIsPublished => self.broker.hold_requests(&ts),
            // It asks for a number when the broker has confirmed.
            Step::BetweenConfirmAndNumber => self.redis.hold_requests(&ts),
            Step::BetweenNumberAndOk => self.redis.hold_answers(&ts),
        }
        if step == Step::BeforeItIsPublished { &self.broker } else { &self.redis }
    }

    /// Kills it when it is at this step with a question that nobody else was told of, and lets Slack go on with the
    /// others.
    async fn crash_at(&self, step: Step, stack: &Stack, workspace: &Playground) -> Asked {
        let (channel, person) = (workspace.channel("watched"), workspace.person("grace"));
        let said = workspace.mention(&channel, &person, "was it kept?", None).expect("it is said");
        let gate = self.hold_at(step, said.ts);
        workspace.deliver_events_to(vec![stack.ingresses[self.place].url("/slack/events")]);
        let crashing = async {
            gate.holds(1, PATIENCE).await.expect("the ingress comes to this step");
            workspace.deliver_events_to(stack.event_urls()[..2].to_vec());
            stack.ingresses[self.place].kill();
        };
        let (asked, ()) = tokio::join!(workspace.tell(said), crashing);
        asked
    }
}

async fn a_crash_at(step: Step) {
    let mut trial = Trial::start().await;
    let watched = trial
        .under_load(async |stack, slack| {
            for _ in 0..TRIES {
                let asked = Gated::start(stack, step).await.crash_at(step, stack, slack).await;
                assert!(asked.deliveries.iter().all(Delivery::is_acked), "another one took it: {:?}", asked.deliveries);
                if asked.deliveries.iter().all(|delivery| delivery.statuses()[0].is_none()) {
                    return Watched { channel: asked.channel, ts: asked.ts };
                }
            }
            panic!("the ingress had answered each time before it was killed");
        })
        .await;
    watched.answer(&trial.world.slack).await;
    let trial = trial.judge(Promise::Order).await;
    watched.assert_one_answer(&trial, "was it kept?");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ingress_killed_before_it_publishes_has_not_taken_the_question_and_another_one_does() {
    a_crash_at(Step::BeforeItIsPublished).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ingress_killed_after_the_brokers_confirm_leaves_a_copy_that_is_answered_once() {
    a_crash_at(Step::BetweenConfirmAndNumber).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ingress_killed_before_it_tells_slack_has_kept_the_question_which_is_answered_once() {
    a_crash_at(Step::BetweenNumberAndOk).await;
}
