//! Channels and people: who is in the workspace, and where they write.

use shared::ids::{ChannelId, UserId};

use crate::{
    error::PlaygroundError,
    playground::Playground,
    site::Site,
    workspace::{Channel, Kind, Workspace},
};

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

fn open(workspace: &mut Workspace, channel: Channel) -> ChannelId {
    let id = channel.id.clone();
    if let Kind::DirectMessages(user) = &channel.kind {
        workspace.people.entry(user.clone()).or_insert_with(|| user.as_str().to_lowercase());
    }
    workspace.channels.insert(id.clone(), channel);
    id
}
