//! conversations.*: what the bot reads back.

use std::time::Instant;

use serde_json::{Value, json};
use shared::{ids::ChannelId, ts::MessageTs};

use super::answer::{Done, Refusal};
use crate::workspace::{Arguments, Channel, Kind, Message, Workspace};

/// The default page of conversations.history, in messages.
const HISTORY_PAGE: usize = 100;

/// A thread, oldest message first, page by page. The root comes on the first page whatever `oldest` says.
pub(crate) fn replies(workspace: &Workspace, arguments: &Arguments, page_limit: usize) -> Result<Done, Refusal> {
    let channel = readable(workspace, arguments)?;
    let root = timestamp(arguments, "ts").ok_or(Refusal("thread_not_found"))?;
    let now = Instant::now();
    let named = workspace.stored(&channel.id, root).filter(|message| message.readable_from <= now);
    let named = named.ok_or(Refusal("thread_not_found"))?;
    let range = Range::read(arguments)?;
    let thread: Vec<&Message> = workspace.replies(&channel.id, root).collect();
    if named.deleted && thread.is_empty() {
        return Err(Refusal("thread_not_found"));
    }
    let replies = thread.into_iter().filter(|reply| range.holds(reply.ts) && reply.readable_from <= now);
    let messages: Vec<&Message> = std::iter::once(named).chain(replies).collect();
    let page = Page::read(arguments, page_limit, page_limit)?;
    Ok(page.cut(workspace, &messages, |cursor, ts| ts >= cursor, arguments))
}

/// A channel's top level, newest message first, page by page.
pub(crate) fn history(workspace: &Workspace, arguments: &Arguments, page_limit: usize) -> Result<Done, Refusal> {
    let channel = readable(workspace, arguments)?;
    let range = Range::read(arguments)?;
    let now = Instant::now();
    let mut messages: Vec<&Message> = workspace
        .messages(&channel.id)
        .filter(|message| message.thread_ts.is_none() || message.broadcast)
        .filter(|message| range.holds(message.ts) && message.readable_from <= now)
        .collect();
    messages.reverse();
    let page = Page::read(arguments, HISTORY_PAGE, page_limit)?;
    Ok(page.cut(workspace, &messages, |cursor, ts| ts <= cursor, arguments))
}

/// One channel.
pub(crate) fn info(workspace: &Workspace, arguments: &Arguments) -> Result<Done, Refusal> {
    let id = ChannelId::new(arguments.text("channel").unwrap_or_default());
    let channel = workspace.channel(&id).ok_or(Refusal("channel_not_found"))?;
    Ok(Done::quiet(json!({"channel": channel.to_json(&workspace.identity.team)})))
}

/// The channel of the call, if the bot may read there.
fn readable<'a>(workspace: &'a Workspace, arguments: &Arguments) -> Result<&'a Channel, Refusal> {
    let id = ChannelId::new(arguments.text("channel").unwrap_or_default());
    let channel = workspace.channel(&id).ok_or(Refusal("channel_not_found"))?;
    match (channel.bot_is_member, &channel.kind) {
        (true, _) => Ok(channel),
        (false, Kind::Public) => Err(Refusal("not_in_channel")),
        (false, _) => Err(Refusal("channel_not_found")),
    }
}

fn timestamp(arguments: &Arguments, name: &str) -> Option<MessageTs> {
    arguments.text(name)?.parse().ok()
}

/// `oldest`, `latest` and `inclusive`.
struct Range {
    oldest: Option<u64>,
    latest: Option<u64>,
    inclusive: bool,
}

impl Range {
    fn read(arguments: &Arguments) -> Result<Self, Refusal> {
        let bound = |name: &str, refusal: Refusal| match arguments.text(name) {
            None => Ok(None),
            Some(text) => micros(&text).map(Some).ok_or(refusal),
        };
        Ok(Self {
            oldest: bound("oldest", Refusal("invalid_ts_oldest"))?,
            latest: bound("latest", Refusal("invalid_ts_latest"))?,
            inclusive: arguments.flag("inclusive"),
        })
    }

    fn holds(&self, ts: MessageTs) -> bool {
        let ts = ts.micros();
        let after = self.oldest.is_none_or(|oldest| ts > oldest || (self.inclusive && ts == oldest));
        let before = self.latest.is_none_or(|latest| ts < latest || (self.inclusive && ts == latest));
        after && before
    }
}

/// A bound as Slack takes it: seconds since 1970, with or without a fraction of up to six digits.
fn micros(text: &str) -> Option<u64> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 6 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let fraction: u64 = format!("{fraction:0<6}").parse().ok()?;
    seconds.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(fraction)
}

/// `limit` and `cursor`.
struct Page {
    limit: usize,
    /// The first message of this page.
    cursor: Option<MessageTs>,
}

impl Page {
    fn read(arguments: &Arguments, default: usize, largest: usize) -> Result<Self, Refusal> {
        let limit = match arguments.text("limit") {
            None => default,
            Some(text) => text.parse().ok().filter(|limit| *limit > 0).ok_or(Refusal("invalid_limit"))?,
        };
        let cursor = match arguments.text("cursor").filter(|cursor| !cursor.is_empty()) {
            None => None,
            Some(cursor) => Some(from_cursor(&cursor).ok_or(Refusal("invalid_cursor"))?),
        };
        Ok(Self { limit: limit.min(largest), cursor })
    }

    /// The answer with this page of `messages`; `is_on_or_after(cursor, ts)` in the order of the messages.
    fn cut(
        &self,
        workspace: &Workspace,
        messages: &[&Message],
        is_on_or_after: impl Fn(MessageTs, MessageTs) -> bool,
        arguments: &Arguments,
    ) -> Done {
        let with_metadata = arguments.flag("include_all_metadata");
        let mut rest =
            messages.iter().filter(|message| self.cursor.is_none_or(|cursor| is_on_or_after(cursor, message.ts)));
        let shown: Vec<Value> =
            rest.by_ref().take(self.limit).map(|message| show(workspace, message, with_metadata)).collect();
        let next = rest.next();
        let mut fields = json!({"messages": shown, "has_more": next.is_some()});
        if let Some(next) = next {
            fields["response_metadata"] = json!({"next_cursor": to_cursor(next.ts)});
        }
        Done::quiet(fields)
    }
}

/// A message in a listing. A deleted root that still has replies leaves a tombstone.
fn show(workspace: &Workspace, message: &Message, with_metadata: bool) -> Value {
    if !message.deleted {
        return workspace.show(message, with_metadata);
    }
    let replies = workspace.reply_summary(&message.channel, message.ts);
    json!({"type": "message", "subtype": "tombstone", "user": "USLACKBOT", "text": "This message was deleted.",
           "ts": message.ts, "thread_ts": message.ts, "hidden": true, "reply_count": replies.count,
           "latest_reply": replies.latest})
}

fn to_cursor(next: MessageTs) -> String {
    hex::encode(format!("next_ts:{}", next.micros()))
}

fn from_cursor(cursor: &str) -> Option<MessageTs> {
    let text = String::from_utf8(hex::decode(cursor).ok()?).ok()?;
    MessageTs::from_micros(text.strip_prefix("next_ts:")?.parse().ok()?).ok()
}
