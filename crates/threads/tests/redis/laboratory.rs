//! The store in Redis for the conformance suite: a server of its own for each behaviour.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use shared::{conversation::Conversation, ts::MessageTs};
use threads::{RedisThreads, conformance::Laboratory};

use crate::server::{Server, Settings};

pub(crate) struct RedisLaboratory {
    pub(crate) server: Server,
    pub(crate) store: RedisThreads,
    pub(crate) settings: Settings,
    offset: AtomicU64,
}

impl RedisLaboratory {
    pub(crate) async fn start() -> Self {
        let server = Server::start(&[]);
        let mut settings = server.settings();
        settings.context.max_turns = 6;
        Self { store: settings.connect().await, server, settings, offset: AtomicU64::new(0) }
    }

    pub(crate) fn command<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let (name, arguments) = words.split_first().unwrap();
        redis::cmd(name).arg(arguments).query(&mut self.server.connection()).unwrap()
    }

    pub(crate) fn key(conversation: &Conversation) -> String {
        conversation.context_key("")
    }

    pub(crate) fn beside(conversation: &Conversation, name: &str) -> String {
        format!("{name}:{{{}}}", Self::key(conversation))
    }
}

impl Laboratory for RedisLaboratory {
    type Store = RedisThreads;

    fn store(&self) -> &RedisThreads {
        &self.store
    }

    fn now(&self) -> u64 {
        let (seconds, micros): (u64, u64) = self.command(&["TIME"]);
        seconds * 1000 + micros / 1000 + self.offset.load(Ordering::SeqCst)
    }

    fn advance(&self, by: Duration) {
        self.offset.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
        self.store.advance_clock(by);
    }

    async fn withdraw(&self, conversation: &Conversation, ts: MessageTs) {
        let (thread, turns) = (Self::beside(conversation, "slack_thread"), Self::beside(conversation, "slack_turns"));
        let _: u32 = self.command(&["HSET", &thread, &format!("e:{ts}"), "withdrawn"]);
        let _: u32 = self.command(&["ZREM", &turns, &ts.to_string()]);
    }

    async fn put_context(&self, conversation: &Conversation, json: &str) {
        let () = self.command(&["SET", &Self::key(conversation), json, "EX", "3600"]);
    }

    async fn remove_context(&self, conversation: &Conversation) {
        let _: u32 = self.command(&["DEL", &Self::key(conversation)]);
    }

    async fn context(&self, conversation: &Conversation) -> Option<String> {
        self.command(&["GET", &Self::key(conversation)])
    }

    async fn lose_the_epoch(&self) {
        let _: u32 = self.command(&["HDEL", "slack_epoch", "id"]);
    }

    async fn lose_everything(&self) {
        let () = self.command(&["FLUSHALL"]);
    }
}
