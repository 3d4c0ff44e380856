//! Random sequences of operations on one thread: the pure state machine and Redis say the same at every step.

use std::time::Duration;

use proptest::{prelude::*, test_runner::Config};
use shared::{
    conversation::Conversation,
    ids::{BurialId, ChannelId, CopyId, OwnerId},
    ts::MessageTs,
    turn::Turn,
};
use threads::{
    RedisThreads, ThreadStore,
    conformance::{Laboratory, kept},
    context::{Context, Limits},
    epoch::EpochId,
    outcome::{Announced, Attempt, Base, Claim, Claimed, Finish, Grant, Previous, State, Stream, Streams},
    turns::{Moment, Rules, Turns},
};

use crate::laboratory::RedisLaboratory;

const LEASE: Duration = Duration::from_secs(30);

/// Real time passes between a model's clock and Redis': times are compared this loosely, and moved by much more.
const TOLERANCE: Duration = Duration::from_secs(5);

#[derive(Debug, Clone)]
enum Step {
    Register { n: u64, replay: Option<u8> },
    Claim { n: u64, owner: u8, copy: u8, seen: u8 },
    Renew { n: u64, owner: u8 },
    Release { n: u64, owner: u8, open: bool, back: bool },
    BeginPost { n: u64, owner: u8 },
    BeginStream { n: u64, owner: u8 },
    NoteStream { n: u64, message: Option<u64> },
    Streams { n: u64 },
    Finish { n: u64, owner: u8, grant: prop::sample::Index, base: u8 },
    Bury { n: u64, burial: u8 },
    Look { n: u64 },
    Forget { n: u64 },
    NoteTold { n: u64, burial: u8, notice: u64 },
    LeasesRunOut,
    AnotherApplicationWrites,
    NewEpoch,
}

fn step() -> impl Strategy<Value = Step> {
    let (n, owner) = (1..=3u64, 0..3u8);
    prop_oneof![
        3 => (n.clone(), prop::option::of(0..2u8)).prop_map(|(n, replay)| Step::Register { n, replay }),
        12 => (n.clone(), owner.clone(), 0..2u8, 0..3u8)
            .prop_map(|(n, owner, copy, seen)| Step::Claim { n, owner, copy, seen }),
        2 => (n.clone(), owner.clone()).prop_map(|(n, owner)| Step::Renew { n, owner }),
        3 => (n.clone(), owner.clone(), any::<bool>(), any::<bool>())
            .prop_map(|(n, owner, open, back)| Step::Release { n, owner, open, back }),
        6 => (n.clone(), owner.clone()).prop_map(|(n, owner)| Step::BeginPost { n, owner }),
        4 => (n.clone(), owner.clone()).prop_map(|(n, owner)| Step::BeginStream { n, owner }),
        4 => (n.clone(), prop::option::of(30..32u64)).prop_map(|(n, message)| Step::NoteStream { n, message }),
        2 => n.clone().prop_map(|n| Step::Streams { n }),
        6 => (n.clone(), owner, any::<prop::sample::Index>(), 0..4u8)
            .prop_map(|(n, owner, grant, base)| Step::Finish { n, owner, grant, base }),
        2 => (n.clone(), 0..2u8).prop_map(|(n, burial)| Step::Bury { n, burial }),
        2 => n.clone().prop_map(|n| Step::Look { n }),
        1 => (30..33u64).prop_map(|n| Step::Forget { n }),
        1 => (n, 0..2u8, 20..22u64).prop_map(|(n, burial, notice)| Step::NoteTold { n, burial, notice }),
        2 => Just(Step::LeasesRunOut),
        1 => Just(Step::AnotherApplicationWrites),
        1 => Just(Step::NewEpoch),
    ]
}

/// The model and Redis side by side.
struct Pair<'l> {
    laboratory: &'l RedisLaboratory,
    store: &'l RedisThreads,
    model: Turns,
    conversation: Conversation,
    grants: Vec<Grant>,
    base: u64,
    /// The model's epoch; its own, since the names of epochs are random.
    epoch: EpochId,
    since: u64,
    settle_until: u64,
}

