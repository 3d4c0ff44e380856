//! The way of a question through the system, for people who want to see it.

use std::collections::{HashMap, VecDeque};

use serde::Serialize;
use shared::{
    ids::{ChannelId, EventId, EventKey},
    ts::MessageTs,
};

use super::{
    Author, Call, Subject, Workspace,
    step::{Stage, Step},
};
use crate::{api::Method, delivery::Attempt, event::Event};

/// So many questions' ways are kept; a load test asks more than anybody looks at.
const MOST_TRACES: usize = 1_000;

/// So many entries of each kind are kept of one question; a question that fails for hours has more.
const MOST_ENTRIES: usize = 200;

/// A question's identity.
pub(crate) type Question = (ChannelId, MessageTs);

/// How far the delivery of one event has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub(crate) enum Progress {
    /// An attempt is on its way.
    Sending,
    /// The next attempt comes later.
    Waiting {
        /// When, in ms since 1970.
        until: u64,
    },
    /// An ingress took it.
    Acked,
    /// Slack has given up.
    Lost,
}

/// The delivery of one event about a question.
#[derive(Debug, Clone)]
pub(crate) struct Tracked {
    pub(crate) event_id: EventId,
    pub(crate) kind: String,
    /// Whether a person had it sent once more.
    pub(crate) again: bool,
    /// When it began, in ms since 1970.
    pub(crate) begun: u64,
    /// The attempts so far, each with its end in ms since 1970.
    pub(crate) attempts: Vec<(u64, Attempt)>,
    pub(crate) progress: Progress,
}

/// Everything that is known of one question's way.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    /// When it was said, in ms since 1970.
    pub(crate) said: u64,
    /// The events about it, as they were sent.
    pub(crate) events: Vec<Event>,
    pub(crate) deliveries: Vec<Tracked>,
    /// Calls of the Web API about it: when (ms since 1970), and their places in the workspace's list of calls.
    pub(crate) calls: Vec<(u64, usize)>,
    pub(crate) steps: Vec<(u64, Step)>,
}

impl Trace {
    /// The worker that claimed it last.
    pub(crate) fn worker(&self) -> Option<usize> {
        self.steps.iter().rev().find(|(_, step)| step.stage == Stage::Claimed).and_then(|(_, step)| step.worker())
    }
}

/// The ways of the youngest questions.
#[derive(Debug, Default)]
pub(crate) struct Traces {
    by_question: HashMap<Question, Trace>,
    by_key: HashMap<EventKey, Question>,
    /// Oldest first.
    order: VecDeque<Question>,
    /// The worker that claimed anything last.
    worker: Option<usize>,
}

impl Traces {
    /// Begins the trace of a message about which events are sent.
    pub(crate) fn open(&mut self, question: Question, said: u64, events: Vec<Event>) {
        if self.order.len() >= MOST_TRACES
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_question.remove(&oldest);
            self.by_key.remove(&EventKey::of(&oldest.0, &oldest.1));
        }
        self.by_key.insert(EventKey::of(&question.0, &question.1), question.clone());
        self.order.push_back(question.clone());
        let trace = Trace { said, events, deliveries: Vec::new(), calls: Vec::new(), steps: Vec::new() };
        self.by_question.insert(question, trace);
    }

    pub(crate) fn get(&self, question: &Question) -> Option<&Trace> {
        self.by_question.get(question)
    }

    /// The question of this key, if it is among the youngest.
    pub(crate) fn question(&self, key: &str) -> Option<&Question> {
        self.by_key.get(&EventKey::new(key))
    }

    /// The worker that claimed anything last.
    pub(crate) fn worker(&self) -> Option<usize> {
        self.worker
    }

    /// Notes a step; false = of a question that is not known, or not any more.
    pub(crate) fn note(&mut self, step: Step, now: u64) -> bool {
        let Some(trace) = self.by_question.get_mut(&(step.channel.clone(), step.ts)) else { return false };
        if step.stage == Stage::Claimed {
            self.worker = step.worker().or(self.worker);
        }
        if trace.steps.len() < MOST_ENTRIES {
            trace.steps.push((step.at.unwrap_or(now), step));
        }
        true
    }

    /// Notes a call of the Web API.
    pub(crate) fn note_call(&mut self, question: &Question, now: u64, place: usize) {
        if let Some(trace) = self.by_question.get_mut(question)
            && trace.calls.len() < MOST_ENTRIES
        {
            trace.calls.push((now, place));
        }
    }

    /// Notes that a delivery begins; its place is for [`Traces::progress`].
    pub(crate) fn begin_delivery(
        &mut self,
        question: &Question,
        event: &Event,
        again: bool,
        now: u64,
    ) -> Option<usize> {
        let trace = self.by_question.get_mut(question)?;
        trace.deliveries.push(Tracked {
            event_id: event.id.clone(),
            kind: event.kind.clone(),
            again,
            begun: now,
            attempts: Vec::new(),
            progress: Progress::Sending,
        });
        Some(trace.deliveries.len() - 1)
    }

    /// Notes how far a delivery has come.
    pub(crate) fn progress(&mut self, question: &Question, place: usize, act: impl FnOnce(&mut Tracked)) {
        if let Some(tracked) = self.by_question.get_mut(question).and_then(|trace| trace.deliveries.get_mut(place)) {
            act(tracked);
        }
    }
}

