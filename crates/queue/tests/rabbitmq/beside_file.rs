//! Random sequences of what a worker does with copies, one in hand at a time: the file hands out the same copies as RabbitMQ,
//! in the same order.

#![expect(clippy::unwrap_used, reason = "a test fails where its surroundings do")]

use std::time::Duration;

use proptest::{prelude::*, test_runner::TestRunner};
use queue::{
    Delivery, Headers, TaskConsumer, TaskPublisher,
    conformance::{next, task},
};
use shared::{ids::CopyId, task::Task};

use crate::{
    broker::{Broker, WAITS_MS},
    file::File,
};

/// Random sequences; each asks a broker about thirty times.
const SEQUENCES: u32 = 24;

/// So that RabbitMQ sends nothing ahead of what was given back.
const PREFETCH: u16 = 1;

#[derive(Debug, Clone, Copy)]
enum Step {
    Publish,
    /// Takes the next copy, if there is one, and does this with it.
    Take(End),
    /// Gives back what nobody has taken, and takes again.
    Pause,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Ack,
    GiveBack,
    Drop,
    /// Only where nothing else is ready: when it comes back among others is a matter of moments.
    Park,
    DeadLetter,
}

fn step() -> impl Strategy<Value = Step> {
    let end = prop_oneof![
        4 => Just(End::Ack),
        2 => Just(End::GiveBack),
        2 => Just(End::Drop),
        1 => Just(End::Park),
        1 => Just(End::DeadLetter),
    ];
    prop_oneof![5 => Just(Step::Publish), 6 => end.prop_map(Step::Take), 1 => Just(Step::Pause)]
}

/// What a worker sees of a copy. Copy ids made by a park are random; whether a copy that RabbitMQ had sent ahead counts as
/// returned after a pause is its own affair.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    task: Task,
    copy: Option<CopyId>,
    parks: u32,
    sweep: bool,
    returned: Option<bool>,
}

/// Runs a sequence, takes what is left, and tells what was seen, in order.
async fn run<P: TaskPublisher, C: TaskConsumer>(
    (publisher, consumer): (&P, &mut C),
    steps: &[Step],
    copies: &[CopyId],
) -> Vec<Seen> {
    let (mut sent, mut ready, mut paused, mut seen) = (0, 0, false, Vec::new());
    let all = steps.iter().copied().chain(std::iter::repeat_n(Step::Take(End::Ack), steps.len()));
    for step in all {
        match step {
            Step::Publish => {
                let headers = Headers::of_copy(copies[sent].clone());
                sent += 1;
                publisher.publish(&task(sent as u64), &headers).await.unwrap();
                ready += 1;
            }
            Step::Pause => {
                consumer.pause().await;
                consumer.resume();
                paused = true;
            }
            Step::Take(_) if ready == 0 => {}
            Step::Take(end) => {
                let delivery = next(consumer).await;
                let headers = delivery.headers();
                seen.push(Seen {
                    task: delivery.task().clone(),
                    copy: (headers.parks == 0).then(|| headers.copy.clone()),
                    parks: headers.parks,
                    sweep: headers.sweep,
                    returned: (!paused).then(|| delivery.returned()),
                });
                match end {
                    End::GiveBack => delivery.give_back().await,
                    End::Drop => drop(delivery),
                    End::Park if ready == 1 => delivery.park(WAITS_MS[0], true).await.unwrap(),
                    End::DeadLetter => {
                        ready -= 1;
                        delivery.dead_letter("no way", 1).await.unwrap().ack().await;
                    }
                    End::Ack | End::Park => {
                        ready -= 1;
                        delivery.ack().await;
                    }
                }
            }
        }
    }
    assert_eq!(ready, 0, "each sequence empties its queue");
    let more = tokio::time::timeout(Duration::from_millis(1), consumer.next()).await;
    assert!(more.is_err(), "nothing is left");
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_hands_out_what_rabbitmq_does() {
    let mut runner = TestRunner::default();
    Broker::run(async |broker| {
        let file = File::new();
        let mut rabbit = broker.pair(PREFETCH);
        let mut embedded = file.pair(PREFETCH);
        for _ in 0..SEQUENCES {
            let sequence = prop::collection::vec(step(), 1..30).new_tree(&mut runner).unwrap();
            let steps = proptest::strategy::ValueTree::current(&sequence);
            let copies: Vec<_> = steps.iter().map(|_| CopyId::random()).collect();
            let here = run((&rabbit.0, &mut rabbit.1), &steps, &copies).await;
            let there = run((&embedded.0, &mut embedded.1), &steps, &copies).await;
            assert_eq!(here, there, "{steps:?}");
        }
        let dead = file.stored().len();
        for _ in 0..dead {
            broker.take_dead().await;
        }
    })
    .await;
}