impl Pair<'_> {
    fn ts(&self, n: u64) -> MessageTs {
        MessageTs::from_micros(self.base * 1000 + n * 1000).unwrap()
    }

    fn moment(&self) -> Moment {
        let now = self.laboratory.now();
        Moment { now, epoch: self.epoch, since: self.since, settle_until: self.settle_until }
    }

    fn rules() -> Rules {
        let limits = Limits { entries: 6, bytes: 256 * 1024 };
        Rules { doubtful_after: Duration::from_hours(24), limits }
    }

    async fn step(&mut self, step: Step) {
        let (at, rules, store, conversation) = (self.moment(), Self::rules(), self.store, self.conversation.clone());
        match step {
            Step::Register { n, replay } => {
                let replay = replay.map(burial_id);
                let model = self.model.register(at, rules, self.ts(n), replay.as_ref());
                let redis = store.register(&conversation, self.ts(n), store.stamp(), replay.as_ref()).await;
                assert_eq!(redis.unwrap(), model);
            }
            Step::Claim { n, owner, copy, seen } => {
                let copy = CopyId::new(copy.to_string());
                let (fresh, returned) = (seen == 0, seen == 1);
                let claim = Claim { owner: owner_id(owner), copy, fresh, returned, lease: LEASE };
                let model = self.model.claim(at, rules, self.ts(n), &claim);
                let redis = store.claim(&conversation, self.ts(n), claim).await.unwrap();
                if let Claimed::Run(grant) = &redis {
                    self.grants.push(grant.clone());
                }
                assert_eq!(rounded(redis), rounded(model));
            }
            Step::Renew { n, owner } => {
                let model = self.model.renew(at, self.ts(n), &owner_id(owner), LEASE);
                let redis = store.renew(&conversation, self.ts(n), &owner_id(owner), LEASE).await;
                assert_eq!(redis.unwrap(), model);
            }
            Step::Release { n, owner, open, back } => {
                let state = match (open, back) {
                    (false, _) => State::Keep,
                    (true, true) => State::Open,
                    (true, false) => State::Rest(LEASE / 2),
                };
                let attempt = if back { Attempt::Back } else { Attempt::Keep };
                let model = self.model.release(at, self.ts(n), &owner_id(owner), state, attempt);
                let redis = store.release(&conversation, self.ts(n), &owner_id(owner), state, attempt).await;
                assert_eq!(redis.unwrap(), model);
            }
            Step::BeginPost { n, owner } => self.begin(at, n, owner, Announced::Answer(&kept(n))).await,
            Step::BeginStream { n, owner } => self.begin(at, n, owner, Announced::Stream).await,
            Step::NoteStream { n, message } => {
                let message = message.map(|message| self.ts(message));
                let model = self.model.note_stream(at, self.ts(n), message);
                assert_eq!(store.note_stream(&conversation, self.ts(n), message).await.unwrap(), model);
            }
            Step::Streams { n } => {
                let model = untimed_streams(self.model.streams(at, self.ts(n)));
                let redis = untimed_streams(store.streams(&conversation, self.ts(n)).await.unwrap());
                assert_eq!(redis, model);
            }
            Step::Finish { n, owner, grant, base } => {
                if self.grants.is_empty() {
                    return;
                }
                let grant = grant.get(&self.grants).clone();
                let base = match base {
                    0 => Base::IfAbsent(vec![Turn::user("rebuilt")]),
                    1 => Base::Replace(vec![Turn::user("replaced"), Turn::assistant("wholly")]),
                    _ => Base::None,
                };
                let finish = Finish { answer_ts: &[self.ts(n + 10)], question: "q", answer: "a", grant: &grant, base };
                let (ts, owner) = (self.ts(n), owner_id(owner));
                let model = self.model.finish(at, rules, (ts, &owner), &finish).unwrap();
                assert_eq!(store.finish(&conversation, ts, &owner, finish).await.unwrap(), model);
            }
            Step::Bury { n, burial } => {
                let model = self.model.bury(at, self.ts(n), &burial_id(burial));
                assert_eq!(store.bury(&conversation, self.ts(n), &burial_id(burial)).await.unwrap(), model);
            }
            Step::Look { n } => {
                assert_eq!(store.look(&conversation, self.ts(n)).await.unwrap(), self.model.look(at, self.ts(n)));
            }
            Step::Forget { n } => {
                let model = self.model.forget_context(self.ts(n));
                assert_eq!(store.forget(&conversation, self.ts(n)).await.unwrap(), model);
            }
            Step::NoteTold { n, burial, notice } => {
                self.model.note_told(self.ts(n), &burial_id(burial), self.ts(notice));
                store.note_told(&conversation, self.ts(n), &burial_id(burial), self.ts(notice)).await.unwrap();
            }
            Step::LeasesRunOut => self.laboratory.advance(LEASE + TOLERANCE),
            Step::AnotherApplicationWrites => {
                let text = r#"[ {"role": "tool", "content": []} ]"#;
                self.laboratory.put_context(&conversation, text).await;
                self.model.put_context(Context::parse(text.into()).unwrap());
            }
            Step::NewEpoch => {
                let _: u32 = self.laboratory.command(&["HDEL", "slack_epoch", "id"]);
                store.heartbeat().await.unwrap();
                self.epoch = EpochId::after(Some(self.epoch));
                let times: (u64, u64) = self.laboratory.command(&["HMGET", "slack_epoch", "since", "settle_until"]);
                (self.since, self.settle_until) = times;
            }
        }
        self.compare_state();
    }

    async fn begin(&mut self, at: Moment, n: u64, owner: u8, announced: Announced<'_>) {
        let (ts, owner) = (self.ts(n), owner_id(owner));
        let model = self.model.begin_post(at, ts, &owner, announced, LEASE);
        let redis = self.store.begin_post(&self.conversation, ts, &owner, announced, LEASE).await;
        assert_eq!(redis.unwrap(), model);
    }

    /// In the turn list = open or posting, and the context is the same to the byte.
    fn compare_state(&self) {
        let turns = RedisLaboratory::beside(&self.conversation, "slack_turns");
        let members: Vec<String> = self.laboratory.command(&["ZRANGE", &turns, "0", "-1"]);
        let epoch: Option<String> =
            self.laboratory.command(&["HGET", &RedisLaboratory::beside(&self.conversation, "slack_thread"), "epoch"]);
        let current: String = self.laboratory.command(&["HGET", "slack_epoch", "id"]);
        if epoch.as_ref() == Some(&current) {
            assert_eq!(members, self.model.waiting().map(|ts| ts.to_string()).collect::<Vec<_>>());
        }
        let stored: Option<String> = self.laboratory.command(&["GET", &RedisLaboratory::key(&self.conversation)]);
        let stored = stored.map_or(Context::absent(), |text| Context::parse(text.into_bytes()).unwrap());
        assert_eq!(&stored, self.model.context());
    }
}

