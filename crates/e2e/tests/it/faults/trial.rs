//! One fault, under load, and the judgement afterwards.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use e2e::{Ledger, LogLine, Manner, Promise, Service, Stack, StackBuilder, Verdict};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use playground::{Message, Method, Playground};
use shared::{
    ids::{ChannelId, EventKey},
    ts::MessageTs,
};

use crate::world::{PATIENCE, World};

/// How often somebody asks.
const PACE: Duration = Duration::from_millis(80);

/// Questions before the fault begins, and after it is over.
const BEFORE: usize = 8;
const AFTER: usize = 12;

/// Threads beside the busy one, each in a channel of its own.
const QUIET: usize = 5;

/// A world with people in it who ask all the time.
pub(super) struct Trial {
    pub(super) world: World,
    pub(super) ledger: Ledger,
    pace: Duration,
    busy: ChannelId,
    quiet: Vec<ChannelId>,
    asked: usize,
}

impl Trial {
    pub(super) async fn start() -> Self {
        Self::start_with(|stack| stack).await
    }

    /// With other options.
    pub(super) async fn start_with(build: impl FnOnce(StackBuilder) -> StackBuilder) -> Self {
        let world = World::start_with(|stack| build(stack.ingresses(2).responders(4).scaled_times())).await;
        let quiet = (0..QUIET).map(|n| world.slack.channel(&format!("quiet-{n}"))).collect();
        let busy = world.slack.channel("busy");
        let ledger = Ledger::new(world.person.clone());
        Self { world, ledger, pace: PACE, busy, quiet, asked: 0 }
    }

    /// With fewer questions: answers that take long would else pile up.
    pub(super) fn slowly(mut self, pace: Duration) -> Self {
        self.pace = pace;
        self
    }

    /// New threads and an empty book, for what is owed after something that forgot the threads before.
    pub(super) fn anew(mut self) -> Self {
        self.ledger = Ledger::new(self.world.person.clone());
        self
    }

    /// People ask, a third of them in one thread, every mention with its twin, while `fault` runs and a while longer.
    pub(super) async fn under_load<T>(&mut self, fault: impl AsyncFnOnce(&mut Stack, &Playground) -> T) -> T {
        let Self { world, ledger, pace, busy, quiet, asked } = self;
        let (stack, simulated, ledger) = (&mut world.stack, &world.slack, &*ledger);
        let mut ticks = tokio::time::interval(*pace);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut asking = FuturesUnordered::new();
        let mut fault = pin!(fault(stack, simulated));
        let (mut before, mut after) = (BEFORE, AFTER);
        let mut outcome = None;
        loop {
            tokio::select! {
                _ = ticks.tick(), if outcome.is_none() || after > 0 => {
                    if outcome.is_some() { after -= 1 } else { before = before.saturating_sub(1) }
                    let place = *asked;
                    *asked += 1;
                    let (channel, thread) = if place.is_multiple_of(3) {
                        (&*busy, "busy".to_owned())
                    } else {
                        let number = place % quiet.len();
                        (&quiet[number], format!("quiet {number}"))
                    };
                    asking.push(async move { ledger.ask(simulated, channel, &thread, Manner::TWIN).await });
                }
                done = &mut fault, if before == 0 && outcome.is_none() => outcome = Some(done),
                Some(asked) = asking.next() => drop(asked.expect("the question can be asked")),
                else => break,
            }
        }
        outcome.expect("the fault has ended")
    }

    /// Judges after everything has settled, and says what happened.
    pub(super) async fn judge(self, promise: Promise) -> Self {
        let trial = self.judge_load(promise).await;
        let notices = trial.world.slack.notices();
        assert!(notices.is_empty(), "nothing was given up: {notices:#?}");
        trial
    }

    /// Judges what people asked, apart from questions that the test watches itself.
    pub(super) async fn judge_load(self, promise: Promise) -> Self {
        let logs = |reason: &str| panic!("{reason}\n{}", self.world.logs());
        if let Err(error) = self.ledger.answered(&self.world.slack, PATIENCE).await {
            let open = self.ledger.unanswered(&self.world.slack);
            logs(&format!("{error}; without one: {open:?}; queues: {:?}", self.world.stack.queue_depths().await));
        }
        if let Err(error) = self.world.stack.settled(PATIENCE).await {
            logs(&error.to_string());
        }
        let threads = self.ledger.threads(&self.world.slack, &self.world.stack.redis).expect("redis answers");
        let verdict = Verdict::of(&threads, promise);
        if !verdict.is_good() {
            logs(&verdict.to_string());
        }
        // Else the test says nothing about those that were not taken.
        assert!(verdict.acked * 2 > verdict.sent, "most questions are taken: {verdict}");
        assert_eq!(
            self.world.slack.violations(),
            Vec::<String>::new(),
            "calls that Slack's reference does not describe"
        );
        self
    }

    /// How long questions waited for their answers, in threads whose names start so; in ascending order.
    pub(super) fn waits(&self, threads: &str) -> Vec<Duration> {
        let seen = self.ledger.threads(&self.world.slack, &self.world.stack.redis).expect("redis answers");
        let named = seen.iter().filter(|thread| thread.name.starts_with(threads));
        let waits = named.flat_map(|thread| &thread.questions).filter_map(|(question, answers)| {
            answers.first().map(|answer| answer.at.saturating_duration_since(question.said_at))
        });
        let mut waits: Vec<_> = waits.collect();
        waits.sort_unstable();
        waits
    }

