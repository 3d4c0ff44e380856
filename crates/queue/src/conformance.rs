//! What every queue has to do: one function per behaviour, each over the traits alone. An implementation's tests call
//! all of them, each with a queue of its own that is empty.
//!
//! A consumer is made with the prefetch that the function's doc names. Every function panics when the behaviour is
//! missing, and leaves its queue empty.

use std::time::{Duration, Instant};

use shared::{
    conversation::Conversation,
    ids::{BurialId, ChannelId, CopyId, EventId, TeamId, UserId},
    task::{Question, Surface, Task},
    ts::MessageTs,
};

use crate::{Delivery, Headers, TaskConsumer, TaskPublisher};

/// Longest wait for something that must come; far over what any queue takes.
const LIMIT: Duration = Duration::from_secs(20);

/// What a queue keeps of a question that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The task.
    pub task: Task,
    /// Why it was given up.
    pub reason: String,
    /// After how many attempts.
    pub attempts: u32,
}

/// A published task is delivered as it was published, with its headers, and fresh. Prefetch: any.
///
/// # Panics
/// When it is not so.
pub async fn publish_is_delivered(publisher: &impl TaskPublisher, consumer: &mut impl TaskConsumer) {
    let headers = Headers {
        copy: CopyId::random(),
        parks: 0,
        slack_retry: true,
        epoch: Some("e1".to_owned()),
        replay: Some(BurialId::new("b1")),
        sweep: true,
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
    };
    publisher.publish(&task(1), &headers).await.expect("published");
    let delivery = next(consumer).await;
    assert_eq!(delivery.task(), &task(1));
    assert_eq!(delivery.headers(), &headers);
    assert!(delivery.fresh() && !delivery.returned(), "a first copy is fresh");
    delivery.ack().await;
}

/// An acked task never comes again. Prefetch: any.
///
/// # Panics
/// When it is not so.
pub async fn ack_removes(publisher: &impl TaskPublisher, consumer: &mut impl TaskConsumer) {
    publish(publisher, 1).await;
    take(consumer, 1).await.ack().await;
    // Whatever was not really acked would return before what is published now.
    consumer.pause().await;
    consumer.resume();
    publish(publisher, 2).await;
    take(consumer, 2).await.ack().await;
}

/// A delivery that is dropped unsettled comes back, not fresh. Prefetch: any.
///
/// # Panics
/// When it is not so.
pub async fn unsettled_drop_comes_back(publisher: &impl TaskPublisher, consumer: &mut impl TaskConsumer) {
    publish(publisher, 1).await;
    drop(take(consumer, 1).await);
    let again = take(consumer, 1).await;
    assert!(!again.fresh() && again.returned(), "a redelivered copy is not fresh");
    again.ack().await;
}

/// A parked task comes back after its wait and not before, as another copy with one more park, marked as asked, neither
/// fresh nor returned; unless it is redelivered then.
/// `wait_ms` is one of the queue's wait times, in ms. Prefetch: any.
///
/// # Panics
/// When it is not so.
pub async fn park_returns_after_its_wait(
    publisher: &impl TaskPublisher,
    consumer: &mut impl TaskConsumer,
    wait_ms: u64,
) {
    let sent = publish(publisher, 1).await;
    let started = Instant::now();
    take(consumer, 1).await.park(wait_ms, false).await.expect("parked");
    let once = take(consumer, 1).await;
    assert!(started.elapsed() >= Duration::from_millis(wait_ms), "came back after {:?}", started.elapsed());
    let copy = once.headers().copy.clone();
    assert_ne!(copy, sent.copy, "a parked copy is another one");
    assert_eq!(once.headers(), &Headers { copy: copy.clone(), parks: 1, ..sent.clone() });
    assert!(!once.fresh() && !once.returned(), "a parked copy is neither fresh nor returned");
    once.give_back().await;
    let again = take(consumer, 1).await;
    assert_eq!(again.headers().copy, copy);
    assert!(again.returned(), "a parked copy that is redelivered has come back");
    again.park(wait_ms, true).await.expect("parked again");
    let twice = take(consumer, 1).await;
    assert_eq!(twice.headers(), &Headers { copy: twice.headers().copy.clone(), parks: 2, sweep: true, ..sent });
    assert!(!twice.returned(), "it was redelivered before it was parked, and is another copy now");
    twice.ack().await;
}

