//! What the page shows of a question's way: the lines that ingress and workers log about it anyway.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use playground::{Stage, Step, StepLog};
use shared::{ids::ChannelId, ts::MessageTs};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{Layer, Registry, filter::filter_fn, layer::Context, registry::LookupSpan};

use super::workers::WORKER;

/// Steps on their way to the page; before there is one they are dropped.
#[derive(Clone, Default)]
pub(crate) struct Steps(Arc<OnceLock<StepLog>>);

/// The number of the worker in whose span something happens.
struct Worker(u64);

impl Steps {
    /// The page that shows them from now on.
    pub(crate) fn show_on(&self, log: StepLog) {
        drop(self.0.set(log));
    }

    /// Reads them off the log. Sees what the services log about questions, whatever of it is printed.
    pub(crate) fn layer(&self) -> impl Layer<Registry> + Send + Sync + use<> {
        self.clone().with_filter(filter_fn(|metadata: &Metadata<'_>| {
            // `shared` has the span of a question, through which its worker is found.
            let ours = ["ingress", "responder", "cli", "threadkeeper", "shared"];
            let part = metadata.target().split("::").next().unwrap_or_default();
            ours.contains(&part) && *metadata.level() <= Level::DEBUG
        }))
    }
}

impl<S: Subscriber + for<'span> LookupSpan<'span>> Layer<S> for Steps {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().name() != WORKER {
            return;
        }
        let mut seen = Seen::default();
        attributes.record(&mut seen);
        if let (Some(number), Some(span)) = (seen.number, context.span(id)) {
            span.extensions_mut().insert(Worker(number));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(log) = self.0.get() else { return };
        let mut seen = Seen::default();
        event.record(&mut seen);
        let (Some(channel), Some(ts), Some(outcome)) = (&seen.channel, seen.ts, &seen.outcome) else { return };
        let worker = context
            .event_scope(event)
            .and_then(|mut spans| spans.find_map(|span| span.extensions().get::<Worker>().map(|worker| worker.0)));
        let who = worker.map_or_else(|| "ingress".to_owned(), |number| format!("worker {number}"));
        for (stage, why) in seen.stages(outcome) {
            let step = Step::new(channel.clone(), ts, stage, who.clone());
            log.note(match why {
                Some(why) => step.because(why),
                None => step,
            });
        }
    }
}

/// The fields that matter here.
#[derive(Debug, Default)]
struct Seen {
    channel: Option<ChannelId>,
    ts: Option<MessageTs>,
    outcome: Option<String>,
    /// A worker's number.
    number: Option<u64>,
    /// Whether a kept question has its place in its thread.
    numbered: bool,
    /// Whether this is the last line about a copy: what became of it.
    ended: bool,
}

impl Seen {
    /// What an outcome in the log means on a question's way.
    fn stages(&self, outcome: &str) -> Vec<(Stage, Option<&'static str>)> {
        if self.ended { Self::of_delivery(outcome) } else { self.of_step(outcome) }.to_vec()
    }