/// A stream without the time of its announcement.
fn untimed(stream: Stream) -> Stream {
    Stream { announced: 0, ..stream }
}

fn untimed_streams(streams: Streams) -> Streams {
    Streams { own: streams.own.map(untimed), ..streams }
}

fn owner_id(owner: u8) -> OwnerId {
    OwnerId::new(format!("owner {owner}"))
}

fn burial_id(burial: u8) -> BurialId {
    BurialId::new(format!("burial-{burial}"))
}

/// Times to the next multiple of the tolerance, so that the real time between the two does not count.
fn rounded(claimed: Claimed) -> Claimed {
    let round = |time: Duration| {
        let steps = (time + TOLERANCE / 2).as_millis() / TOLERANCE.as_millis();
        TOLERANCE * u32::try_from(steps).unwrap()
    };
    match claimed {
        Claimed::Wait { before, lease_left, settling } => {
            Claimed::Wait { before, lease_left: round(lease_left), settling }
        }
        Claimed::Run(mut grant) => {
            if let Previous::Posting { ago } = &mut grant.previous {
                *ago = round(*ago);
            }
            grant.stream = grant.stream.map(untimed);
            Claimed::Run(grant)
        }
        other => other,
    }
}

#[test]
fn redis_and_the_pure_rules_agree_on_random_sequences() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let laboratory = runtime.block_on(RedisLaboratory::start());
    let thread = std::sync::atomic::AtomicU64::new(0);
    let config = Config { cases: 96, failure_persistence: None, ..Config::default() };
    proptest!(config, |(steps in prop::collection::vec(step(), 1..40))| {
        let channel = ChannelId::new(format!("C{}", thread.fetch_add(1, std::sync::atomic::Ordering::SeqCst)));
        let base = laboratory.now() - 60_000;
        let root = MessageTs::from_micros(base * 1000).unwrap();
        let times: (u64, u64) = laboratory.command(&["HMGET", "slack_epoch", "since", "settle_until"]);
        let mut pair = Pair {
            laboratory: &laboratory,
            store: &laboratory.store,
            model: Turns::default(),
            conversation: Conversation::Thread { channel, root },
            grants: Vec::new(),
            base,
            epoch: EpochId::after(None),
            since: times.0,
            settle_until: times.1,
        };
        runtime.block_on(async {
            for step in steps {
                pair.step(step).await;
            }
        });
    });
}
