//! What the server, the sender and the test's handle share.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{runtime::Handle, sync::watch};

use crate::{
    controls::Controls,
    delivery::Sender,
    error::PlaygroundError,
    event::Event,
    fault::{Fault, Rules},
    locked,
    options::Options,
    workspace::{Call, Workspace},
};

/// The shared parts of a running playground. Locks are held for moments, never over an await.
pub(crate) struct Site {
    pub(crate) options: Options,
    pub(crate) sender: Sender,
    /// Names this run of the playground; after a restart, what a page knows is worth nothing.
    pub(crate) run: String,
    workspace: Mutex<Workspace>,
    rules: Mutex<Rules>,
    /// Counts changes of the workspace, to wake those who wait for one.
    changes: watch::Sender<u64>,
    /// Counts changes that only the page shows: they wake no test.
    glimpses: watch::Sender<u64>,
    controls: Mutex<Controls>,
    runtime: Handle,
}

impl Site {
    pub(crate) fn new(options: Options, runtime: Handle) -> Result<Self, PlaygroundError> {
        Ok(Self {
            sender: Sender::new(&options)?,
            workspace: Mutex::new(Workspace::new(&options)),
            rules: Mutex::new(Rules::default()),
            changes: watch::Sender::new(0),
            glimpses: watch::Sender::new(0),
            controls: Mutex::new(Controls::default()),
            run: uuid::Uuid::new_v4().simple().to_string(),
            runtime,
            options,
        })
    }

    /// Reads the workspace.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Workspace) -> T) -> T {
        look(&locked(&self.workspace))
    }

    /// Changes the workspace and wakes those who wait.
    pub(crate) fn change<T>(&self, act: impl FnOnce(&mut Workspace) -> T) -> T {
        let result = act(&mut locked(&self.workspace));
        self.changes.send_modify(|changes| *changes += 1);
        self.glimpses.send_modify(|glimpses| *glimpses += 1);
        result
    }

    /// Changes what only the page shows.
    pub(crate) fn glimpse<T>(&self, act: impl FnOnce(&mut Workspace) -> T) -> T {
        let result = act(&mut locked(&self.workspace));
        self.glimpses.send_modify(|glimpses| *glimpses += 1);
        result
    }

    /// Wakes at each change from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Wakes at each change from now on, also at those that only the page shows.
    pub(crate) fn glimpses(&self) -> watch::Receiver<u64> {
        self.glimpses.subscribe()
    }

    pub(crate) fn controls(&self) -> Controls {
        locked(&self.controls).clone()
    }

    pub(crate) fn set_controls(&self, controls: Controls) {
        *locked(&self.controls) = controls;
        self.glimpses.send_modify(|glimpses| *glimpses += 1);
    }

    pub(crate) fn rules<T>(&self, act: impl FnOnce(&mut Rules) -> T) -> T {
        act(&mut locked(&self.rules))
    }

    /// [`Workspace::violation`].
    pub(crate) fn violation(&self, what: impl Into<String>) {
        self.change(|workspace| workspace.violation(what));
    }

    /// Records a call with the fault that befalls it; its place in the log is for [`Site::refused`].
    pub(crate) fn begin(&self, call: Call) -> (usize, Option<Fault>) {
        let fault = self.befall(&call);
        let place = self.change(|workspace| workspace.record(Call { fault: fault.clone(), ..call }));
        (place, fault)
    }

    fn befall(&self, call: &Call) -> Option<Fault> {
        self.rules(|rules| rules.befall(call.method, &call.arguments))
    }

    /// Records with which error a call was refused.
    pub(crate) fn refused(&self, place: usize, error: &'static str) {
        self.change(|workspace| {
            if let Some(call) = workspace.calls.get_mut(place) {
                call.error = Some(error);
            }
        });
    }

    /// Tells the ingresses what the bot itself did, as Slack does.
    pub(crate) fn echo(self: &Arc<Self>, events: Vec<Event>) {
        if !self.options.echo_own_messages || !self.sender.has_urls() {
            return;
        }
        for event in events {
            let site = Arc::clone(self);
            self.spawn(async move {
                let delivery = site.deliver(&event, None).await;
                site.change(|workspace| workspace.echoes.push(delivery));
            });
        }
    }

    /// Tells the ingresses, with Slack's retries, and waits for nothing.
    pub(crate) fn send(self: &Arc<Self>, events: Vec<Event>) {
        for event in events {
            let site = Arc::clone(self);
            self.spawn(async move { drop(site.deliver(&event, None).await) });
        }
    }

    /// Does something on the playground's own runtime, whoever goes away meanwhile.
    pub(crate) fn spawn(&self, act: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(act);
    }

    /// Does something after a while, whoever goes away meanwhile.
    pub(crate) fn later(&self, by: Duration, act: impl FnOnce() + Send + 'static) {
        self.runtime.spawn(async move {
            tokio::time::sleep(by).await;
            act();
        });
    }
}
