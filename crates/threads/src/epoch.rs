//! Epochs: knowing that the store forgot.
//!
//! An acked question must not be lost with a Redis that was flushed, restored from an older copy or failed over to a
//! replica that lagged behind. Every script counts its process' writes in Redis; a process that finds another epoch, none,
//! or fewer of its own writes than were acknowledged to it knows that writes are lost. Nothing is asked by INFO or CONFIG, so
//! that managed services work. A restart of a Redis that logs to disk (AOF) keeps the epoch.
//!
//! The number in front of an epoch's id grows by one with each loss, which tells a newer epoch from an older one that came
//! back with an old copy of the data.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The name of one epoch: `<number>:<uuid>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EpochId {
    number: u64,
    uuid: Uuid,
}

/// A text that names no epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no epoch: expected `<number>:<uuid>`")]
pub struct NoEpoch;

impl EpochId {
    /// The epoch that follows `known`; the first one if none is known.
    pub fn after(known: Option<EpochId>) -> Self {
        Self { number: known.map_or(0, |id| id.number) + 1, uuid: Uuid::new_v4() }
    }
}

impl fmt::Display for EpochId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, self.uuid.simple())
    }
}

impl FromStr for EpochId {
    type Err = NoEpoch;

    fn from_str(text: &str) -> Result<Self, NoEpoch> {
        let (number, uuid) = text.split_once(':').ok_or(NoEpoch)?;
        let number = number.parse().map_err(|_| NoEpoch)?;
        Ok(Self { number, uuid: Uuid::try_parse(uuid).map_err(|_| NoEpoch)? })
    }
}

impl TryFrom<String> for EpochId {
    type Error = NoEpoch;

    fn try_from(text: String) -> Result<Self, NoEpoch> {
        text.parse()
    }
}

impl From<EpochId> for String {
    fn from(id: EpochId) -> Self {
        id.to_string()
    }
}

/// The epoch in which a question was published; none = the store was never reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochStamp(pub(crate) Option<EpochId>);

impl EpochStamp {
    /// The stamp of `epoch`, for an implementation of the store.
    pub fn of(epoch: Option<EpochId>) -> Self {
        Self(epoch)
    }
}

/// What a store without an epoch means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A first start: `work` and the wait queues are empty, so there is nothing that could have been forgotten.
    FirstStart,
    /// Questions are under way: treated as a loss.
    PossibleLoss,
    /// Nobody could look: another process will.
    Unseen,
}

/// What follows from the epoch that a script found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the one this process knows.
    Same,
    /// Another process set it after a loss, or was here first: take it over.
    Adopt(EpochId),
    /// Writes are lost: set the epoch after the known one.
    Lost(Loss),
}

/// How a loss was noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// There is no epoch, though this process knows one or questions are under way.
    Gone,
    /// The epoch is an older one, or another of the same number.
    Older,
    /// Fewer writes of this process are there than were acknowledged to it.
    Writes,
    /// There is something else in its place.
    Unreadable,
}

impl Loss {
    /// For logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "its epoch is gone",
            Self::Older => "its epoch is an older one",
            Self::Writes => "acknowledged writes are missing",
            Self::Unreadable => "its epoch cannot be read",
        }
    }
}

/// Judges what was found. `refused` = a script that carried `known` was refused by it.
pub fn judge(known: Option<EpochId>, found: Option<&str>, refused: bool) -> Verdict {
    let Some(found) = found else { return Verdict::Lost(Loss::Gone) };
    let Ok(found) = found.parse::<EpochId>() else { return Verdict::Lost(Loss::Unreadable) };
    match known {
        None => Verdict::Adopt(found),
        Some(known) if known == found && refused => Verdict::Lost(Loss::Writes),
        Some(known) if known == found => Verdict::Same,
        Some(known) if found.number > known.number => Verdict::Adopt(found),
        Some(_) => Verdict::Lost(Loss::Older),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text() {
        let id = EpochId::after(None);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("1".parse::<EpochId>(), Err(NoEpoch));
    }

    #[test]
    fn a_higher_number_is_adopted_and_a_lower_or_equal_one_is_a_loss() {
        let first = EpochId::after(None);
        let second = EpochId::after(Some(first));
        let rival = EpochId::after(Some(first));
        assert_eq!(judge(Some(first), Some(&second.to_string()), true), Verdict::Adopt(second));
        assert_eq!(judge(Some(second), Some(&first.to_string()), true), Verdict::Lost(Loss::Older));
        assert_eq!(judge(Some(second), Some(&rival.to_string()), true), Verdict::Lost(Loss::Older));
        assert_eq!(judge(Some(second), Some(&second.to_string()), true), Verdict::Lost(Loss::Writes));
        assert_eq!(judge(Some(second), Some(&second.to_string()), false), Verdict::Same);
        assert_eq!(judge(Some(first), None, true), Verdict::Lost(Loss::Gone));
        assert_eq!(judge(None, Some(&first.to_string()), false), Verdict::Adopt(first));
        assert_eq!(judge(Some(first), Some("x"), true), Verdict::Lost(Loss::Unreadable));
    }
}
