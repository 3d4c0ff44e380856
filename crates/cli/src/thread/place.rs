//! How operators name a thread.

use std::str::FromStr;

use shared::{conversation::Conversation, ids::ChannelId, ts::MessageTs};
use url::Url;

/// A thread as it was typed or copied from Slack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place(Conversation);

impl Place {
    pub(super) fn conversation(self) -> Conversation {
        self.0
    }

    fn thread(channel: &str, root: MessageTs) -> Self {
        Self(Conversation::Thread { channel: ChannelId::new(channel), root })
    }
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = "expected CHANNEL/TS as in C0FFEE/1729636800.000100, a direct-message channel as in D0FFEE, or a \
                       message's address in Slack";
        if let Ok(url) = Url::parse(text)
            && url.has_host()
        {
            return of_address(&url).ok_or(refused);
        }
        // The key in Redis is accepted as well: it is what log lines show.
        let text = text.rsplit_once("slack_conv:").map_or(text, |(_, place)| place);
        let whole_channel = |channel: &str| Self(Conversation::DirectMessages { channel: ChannelId::new(channel) });
        match text.split_once(['/', ':']) {
            None if is_channel(text) && text.starts_with('D') => Ok(whole_channel(text)),
            Some((channel, "dm")) if is_channel(channel) => Ok(whole_channel(channel)),
            Some((channel, root)) if is_channel(channel) => {
                Ok(Self::thread(channel, root.parse().map_err(|_| refused)?))
            }
            _ => Err(refused),
        }
    }
}

/// `https://acme.slack.com/archives/C0FFEE/p1729636805000200?thread_ts=1729636800.000100`
fn of_address(url: &Url) -> Option<Place> {
    let mut parts = url.path_segments()?.skip_while(|part| *part != "archives").skip(1);
    let channel = parts.next().filter(|channel| is_channel(channel))?;
    let of_thread = url.query_pairs().find(|(name, _)| name == "thread_ts");
    let root = if let Some((_, root)) = of_thread {
        root.parse().ok()?
    } else {
        let micros = parts.next()?.strip_prefix('p')?.parse().ok()?;
        MessageTs::from_micros(micros).ok()?
    };
    Some(Place::thread(channel, root))
}

fn is_channel(text: &str) -> bool {
    text.starts_with(['C', 'D', 'G']) && text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> String {
        text.parse::<Place>().map_or_else(str::to_owned, |place| place.conversation().to_string())
    }

    #[test]
    fn a_thread_is_named_by_channel_and_ts_by_its_key_or_by_its_address() {
        for text in [
            "C0FFEE/1729636800.000100",
            "C0FFEE:1729636800.000100",
            "slack_conv:C0FFEE:1729636800.000100",
            "eu:slack_conv:C0FFEE:1729636800.000100",
            "https://acme.slack.com/archives/C0FFEE/p1729636800000100",
            "https://acme.slack.com/archives/C0FFEE/p1729636805000200?thread_ts=1729636800.000100&cid=C0FFEE",
        ] {
            assert_eq!(key(text), "slack_conv:C0FFEE:1729636800.000100", "{text}");
        }
    }

    #[test]
    fn a_direct_message_channel_is_one_conversation() {
        for text in ["D0FFEE", "D0FFEE/dm", "slack_conv:D0FFEE:dm"] {
            assert_eq!(key(text), "slack_conv:D0FFEE:dm", "{text}");
        }
    }

    #[test]
    fn what_names_no_thread_is_refused_with_an_example() {
        for text in
            ["", "C0FFEE", "general/1729636800.000100", "C0FFEE/yesterday", "https://acme.slack.com/", "C0FFEE/1"]
        {
            assert!(key(text).contains("C0FFEE/1729636800.000100"), "{text}: {}", key(text));
        }
    }
}
