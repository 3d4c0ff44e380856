//! Random sequences of operations on one thread, with crashes of the process and with time: the file and Redis say the same
//! at every step.

use std::{
    fmt::Debug,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use proptest::{prelude::*, test_runner::Config};
use shared::{
    conversation::Conversation,
    ids::{BurialId, ChannelId, CopyId, OwnerId},
    ts::MessageTs,
    turn::Turn,
};
use threads::{
    ThreadStore,
    conformance::{Laboratory, kept},
    outcome::{
        Announced, Attempt, Base, Claim, Claimed, Finish, Grant, Pace, Permit, Previous, State, Stream, Streams,
    },
};

use crate::{laboratory::EmbeddedLaboratory, redis_laboratory::RedisLaboratory};

const LEASE: Duration = Duration::from_secs(30);
const CONTEXT_TTL: Duration = Duration::from_hours(1);

/// Real time passes between the two clocks: times are compared this loosely, and moved by much more.
const TOLERANCE: Duration = Duration::from_secs(5);

const PACE: Pace = Pace { interval: Duration::from_secs(50), burst: 3 };

#[derive(Debug, Clone)]
enum Step {
    Register {
        n: u64,
        replay: Option<u8>,
    },
    Claim {
        n: u64,
        owner: u8,
        copy: u8,
        fresh: bool,
        returned: bool,
    },
    Renew {
        n: u64,
        owner: u8,
    },
    Release {
        n: u64,
        owner: u8,
        state: u8,
        back: bool,
    },
    BeginPost {
        n: u64,
        owner: u8,
    },
    BeginStream {
        n: u64,
        owner: u8,
    },
    NoteStream {
        n: u64,
        message: Option<u64>,
    },
    Streams {
        n: u64,
    },
    Finish {
        n: u64,
        owner: u8,
        grant: prop::sample::Index,
        base: u8,
    },
    Bury {
        n: u64,
        burial: u8,
    },
    Look {
        n: u64,
    },
    Forget {
        n: u64,
    },
    NoteTold {
        n: u64,
        burial: u8,
        notice: u64,
    },
    Permit,
    Hold,
    AnotherApplicationWrites,
    TimePasses {
        minutes: u64,
    },
    /// The process dies, and its leases are over before another one asks.
    Crash,
    NewEpoch,
}

fn step() -> impl Strategy<Value = Step> {
    let (n, owner) = (1..=3u64, 0..3u8);
    prop_oneof![
        3 => (n.clone(), prop::option::of(0..2u8)).prop_map(|(n, replay)| Step::Register { n, replay }),
        12 => (n.clone(), owner.clone(), 0..2u8, any::<bool>(), any::<bool>())
            .prop_map(|(n, owner, copy, fresh, returned)| Step::Claim { n, owner, copy, fresh, returned }),
        2 => (n.clone(), owner.clone()).prop_map(|(n, owner)| Step::Renew { n, owner }),
        3 => (n.clone(), owner.clone(), 0..3u8, any::<bool>())
            .prop_map(|(n, owner, state, back)| Step::Release { n, owner, state, back }),
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
        2 => Just(Step::Permit),
        1 => Just(Step::Hold),
        1 => Just(Step::AnotherApplicationWrites),
        3 => prop::sample::select(vec![1, 1, 31]).prop_map(|minutes| Step::TimePasses { minutes }),
        2 => Just(Step::Crash),
        1 => Just(Step::NewEpoch),
    ]
}

/// One thread as both stores have it.
struct Sides<'l> {
    redis: &'l RedisLaboratory,
    embedded: &'l mut EmbeddedLaboratory,
    conversation: Conversation,
    base: u64,
    /// What each was granted, Redis first; the same grants, but for their times.
    grants: Vec<(Grant, Grant)>,
    /// When the context in Redis is over, by its moved clock: Redis' own expiries do not move.
    context_over: u64,
}

