//! From steps to stages: where a question was when, and why it took so long.

use std::rc::Rc;

use super::{
    journey::{Journey, Step, What},
    outages::{Outages, Server},
    stage::{Aside, Stage},
};

/// Slack's time of a message is taken for its beginning if an ingress had it within this time, in µs. Clocks differ; and Slack
/// delivers delayed events up to 24 h late.
const SLACK_BRINGS_WITHIN: u64 = 25 * 3600 * 1_000_000;

/// The way of one question, in stages that follow each other.
#[derive(Debug)]
pub(super) struct Course {
    /// When it began, in µs since 1970: when it was asked in Slack, or its first line.
    pub(super) began: u64,
    pub(super) stretches: Vec<Stretch>,
    pub(super) end: End,
}

/// A stage with its time, in µs since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) stage: Stage,
    pub(super) from: u64,
    pub(super) to: u64,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    Answered {
        at: u64,
        worker: Rc<str>,
        attempt: u32,
    },
    GivenUp {
        at: u64,
        attempts: u32,
        reason: String,
    },
    /// The log ends before it does.
    Open {
        last: u64,
    },
}

impl Course {
    /// Follows the steps of a journey, which stand in the order of their time.
    pub(super) fn of(journey: &Journey, outages: &Outages) -> Self {
        let first = journey.steps.first().map_or(0, |step| step.at);
        let asked = micros(&journey.ts).filter(|asked| *asked <= first && first - asked <= SLACK_BRINGS_WITHIN);
        let began = asked.unwrap_or(first);
        let mut follower =
            Follower { since: began, now: Stage::Slack, holder: None, attempt: 0, stretches: Vec::new(), end: None };
        for step in &journey.steps {
            follower.follow(step);
        }
        let last = journey.steps.last().map_or(began, |step| step.at);
        let end = follower.end.take().unwrap_or(End::Open { last });
        let mut stretches = follower.stretches;
        for stretch in &mut stretches {
            stretch.blame(outages);
        }
        // One outage is one stage, whatever the question would have been doing meanwhile.
        stretches.dedup_by(|next, stretch| {
            let same = next.stage == stretch.stage;
            if same {
                stretch.to = next.to;
            }
            same
        });
        Self { began, stretches, end }
    }

    /// From the question to its end, or to the last line about it, in µs.
    pub(super) fn took(&self) -> u64 {
        self.ended().saturating_sub(self.began)
    }

    pub(super) fn ended(&self) -> u64 {
        match &self.end {
            End::Answered { at, .. } | End::GivenUp { at, .. } => *at,
            End::Open { last } => *last,
        }
    }

    /// The stage that took longest.
    pub(super) fn longest(&self) -> Option<&Stretch> {
        // The earliest of equal ones.
        self.stretches.iter().rev().max_by_key(|stretch| stretch.took())
    }
}

impl Stretch {
    pub(super) fn took(&self) -> u64 {
        self.to.saturating_sub(self.from)
    }

    /// A server that was away explains that nobody took a question, that Slack had to send it again, that a worker said
    /// nothing more, that an answer was not recorded.
    fn blame(&mut self, outages: &Outages) {
        let explainable = matches!(
            self.stage,
            Stage::Slack | Stage::Queue | Stage::Recording | Stage::Lost { .. } | Stage::Aside(Aside::Refused)
        );
        if explainable && let Some(server) = outages.explain(self.from, self.to) {
            self.stage = Stage::Away(server);
        }
    }
}

/// A `ts` in µs.
fn micros(ts: &str) -> Option<u64> {
    let (seconds, micros) = ts.split_once('.')?;
    seconds.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(micros.parse().ok()?)
}

struct Follower {
    since: u64,
    now: Stage,
    /// The worker in whose hands it is.
    holder: Option<Rc<str>>,
    attempt: u32,
    stretches: Vec<Stretch>,
    end: Option<End>,
}