/// While one task is parked, others are delivered. `wait_ms` is one of the queue's wait times, in ms. Prefetch: any.
///
/// # Panics
/// When it is not so.
pub async fn a_parked_task_blocks_nobody(
    publisher: &impl TaskPublisher,
    consumer: &mut impl TaskConsumer,
    wait_ms: u64,
) {
    publish(publisher, 1).await;
    take(consumer, 1).await.park(wait_ms, false).await.expect("parked");
    publish(publisher, 2).await;
    take(consumer, 2).await.ack().await;
    take(consumer, 1).await.ack().await;
}

/// Republishing leaves one more copy, while the delivery stays in hand. `wait_ms` is one of the queue's wait times, in
/// ms. Prefetch: 2 or more.
///
/// # Panics
/// When it is not so.
pub async fn republish_leaves_one_more_copy(
    publisher: &impl TaskPublisher,
    consumer: &mut impl TaskConsumer,
    wait_ms: u64,
) {
    publish(publisher, 1).await;
    let first = take(consumer, 1).await;
    first.republish(wait_ms, true).await.expect("republished");
    let second = take(consumer, 1).await;
    assert!(second.headers().sweep && !first.headers().sweep);
    first.ack().await;
    second.ack().await;
}

/// A wait that the queue does not have is refused, and the delivery is handed back. Prefetch: any.
///
/// # Panics
/// When it is not so.
pub async fn an_unknown_wait_keeps_the_delivery(publisher: &impl TaskPublisher, consumer: &mut impl TaskConsumer) {
    publish(publisher, 1).await;
    let kept = take(consumer, 1).await.park(u64::MAX, false).await.expect_err("no queue waits that long");
    assert_eq!(kept.delivery.task(), &task(1));
    kept.delivery.ack().await;
}

/// A delivery that is given back comes again, not fresh. Prefetch: any.
///
/// # Panics
/// When it is not so.
pub async fn give_back_comes_back_redelivered(publisher: &impl TaskPublisher, consumer: &mut impl TaskConsumer) {
    let sent = publish(publisher, 1).await;
    take(consumer, 1).await.give_back().await;
    let again = take(consumer, 1).await;
    assert!(!again.fresh() && again.returned(), "a redelivered copy is not fresh");
    assert_eq!(again.headers(), &sent);
    again.ack().await;
}

/// A dead letter keeps task, reason and attempts, and the delivery stays in hand until it is acked. `take_dead` takes
/// the oldest dead letter. Prefetch: any.
///
/// # Panics
/// When it is not so.
pub async fn dead_letter_keeps_its_reason(
    publisher: &impl TaskPublisher,
    consumer: &mut impl TaskConsumer,
    take_dead: impl AsyncFnOnce() -> DeadLetter,
) {
    publish(publisher, 1).await;
    let delivery = take(consumer, 1).await.dead_letter("the model refused it", 5).await.expect("dead-lettered");
    let dead = take_dead().await;
    assert_eq!(dead, DeadLetter { task: task(1), reason: "the model refused it".to_owned(), attempts: 5 });
    // Still in hand: given back it comes again.
    delivery.give_back().await;
    take(consumer, 1).await.ack().await;
}

/// What one publisher publishes one after another is delivered in this order. Prefetch: any.
///
/// # Panics
/// When it is not so.
pub async fn order_of_publishes_is_kept(publisher: &impl TaskPublisher, consumer: &mut impl TaskConsumer) {
    for number in 1..=50 {
        publish(publisher, number).await;
    }
    for number in 1..=50 {
        take(consumer, number).await.ack().await;
    }
}

/// Many publishes at the same time all arrive. Prefetch: any.
///
/// # Panics
/// When it is not so.
pub async fn many_publish_at_once(publisher: &impl TaskPublisher, consumer: &mut impl TaskConsumer) {
    let publishing = (1..=100).map(|number| publish(publisher, number));
    futures_util::future::join_all(publishing).await;
    let mut missing: Vec<Task> = (1..=100).map(task).collect();
    while !missing.is_empty() {
        let delivery = next(consumer).await;
        missing.retain(|task| task != delivery.task());
        delivery.ack().await;
    }
}

/// Two consumers share the work: each copy goes to one of them. Prefetch: 1 each.
///
/// # Panics
/// When it is not so.
pub async fn two_consumers_share(
    publisher: &impl TaskPublisher,
    one: &mut impl TaskConsumer,
    other: &mut impl TaskConsumer,
) {
    publish(publisher, 1).await;
    publish(publisher, 2).await;
    let (first, second) = (next(one).await, next(other).await);
    assert_ne!(first.task(), second.task());
    first.ack().await;
    second.ack().await;
}