    /// The channel of the busy thread.
    pub(super) fn busy(&self) -> &ChannelId {
        &self.busy
    }
}

/// One question by itself, in the middle of the load.
pub(super) struct Watched {
    pub(super) channel: ChannelId,
    pub(super) ts: MessageTs,
}

impl Watched {
    /// Asks it in a new channel; the caller judges it.
    pub(super) async fn ask(slack: &Playground, text: &str) -> Self {
        let (channel, person) = (slack.channel("watched"), slack.person("grace"));
        let asked = slack.ask(&channel, &person, text, None).await.expect("it is said");
        assert!(asked.is_acked(), "it is taken: {:?}", asked.deliveries);
        Self { channel, ts: asked.ts }
    }

    /// Says it without telling anybody yet, so that a rule can be set for it.
    pub(super) async fn ask_after(slack: &Playground, text: &str, prepare: impl FnOnce(&Playground, EventKey)) -> Self {
        let (channel, person) = (slack.channel("watched"), slack.person("grace"));
        let said = slack.mention(&channel, &person, text, None).expect("it is said");
        prepare(slack, EventKey::of(&channel, &said.ts));
        let asked = slack.tell(said).await;
        assert!(asked.is_acked(), "it is taken: {:?}", asked.deliveries);
        Self { channel, ts: asked.ts }
    }

    /// The log lines that say that a responder claimed it, by responder.
    pub(super) fn claims(&self, stack: &Stack) -> Vec<(usize, LogLine)> {
        let ts = self.ts.to_string();
        let claimed = |line: &LogLine| {
            line.field("outcome").is_some_and(|outcome| outcome == "claimed")
                && line.field("slack.ts").is_some_and(|field| *field == *ts)
        };
        let lines = |(place, service): (usize, &Service)| {
            service.log().into_iter().filter(claimed).map(move |line| (place, line)).collect::<Vec<_>>()
        };
        stack.responders.iter().enumerate().flat_map(lines).collect()
    }

    /// Waits until a responder has claimed it.
    pub(super) async fn claimed(&self, stack: &Stack) -> usize {
        let claimed = || async { self.claims(stack).last().map(|(place, _)| *place) };
        e2e::eventually("a responder to claim the question", PATIENCE, claimed).await.expect("somebody claims it")
    }

    /// Waits until a call to post its answer has arrived at Slack.
    pub(super) async fn posting(&self, slack: &Playground) {
        let key = EventKey::of(&self.channel, &self.ts);
        slack
            .wait_for("a call to post its answer", PATIENCE, |workspace| {
                workspace.calls(Method::ChatPostMessage).any(|call| call.arguments.is_about(&key)).then_some(())
            })
            .await
            .expect("somebody posts");
    }

    /// How often Slack was asked to post its answer.
    pub(super) fn posts(&self, slack: &Playground) -> usize {
        let key = EventKey::of(&self.channel, &self.ts);
        slack.read(|workspace| {
            workspace.calls(Method::ChatPostMessage).filter(|call| call.arguments.is_about(&key)).count()
        })
    }

    /// Waits for its answer.
    pub(super) async fn answer(&self, slack: &Playground) -> Message {
        slack.wait_for_answer(&self.channel, self.ts, PATIENCE).await.expect("it is answered")
    }

    /// Asserts that it has one visible answer, and that its thread knows it.
    pub(super) fn assert_one_answer(&self, trial: &Trial, text: &str) {
        let answers = trial.world.slack.answers_to(&self.channel, self.ts);
        assert_eq!(answers.len(), 1, "{answers:#?}\n{}", trial.world.logs());
        assert_eq!(answers[0].text, crate::world::echo(text, 1));
        assert_eq!(trial.world.context(&self.channel, self.ts), crate::world::echoed(&[text]));
    }
}

/// Kills a service and starts it anew. For an ingress Slack is told its new address by the caller.
pub(super) fn crash(service: &mut Service) {
    service.kill();
    service.restart().expect("it starts again");
}

/// Waits while the load goes on: the fault lasts that long.
pub(super) async fn lasting(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Lets an expectation be measured.
pub(super) async fn timed<T>(what: impl Future<Output = T>) -> (T, Duration) {
    let start = Instant::now();
    let outcome = what.await;
    (outcome, start.elapsed())
}

/// Asserts that no service has said that Redis lost data.
pub(super) fn assert_same_epoch(stack: &Stack) {
    for service in stack.ingresses.iter().chain(&stack.responders) {
        let said: Vec<_> = service.log().into_iter().filter(|line| line.contains("redis lost data")).collect();
        assert!(said.is_empty(), "{}: {said:#?}", service.name());
    }
}

/// Asserts that some service has said, at this level, what was wrong.
pub(super) fn assert_said(stack: &Stack, level: &str, part: &str) {
    let services = stack.ingresses.iter().chain(&stack.responders);
    let said = services.flat_map(Service::log).any(|line| line.level() == Some(level) && line.contains(part));
    assert!(said, "nobody logged {level} `{part}`");
}