impl Sides<'_> {
    fn ts(&self, n: u64) -> MessageTs {
        MessageTs::from_micros(self.base * 1000 + n * 1000).unwrap()
    }

    /// The file's clock stands still until it is set to Redis'.
    fn align_clocks(&self) {
        let behind = self.redis.now().saturating_sub(self.embedded.now());
        self.embedded.advance(Duration::from_millis(behind));
    }

    async fn step(&mut self, step: Step) {
        self.align_clocks();
        match step {
            Step::AnotherApplicationWrites => {
                let text = r#"[ {"role": "tool", "content": []} ]"#;
                self.redis.put_context(&self.conversation, text).await;
                self.embedded.put_context(&self.conversation, text).await;
                self.keep_context();
            }
            Step::TimePasses { minutes } => self.pass(Duration::from_mins(minutes)).await,
            Step::Crash => {
                self.pass(LEASE + TOLERANCE).await;
                self.embedded.crash();
            }
            Step::NewEpoch => {
                self.redis.lose_the_epoch().await;
                self.embedded.lose_the_epoch().await;
                self.redis.store.heartbeat().await.unwrap();
                self.embedded.store.heartbeat().await.unwrap();
            }
            step => {
                let here = self.act(&step, &self.redis.store, |(grant, _)| grant).await;
                let there = self.act(&step, &self.embedded.store, |(_, grant)| grant).await;
                assert_eq!(here.said, there.said, "{step:?}");
                if let (Some(one), Some(other)) = (here.granted, there.granted) {
                    self.grants.push((one, other));
                }
                if here.keeps_context {
                    self.keep_context();
                }
            }
        }
        let here = self.redis.context(&self.conversation).await;
        assert_eq!(here, self.embedded.context(&self.conversation).await);
    }

    fn keep_context(&mut self) {
        self.context_over = self.redis.now() + u64::try_from(CONTEXT_TTL.as_millis()).unwrap();
    }

    async fn pass(&self, time: Duration) {
        self.redis.advance(time);
        self.align_clocks();
        if self.redis.now() >= self.context_over {
            self.redis.remove_context(&self.conversation).await;
        }
    }

    /// Does one step in one store.
    async fn act<S: ThreadStore>(&self, step: &Step, store: &S, mine: impl Fn(&(Grant, Grant)) -> &Grant) -> Outcome {
        let thread = &self.conversation;
        match step.clone() {
            Step::Register { n, replay } => {
                let replay = replay.map(burial_id);
                said(store.register(thread, self.ts(n), store.stamp(), replay.as_ref()).await)
            }
            Step::Claim { n, owner, copy, fresh, returned } => {
                let copy = CopyId::new(copy.to_string());
                let claim = Claim { owner: owner_id(owner), copy, fresh, returned, lease: LEASE };
                let claimed = store.claim(thread, self.ts(n), claim).await.unwrap();
                let granted = if let Claimed::Run(grant) = &claimed { Some(grant.clone()) } else { None };
                let keeps_context = granted.is_some();
                Outcome { said: format!("{:?}", rounded(claimed)), granted, keeps_context }
            }
            Step::Renew { n, owner } => said(store.renew(thread, self.ts(n), &owner_id(owner), LEASE).await),
            Step::Release { n, owner, state, back } => {
                let state = [State::Keep, State::Open, State::Rest(LEASE / 2)][usize::from(state)];
                let attempt = if back { Attempt::Back } else { Attempt::Keep };
                said(store.release(thread, self.ts(n), &owner_id(owner), state, attempt).await)
            }
            Step::BeginPost { n, owner } => {
                let answer = kept(n);
                let announced = Announced::Answer(&answer);
                said(store.begin_post(thread, self.ts(n), &owner_id(owner), announced, LEASE).await)
            }
            Step::BeginStream { n, owner } => {
                said(store.begin_post(thread, self.ts(n), &owner_id(owner), Announced::Stream, LEASE).await)
            }
            Step::NoteStream { n, message } => {
                said(store.note_stream(thread, self.ts(n), message.map(|message| self.ts(message))).await)
            }
            Step::Streams { n } => said(store.streams(thread, self.ts(n)).await.map(untimed_streams)),
            Step::Finish { n, owner, grant, base } => {
                if self.grants.is_empty() {
                    return Outcome::default();
                }
                let base = match base {
                    0 => Base::IfAbsent(vec![Turn::user("rebuilt")]),
                    1 => Base::Replace(vec![Turn::user("replaced"), Turn::assistant("wholly")]),
                    _ => Base::None,
                };
                let (answer_ts, grant) = ([self.ts(n + 10)], mine(grant.get(&self.grants)));
                let finish = Finish { answer_ts: &answer_ts, question: "q", answer: "a", grant, base };
                let finished = store.finish(thread, self.ts(n), &owner_id(owner), finish).await;
                let kept = matches!(&finished, Ok(threads::outcome::Finished::Ok { entries }) if *entries > 0);
                Outcome { keeps_context: kept, ..said(finished) }
            }
            Step::Bury { n, burial } => said(store.bury(thread, self.ts(n), &burial_id(burial)).await),
            Step::Look { n } => said(store.look(thread, self.ts(n)).await),
            Step::Forget { n } => said(store.forget(thread, self.ts(n)).await),
            Step::NoteTold { n, burial, notice } => {
                said(store.note_told(thread, self.ts(n), &burial_id(burial), self.ts(notice)).await)
            }
            Step::Permit => said(match store.permit(&thread.to_string(), PACE).await.unwrap() {
                Permit::Wait(left) => Ok(Permit::Wait(round(left))),
                granted @ Permit::Granted => Ok::<_, threads::ThreadError>(granted),
            }),
            Step::Hold => said(store.hold(&thread.to_string(), PACE, LEASE + TOLERANCE * 2).await),
            Step::AnotherApplicationWrites | Step::TimePasses { .. } | Step::Crash | Step::NewEpoch => {
                unreachable!("happens outside the stores")
            }
        }
    }
}

/// What a store said.
#[derive(Default)]
struct Outcome {
    said: String,
    granted: Option<Grant>,
    keeps_context: bool,
}

fn said<T: Debug>(outcome: Result<T, threads::ThreadError>) -> Outcome {
    Outcome { said: format!("{:?}", outcome.unwrap()), ..Outcome::default() }
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

/// To the next multiple of the tolerance, so that the real time between the two does not count.
fn round(time: Duration) -> Duration {
    let steps = (time + TOLERANCE / 2).as_millis() / TOLERANCE.as_millis();
    TOLERANCE * u32::try_from(steps).unwrap()
}

fn rounded(claimed: Claimed) -> Claimed {
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
fn the_file_and_redis_agree_on_random_sequences_with_crashes() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let redis = runtime.block_on(RedisLaboratory::start());
    let embedded = std::cell::RefCell::new(EmbeddedLaboratory::at(redis.now()));
    let thread = AtomicU64::new(0);
    let config = Config { cases: 96, failure_persistence: None, ..Config::default() };
    proptest!(config, |(steps in prop::collection::vec(step(), 1..40))| {
        let channel = ChannelId::new(format!("C{}", thread.fetch_add(1, Ordering::SeqCst)));
        let base = redis.now() - 60_000;
        let root = MessageTs::from_micros(base * 1000).unwrap();
        let mut sides = Sides {
            redis: &redis,
            embedded: &mut embedded.borrow_mut(),
            conversation: Conversation::Thread { channel, root },
            base,
            grants: Vec::new(),
            context_over: u64::MAX,
        };
        runtime.block_on(async {
            for step in steps {
                sides.step(step).await;
            }
        });
    });
}
