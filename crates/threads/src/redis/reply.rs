//! Reading what a script answered: `{the process' write counter, kind, ...}`.

use redis::Value;
use shared::{ids::BurialId, ts::MessageTs};

use crate::{error::ThreadError, outcome::Stream};

/// A script's answer, read from the front.
#[derive(Debug)]
pub(super) struct Reply {
    call: &'static str,
    key: String,
    values: std::vec::IntoIter<Value>,
}

/// The state of a question that nobody will answer any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Final {
    Done(Vec<MessageTs>),
    Dead { burial: BurialId, told: Option<MessageTs> },
    Withdrawn,
}

impl Reply {
    pub(super) fn new(call: &'static str, key: &str, value: Value) -> Result<Self, ThreadError> {
        let (key, found) = (key.to_owned(), "no list");
        match value {
            Value::Array(values) => Ok(Self { call, key, values: values.into_iter() }),
            _ => Err(ThreadError::Reply { call, key, found: found.to_owned() }),
        }
    }

    /// The answer is not understood; `found` names the part, never its content.
    pub(super) fn unexpected(&self, found: impl Into<String>) -> ThreadError {
        ThreadError::Reply { call: self.call, key: self.key.clone(), found: found.into() }
    }

    pub(super) fn number(&mut self) -> Result<u64, ThreadError> {
        match self.values.next() {
            Some(Value::Int(number)) => u64::try_from(number).map_err(|_| self.unexpected("a negative number")),
            _ => Err(self.unexpected("no number")),
        }
    }

    pub(super) fn bytes(&mut self) -> Result<Option<Vec<u8>>, ThreadError> {
        match self.values.next() {
            Some(Value::BulkString(bytes)) => Ok(Some(bytes)),
            Some(Value::Nil) | None => Ok(None),
            _ => Err(self.unexpected("no text")),
        }
    }

    pub(super) fn text(&mut self) -> Result<String, ThreadError> {
        let bytes = self.bytes()?.ok_or_else(|| self.unexpected("a text is missing"))?;
        String::from_utf8(bytes).map_err(|_| self.unexpected("a text that is not UTF-8"))
    }

    /// A question's stream, `<announced ms>` or `<announced ms>:<ts>`; none = there is none.
    pub(super) fn stream(&mut self) -> Result<Option<Stream>, ThreadError> {
        let Some(bytes) = self.bytes()? else { return Ok(None) };
        let read = || {
            let text = std::str::from_utf8(&bytes).ok()?;
            let (announced, message) = text.split_once(':').map_or((text, None), |(at, ts)| (at, Some(ts)));
            let message = message.map(str::parse).transpose().ok()?;
            Some(Stream { announced: announced.parse().ok()?, message })
        };
        read().map(Some).ok_or_else(|| self.unexpected("a stream of another form"))
    }

    /// Timestamps with commas between them, in ascending order.
    pub(super) fn timestamps(&mut self) -> Result<Vec<MessageTs>, ThreadError> {
        let text = self.text()?;
        let list: Result<Vec<MessageTs>, _> = text.split(',').filter(|ts| !ts.is_empty()).map(str::parse).collect();
        let mut list = list.map_err(|_| self.unexpected("a list that is not of timestamps"))?;
        list.sort_unstable();
        Ok(list)
    }

    /// A message's timestamp; none = there is none, or something else.
    pub(super) fn timestamp(&mut self) -> Result<Option<MessageTs>, ThreadError> {
        Ok(self.bytes()?.and_then(|ts| std::str::from_utf8(&ts).ok()?.parse().ok()))
    }

    /// The state of a question, as the thread's hash keeps it.
    pub(super) fn final_state(&mut self) -> Result<Final, ThreadError> {
        let text = self.text()?;
        final_state(&text).ok_or_else(|| self.unexpected("an unknown state of the question"))
    }
}

/// A question's state as the thread's hash keeps it, if nobody will answer it any more.
pub(super) fn final_state(text: &str) -> Option<Final> {
    if text == "withdrawn" {
        return Some(Final::Withdrawn);
    }
    if let Some(list) = text.strip_prefix("done:") {
        let list: Result<_, _> = list.split(',').filter(|ts| !ts.is_empty()).map(str::parse).collect();
        return list.map(Final::Done).ok();
    }
    let record = text.strip_prefix("dead:")?;
    let told = record.rsplit_once(':').and_then(|(burial, ts)| Some((burial, ts.parse().ok()?)));
    let (burial, told) = told.map_or((record, None), |(burial, ts)| (burial, Some(ts)));
    Some(Final::Dead { burial: BurialId::new(burial), told })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(text: &str) -> Result<Final, ThreadError> {
        let value = Value::Array(vec![Value::BulkString(text.as_bytes().to_vec())]);
        Reply::new("claim", "k", value)?.final_state()
    }

    #[test]
    fn states_are_read_with_their_details() {
        let ts: MessageTs = "1.000002".parse().unwrap();
        let burial = BurialId::new("b");
        assert_eq!(state("done:1.000002,1.000002").unwrap(), Final::Done(vec![ts, ts]));
        assert_eq!(state("dead:b").unwrap(), Final::Dead { burial: burial.clone(), told: None });
        assert_eq!(state("dead:b:1.000002").unwrap(), Final::Dead { burial, told: Some(ts) });
        assert_eq!(state("withdrawn").unwrap(), Final::Withdrawn);
        assert!(matches!(state("open"), Err(ThreadError::Reply { .. })));
    }
}
