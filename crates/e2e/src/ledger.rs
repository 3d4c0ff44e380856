//! What people asked, when Slack was told that it is kept, and what can be seen of it afterwards.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use playground::{ANSWER, Event, Message, NOTICE, Playground, PlaygroundError};
use serde_json::Value;
use shared::{
    ids::{ChannelId, UserId},
    ts::MessageTs,
};

use crate::{
    HarnessError, Redis,
    verdict::{Answer, Entry, Question, Thread},
};

/// How Slack tells the ingresses about a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// As in a channel where the bot reads every message: as `app_mention` and as `message`, at the same moment.
    pub twin: bool,
    /// The first event once more, although it was taken; so much later.
    pub again_after: Option<Duration>,
}

impl Manner {
    /// Both events of a mention, once each.
    pub const TWIN: Self = Self { twin: true, again_after: None };
}

/// Keeps book on questions. A thread is named by a text; its first question is its root.
pub struct Ledger {
    person: UserId,
    threads: Mutex<BTreeMap<String, Book>>,
}

struct Book {
    channel: ChannelId,
    questions: Vec<Question>,
}

impl Ledger {
    /// An empty one; `person` asks all questions.
    pub fn new(person: UserId) -> Self {
        Self { person, threads: Mutex::default() }
    }

    /// Asks the next question of a thread in `channel`, and waits until Slack has its answers or gives up; whether an
    /// ingress took it. It is said at the call's first poll, so calls that are first polled one after the other are
    /// said in that order.
    ///
    /// # Errors
    /// When there is no such channel.
    pub async fn ask(
        &self,
        slack: &Playground,
        channel: &ChannelId,
        thread: &str,
        manner: Manner,
    ) -> Result<bool, PlaygroundError> {
        let (number, events) = self.say(slack, channel, thread)?;
        let told = if manner.twin { &events[..] } else { &events[..1] };
        let tell = |event: Event| async move {
            let acked = slack.deliver(&event).await.is_acked();
            if acked {
                self.acked(thread, number);
            }
            acked
        };
        let again = async {
            let Some(wait) = manner.again_after else { return false };
            tokio::time::sleep(wait).await;
            tell(events[0].clone()).await
        };
        let (told, again) = tokio::join!(join_all(told.iter().cloned().map(tell)), again);
        Ok(again || told.contains(&true))
    }

    fn say(
        &self,
        slack: &Playground,
        channel: &ChannelId,
        thread: &str,
    ) -> Result<(usize, Vec<Event>), PlaygroundError> {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let book = threads
            .entry(thread.to_owned())
            .or_insert_with(|| Book { channel: channel.clone(), questions: Vec::new() });
        let number = book.questions.len();
        let text = format!("{thread} question {number}");
        let root = book.questions.first().map(|first| first.ts);
        let said_at = Instant::now();
        let said = slack.mention(channel, &self.person, &text, root)?;
        book.questions.push(Question { ts: said.ts, text, said_at, acked_at: None });
        Ok((number, said.events))
    }

