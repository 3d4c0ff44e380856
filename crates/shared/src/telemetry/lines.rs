//! One JSON object per line, with the fields of all spans around an event.

use std::{fmt, io::Write as _, time::Instant};

use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    fmt::{
        MakeWriter,
        format::Writer,
        time::{FormatTime as _, SystemTime},
    },
    layer::Context,
    registry::{LookupSpan, Scope},
};

use super::{Origin, question::QUESTION};

/// Writes each event as one line: `timestamp`, `level`, `message`, `service`, `worker`, the fields of the spans around it from
/// the outermost on, its own fields, `target`. A field that comes again replaces the one before.
///
/// Within a question's span `duration_ms` is the time since this process took it into its hands, unless the event says
/// another one.
pub(super) struct Lines<W> {
    origin: Map<String, Value>,
    writer: W,
}

impl<W> Lines<W> {
    pub(super) fn new(origin: &Origin, writer: W) -> Self {
        let mut fields = Map::new();
        fields.insert("service".to_owned(), origin.service.into());
        fields.insert("worker".to_owned(), origin.worker.as_str().into());
        Self { origin: fields, writer }
    }
}

/// The fields of one span, kept with it.
struct SpanFields {
    began: Instant,
    is_question: bool,
    fields: Fields,
}

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let is_question = attributes.metadata().name() == QUESTION;
        span.extensions_mut().insert(SpanFields { began: Instant::now(), is_question, fields });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(known) = span.extensions_mut().get_mut::<SpanFields>() {
            values.record(&mut known.fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let mut own = Fields::default();
        event.record(&mut own);
        let mut line = Map::new();
        line.insert("timestamp".to_owned(), now().into());
        line.insert("level".to_owned(), metadata.level().as_str().into());
        line.insert("message".to_owned(), own.0.remove("message").unwrap_or_default());
        let origin = self.origin.iter();
        line.extend(origin.map(|(name, value)| (name.clone(), value.clone())));
        for span in context.event_scope(event).into_iter().flat_map(Scope::from_root) {
            let extensions = span.extensions();
            let Some(around) = extensions.get::<SpanFields>() else { continue };
            line.extend(around.fields.0.iter().map(|(name, value)| (name.clone(), value.clone())));
            if around.is_question {
                let took = u64::try_from(around.began.elapsed().as_millis()).unwrap_or(u64::MAX);
                line.insert("duration_ms".to_owned(), took.into());
            }
        }
        line.extend(own.0);
        line.insert("target".to_owned(), metadata.target().into());
        let mut text = Value::Object(line).to_string();
        text.push('\n');
        // Who reads the log has gone: there is nobody to tell.
        self.writer.make_writer_for(metadata).write_all(text.as_bytes()).ok();
    }
}

/// In UTC with microseconds, so that lines sort by their text.
fn now() -> String {
    let mut text = String::new();
    match SystemTime.format_time(&mut Writer::new(&mut text)) {
        Ok(()) => text,
        Err(fmt::Error) => "unknown".to_owned(),
    }
}

/// Fields by name, in the order in which they came.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::{
        conversation::Conversation,
        ids::{ChannelId, EventId, EventKey, ProcessId, TeamId, UserId},
        task::{Question, Surface},
        telemetry::question_span,
    };

    fn question() -> Question {
        let channel = ChannelId::new("C1");
        Question {
            team: TeamId::new("T1"),
            enterprise: None,
            conversation: Conversation::Thread { channel: channel.clone(), root: "1729636800.000100".parse().unwrap() },
            channel,
            ts: "1729636805.000200".parse().unwrap(),
            user: UserId::new("U1"),
            surface: Surface::Channel,
            text: "the text of the question".to_owned(),
            files: Vec::new(),
            externally_shared: false,
            event_id: EventId::new("Ev1"),
            received_ms: 0,
        }
    }

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written while `log` runs.
    fn written(log: impl FnOnce()) -> Vec<Map<String, Value>> {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let origin = Origin { service: "responder", worker: ProcessId::new("responder-1") };
        let lines = Lines::new(&origin, move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), log);
        let written = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
        written.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn every_line_about_a_question_carries_the_same_fields_and_no_text() {
        let lines = written(|| {
            let span = question_span(&question());
            let _inside = span.enter();
            tracing::warn!("somewhere deep, where nothing is known of the question");
            span.record("attempt", 2_u32);
            tracing::info!(outcome = "claimed", "claimed");
        });
        for line in &lines {
            let wanted = [
                ("service", "responder"),
                ("worker", "responder-1"),
                ("slack.team_id", "T1"),
                ("slack.channel_id", "C1"),
                ("slack.thread_ts", "1729636800.000100"),
                ("slack.ts", "1729636805.000200"),
                ("slack.event_id", "Ev1"),
            ];
            for (name, value) in wanted {
                assert_eq!(line[name], value, "{name}");
            }
            assert_eq!(line["event_key"], EventKey::of(&question().channel, &question().ts).as_str());
            assert!(line["duration_ms"].is_u64());
            assert!(!Value::Object(line.clone()).to_string().contains("the text of the question"));
        }
        assert_eq!((&lines[0]["attempt"], &lines[0]["level"]), (&0.into(), &"WARN".into()));
        assert_eq!((&lines[1]["attempt"], &lines[1]["outcome"]), (&2.into(), &"claimed".into()));
    }

    #[test]
    fn what_an_event_says_itself_is_said_once_and_wins() {
        let lines = written(|| {
            let _inside = question_span(&question()).entered();
            tracing::info!(attempt = 5_u32, duration_ms = 7_u64, slack.ts = "other", ok = true, "said");
        });
        assert_eq!((&lines[0]["attempt"], &lines[0]["duration_ms"]), (&5.into(), &7.into()));
        assert_eq!((&lines[0]["slack.ts"], &lines[0]["ok"]), (&"other".into(), &true.into()));
        assert_eq!(lines[0].keys().next().map(String::as_str), Some("timestamp"));
    }

    #[test]
    fn outside_of_a_question_a_line_says_who_logs() {
        let lines = written(|| tracing::error!(cause = %"a quote \" and a\nline", "broken"));
        assert_eq!((&lines[0]["worker"], &lines[0]["message"]), (&"responder-1".into(), &"broken".into()));
        assert_eq!(lines[0]["cause"], "a quote \" and a\nline");
        assert!(!lines[0].contains_key("duration_ms") && !lines[0].contains_key("event_key"));
    }
}