impl Workspace {
    /// Keeps a call of the Web API, also with the questions it is about; its place in the list of calls.
    pub(crate) fn record(&mut self, call: Call) -> usize {
        let (place, now) = (self.calls.len(), self.millis());
        for question in self.questions_of(&call) {
            self.traces.note_call(&question, now, place);
            self.touch_trace(&question);
        }
        self.calls.push(call);
        place
    }

    /// Keeps a step of a question.
    pub(crate) fn note_step(&mut self, step: Step) {
        let (question, now) = ((step.channel.clone(), step.ts), self.millis());
        if self.traces.note(step, now) {
            self.touch_trace(&question);
        }
    }

    pub(crate) fn touch_trace(&mut self, question: &Question) {
        self.revisions.touch(Subject::Trace(question.0.clone(), question.1));
    }

    /// The questions that a call is about: the one that its metadata, or that of its message, names; for a call about a
    /// thread, those in it that have no answer yet. The many calls that go on with a stream are left out.
    fn questions_of(&self, call: &Call) -> Vec<Question> {
        let arguments = &call.arguments;
        if let Some(key) = arguments.event_key() {
            return self.traces.question(&key).cloned().into_iter().collect();
        }
        let named = |name: &str| arguments.text(name).and_then(|ts| ts.parse::<MessageTs>().ok());
        let channel =
            ChannelId::new(arguments.text("channel").or_else(|| arguments.text("channel_id")).unwrap_or_default());
        let root = match call.method {
            Method::ConversationsReplies => named("ts"),
            Method::ChatAppendStream => return Vec::new(),
            Method::ChatStopStream => named("ts").and_then(|ts| self.stored(&channel, ts)?.thread_ts),
            _ => named("thread_ts"),
        };
        if let Some(root) = root {
            let thread = self.stored(&channel, root).into_iter().chain(self.replies(&channel, root));
            let open = thread.filter(|message| {
                matches!(message.author, Author::Person(_)) && self.answers_to(&channel, message.ts).next().is_none()
            });
            let questions = open.map(|message| (channel.clone(), message.ts));
            return questions.filter(|question| self.traces.get(question).is_some()).collect();
        }
        let message = named("ts").and_then(|ts| self.stored(&channel, ts));
        let key = message.and_then(|message| message.metadata.as_ref()?.event_key());
        key.and_then(|key| self.traces.question(key)).cloned().into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(micros: u64) -> Question {
        (ChannelId::new("C1"), MessageTs::from_micros(micros).unwrap())
    }

    fn step(micros: u64, stage: Stage, who: &str) -> Step {
        let (channel, ts) = question(micros);
        Step::new(channel, ts, stage, who)
    }

    #[test]
    fn the_oldest_traces_make_room_for_the_youngest() {
        let mut traces = Traces::default();
        for micros in 0..=MOST_TRACES as u64 {
            traces.open(question(micros), 0, Vec::new());
        }
        assert!(traces.get(&question(0)).is_none());
        assert!(traces.get(&question(1)).is_some());
        assert_eq!((traces.by_question.len(), traces.by_key.len()), (MOST_TRACES, MOST_TRACES));
        assert!(!traces.note(step(0, Stage::Queued, "ingress"), 5), "a step of a forgotten question is dropped");
    }

    #[test]
    fn the_worker_of_a_question_is_the_one_that_claimed_it_last() {
        let mut traces = Traces::default();
        traces.open(question(1), 0, Vec::new());
        traces.open(question(2), 0, Vec::new());
        traces.note(step(1, Stage::Claimed, "worker 2"), 1);
        traces.note(step(1, Stage::Claimed, "worker 3"), 2);
        traces.note(step(2, Stage::Claimed, "worker 1"), 3);
        traces.note(step(1, Stage::Parked, "worker 7"), 4);
        assert_eq!(traces.get(&question(1)).unwrap().worker(), Some(3));
        assert_eq!(traces.worker(), Some(1));
    }
}