/// No more than the prefetch is in one consumer's hand; the rest is there for others. Prefetch: 2 each.
///
/// # Panics
/// When it is not so.
pub async fn prefetch_bounds_what_is_in_hand(
    publisher: &impl TaskPublisher,
    one: &mut impl TaskConsumer,
    other: &mut impl TaskConsumer,
) {
    for number in 1..=3 {
        publish(publisher, number).await;
    }
    let in_hand = (take(one, 1).await, take(one, 2).await);
    take(other, 3).await.ack().await;
    in_hand.0.ack().await;
    in_hand.1.ack().await;
}

/// A pause gives back what nobody has taken, at once and in order; what is in hand stays valid; after it the consumer
/// goes on. Prefetch: 3 each.
///
/// # Panics
/// When it is not so.
pub async fn pause_gives_back(
    publisher: &impl TaskPublisher,
    one: &mut impl TaskConsumer,
    other: &mut impl TaskConsumer,
) {
    for number in 1..=3 {
        publish(publisher, number).await;
    }
    let in_hand = take(one, 1).await;
    one.pause().await;
    one.ready().expect("a pause is no fault");
    take(other, 2).await.ack().await;
    take(other, 3).await.ack().await;
    in_hand.ack().await;
    other.pause().await;
    one.resume();
    publish(publisher, 4).await;
    take(one, 4).await.ack().await;
}

/// After a stop there is no next delivery, and what was not taken goes to others. Prefetch: 2 each.
///
/// # Panics
/// When it is not so.
pub async fn stop_ends_the_deliveries(
    publisher: &impl TaskPublisher,
    one: &mut impl TaskConsumer,
    other: &mut impl TaskConsumer,
) {
    publish(publisher, 1).await;
    publish(publisher, 2).await;
    let in_hand = take(one, 1).await;
    one.stop().await;
    assert!(one.next().await.is_none());
    one.resume();
    assert!(one.next().await.is_none(), "a stop is for good");
    take(other, 2).await.ack().await;
    in_hand.ack().await;
}

/// A `next` that is dropped before it is ready loses nothing. Prefetch: any.
///
/// # Panics
/// When it is not so.
pub async fn a_dropped_next_loses_nothing(publisher: &impl TaskPublisher, consumer: &mut impl TaskConsumer) {
    for number in 1..=20 {
        publish(publisher, number).await;
    }
    let deadline = Instant::now() + LIMIT;
    let mut seen = 0;
    while seen < 20 {
        assert!(Instant::now() < deadline, "only {seen} of 20 came");
        tokio::select! {
            biased;
            delivery = consumer.next() => {
                seen += 1;
                let delivery = delivery.expect("not stopped");
                assert_eq!(delivery.task(), &task(seen));
                delivery.ack().await;
            }
            () = tokio::task::yield_now() => {}
        }
    }
}

/// A task that differs from that of every other `number`.
///
/// # Panics
/// Never for the numbers used here.
pub fn task(number: u64) -> Task {
    let ts = MessageTs::from_micros(1_729_636_800_000_000 + number).expect("a time of our century");
    let channel = ChannelId::new("C0CONFORM");
    Task::Question(Question {
        team: TeamId::new("T0TEAM"),
        enterprise: None,
        channel: channel.clone(),
        ts,
        conversation: Conversation::Thread { channel, root: ts },
        user: UserId::new("U0ASKS"),
        surface: Surface::Channel,
        text: format!("question {number}, with umlauts: äöü"),
        files: Vec::new(),
        externally_shared: false,
        event_id: EventId::new(format!("Ev{number}")),
        received_ms: number,
    })
}

/// The next delivery, or a panic when none comes.
///
/// # Panics
/// When none comes in 20 s.
pub async fn next<C: TaskConsumer>(consumer: &mut C) -> C::Delivery {
    let delivery = tokio::time::timeout(LIMIT, consumer.next()).await.expect("a delivery comes");
    delivery.expect("the consumer is not stopped")
}

async fn publish(publisher: &impl TaskPublisher, number: u64) -> Headers {
    let headers = Headers::first();
    publisher.publish(&task(number), &headers).await.expect("published");
    headers
}

async fn take<C: TaskConsumer>(consumer: &mut C, number: u64) -> C::Delivery {
    let delivery = next(consumer).await;
    assert_eq!(delivery.task(), &task(number));
    delivery
}
