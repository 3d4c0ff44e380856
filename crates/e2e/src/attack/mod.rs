//! A seeded attack: people ask as in Slack, while processes are killed, frozen and restarted and Slack misbehaves, all at
//! random. In the end each question that was taken has one answer, in order, knowing the turns before it; or the attack
//! says which has not, and what was logged about it.
//!
//! The seed decides who asks what, where and when, and what is hit when ([`schedule::Schedule`]); how the processes race
//! is up to the machine.

mod report;
pub mod schedule;
mod slowest;
mod targets;

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use playground::{Playground, PlaygroundError};
use shared::config::Secret;

pub use self::{report::Report, slowest::Slowest};
use self::{schedule::Schedule, targets::Targets};
use crate::{BOT_TOKEN, HarnessError, Promise, SIGNING_SECRET, Stack, Verdict, ledger::Ledger};

/// How often it is looked whether something has become due.
const TICK: Duration = Duration::from_millis(50);

/// Once all questions are asked everything is answered and settled within this time: some leases and clean-ups, and a
/// busy thread with a backlog.
const PATIENCE: Duration = Duration::from_secs(90);

/// What Slack's retries after 1 and 5 minutes are divided by.
const TIME_SCALE: f64 = 60.0;

/// This many breaches are shown with what was logged about them.
const EVIDENCE: usize = 3;

/// How hard the attack is.
#[derive(Debug, Clone)]
pub struct Options {
    /// Questions that are asked.
    pub events: usize,
    /// Processes that are killed; a quarter as many are frozen, a quarter restarted, and half as many times Slack fails.
    pub kills: usize,
    /// Decides the schedule.
    pub seed: u64,
    /// For how long questions are asked and blows fall; the judgement comes after it.
    pub lasting: Duration,
    /// Ingresses.
    pub ingresses: usize,
    /// Responders.
    pub responders: usize,
    /// Answers are shown while they are made.
    pub streaming: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            events: 2000,
            kills: 60,
            seed: 0,
            lasting: Duration::from_mins(1),
            ingresses: 2,
            responders: 4,
            streaming: false,
        }
    }
}

/// An attack that could not be carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttackError {
    /// The stack could not be started, or not be asked.
    #[error(transparent)]
    Harness(#[from] HarnessError),
    /// The simulated Slack could not be started, or not be used.
    #[error("the simulated slack failed: {0}")]
    Slack(#[from] PlaygroundError),
}

/// Carries an attack out, and judges it.
///
/// # Errors
/// When it cannot be carried out; a breach of the promise is no error but part of the report.
pub async fn attack(options: Options) -> Result<Report, AttackError> {
    let schedule = Schedule::draw(&options);
    let simulated = Playground::start(playground::Options {
        bot_token: Secret::new(BOT_TOKEN),
        signing_secret: Secret::new(SIGNING_SECRET),
        time_scale: TIME_SCALE,
        seed: options.seed,
        ..playground::Options::default()
    })?;
    let builder = Stack::builder(simulated.api_url()).ingresses(options.ingresses).responders(options.responders);
    let builder = if options.streaming { builder.streaming() } else { builder };
    let mut stack = builder.scaled_times().build().await?;
    simulated.deliver_events_to(stack.event_urls());
    let ledger = Ledger::new(simulated.person("ada"));
    let start = Instant::now();
    let mut targets = Targets::new(&mut stack, &simulated);
    rage(schedule, &simulated, &ledger, &mut targets, start).await?;
    judge(options, &simulated, &ledger, &targets, start).await
}

/// Carries the schedule out.
async fn rage(
    schedule: Schedule,
    slack: &Playground,
    ledger: &Ledger,
    targets: &mut Targets<'_>,
    start: Instant,
) -> Result<(), AttackError> {
    let channels: Vec<_> = (0..Schedule::CHANNELS).map(|number| slack.channel(&format!("channel-{number}"))).collect();
    let mut questions = schedule.questions.into_iter().peekable();
    let mut blows = schedule.blows.into_iter().peekable();
    let mut asking = FuturesUnordered::new();
    let mut ticks = tokio::time::interval(TICK);
    let mut shown = 0;
    loop {
        tokio::select! {
            now = ticks.tick() => {
                let elapsed = start.elapsed();
                while let Some(question) = questions.next_if(|question| question.at <= elapsed) {
                    let channel = &channels[question.channel];
                    asking.push(async move { ledger.ask(slack, channel, &question.thread, question.manner).await });
                }
                while let Some((_, blow)) = blows.next_if(|(at, _)| *at <= elapsed) {
                    targets.strike(blow)?;
                }
                targets.tend(now.into_std()).await?;
                if elapsed.as_secs() > shown {
                    shown = elapsed.as_secs();
                    show(ledger, slack, targets.kills(), elapsed);
                }
                let over = questions.peek().is_none() && blows.peek().is_none();
                if over && asking.is_empty() && targets.is_whole() {
                    break;
                }
            }
            Some(asked) = asking.next() => {
                asked?;
            }
        }
    }
    slack.clear_faults();
    Ok(())
}

/// Waits until everything has settled, or should have, and looks.
async fn judge(
    options: Options,
    slack: &Playground,
    ledger: &Ledger,
    targets: &Targets<'_>,
    start: Instant,
) -> Result<Report, AttackError> {
    let deadline = Instant::now() + PATIENCE;
    // Those without an answer are found below.
    let answered = async { ledger.answered(slack, PATIENCE).await.is_ok() };
    let watching = async {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            show(ledger, slack, targets.kills(), start.elapsed());
        }
    };
    tokio::select! {
        _ = answered => {}
        () = watching => {}
    }
    let mut stuck = Vec::new();
    let left = deadline.saturating_duration_since(Instant::now());
    if targets.stack().settled(left).await.is_err() {
        for (queue, depth) in targets.stack().queue_depths().await? {
            if !depth.is_empty() {
                stuck.push(format!("{queue}: {} ready, {} unacknowledged", depth.ready, depth.unacknowledged));
            }
        }
    }
    let threads = ledger.threads(slack, &targets.stack().redis)?;
    let verdict = Verdict::of(&threads, Promise::Order);
    let violations = slack.violations();
    let left_badly = targets.left_badly().iter().chain(&violations).cloned().collect();
    // A breach names its question's ts.
    let named = verdict.breaches().filter_map(|(_, breach)| breach.split([' ', ':', ',']).find(|word| is_ts(word)));
    let evidence = named.take(EVIDENCE).flat_map(|ts| targets.log_about(ts)).collect();
    let slowest = Slowest::of(&threads, targets)?;
    Ok(Report {
        options,
        slowest,
        stuck,
        left_badly,
        kills: targets.kills(),
        latencies: report::latencies(&threads),
        longest_pause: report::longest_pause(&threads),
        took: start.elapsed(),
        evidence,
        verdict,
    })
}

fn is_ts(word: &str) -> bool {
    word.parse::<shared::ts::MessageTs>().is_ok()
}

/// On a terminal only, one line that is written over itself.
fn show(ledger: &Ledger, slack: &Playground, kills: usize, elapsed: Duration) {
    let mut terminal = io::stderr();
    if terminal.is_terminal() {
        let (_, acked) = ledger.counts();
        let answered = acked - ledger.unanswered(slack).len();
        // A terminal that has gone away is no reason to stop.
        write!(terminal, "\r\x1b[K{}", report::progress(ledger, answered, kills, elapsed)).ok();
    }
}
