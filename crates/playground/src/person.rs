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
    workspace::{Author, Draft, Kind, Message, Upload, Workspace},
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
        self.say_with_files(channel, user, text, thread_ts, Vec::new())
    }

    /// Somebody says something and shares files with it; with files the text may be empty. [`Playground::say`] otherwise.
    ///
    /// # Errors
    /// As [`Playground::say`].
    pub fn say_with_files(
        &self,
        channel: &ChannelId,
        user: &UserId,
        text: &str,
        thread_ts: Option<MessageTs>,
        files: Vec<Upload>,
    ) -> Result<Said, PlaygroundError> {
        say(&self.site, channel, user, text, thread_ts, files)
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

/// [`Playground::say_with_files`], for the control routes too.
pub(crate) fn say(
    site: &Site,
    channel: &ChannelId,
    user: &UserId,
    text: &str,
    thread_ts: Option<MessageTs>,
    files: Vec<Upload>,
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
            blocks: (!text.is_empty()).then(|| rich_text(text)),
            files,
            metadata: None,
            broadcast: false,
            streaming: false,
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
