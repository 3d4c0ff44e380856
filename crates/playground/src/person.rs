//! What people do in the workspace, and the events that follow from it.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use shared::{
    answer::Format,
    ids::{ChannelId, UserId},
    ts::MessageTs,
};
use tokio::task::JoinSet;

use crate::{
    delivery::Delivery,
    error::PlaygroundError,
    event::{Event, rich_text},
    playground::Playground,
    site::Site,
    workspace::{Author, Channel, Draft, Kind, Message, Workspace},
};

/// What somebody said, before anybody was told.
#[derive(Debug, Clone)]
pub struct Said {
    /// Where; with `ts` the message's identity.
    pub channel: ChannelId,
    /// The message's timestamp.
    pub ts: MessageTs,
    /// The events that Slack sends about it, in its order. Deliver them, or lose one, or swap them.
    pub events: Vec<Event>,
}

/// What somebody said and how the ingresses took it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Where; with `ts` the message's identity.
    pub channel: ChannelId,
    /// The message's timestamp.
    pub ts: MessageTs,
    /// One delivery for each event, in the order in which they ended.
    pub deliveries: Vec<Delivery>,
}

impl Asked {
    /// Whether an ingress took at least one event about the message: Slack keeps its side, the bot has to answer.
    pub fn is_acked(&self) -> bool {
        self.deliveries.iter().any(Delivery::is_acked)
    }
}

impl Playground {
    /// Opens a public channel of this name.
    pub fn channel(&self, name: &str) -> ChannelId {
        self.site.change(|workspace| public_channel(workspace, name))
    }

    /// Opens a private channel of this name.
    pub fn private_channel(&self, name: &str) -> ChannelId {
        self.site.change(|workspace| {
            let id = ChannelId::new(workspace.next_id('G'));
            open(workspace, Channel::new(id, Kind::Private, name))
        })
    }

    /// The direct messages between a person and the bot.
    pub fn direct_messages(&self, with: &UserId) -> ChannelId {
        self.site.change(|workspace| direct_messages(workspace, with))
    }

    /// Opens a channel of a known id, if it is not there yet; `D…` are the direct messages with `person`, `G…` is
    /// private.
    pub fn open_channel(&self, id: &ChannelId, person: &UserId) {
        open_channel(&self.site, id, person);
    }

    /// Archives a channel, removes the bot from it, renames it, …
    ///
    /// # Errors
    /// When there is no such channel.
    pub fn change_channel(&self, id: &ChannelId, act: impl FnOnce(&mut Channel)) -> Result<(), PlaygroundError> {
        self.site.change(|workspace| {
            let channel = workspace.channels.get_mut(id).ok_or_else(|| PlaygroundError::NoChannel(id.clone()))?;
            act(channel);
            Ok(())
        })
    }

    /// A new person of this name.
    pub fn person(&self, name: &str) -> UserId {
        self.site.change(|workspace| add_named(workspace, name))
    }

    /// Channels and people to begin with, for whoever opens the page; those that are there already stay.
    pub fn furnish(&self) {
        self.site.change(furnish);
    }

    /// A person of a known id, if they are not there yet.
    pub fn add_person(&self, id: &UserId) {
        add_person(&self.site, id);
    }

    /// Somebody says something: `text` in Slack's form (`&lt;` escaped, `<@U…>` mentions). Nobody is told yet.
    ///
    /// # Errors
    /// When the channel, the person or the thread's root does not exist.
    pub fn say(
        &self,
        channel: &ChannelId,
        user: &UserId,
        text: &str,
        thread_ts: Option<MessageTs>,
    ) -> Result<Said, PlaygroundError> {
        say(&self.site, channel, user, text, thread_ts)
    }

    /// Somebody mentions the bot and asks; [`Playground::say`] with the mention before the text. In a channel there
    /// are two events: the `app_mention` and its `message` twin, of different ids and one ts.
    ///
    /// # Errors
    /// As [`Playground::say`].
    pub fn mention(
        &self,
        channel: &ChannelId,
        user: &UserId,
        text: &str,
        thread_ts: Option<MessageTs>,
    ) -> Result<Said, PlaygroundError> {
        let text = format!("{} {text}", self.site.options.identity.mention());
        self.say(channel, user, &text, thread_ts)
    }

