//! Questions that were given up.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::positive;
use crate::config::ConfigError;

/// Questions that were given up.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadLetters {
    /// How long they are kept: `threadkeeper dead-letters prune`, run once a day, removes what was given up before.
    #[serde(with = "humantime_serde")]
    pub keep: Duration,
}

/// Long enough to be looked at after a holiday; what people asked is not kept for ever.
const KEEP: Duration = Duration::from_hours(30 * 24);

impl Default for DeadLetters {
    fn default() -> Self {
        Self { keep: KEEP }
    }
}

impl DeadLetters {
    pub(in crate::config) fn validate(&self) -> Result<(), ConfigError> {
        positive("dead_letters.keep", self.keep)
    }
}