    fn acked(&self, thread: &str, number: usize) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(question) = threads.get_mut(thread).and_then(|book| book.questions.get_mut(number)) {
            question.acked_at.get_or_insert_with(Instant::now);
        }
    }

    /// How many questions were asked, and how many of them were taken.
    pub fn counts(&self) -> (usize, usize) {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let questions = || threads.values().flat_map(|book| &book.questions);
        (questions().count(), questions().filter(|question| question.acked_at.is_some()).count())
    }

    /// The questions that were taken and have no visible answer yet: channel and ts.
    pub fn unanswered(&self, slack: &Playground) -> Vec<(ChannelId, MessageTs)> {
        let mut taken = self.taken();
        slack.read(|workspace| taken.retain(|(channel, ts)| workspace.answers_to(channel, *ts).next().is_none()));
        taken
    }

    /// Waits until each question that has been taken by now has a visible answer.
    ///
    /// # Errors
    /// After `patience`.
    pub async fn answered(&self, slack: &Playground, patience: Duration) -> Result<(), PlaygroundError> {
        let mut open = self.taken();
        let what = format!("an answer to each of {} questions", open.len());
        slack
            .wait_for(&what, patience, |workspace| {
                // Those that have theirs are not looked at again.
                open.retain(|(channel, ts)| workspace.answers_to(channel, *ts).next().is_none());
                open.is_empty().then_some(())
            })
            .await
    }

    fn taken(&self) -> Vec<(ChannelId, MessageTs)> {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = threads.values().flat_map(|book| {
            let taken = book.questions.iter().filter(|question| question.acked_at.is_some());
            taken.map(|question| (book.channel.clone(), question.ts))
        });
        taken.collect()
    }

    /// What can be seen of each thread in Slack and in Redis.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub fn threads(&self, slack: &Playground, redis: &Redis) -> Result<Vec<Thread>, HarnessError> {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = threads.iter().map(|(name, book)| {
            let answers = |question: &Question| whole(slack.answers_to(&book.channel, question.ts));
            let questions = book.questions.iter().map(|question| (question.clone(), answers(question))).collect();
            let (mut remembered, mut unfinished) = (None, Vec::new());
            if let Some(root) = book.questions.first().map(|first| first.ts) {
                remembered = context(redis, &format!("slack_conv:{}:{root}", book.channel))?;
                unfinished = slack.read(|workspace| {
                    let own = workspace.messages(&book.channel).filter(|said| said.is_by_bot() && said.root() == root);
                    own.filter(|said| !said.is_a(ANSWER) && !said.is_a(NOTICE)).map(|said| said.ts).collect()
                });
            }
            Ok(Thread { name: name.clone(), questions, context: remembered, unfinished })
        });
        seen.collect()
    }
}

/// The answers that these messages are: those of one answer together, if all are there once; each other one by itself.
pub fn whole(mut messages: Vec<Message>) -> Vec<Answer> {
    let named = |message: &Message| {
        let payload = message.metadata.as_ref().map(|metadata| &metadata.event_payload);
        let text = |key: &str| payload.and_then(|payload| payload.get(key)?.as_str()).unwrap_or_default().to_owned();
        (text("answer"), text("part"))
    };
    messages.sort_by_cached_key(named);
    let of_one = |one: &Message, other: &Message| named(one).0 == named(other).0;
    let mut answers = Vec::new();
    for group in messages.chunk_by(of_one) {
        let is_whole =
            group.iter().enumerate().all(|(place, one)| named(one).1 == format!("{}/{}", place + 1, group.len()));
        if is_whole {
            let said = |(place, message): (usize, &Message)| {
                // What tells a reader how the messages belong together.
                let label = format!("_({}/{})_\n\n", place + 1, group.len());
                message.text.strip_prefix(&label).unwrap_or(&message.text).to_owned()
            };
            let text = group.iter().enumerate().map(said).collect::<Vec<_>>().join("\n");
            answers.push(Answer { ts: group[0].ts, text, at: group[0].sent_at });
        } else {
            let alone = group.iter();
            answers.extend(alone.map(|one| Answer {
                ts: one.ts,
                text: format!("{} (a part)", one.text),
                at: one.sent_at,
            }));
        }
    }
    answers.sort_by_key(|answer| answer.ts);
    answers
}

/// A thread's context as it stands in Redis; none = there is none, or it is no list of entries.
fn context(redis: &Redis, key: &str) -> Result<Option<Vec<Entry>>, HarnessError> {
    let text: Option<String> = redis.command(&["GET", key])?;
    let Some(Ok(Value::Array(entries))) = text.as_deref().map(serde_json::from_str::<Value>) else { return Ok(None) };
    let entry = |entry: Value| {
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        Entry { role: text("role"), content: text("content") }
    };
    Ok(Some(entries.into_iter().map(entry).collect()))
}
