//! What Slack shows of an answer: complete, in part, or not at all.

use shared::{
    ids::{AnswerName, EventKey},
    ts::MessageTs,
};
use slack::replies::Seen;
use threads::outcome::KeptAnswer;

/// What the own messages of a thread say about one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// A complete answer.
    All {
        /// Its messages, in order.
        ts: Vec<MessageTs>,
        /// Its text, in Slack's notation; the kept one where it is the kept answer.
        text: String,
    },
    /// Some messages of the kept answer, by part.
    Some(Vec<Option<MessageTs>>),
    /// Nothing that can be used.
    Nothing,
}

/// Messages of one answer, by part.
struct Group<'a>(Vec<Option<&'a Seen>>);

impl<'a> Group<'a> {
    /// Those that carry this name; none = those of a version that gave no names.
    fn named(own: &[&'a Seen], key: &EventKey, name: Option<&str>) -> Self {
        let parts = own.iter().filter_map(|seen| Some((*seen, seen.part_of_answer_to(key)?)));
        let mut group = Vec::new();
        for (seen, part) in parts.filter(|(seen, _)| name_of(seen) == name) {
            if group.len() < part.of {
                group.resize(part.of, None);
            }
            // The first of two: the other one is removed by the clean-up.
            group[part.number - 1].get_or_insert(seen);
        }
        Self(group)
    }

    fn complete(&self) -> Option<Vec<&'a Seen>> {
        if self.0.is_empty() { None } else { self.0.iter().copied().collect() }
    }
}

fn name_of(seen: &Seen) -> Option<&str> {
    seen.mark.as_ref()?.answer.as_deref()
}

/// Concludes from the own messages that were seen. Messages name the answer they belong to, so that parts of two answers
/// are never taken for one.
pub(crate) fn found(own: &[Seen], key: &EventKey, kept: Option<&KeptAnswer>) -> Found {
    let mut own: Vec<&Seen> = own.iter().filter(|seen| seen.part_of_answer_to(key).is_some()).collect();
    own.sort_by_key(|seen| seen.ts);
    let kept_name = kept.map(|kept| AnswerName::of(&kept.parts()));
    let kept_name = kept_name.as_ref().map(AnswerName::as_str);
    let candidates = kept_name.map(Some).into_iter().chain(own.iter().map(|seen| name_of(seen)));
    for name in candidates {
        let Some(messages) = Group::named(&own, key, name).complete() else { continue };
        let is_kept = name.is_none() || name == kept_name;
        let text = match kept.filter(|_| is_kept) {
            Some(kept) => kept.answer.text.clone(),
            None => messages.iter().map(|seen| seen.text.as_str()).collect::<Vec<_>>().join("\n\n"),
        };
        return Found::All { ts: messages.iter().map(|seen| seen.ts).collect(), text };
    }
    let some = kept_name.map(|name| Group::named(&own, key, Some(name)).0);
    match some.filter(|group| group.iter().any(Option::is_some)) {
        Some(group) => Found::Some(group.iter().map(|seen| seen.map(|seen| seen.ts)).collect()),
        None => Found::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use shared::{
        answer::{Answer, Format},
        ids::ChannelId,
    };
    use slack::replies::{Mark, Metadata, Part};

    use super::*;

    fn ts(seconds: u64) -> MessageTs {
        MessageTs::from_micros(seconds * 1_000_000).unwrap()
    }

    fn key() -> EventKey {
        EventKey::of(&ChannelId::new("C1"), &ts(1))
    }

    fn seen(at: u64, part: &str, name: Option<&AnswerName>) -> Seen {
        let mark = Mark {
            event_type: Metadata::ANSWER.to_owned(),
            event_key: Some(key().to_string()),
            part: Part::read(part),
            answer: name.map(|name| name.as_str().to_owned()),
        };
        let text = format!("shown {at}");
        Seen {
            ts: ts(at),
            thread_ts: None,
            user: None,
            bot_id: None,
            app_id: None,
            app_name: None,
            team: None,
            text,
            mark: Some(mark),
            subtype: None,
        }
    }

    fn kept(parts: &[&str]) -> KeptAnswer {
        let answer = Answer { text: parts.concat(), format: Format::Markdown, sources: Vec::new() };
        KeptAnswer { answer, entries: 0, parts: parts.iter().map(|part| (*part).to_owned()).collect() }
    }

    #[test]
    fn an_answer_of_one_message_is_complete_by_it_also_without_a_name() {
        let all = |text: &str| Found::All { ts: vec![ts(5)], text: text.to_owned() };
        assert_eq!(found(&[seen(5, "1/1", None)], &key(), None), all("shown 5"));
        assert_eq!(found(&[seen(5, "1/1", None)], &key(), Some(&kept(&["kept"]))), all("kept"));
        let other = AnswerName::of(&["another"]);
        assert_eq!(found(&[seen(5, "1/1", Some(&other))], &key(), Some(&kept(&["kept"]))), all("shown 5"));
    }

    #[test]
    fn an_answer_of_several_messages_is_complete_by_all_of_them_in_whatever_order_they_stand() {
        let (answer, kept) = (AnswerName::of(&["a", "b"]), kept(&["a", "b"]));
        let both = [seen(6, "1/2", Some(&answer)), seen(5, "2/2", Some(&answer))];
        assert_eq!(found(&both, &key(), Some(&kept)), Found::All { ts: vec![ts(6), ts(5)], text: "ab".to_owned() });
        assert_eq!(found(&both[1..], &key(), Some(&kept)), Found::Some(vec![None, Some(ts(5))]));
        assert_eq!(found(&both[1..], &key(), None), Found::Nothing);
    }

    #[test]
    fn parts_of_two_answers_are_never_taken_for_one() {
        let (one, other) = (AnswerName::of(&["a", "b"]), AnswerName::of(&["c", "d"]));
        let mixed = [seen(5, "1/2", Some(&one)), seen(6, "2/2", Some(&other))];
        assert_eq!(found(&mixed, &key(), None), Found::Nothing);
        assert_eq!(found(&mixed, &key(), Some(&kept(&["c", "d"]))), Found::Some(vec![None, Some(ts(6))]));
    }
}
