//! What the simulated workspace holds: channels, people, messages, and what the bot did.
//!
//! Plain data without HTTP: people's acts ([`crate::person`]) and the Web API ([`crate::api`]) change it, tests read it.

mod call;
mod channel;
mod file;
mod message;
mod record;
mod revisions;
mod step;
mod trace;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::Value;
use shared::{
    answer::Format,
    clock::Clock,
    ids::{ChannelId, EventId, EventKey, UserId},
    ts::MessageTs,
};

pub use self::{
    call::{Arguments, Call},
    channel::{Channel, Kind},
    file::{File, Upload},
    message::{ANSWER, Author, Message, Metadata, NOTICE},
    record::Record,
    step::{Stage, Step},
};
pub(crate) use self::{
    message::Replies,
    record::Keeper,
    revisions::{Revisions, Subject},
    trace::{Progress, Question, Trace, Traces},
};
use crate::{
    api::Method,
    delivery::Delivery,
    options::{Identity, Options},
};

/// A message that only one person sees (chat.postEphemeral).
#[derive(Debug, Clone)]
pub struct Ephemeral {
    /// Where it is shown.
    pub channel: ChannelId,
    /// Who sees it.
    pub user: UserId,
    /// The thread it is shown in.
    pub thread_ts: Option<MessageTs>,
    /// What it says.
    pub text: String,
}

/// Slack takes a status away after two minutes (<https://docs.slack.dev/reference/methods/assistant.threads.setStatus>).
const STATUS_LASTS_MS: u64 = 120_000;

/// Not in the reference: clients find that Slack takes nothing more of a stream five minutes after its start.
const STREAM_LASTS_MS: u64 = 300_000;

/// What the bot shows itself doing in a thread.
#[derive(Debug)]
pub(crate) struct Status {
    pub(crate) text: String,
    /// Ms since 1970.
    pub(crate) until: u64,
}

/// A message before it has its timestamp.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) channel: ChannelId,
    pub(crate) thread_ts: Option<MessageTs>,
    pub(crate) author: Author,
    pub(crate) text: String,
    pub(crate) format: Format,
    pub(crate) blocks: Option<Value>,
    pub(crate) files: Vec<Upload>,
    pub(crate) metadata: Option<Metadata>,
    pub(crate) broadcast: bool,
    /// Whether the bot goes on with it.
    pub(crate) streaming: bool,
    /// How long after it was sent it can be read back.
    pub(crate) readable_after: Duration,
}

/// The state of the simulated workspace.
#[derive(Debug)]
pub struct Workspace {
    pub(crate) identity: Identity,
    pub(crate) channels: HashMap<ChannelId, Channel>,
    pub(crate) people: HashMap<UserId, String>,
    messages: BTreeMap<ChannelId, BTreeMap<MessageTs, Message>>,
    /// Where the replies to a root are, so that a long channel stays quick to ask.
    threads: HashMap<(ChannelId, MessageTs), BTreeSet<MessageTs>>,
    /// Where the messages are whose metadata names, or once named, a question.
    by_question: HashMap<(ChannelId, String), BTreeSet<MessageTs>>,
    pub(crate) ephemerals: Vec<Ephemeral>,
    pub(crate) statuses: HashMap<(ChannelId, MessageTs), Status>,
    /// Title and message of the questions that the bot offers in direct messages.
    pub(crate) prompts: HashMap<ChannelId, Vec<(String, String)>>,
    /// The bot's names for threads of direct messages.
    pub(crate) titles: HashMap<(ChannelId, MessageTs), String>,
    pub(crate) calls: Vec<Call>,
    violations: Vec<String>,
    strict: bool,
    pub(crate) echoes: Vec<Delivery>,
    pub(crate) traces: Traces,
    pub(crate) revisions: Revisions,
    pub(crate) keeper: Option<Keeper>,
    clock: Clock,
    last_ts: u64,
    random: StdRng,
}

