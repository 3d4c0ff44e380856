//! A task as an AMQP message: body, properties and headers.

use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable, LongString},
};
use shared::{
    clock::Clock,
    ids::{BurialId, CopyId},
    task::Task,
};

use crate::Headers;

const COPY: &str = "x-copy";
const PARKS: &str = "x-parks";
const SLACK_RETRY: &str = "x-slack-retry";
const EPOCH: &str = "x-epoch";
const REPLAY: &str = "x-replay";
const SWEEP: &str = "x-sweep";
const TRACEPARENT: &str = "traceparent";
const ERROR: &str = "x-error";
const ATTEMPTS: &str = "x-attempts";
const DEAD_AT: &str = "x-dead-at";

/// The copy id of a message that carries none: published by hand, or by another program.
const UNMARKED: &str = "unmarked";

/// Longest `x-error`, in bytes: headers travel in one frame, whose size is limited.
const MAX_REASON: usize = 2_000;

/// Why and when a task was given up.
pub(super) struct Death<'a> {
    pub(super) reason: &'a str,
    pub(super) attempts: u32,
}

/// Headers as AMQP fields. Absent where they say nothing.
pub(super) fn encode(headers: &Headers) -> FieldTable {
    let mut fields = FieldTable::default();
    fields.insert(COPY.into(), text(headers.copy.as_str()));
    fields.insert(PARKS.into(), AMQPValue::LongLongInt(headers.parks.into()));
    if headers.slack_retry {
        fields.insert(SLACK_RETRY.into(), AMQPValue::Boolean(true));
    }
    if headers.sweep {
        fields.insert(SWEEP.into(), AMQPValue::Boolean(true));
    }
    if let Some(epoch) = &headers.epoch {
        fields.insert(EPOCH.into(), text(epoch));
    }
    if let Some(replay) = &headers.replay {
        fields.insert(REPLAY.into(), text(replay.as_str()));
    }
    if let Some(traceparent) = &headers.traceparent {
        fields.insert(TRACEPARENT.into(), text(traceparent));
    }
    fields
}

/// AMQP fields as headers. What is missing or of a foreign type counts as not said; foreign fields are passed over.
pub(super) fn decode(fields: Option<&FieldTable>) -> Headers {
    let field = |name: &str| fields.and_then(|fields| fields.inner().get(name));
    let string = |name| field(name).and_then(as_text);
    let flag = |name| matches!(field(name), Some(AMQPValue::Boolean(true)));
    Headers {
        copy: CopyId::new(string(COPY).unwrap_or_else(|| UNMARKED.to_owned())),
        parks: field(PARKS).and_then(as_count).unwrap_or(0),
        slack_retry: flag(SLACK_RETRY),
        epoch: string(EPOCH),
        replay: string(REPLAY).map(BurialId::new),
        sweep: flag(SWEEP),
        traceparent: string(TRACEPARENT),
    }
}

/// The properties of a message of ours.
pub(super) fn properties(message_id: &str, headers: FieldTable, clock: &Clock) -> BasicProperties {
    BasicProperties::default()
        // 2 = persistent: the broker writes it to disk before it confirms.
        .with_delivery_mode(2)
        .with_content_type("application/json".into())
        .with_message_id(message_id.into())
        .with_timestamp(clock.seconds())
        .with_headers(headers)
}

/// Adds why, after how many attempts and when (ms since 1970) a message was given up.
pub(super) fn mark_dead(headers: &mut FieldTable, death: &Death<'_>, clock: &Clock) {
    headers.insert(ERROR.into(), text(shortened(death.reason)));
    headers.insert(ATTEMPTS.into(), AMQPValue::LongLongInt(death.attempts.into()));
    headers.insert(DEAD_AT.into(), AMQPValue::LongLongInt(i64::try_from(clock.millis()).unwrap_or(i64::MAX)));
}

/// What a dead letter says about its end. What is missing or of a foreign type counts as not said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Buried {
    pub(super) reason: Option<String>,
    pub(super) attempts: Option<u32>,
    /// Ms since 1970.
    pub(super) at_ms: Option<u64>,
}

/// Reads what [`mark_dead`] wrote.
pub(super) fn burial(fields: Option<&FieldTable>) -> Buried {
    let field = |name: &str| fields.and_then(|fields| fields.inner().get(name));
    let at_ms = match field(DEAD_AT) {
        Some(AMQPValue::LongLongInt(at)) => u64::try_from(*at).ok(),
        _ => None,
    };
    Buried { reason: field(ERROR).and_then(as_text), attempts: field(ATTEMPTS).and_then(as_count), at_ms }
}

