//! What a desk tells about the broker itself; nothing there is changed.

use std::pin::pin;

use futures_util::StreamExt;
use lapin::{
    Event, ExchangeKind,
    options::{BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions},
    types::FieldTable,
};

use super::desk::{Desk, answered, failed, is_missing};
use crate::QueueError;

/// How the queues and exchanges stand.
#[derive(Debug)]
pub enum Standing {
    /// All are there, in the wanted form, and the user may configure, write and read them.
    AsWanted,
    /// These are missing; a service declares them at its start.
    Missing(Vec<String>),
    /// One is in another form, or forbidden.
    Other(QueueError),
}

impl Desk {
    /// Compares the queues and exchanges with what the services declare. Declaring what exists changes nothing and tells
    /// whether it has the wanted form, so it is done only when all of it exists.
    ///
    /// # Errors
    /// When the broker does not answer in time.
    pub async fn standing(&self) -> Result<Standing, QueueError> {
        let topology = self.topology();
        let mut missing = Vec::new();
        for (name, kind) in
            [(topology.slack_unrouted(), ExchangeKind::Fanout), (topology.slack(), ExchangeKind::Direct)]
        {
            let channel = self.channel(&name).await?;
            let passive = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
            let declared = channel.exchange_declare(name.as_str().into(), kind, passive, FieldTable::default());
            match answered(&name, declared).await? {
                Ok(()) => {}
                Err(error) if is_missing(&error) => missing.push(name),
                Err(error) => return Ok(Standing::Other(failed(&name, &error))),
            }
        }
        let mut queues = vec![topology.work(), topology.dead(), topology.unrouted()];
        queues.extend(topology.waits_ms().iter().map(|wait_ms| topology.wait(*wait_ms)));
        for queue in queues {
            match self.count(&queue).await {
                Ok(Some(_)) => {}
                Ok(None) => missing.push(queue),
                Err(error) => return Ok(Standing::Other(error)),
            }
        }
        if !missing.is_empty() {
            return Ok(Standing::Missing(missing));
        }
        let work = topology.work();
        let channel = self.channel(&work).await?;
        Ok(match answered(&work, topology.declare(&channel)).await? {
            Ok(()) => Standing::AsWanted,
            Err(error) => Standing::Other(error),
        })
    }

    /// Whether the broker takes messages: it is told one that no queue gets. While an alarm is on it says so, or nothing.
    ///
    /// # Errors
    /// When it takes none: its reason, or that it did not confirm in time.
    pub async fn takes_messages(&self) -> Result<(), QueueError> {
        let nowhere = format!("{}.nowhere", self.topology().slack());
        let channel = self.channel(&nowhere).await?;
        let confirm = answered(&nowhere, channel.confirm_select(ConfirmSelectOptions::default())).await?;
        confirm.map_err(|error| failed(&nowhere, &error))?;
        let mut events = pin!(self.connection().events_listener());
        let confirmed = async {
            let (key, options) = (nowhere.as_str().into(), BasicPublishOptions::default());
            channel.basic_publish("".into(), key, options, b"", lapin::BasicProperties::default()).await?.await
        };
        let blocked = async {
            loop {
                if let Some(Event::ConnectionBlocked(reason)) = events.next().await {
                    return reason;
                }
            }
        };
        let told = async {
            tokio::select! {
                confirmed = confirmed => confirmed.map(drop).map_err(|error| failed(&nowhere, &error)),
                reason = blocked => Err(QueueError::Blocked { queue: self.topology().work(), reason }),
            }
        };
        answered(&nowhere, told).await?
    }
}