    /// The outcome of one step.
    fn of_step(&self, outcome: &str) -> &'static [(Stage, Option<&'static str>)] {
        match outcome {
            "kept" if self.numbered => &[(Stage::Received, None), (Stage::Queued, None), (Stage::Numbered, None)],
            "kept" => &[(Stage::Received, None), (Stage::Queued, Some("without a place in its thread"))],
            "claimed" => &[(Stage::Claimed, None)],
            "answer_made" => &[(Stage::Answered, None)],
            "streaming" => &[(Stage::Posting, Some("people see its beginning"))],
            "posting" => &[(Stage::Posting, None)],
            "posted" => &[(Stage::Posted, None)],
            "answered" | "answered_in_stream" => &[(Stage::Finished, None)],
            "stream_completed" => &[(Stage::Finished, Some("in the message that an earlier attempt had begun"))],
            "answered_in_place" => &[(Stage::Finished, Some("in the place of the notice that it was given up"))],
            "adopted" => &[(Stage::Finished, Some("an earlier attempt had posted it"))],
            "attempt_failed" => &[(Stage::Failed, None)],
            "dead" => &[(Stage::GivenUp, None)],
            _ => &[],
        }
    }

    /// What became of one copy; where a step has told it already, nothing.
    fn of_delivery(outcome: &str) -> &'static [(Stage, Option<&'static str>)] {
        match outcome {
            "answered" | "answered_in_stream" | "stream_completed" | "answered_in_place" | "adopted" | "given_up" => {
                &[]
            }
            "done" | "twin" | "dead" | "withdrawn" | "superseded" => &[(Stage::Repeated, None)],
            "swept" | "sweep_waits" | "sweep_given_up" => &[(Stage::Repeated, Some("it looks for late answers"))],
            "waits" => &[(Stage::Parked, Some("it is not its turn yet"))],
            "attempt_failed" => &[(Stage::Parked, Some("a pause after a failure"))],
            "paced" | "rate_limited" => &[(Stage::Parked, Some("Slack takes one message a second in a channel"))],
            "store_away" | "store_error" => &[(Stage::Parked, Some("the store is away"))],
            "settling" | "other_epoch" => &[(Stage::Parked, Some("the store has lost data"))],
            "model_away" => &[(Stage::Parked, Some("what answers are made from is away"))],
            "slack_away" | "slack_refuses" => &[(Stage::Parked, Some("Slack is away"))],
            "post_unknown" | "post_late" | "slack_asked_later" => {
                &[(Stage::Parked, Some("Slack is asked later whether it has the answer"))]
            }
            "handed_over" => &[(Stage::Parked, Some("its worker was told to stop"))],
            _ => &[(Stage::Parked, None)],
        }
    }

    fn text(&mut self, name: &str, text: &str) {
        match name {
            "slack.channel_id" => self.channel = Some(ChannelId::new(text)),
            "slack.ts" => self.ts = text.parse().ok(),
            "outcome" => self.outcome = Some(text.to_owned()),
            _ => {}
        }
    }
}

impl Visit for Seen {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "numbered" {
            self.numbered = value;
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "number" => self.number = Some(value),
            "parks" => self.ended = true,
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // What is logged by `%` arrives here, and is printed as it is displayed.
        if matches!(field.name(), "slack.channel_id" | "slack.ts") {
            self.text(field.name(), &format!("{value:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use playground::{Options, Playground};
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    /// The lines as the services log them.
    #[test]
    fn lines_about_a_question_become_steps_with_the_worker_of_their_span() {
        let playground = Playground::start(Options::default()).unwrap();
        playground.furnish();
        let steps = Steps::default();
        steps.show_on(playground.step_log());
        let channel = ChannelId::new("C0GENERAL");
        let you = shared::ids::UserId::new("U0YOU");
        let ts = playground.say(&channel, &you, "<@U0KEEPER> why?", None).unwrap().ts;
        let registry = tracing_subscriber::registry().with(steps.layer());
        tracing::subscriber::with_default(registry, || {
            tracing::info!(slack.channel_id = %channel, slack.ts = %ts, numbered = true, outcome = "kept", "kept");
            let span = tracing::info_span!("worker", number = 2_usize);
            // A question is worked on in a task of its own: only its span is entered there.
            let question = tracing::error_span!(target: "shared::telemetry::question", parent: &span, "question");
            let _entered = question.enter();
            tracing::info!(slack.channel_id = %channel, slack.ts = %ts, outcome = "claimed", "claimed");
        });
        let shown = playground.read(|workspace| format!("{workspace:?}"));
        assert_eq!(shown.matches("worker 2").count(), 1, "{shown}");
        for stage in ["Received", "Queued", "Numbered", "Claimed"] {
            assert!(shown.contains(stage), "{stage}: {shown}");
        }
    }
}