    /// Somebody asks the bot, and Slack tells the ingresses, with its retries: a mention, or in direct messages the
    /// bare text.
    ///
    /// # Errors
    /// As [`Playground::say`].
    pub async fn ask(
        &self,
        channel: &ChannelId,
        user: &UserId,
        text: &str,
        thread_ts: Option<MessageTs>,
    ) -> Result<Asked, PlaygroundError> {
        let direct = self.read(|workspace| {
            workspace.channel(channel).is_some_and(|channel| matches!(channel.kind, Kind::DirectMessages(_)))
        });
        let said = if direct {
            self.say(channel, user, text, thread_ts)?
        } else {
            self.mention(channel, user, text, thread_ts)?
        };
        Ok(self.tell(said).await)
    }

    /// Delivers all events of a message at the same time, with Slack's retries, to the ingresses in turn.
    pub async fn tell(&self, said: Said) -> Asked {
        tell(&self.site, said).await
    }

    /// Somebody edits their message.
    ///
    /// # Errors
    /// When there is no such message.
    pub fn edit(&self, channel: &ChannelId, ts: MessageTs, text: &str) -> Result<Vec<Event>, PlaygroundError> {
        edit(&self.site, channel, ts, text)
    }

    /// Somebody deletes their message.
    ///
    /// # Errors
    /// When there is no such message.
    pub fn delete(&self, channel: &ChannelId, ts: MessageTs) -> Result<Vec<Event>, PlaygroundError> {
        delete(&self.site, channel, ts)
    }

    /// Any other event, `inner` as in Slack's reference (<https://docs.slack.dev/reference/events>), in the envelope
    /// of this workspace.
    pub fn event(&self, inner: &Value) -> Event {
        self.site.change(|workspace| Event::wrap(workspace, inner))
    }
}

/// What [`Playground::furnish`] brings.
const CHANNELS: [(&str, &str); 3] = [("C0GENERAL", "general"), ("C0HELP", "help"), ("C0RANDOM", "random")];
const PEOPLE: [(&str, &str); 3] = [("U0YOU", "you"), ("U0ADA", "ada"), ("U0GRACE", "grace")];

fn furnish(workspace: &mut Workspace) {
    for (id, name) in CHANNELS {
        let id = ChannelId::new(id);
        workspace.channels.entry(id.clone()).or_insert_with(|| Channel::new(id, Kind::Public, name));
    }
    for (id, name) in PEOPLE {
        let person = UserId::new(id);
        workspace.people.entry(person.clone()).or_insert_with(|| name.to_owned());
        direct_messages(workspace, &person);
    }
}

/// [`Playground::channel`], for the page too.
pub(crate) fn public_channel(workspace: &mut Workspace, name: &str) -> ChannelId {
    let id = ChannelId::new(workspace.next_id('C'));
    open(workspace, Channel::new(id, Kind::Public, name))
}

/// A new person, with direct messages to write to the bot.
pub(crate) fn newcomer(workspace: &mut Workspace, name: &str) -> UserId {
    let id = add_named(workspace, name);
    direct_messages(workspace, &id);
    id
}

fn add_named(workspace: &mut Workspace, name: &str) -> UserId {
    let id = UserId::new(workspace.next_id('U'));
    workspace.people.insert(id.clone(), name.to_owned());
    id
}

fn direct_messages(workspace: &mut Workspace, with: &UserId) -> ChannelId {
    let kind = Kind::DirectMessages(with.clone());
    let opened = workspace.channels.values().find(|channel| channel.kind == kind).map(|known| known.id.clone());
    opened.unwrap_or_else(|| {
        let id = ChannelId::new(workspace.next_id('D'));
        open(workspace, Channel::new(id, kind, ""))
    })
}

