//! Slack's message timestamp: the identity of a message in its channel, and its place in the order of a thread.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A message timestamp such as `1729636800.000100`, in integer microseconds.
///
/// Slack promises that `ts` is unique per channel and increases; the order of a thread is this number and never a
/// worker's clock. Below 2^53, so a Redis score holds it exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageTs(u64);

/// A text that is no Slack timestamp.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no Slack timestamp: expected seconds, a point and six digits, like 1729636800.000100")]
pub struct NoTimestamp(String);

/// Largest value that a Redis score and a Lua number hold exactly.
const MAX_MICROS: u64 = (1 << 53) - 1;

impl MessageTs {
    /// The timestamp at `micros` microseconds since 1970.
    ///
    /// # Errors
    /// When the number does not fit into 53 bits.
    pub fn from_micros(micros: u64) -> Result<Self, NoTimestamp> {
        if micros > MAX_MICROS {
            return Err(NoTimestamp(micros.to_string()));
        }
        Ok(Self(micros))
    }

    /// Microseconds since 1970.
    pub fn micros(self) -> u64 {
        self.0
    }

    /// Milliseconds since 1970.
    pub fn millis(self) -> u64 {
        self.0 / 1000
    }
}

impl FromStr for MessageTs {
    type Err = NoTimestamp;

    fn from_str(text: &str) -> Result<Self, NoTimestamp> {
        let refused = || NoTimestamp(text.chars().take(40).collect());
        let (seconds, micros) = text.split_once('.').ok_or_else(refused)?;
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        // Only the canonical form: the text is part of a Redis key, so it has to survive a round trip.
        let canonical = seconds == "0" || !seconds.starts_with('0');
        if !digits(seconds) || !canonical || micros.len() != 6 || !digits(micros) {
            return Err(refused());
        }
        let seconds: u64 = seconds.parse().map_err(|_| refused())?;
        let micros: u64 = micros.parse().map_err(|_| refused())?;
        let all = seconds.checked_mul(1_000_000).and_then(|s| s.checked_add(micros)).ok_or_else(refused)?;
        Self::from_micros(all).map_err(|_| refused())
    }
}

impl TryFrom<String> for MessageTs {
    type Error = NoTimestamp;

    fn try_from(text: String) -> Result<Self, NoTimestamp> {
        text.parse()
    }
}

impl From<MessageTs> for String {
    fn from(ts: MessageTs) -> Self {
        ts.to_string()
    }
}

impl fmt::Display for MessageTs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("")]
    #[case("1729636800")]
    #[case("1729636800.1")]
    #[case("01729636800.000100")]
    #[case("1729636800.0001000")]
    #[case("-1.000000")]
    #[case("+1.000000")]
    #[case("99999999999.000000")]
    fn refuses_what_does_not_survive_a_round_trip(#[case] text: &str) {
        assert!(text.parse::<MessageTs>().is_err());
    }

    proptest! {
        #[test]
        fn prints_what_it_parsed(micros in 0..=MAX_MICROS) {
            let ts = MessageTs::from_micros(micros).unwrap();
            prop_assert_eq!(ts.to_string().parse::<MessageTs>().unwrap(), ts);
        }
    }
}