impl Follower {
    fn follow(&mut self, step: &Step) {
        let at = step.at;
        if self.end.is_some() && !matches!(step.what, What::Claimed { .. }) {
            return;
        }
        let is_holder = self.holder.as_ref().is_some_and(|holder| *holder == step.worker);
        match &step.what {
            What::Kept { .. } if self.now == Stage::Slack => self.enter(Stage::Queue, at),
            What::Claimed { attempt } => {
                self.reopen(at);
                if let Some(worker) = self.holder.take() {
                    let doing = match self.now {
                        Stage::Posting => "while it posted",
                        Stage::Recording => "before the answer was recorded",
                        _ => "in the middle of its answer",
                    };
                    self.now = Stage::Lost { worker, doing };
                }
                self.enter(Stage::Answering, at);
                self.holder = Some(Rc::clone(&step.worker));
                self.attempt = *attempt;
            }
            What::AnswerMade | What::Posting if is_holder && self.now == Stage::Answering => {
                self.enter(Stage::Posting, at);
            }
            What::Posted if is_holder => self.enter(Stage::Recording, at),
            What::Answered { .. } => {
                self.close(at);
                self.end = Some(End::Answered { at, worker: Rc::clone(&step.worker), attempt: self.attempt });
            }
            What::Failed { attempt, .. } if is_holder => self.enter(Stage::Rest { attempt: *attempt }, at),
            What::GivenUp { attempts, reason } => {
                self.close(at);
                self.end = Some(End::GivenUp { at, attempts: *attempts, reason: reason.clone() });
            }
            What::Copy { outcome, before, took_ms, .. } => {
                let Some(stage) = Stage::after_copy(outcome, *before, self.attempt) else { return };
                if is_holder {
                    self.holder = None;
                    self.enter(stage, at);
                } else if self.holder.is_none() && self.is_news(&stage) {
                    // A call that failed in the end has tried for as long.
                    let tried = if stage == Stage::Away(Server::Redis) { took_ms * 1000 } else { 0 };
                    self.enter(stage, at.saturating_sub(tried));
                }
            }
            _ => {}
        }
    }

    /// Whether what a copy waits for says more than is known. One that finds its thread in other hands does not, where it is
    /// known what the question waits for.
    fn is_news(&self, stage: &Stage) -> bool {
        match (&self.now, stage) {
            // The number of questions before it only falls: what matters is how many there were.
            (Stage::Turn { .. }, Stage::Turn { .. }) => false,
            (Stage::Slack | Stage::Queue, _) => true,
            (now, stage) => now != stage && !matches!(stage, Stage::Turn { .. }),
        }
    }

    /// A question that was given up and is replayed goes on.
    fn reopen(&mut self, at: u64) {
        if self.end.take().is_some() {
            (self.since, self.now, self.holder) = (at, Stage::Queue, None);
        }
    }

    fn enter(&mut self, stage: Stage, at: u64) {
        self.close(at);
        self.now = stage;
    }