impl Workspace {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            identity: options.identity.clone(),
            channels: HashMap::new(),
            people: HashMap::new(),
            messages: BTreeMap::new(),
            threads: HashMap::new(),
            by_question: HashMap::new(),
            ephemerals: Vec::new(),
            statuses: HashMap::new(),
            prompts: HashMap::new(),
            titles: HashMap::new(),
            calls: Vec::new(),
            violations: Vec::new(),
            strict: options.strict,
            echoes: Vec::new(),
            traces: Traces::default(),
            revisions: Revisions::default(),
            keeper: None,
            clock: options.clock.clone(),
            last_ts: 0,
            random: StdRng::seed_from_u64(options.seed),
        }
    }

    /// Who the workspace and the bot are.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// A channel.
    pub fn channel(&self, id: &ChannelId) -> Option<&Channel> {
        self.channels.get(id)
    }

    /// All visible messages of a channel, oldest first, replies included.
    pub fn messages(&self, channel: &ChannelId) -> impl Iterator<Item = &Message> {
        self.all_messages(channel).filter(|message| !message.deleted)
    }

    /// All messages that were ever written in a channel, oldest first: also the deleted ones.
    pub fn all_messages(&self, channel: &ChannelId) -> impl Iterator<Item = &Message> {
        self.messages.get(channel).into_iter().flat_map(BTreeMap::values)
    }

    /// The visible replies in a thread, oldest first, without its root.
    pub fn replies<'a>(
        &'a self,
        channel: &'a ChannelId,
        root: MessageTs,
    ) -> impl Iterator<Item = &'a Message> + use<'a> {
        let replies = self.threads.get(&(channel.clone(), root)).into_iter().flatten();
        replies.filter_map(|ts| self.message(channel, *ts))
    }

    /// A message that was not deleted.
    pub fn message(&self, channel: &ChannelId, ts: MessageTs) -> Option<&Message> {
        self.stored(channel, ts).filter(|message| !message.deleted)
    }

    /// The visible answers to the question `ts`, in whatever thread of the channel they stand.
    pub fn answers_to<'a>(
        &'a self,
        channel: &'a ChannelId,
        ts: MessageTs,
    ) -> impl Iterator<Item = &'a Message> + use<'a> {
        self.about(ANSWER, channel, ts)
    }

    /// The visible notices about the question `ts`.
    pub fn notices_about<'a>(
        &'a self,
        channel: &'a ChannelId,
        ts: MessageTs,
    ) -> impl Iterator<Item = &'a Message> + use<'a> {
        self.about(NOTICE, channel, ts)
    }

    fn about<'a>(
        &'a self,
        event_type: &'static str,
        channel: &'a ChannelId,
        ts: MessageTs,
    ) -> impl Iterator<Item = &'a Message> + use<'a> {
        let key = EventKey::of(channel, &ts);
        let candidates = self.by_question.get(&(channel.clone(), key.to_string())).into_iter().flatten();
        candidates
            .filter_map(|ts| self.message(channel, *ts))
            .filter(move |message| message.is_by_bot() && message.is_a(event_type) && message.is_about(&key))
    }

    /// All visible notices, in every channel.
    pub fn notices(&self) -> impl Iterator<Item = &Message> {
        self.visible().filter(|message| message.is_by_bot() && message.is_a(NOTICE))
    }

    /// What only one person sees, oldest first.
    pub fn ephemerals(&self) -> &[Ephemeral] {
        &self.ephemerals
    }

    /// What the bot shows itself doing in a thread (`is thinking…`); the bot's next message there clears it, and so do two
    /// minutes.
    pub fn status(&self, channel: &ChannelId, root: MessageTs) -> Option<&str> {
        let status = self.statuses.get(&(channel.clone(), root))?;
        (self.clock.millis() < status.until).then_some(status.text.as_str())
    }

    /// Shows a status; an empty one takes it away.
    pub(crate) fn set_status(&mut self, channel: ChannelId, root: MessageTs, text: String) {
        if text.is_empty() {
            self.statuses.remove(&(channel, root));
        } else {
            let until = self.clock.millis() + STATUS_LASTS_MS;
            self.statuses.insert((channel, root), Status { text, until });
        }
    }

    /// Whether the bot can still go on with a message that it streams.
    pub fn is_streaming(&self, message: &Message) -> bool {
        message.streaming_until.is_some_and(|until| self.clock.millis() < until)
    }

    /// The calls of a method, oldest first.
    pub fn calls(&self, method: Method) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(move |call| call.method == method)
    }

    /// What the bot sent that Slack's reference does not describe, in sentences. Empty in a good test.
    pub fn violations(&self) -> &[String] {
        &self.violations
    }

    /// How the events about the bot's own messages were delivered.
    pub fn echoes(&self) -> &[Delivery] {
        &self.echoes
    }

    /// Records what Slack's reference does not describe, if the playground is strict.
    pub(crate) fn violation(&mut self, what: impl Into<String>) {
        if self.strict {
            self.violations.push(what.into());
        }
    }

    /// The next timestamp: now, and later than every one before.
    pub(crate) fn next_ts(&mut self) -> MessageTs {
        self.last_ts = (self.last_ts + 1).max(self.clock.millis() * 1000);
        MessageTs::from_micros(self.last_ts).expect("microseconds fit into 53 bits until the year 2255")
    }

    /// Milliseconds since 1970.
    pub(crate) fn millis(&self) -> u64 {
        self.clock.millis()
    }

    /// Seconds since 1970.
    pub(crate) fn seconds(&self) -> u64 {
        self.clock.seconds()
    }

    pub(crate) fn next_event_id(&mut self) -> EventId {
        EventId::new(format!("Ev{:012X}", self.random.random::<u64>() >> 16))
    }

    pub(crate) fn next_client_msg_id(&mut self) -> String {
        uuid::Builder::from_random_bytes(self.random.random()).into_uuid().to_string()
    }

    /// A new id of Slack's form: `prefix`, then ten digits and capital letters.
    pub(crate) fn next_id(&mut self, prefix: char) -> String {
        format!("{prefix}{:010X}", self.random.random::<u64>() >> 24)
    }

    /// Stores a message and gives it its timestamp.
    pub(crate) fn add(&mut self, draft: Draft) -> Message {
        let ts = self.next_ts();
        let now = Instant::now();
        let files = draft.files.into_iter().map(|upload| File::new(self.next_id('F'), upload)).collect();
        let message = Message {
            channel: draft.channel,
            ts,
            thread_ts: draft.thread_ts,
            author: draft.author,
            text: draft.text,
            format: draft.format,
            blocks: draft.blocks,
            files,
            metadata: draft.metadata,
            edited: None,
            deleted: false,
            broadcast: draft.broadcast,
            streaming_until: draft.streaming.then(|| self.clock.millis() + STREAM_LASTS_MS),
            sent_at: now,
            readable_from: now + draft.readable_after,
        };
        if message.is_by_bot() {
            self.statuses.remove(&(message.channel.clone(), message.root()));
        }
        self.replace(message.clone());
        message
    }

    /// A message, deleted or not.
    pub(crate) fn stored(&self, channel: &ChannelId, ts: MessageTs) -> Option<&Message> {
        self.messages.get(channel)?.get(&ts)
    }

    /// All messages of all channels that were not deleted.
    fn visible(&self) -> impl Iterator<Item = &Message> {
        self.messages.values().flat_map(BTreeMap::values).filter(|message| !message.deleted)
    }

    /// Stores a message, in the place of its older form if there is one.
    pub(crate) fn replace(&mut self, message: Message) {
        self.keep(&message);
        if let Some(root) = message.thread_ts {
            self.threads.entry((message.channel.clone(), root)).or_default().insert(message.ts);
        }
        if let Some(key) = message.metadata.as_ref().and_then(Metadata::event_key) {
            self.by_question.entry((message.channel.clone(), key.to_owned())).or_default().insert(message.ts);
        }
        self.revisions.touch(Subject::Message(message.channel.clone(), message.ts));
        self.messages.entry(message.channel.clone()).or_default().insert(message.ts, message);
    }

    /// What the root of a thread shows of its replies.
    pub(crate) fn reply_summary(&self, channel: &ChannelId, root: MessageTs) -> Replies {
        let mut summary = Replies::default();
        for reply in self.replies(channel, root) {
            summary.count += 1;
            summary.latest = Some(reply.ts);
        }
        summary
    }

    /// The message object as events and answers show it.
    pub(crate) fn show(&self, message: &Message, with_metadata: bool) -> Value {
        let replies = match message.thread_ts {
            None => self.reply_summary(&message.channel, message.ts),
            Some(_) => Replies::default(),
        };
        let root = message.thread_ts.and_then(|root| self.stored(&message.channel, root));
        let root_author = root.map(|root| match &root.author {
            Author::Person(user) => user.as_str(),
            Author::Bot => self.identity.bot_user.as_str(),
        });
        message.to_json(&self.identity, &replies, root_author, with_metadata)
    }

    /// The state in numbers, for the message of a test that waited in vain.
    pub(crate) fn summary(&self) -> String {
        let (bot, people): (Vec<_>, Vec<_>) = self.visible().partition(|message| message.is_by_bot());
        let last = self.calls.last().map_or("none", |call| call.method.as_str());
        format!(
            "{} messages of people, {} of the bot, {} calls (last: {last}), {} violations",
            people.len(),
            bot.len(),
            self.calls.len(),
            self.violations.len()
        )
    }
}