/// [`Playground::open_channel`], for the control routes too.
pub(crate) fn open_channel(site: &Site, id: &ChannelId, person: &UserId) {
    let kind = match id.as_str().chars().next() {
        Some('D') => Kind::DirectMessages(person.clone()),
        Some('G') => Kind::Private,
        _ => Kind::Public,
    };
    site.change(|workspace| {
        if !workspace.channels.contains_key(id) {
            let name = id.as_str().to_lowercase();
            open(workspace, Channel::new(id.clone(), kind, &name));
        }
    });
}

/// [`Playground::add_person`], for the control routes too.
pub(crate) fn add_person(site: &Site, id: &UserId) {
    site.change(|workspace| {
        workspace.people.entry(id.clone()).or_insert_with(|| id.as_str().to_lowercase());
    });
}

/// [`Playground::say`], for the control routes too.
pub(crate) fn say(
    site: &Site,
    channel: &ChannelId,
    user: &UserId,
    text: &str,
    thread_ts: Option<MessageTs>,
) -> Result<Said, PlaygroundError> {
    site.change(|workspace| {
        require(workspace, channel, user)?;
        if let Some(root) = thread_ts
            && workspace.stored(channel, root).is_none()
        {
            return Err(PlaygroundError::NoMessage { channel: channel.clone(), ts: root });
        }
        let message = workspace.add(Draft {
            channel: channel.clone(),
            thread_ts,
            author: Author::Person(user.clone()),
            text: text.to_owned(),
            format: Format::Plain,
            blocks: Some(rich_text(text)),
            metadata: None,
            broadcast: false,
            readable_after: Duration::ZERO,
        });
        let events = Event::about_new(workspace, &message);
        Ok(Said { channel: message.channel, ts: message.ts, events })
    })
}

/// [`Playground::edit`], for the page too.
pub(crate) fn edit(site: &Site, channel: &ChannelId, ts: MessageTs, text: &str) -> Result<Vec<Event>, PlaygroundError> {
    site.change(|workspace| {
        let before = existing(workspace, channel, ts)?;
        let edited = workspace.next_ts();
        let mut after = before.clone();
        text.clone_into(&mut after.text);
        after.blocks = Some(rich_text(text));
        after.edited = Some(edited);
        workspace.replace(after.clone());
        Ok(Event::about_edited(workspace, &before, &after))
    })
}

/// [`Playground::delete`], for the page too.
pub(crate) fn delete(site: &Site, channel: &ChannelId, ts: MessageTs) -> Result<Vec<Event>, PlaygroundError> {
    site.change(|workspace| {
        let mut message = existing(workspace, channel, ts)?;
        message.deleted = true;
        workspace.replace(message.clone());
        Ok(Event::about_deleted(workspace, &message))
    })
}

/// [`Playground::tell`], for the control routes too.
pub(crate) async fn tell(site: &Arc<Site>, said: Said) -> Asked {
    let mut running = JoinSet::new();
    for event in said.events {
        let site = Arc::clone(site);
        running.spawn(async move { site.deliver(&event, None).await });
    }
    Asked { channel: said.channel, ts: said.ts, deliveries: running.join_all().await }
}

fn open(workspace: &mut Workspace, channel: Channel) -> ChannelId {
    let id = channel.id.clone();
    if let Kind::DirectMessages(user) = &channel.kind {
        workspace.people.entry(user.clone()).or_insert_with(|| user.as_str().to_lowercase());
    }
    workspace.channels.insert(id.clone(), channel);
    id
}

fn require(workspace: &Workspace, channel: &ChannelId, user: &UserId) -> Result<(), PlaygroundError> {
    if !workspace.channels.contains_key(channel) {
        return Err(PlaygroundError::NoChannel(channel.clone()));
    }
    if !workspace.people.contains_key(user) {
        return Err(PlaygroundError::NoPerson(user.clone()));
    }
    Ok(())
}

fn existing(workspace: &Workspace, channel: &ChannelId, ts: MessageTs) -> Result<Message, PlaygroundError> {
    let found = workspace.message(channel, ts).cloned();
    found.ok_or_else(|| PlaygroundError::NoMessage { channel: channel.clone(), ts })
}
