//! What answers are made from besides the folder.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{out_of_range, secure_url, within};
use crate::config::{ConfigError, Secret};

/// A search service of your own, asked beside the folder or in its place; `docs/knowledge-http.md` says what it is sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Where questions are sent (POST). None = there is no such service. http only towards this machine.
    pub url: Option<String>,
    /// Sent as `Authorization: Bearer …`. Set by `SEARCH_TOKEN`.
    pub token: Option<Secret>,
    /// What people are told was searched.
    pub name: String,
    /// The longest wait for its answer, a second try included.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// Most passages that it is asked for.
    pub limit: u32,
}

impl Default for Search {
    fn default() -> Self {
        Self {
            url: None,
            token: None,
            name: "the search service".to_owned(),
            timeout: Duration::from_secs(5),
            limit: 12,
        }
    }
}

impl Search {
    pub(in crate::config) fn validate(&self) -> Result<(), ConfigError> {
        if let Some(url) = &self.url {
            secure_url("search.url", url)?;
        }
        if self.name.trim().is_empty() {
            return Err(out_of_range("search.name", "", "a name: it is shown to people"));
        }
        let (shortest, longest) = (Duration::from_millis(100), Duration::from_mins(1));
        if !(shortest..=longest).contains(&self.timeout) {
            let value = humantime::format_duration(self.timeout);
            return Err(out_of_range("search.timeout", value, "100ms to 1m"));
        }
        within("search.limit", self.limit.into(), 1..=100, "1 to 100 passages")
    }
}
