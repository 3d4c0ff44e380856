//! Messages beyond the life of the process.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{Author, Channel, Message, Workspace};

/// A message with what it needs to be put back: its place and the name of its author.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    channel: Channel,
    /// None = the bot.
    author: Option<String>,
    message: Message,
}

/// Takes each message as it is stored or changed.
#[derive(Clone)]
pub(crate) struct Keeper(pub(crate) Arc<dyn Fn(&Record) + Send + Sync>);

impl Record {
    /// The message's identity; a later form of it has the same.
    pub fn key(&self) -> String {
        format!("{}:{}", self.message.channel, self.message.ts)
    }
}

impl Workspace {
    /// Tells the keeper of a message.
    pub(super) fn keep(&self, message: &Message) {
        let (Some(Keeper(keep)), Some(channel)) = (&self.keeper, self.channels.get(&message.channel)) else { return };
        let author = match &message.author {
            Author::Person(user) => self.people.get(user).cloned(),
            Author::Bot => None,
        };
        keep(&Record { channel: channel.clone(), author, message: message.clone() });
    }

    /// Puts a message back, with its channel and its author.
    pub(crate) fn restore(&mut self, record: Record) {
        let Record { channel, author, message } = record;
        self.channels.entry(channel.id.clone()).or_insert(channel);
        if let (Author::Person(user), Some(name)) = (&message.author, author) {
            self.people.entry(user.clone()).or_insert(name);
        }
        self.last_ts = self.last_ts.max(message.ts.micros());
        self.replace(message);
    }

    /// What people said that the bot neither answered nor gave up, oldest first.
    pub(crate) fn unanswered(&self) -> Vec<Message> {
        let asked = self.visible().filter(|message| !message.is_by_bot());
        let open = asked.filter(|message| {
            let (channel, ts) = (&message.channel, message.ts);
            self.answers_to(channel, ts).next().is_none() && self.notices_about(channel, ts).next().is_none()
        });
        let mut open: Vec<Message> = open.cloned().collect();
        open.sort_by_key(|message| message.ts);
        open
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keeper").finish_non_exhaustive()
    }
}
