//! What other applications and operators rely on: names of keys, form of values, expiries.

use threads::{
    ThreadStore,
    conformance::{Laboratory, Thread},
};

use crate::laboratory::RedisLaboratory;

#[tokio::test]
async fn the_context_is_a_plain_json_array_kept_for_an_hour() {
    let laboratory = RedisLaboratory::start().await;
    let thread = Thread::new(&laboratory);
    thread.answer(1).await;
    let root = thread.ts(0);
    let key = format!("slack_conv:C0FFEE:{root}");
    let json: String = laboratory.command(&["GET", &key]);
    assert_eq!(json, r#"[{"role":"user","content":"question 1"},{"role":"assistant","content":"answer 1"}]"#);
    let ttl: i64 = laboratory.command(&["TTL", &key]);
    assert!((3590..=3600).contains(&ttl), "{ttl}");
}

#[tokio::test]
async fn a_claim_and_a_record_refresh_the_expiry_of_the_context() {
    let laboratory = RedisLaboratory::start().await;
    let thread = Thread::new(&laboratory);
    let key = RedisLaboratory::key(&thread.conversation);
    thread.answer(1).await;
    let _: u32 = laboratory.command(&["EXPIRE", &key, "100"]);
    let grant = thread.run(2, "a").await;
    assert!(laboratory.command::<i64>(&["TTL", &key]) > 3590);
    let _: u32 = laboratory.command(&["PERSIST", &key]);
    thread.finish(2, "a", &grant, 12).await;
    assert!(laboratory.command::<i64>(&["TTL", &key]) > 3590);
}

#[tokio::test]
async fn the_keys_of_a_thread_are_remembered_together_and_in_one_cluster_slot() {
    let laboratory = RedisLaboratory::start().await;
    let thread = Thread::new(&laboratory);
    thread.answer(1).await;
    thread.run(2, "a").await;
    thread.begin_post(2, "a").await;
    let mut keys: Vec<String> = laboratory.command(&["KEYS", "*"]);
    keys.sort();
    let context = RedisLaboratory::key(&thread.conversation);
    let [answers, turns, state] =
        ["slack_answer", "slack_turns", "slack_thread"].map(|name| RedisLaboratory::beside(&thread.conversation, name));
    let mut expected = vec![answers.clone(), context.clone(), "slack_epoch".to_owned(), state.clone(), turns.clone()];
    expected.sort();
    assert_eq!(keys, expected);
    for key in [&answers, &turns, &state] {
        let ttl: i64 = laboratory.command(&["TTL", key]);
        assert!((26 * 3600 - 10..=26 * 3600).contains(&ttl), "{key} {ttl}");
        assert_eq!(slot(key), slot(&context), "{key}");
    }
    assert_eq!(laboratory.command::<i64>(&["TTL", "slack_epoch"]), -1);
}

#[tokio::test]
async fn the_state_of_a_thread_reads_as_documented() {
    let laboratory = RedisLaboratory::start().await;
    let thread = Thread::new(&laboratory);
    let state = RedisLaboratory::beside(&thread.conversation, "slack_thread");
    let turns = RedisLaboratory::beside(&thread.conversation, "slack_turns");
    let event = |n| format!("e:{}", thread.ts(n));
    let field = |name: &str| laboratory.command::<Option<String>>(&["HGET", &state, name]);
    thread.register(1).await;
    assert_eq!(field(&event(1)).as_deref(), Some("open"));
    let score: String = laboratory.command(&["ZSCORE", &turns, &thread.ts(1).to_string()]);
    assert_eq!(score, thread.ts(1).micros().to_string());

    let grant = thread.run(1, "a").await;
    assert_eq!(field("owner").as_deref(), Some("a"));
    assert_eq!(field("event"), Some(thread.ts(1).to_string()));
    assert_eq!(field("copy").as_deref(), Some("copy"));
    assert_eq!(field(&format!("n:{}", thread.ts(1))).as_deref(), Some("1"));
    let until: u64 = field("until").unwrap().parse().unwrap();
    assert!(until > laboratory.now() + 25_000);

    thread.begin_post(1, "a").await;
    let began: u64 = field(&event(1)).unwrap().strip_prefix("post:").unwrap().parse().unwrap();
    assert!(laboratory.now() - began < 10_000);

    thread.finish(1, "a", &grant, 11).await;
    assert_eq!(field(&event(1)), Some(format!("done:{}", thread.ts(11))));
    for gone in ["owner", "event", "copy", "until", "posting"] {
        assert_eq!(field(gone), None, "{gone}");
    }
    assert_eq!(laboratory.command::<u32>(&["EXISTS", &turns]), 0);

    thread.run(2, "a").await;
    thread.bury(2, "record").await;
    assert_eq!(field(&event(2)).as_deref(), Some("dead:record"));
    thread.note_told(2, "record", 12).await;
    assert_eq!(field(&event(2)), Some(format!("dead:record:{}", thread.ts(12))));

    let notice = format!("m:{}", thread.ts(2));
    thread.replay(2, "record").await;
    assert_eq!(field(&notice), Some(thread.ts(12).to_string()));
    thread.answer(2).await;
    assert_eq!(field(&notice), None);
}

#[tokio::test]
async fn a_prefix_stands_before_every_key() {
    let laboratory = RedisLaboratory::start().await;
    let _: () = laboratory.command(&["FLUSHALL"]);
    let mut settings = laboratory.settings.clone();
    settings.redis.key_prefix = "acme:".to_owned();
    let store = settings.connect().await;
    let thread = Thread::new(&laboratory);
    let stamp = store.stamp();
    store.register(&thread.conversation, thread.ts(1), stamp, None).await.unwrap();
    let mut keys: Vec<String> = laboratory.command(&["KEYS", "*"]);
    keys.sort();
    let context = thread.conversation.context_key("acme:");
    assert_eq!(
        keys,
        [
            "acme:slack_epoch".to_owned(),
            format!("acme:slack_thread:{{{context}}}"),
            format!("acme:slack_turns:{{{context}}}")
        ]
    );
}

#[tokio::test]
async fn a_thread_of_many_questions_forgets_the_old_ones() {
    let laboratory = RedisLaboratory::start().await;
    let thread = Thread::new(&laboratory);
    let state = RedisLaboratory::beside(&thread.conversation, "slack_thread");
    for n in 1..=70 {
        thread.register(n).await;
        thread.bury(n, "record").await;
    }
    thread.answer(71).await;
    assert!(laboratory.command::<u32>(&["HLEN", &state]) > 70);
    laboratory.advance(std::time::Duration::from_hours(27));
    let mut later = Thread::new(&laboratory);
    later.conversation = thread.conversation.clone();
    later.answer(1).await;
    let left: u32 = laboratory.command(&["HLEN", &state]);
    assert!(left < 10, "{left}");
    assert_eq!(later.register(1).await, threads::outcome::Registered::Done);
}

/// CRC16 (XMODEM) of the hash tag, modulo 16384: <https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/>.
fn slot(key: &str) -> u16 {
    let tag = key.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map_or(key, |(tag, _)| tag);
    let mut crc: u16 = 0;
    for byte in tag.bytes() {
        crc ^= u16::from(byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
        }
    }
    crc % 16384
}

#[test]
fn slots_are_computed_as_redis_does() {
    assert_eq!(slot("123456789"), 0x31C3);
    assert_eq!(slot("{user1000}.following"), slot("user1000"));
}

#[tokio::test]
async fn a_thread_is_remembered_to_be_forgotten_for_ninety_days() {
    let laboratory = RedisLaboratory::start().await;
    let thread = Thread::new(&laboratory);
    thread.answer(1).await;
    thread.forget(2).await;
    let key = RedisLaboratory::beside(&thread.conversation, "slack_forgotten");
    let at: String = laboratory.command(&["GET", &key]);
    assert_eq!(at, thread.ts(2).to_string());
    let ttl: i64 = laboratory.command(&["TTL", &key]);
    assert!((90 * 86_400 - 60..=90 * 86_400).contains(&ttl), "{ttl}");
}
