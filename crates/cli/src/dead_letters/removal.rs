//! Removing dead letters for good.

use std::{process::ExitCode, time::Duration};

use queue::rabbitmq::Desk;
use shared::clock::Clock;

use super::{groups, letter::Told, named, with_letters};
use crate::terminal::duration;

/// Removes each question that is named, or none if one is not there.
pub(super) async fn remove_named(broker: &Desk, names: &[String]) -> anyhow::Result<ExitCode> {
    with_letters(broker, &broker.topology().dead(), async |reading| {
        let groups = groups(reading.letters());
        let chosen = names.iter().map(|name| named(&groups, name)).collect::<anyhow::Result<Vec<_>>>()?;
        for (told, letters) in chosen {
            for letter in letters {
                reading.remove(letter).await?;
            }
            println!("{} {}: removed", told.id(), told.place());
        }
        Ok(ExitCode::SUCCESS)
    })
    .await
}

/// Removes what was given up longer ago than `keep`. What does not say when it was given up stays.
pub(super) async fn prune(broker: &Desk, keep: Duration) -> anyhow::Result<ExitCode> {
    let before = Clock::System.millis().saturating_sub(u64::try_from(keep.as_millis()).unwrap_or(u64::MAX));
    with_letters(broker, &broker.topology().dead(), async |reading| {
        let mut removed = 0;
        for letter in reading.letters().iter().filter(|letter| letter.given_up_ms().is_some_and(|at| at < before)) {
            reading.remove(letter).await?;
            let told = Told::of(letter);
            println!("{} {}: removed", told.id(), told.place());
            removed += 1;
        }
        let left = reading.letters().len() - removed;
        println!("{removed} older than {} removed, {left} kept", duration(keep));
        Ok(ExitCode::SUCCESS)
    })
    .await
}