/// What traces a task through logs and the broker: Slack's event id.
pub(super) fn message_id(task: &Task) -> &str {
    match task {
        Task::Question(question) => question.event_id.as_str(),
    }
}

fn shortened(reason: &str) -> &str {
    let mut end = reason.len().min(MAX_REASON);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    &reason[..end]
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(value))
}

fn as_text(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => std::str::from_utf8(text.as_bytes()).ok().map(str::to_owned),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    }
}

fn as_count(value: &AMQPValue) -> Option<u32> {
    match *value {
        AMQPValue::ShortShortInt(number) => u32::try_from(number).ok(),
        AMQPValue::ShortShortUInt(number) => Some(number.into()),
        AMQPValue::ShortInt(number) => u32::try_from(number).ok(),
        AMQPValue::ShortUInt(number) => Some(number.into()),
        AMQPValue::LongInt(number) => u32::try_from(number).ok(),
        AMQPValue::LongUInt(number) => Some(number),
        AMQPValue::LongLongInt(number) => u32::try_from(number).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_map, option, prelude::*};

    use super::*;

    fn any_value() -> impl Strategy<Value = AMQPValue> {
        prop_oneof![
            any::<bool>().prop_map(AMQPValue::Boolean),
            any::<i8>().prop_map(AMQPValue::ShortShortInt),
            any::<i64>().prop_map(AMQPValue::LongLongInt),
            any::<u32>().prop_map(AMQPValue::LongUInt),
            any::<f64>().prop_map(AMQPValue::Double),
            any::<u64>().prop_map(AMQPValue::Timestamp),
            any::<Vec<u8>>().prop_map(|bytes| AMQPValue::LongString(LongString::from(bytes))),
            Just(AMQPValue::FieldTable(FieldTable::default())),
            Just(AMQPValue::Void),
        ]
    }

    fn any_name() -> impl Strategy<Value = String> {
        prop_oneof![
            prop::sample::select(vec![COPY, PARKS, SLACK_RETRY, EPOCH, REPLAY, SWEEP, TRACEPARENT, "x-death"])
                .prop_map(str::to_owned),
            "[a-z-]{1,20}",
        ]
    }

    fn any_headers() -> impl Strategy<Value = Headers> {
        (".{1,40}", any::<u32>(), any::<bool>(), option::of(".{0,40}"), option::of(".{0,40}"), any::<bool>()).prop_map(
            |(copy, parks, slack_retry, epoch, replay, sweep)| Headers {
                copy: CopyId::new(copy),
                parks,
                slack_retry,
                traceparent: epoch.clone(),
                epoch,
                replay: replay.map(BurialId::new),
                sweep,
            },
        )
    }

    proptest! {
        #[test]
        fn headers_survive_the_journey(headers in any_headers()) {
            prop_assert_eq!(decode(Some(&encode(&headers))), headers);
        }

        #[test]
        fn anything_foreign_is_tolerated(fields in btree_map(any_name(), any_value(), 0..12)) {
            let mut table = FieldTable::default();
            for (name, value) in fields {
                table.insert(name.as_str().into(), value);
            }
            let headers = decode(Some(&table));
            prop_assert_eq!(decode(Some(&encode(&headers))), headers);
        }

        #[test]
        fn a_long_reason_is_cut_between_two_characters(reason in "\\PC{0,1500}") {
            let short = shortened(&reason);
            prop_assert!(short.len() <= MAX_REASON && reason.starts_with(short));
        }
    }

    #[test]
    fn a_dead_letter_tells_why_after_how_many_attempts_and_when() {
        let mut fields = FieldTable::default();
        mark_dead(&mut fields, &Death { reason: "no answer", attempts: 5 }, &Clock::manual(1_729_636_800_123));
        let said = Buried { reason: Some("no answer".to_owned()), attempts: Some(5), at_ms: Some(1_729_636_800_123) };
        assert_eq!(burial(Some(&fields)), said);
        assert_eq!(burial(None), Buried::default());
    }

    #[test]
    fn a_message_without_headers_is_an_unmarked_first_copy() {
        assert_eq!(decode(None), Headers::of_copy(CopyId::new("unmarked")));
    }
}