    fn close(&mut self, at: u64) {
        let stretch = Stretch { stage: self.now.clone(), from: self.since, to: at.max(self.since) };
        self.since = stretch.to;
        self.stretches.push(stretch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journey(steps: &[(u64, &str, What)]) -> Journey {
        let step = |(ms, worker, what): &(u64, &str, What)| Step {
            at: 1_000_000_000 + ms * 1000,
            worker: Rc::from(*worker),
            what: what.clone(),
        };
        Journey { ts: "1000.000000".to_owned(), steps: steps.iter().map(step).collect(), ..Journey::default() }
    }

    fn kept() -> What {
        What::Kept { numbered: true, slack_retry: false, took_ms: 3 }
    }

    fn claimed(attempt: u32) -> What {
        What::Claimed { attempt }
    }

    fn copy(outcome: &str, before: Option<u64>) -> What {
        What::Copy { outcome: outcome.to_owned(), wait_ms: Some(1000), before, took_ms: 1 }
    }

    fn answered() -> What {
        What::Answered { outcome: "answered".to_owned() }
    }

    /// Each stage with its ms.
    fn stages(steps: &[(u64, &str, What)], outages: &Outages) -> Vec<(&'static str, u64)> {
        let course = Course::of(&journey(steps), outages);
        course.stretches.iter().map(|stretch| (stretch.stage.name(), stretch.took() / 1000)).collect()
    }

    #[test]
    fn an_undisturbed_question_goes_through_every_stage_once() {
        let steps = [
            (20, "ingress-1", kept()),
            (25, "responder-1", claimed(1)),
            (1025, "responder-1", What::AnswerMade),
            (1027, "responder-1", What::Posting),
            (1127, "responder-1", What::Posted),
            (1130, "responder-1", answered()),
            (1131, "responder-1", copy("answered", None)),
            (1140, "responder-2", copy("done", None)),
        ];
        let wanted = [("slack", 20), ("queue", 5), ("answering", 1000), ("posting", 102), ("recording", 3)];
        assert_eq!(stages(&steps, &Outages::default()), wanted);
    }

    #[test]
    fn a_worker_that_says_nothing_more_is_blamed_though_another_copy_was_parked_meanwhile() {
        let steps = [
            (20, "ingress-1", kept()),
            (30, "responder-1", claimed(1)),
            (40, "responder-2", copy("waits", Some(0))),
            (1050, "responder-2", copy("waits", Some(0))),
            (2060, "responder-2", claimed(2)),
            (2100, "responder-2", What::AnswerMade),
            (2150, "responder-2", What::Posted),
            (2160, "responder-2", answered()),
        ];
        let course = Course::of(&journey(&steps), &Outages::default());
        let longest = course.longest().unwrap();
        assert_eq!((longest.stage.name(), longest.took() / 1000), ("worker_lost", 2030));
        assert!(longest.stage.cause().contains("responder-1"), "{}", longest.stage.cause());
        assert_eq!(course.end, End::Answered { at: 1_002_160_000, worker: Rc::from("responder-2"), attempt: 2 });
    }

    #[test]
    fn waiting_for_its_turn_is_one_stage_however_often_it_was_parked() {
        let steps = [
            (20, "ingress-1", kept()),
            (30, "responder-1", copy("waits", Some(3))),
            (1040, "responder-2", copy("waits", Some(2))),
            (2050, "responder-1", claimed(1)),
            (2060, "responder-1", What::AnswerMade),
        ];
        assert_eq!(
            stages(&steps, &Outages::default()),
            [("slack", 20), ("queue", 10), ("turn", 2020), ("answering", 10)]
        );
    }

    #[test]
    fn a_question_that_nobody_took_while_redis_was_away_waited_for_redis() {
        let mut outages = Outages::default();
        outages.note("redis_away", "responder-1", 1_000_000_000);
        outages.note("redis_back", "responder-1", 1_003_000_000);
        outages.complete();
        let steps =
            [(500, "ingress-1", kept()), (3010, "responder-1", claimed(1)), (3020, "responder-1", What::AnswerMade)];
        assert_eq!(stages(&steps, &outages), [("redis_away", 3010), ("answering", 10)]);
    }

    #[test]
    fn a_pause_after_a_failure_is_not_taken_for_waiting_for_others() {
        let steps = [
            (20, "ingress-1", kept()),
            (30, "responder-1", claimed(1)),
            (40, "responder-1", What::Failed { attempt: 1, reason: "no answer within 60 s".to_owned() }),
            (41, "responder-1", copy("attempt_failed", None)),
            (45, "responder-2", copy("waits", Some(0))),
            (5050, "responder-1", claimed(2)),
        ];
        let wanted = [("slack", 20), ("queue", 10), ("answering", 10), ("rest_after_failure", 5010)];
        assert_eq!(stages(&steps, &Outages::default()), wanted);
    }

    #[test]
    fn a_question_that_was_given_up_says_why_and_one_that_is_replayed_goes_on() {
        let given_up = What::GivenUp { attempts: 5, reason: "no answer".to_owned() };
        let mut steps = vec![(20, "ingress-1", kept()), (30, "responder-1", claimed(5)), (40, "responder-1", given_up)];
        let course = Course::of(&journey(&steps), &Outages::default());
        assert!(matches!(&course.end, End::GivenUp { attempts: 5, reason, .. } if reason == "no answer"));
        steps.push((9000, "responder-1", claimed(1)));
        steps.push((9100, "responder-1", answered()));
        let course = Course::of(&journey(&steps), &Outages::default());
        assert!(matches!(course.end, End::Answered { .. }));
    }
}
