//! An answer that is shown while it is made.

use super::{LEASE, Laboratory, Thread};
use crate::{
    outcome::{Attempt, Begun, Buried, Claimed, Finished, Look, Noted, Previous, State, Stream, Streams},
    store::ThreadStore,
};

/// Nobody knows yet which message it is: Slack has to be asked.
pub async fn an_announced_stream_is_seen_by_the_next_worker(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    assert_eq!(thread.run(1, "a").await.stream, None);
    let before = laboratory.now();
    assert_eq!(thread.begin_stream(1, "a").await, Begun::Ok);
    laboratory.advance(LEASE);
    let grant = thread.run(1, "b").await;
    assert!(matches!(grant.previous, Previous::Posting { .. }) && grant.kept.is_none(), "{grant:?}");
    let stream = grant.stream.expect("it was announced");
    assert!(stream.announced >= before && stream.announced <= laboratory.now(), "{stream:?}");
    assert_eq!(stream.message, None);
    assert_eq!(thread.begin_stream(1, "a").await, Begun::Lost);
}

/// It goes on in this message. The answer is kept beside it once it is made.
pub async fn whoever_takes_over_knows_the_message_of_the_stream(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.run(1, "a").await;
    thread.begin_stream(1, "a").await;
    assert_eq!(thread.note_stream(1, Some(7)).await, Noted::Ok);
    assert_eq!(thread.begin_post(1, "a").await, Begun::Ok);
    laboratory.advance(LEASE);
    let grant = thread.run(1, "b").await;
    assert_eq!(grant.stream.and_then(|stream| stream.message), Some(thread.ts(7)));
    assert_eq!(grant.kept, Some(super::kept(1)));
}

/// One question has one stream: a late word changes nothing.
pub async fn the_first_message_of_a_stream_stays(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.run(1, "a").await;
    thread.begin_stream(1, "a").await;
    thread.note_stream(1, Some(7)).await;
    assert_eq!(thread.note_stream(1, Some(8)).await, Noted::Ok);
    assert_eq!(thread.note_stream(1, None).await, Noted::Ok);
    assert_eq!(thread.begin_stream(1, "a").await, Begun::Ok);
    let message = thread.streams(1).await.own.and_then(|stream| stream.message);
    assert_eq!(message, Some(thread.ts(7)));
}

/// Nothing is to be looked for.
pub async fn a_stream_that_slack_refused_was_none(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.run(1, "a").await;
    assert_eq!(thread.note_stream(1, None).await, Noted::Ok);
    thread.begin_stream(1, "a").await;
    assert_eq!(thread.note_stream(1, None).await, Noted::Ok);
    assert_eq!(thread.streams(1).await, Streams::default());
}

/// The answerer failed after something was shown: the next attempt goes on in the same message.
pub async fn a_stream_is_kept_when_its_question_is_open_again(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.run(1, "a").await;
    thread.begin_stream(1, "a").await;
    thread.note_stream(1, Some(7)).await;
    thread.release(1, "a", State::Open, Attempt::Keep).await;
    let grant = thread.run(1, "b").await;
    assert_eq!(grant.previous, Previous::Open);
    assert_eq!(grant.stream.and_then(|stream| stream.message), Some(thread.ts(7)));
}

/// Somebody else has answered meanwhile, with another message.
pub async fn a_stream_of_a_decided_question_is_to_be_removed(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.run(1, "a").await;
    thread.begin_stream(1, "a").await;
    laboratory.advance(LEASE);
    let grant = thread.run(1, "b").await;
    assert_eq!(thread.finish(1, "b", &grant, 11).await, Finished::Ok { entries: 2 });
    assert_eq!(thread.note_stream(1, Some(7)).await, Noted::Decided);
    assert_eq!(thread.streams(1).await.own.and_then(|stream| stream.message), Some(thread.ts(7)));
}

/// Only who began it knows the message then.
pub async fn a_stream_is_noted_after_a_loss_by_whoever_began_it(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.run(1, "a").await;
    thread.begin_stream(1, "a").await;
    laboratory.lose_everything().await;
    laboratory.store().heartbeat().await.expect("heartbeat");
    assert_eq!(thread.note_stream(1, Some(7)).await, Noted::Ok);
    laboratory.advance(LEASE * 4);
    let grant = thread.run(1, "b").await;
    assert_eq!(grant.previous, Previous::BeforeEpoch);
    let noted = Stream { announced: thread.ts(7).millis(), message: Some(thread.ts(7)) };
    assert_eq!(grant.stream, Some(noted));
}

/// An unmarked message may be that of a question which is being answered right now.
pub async fn who_cleans_up_knows_the_streams_of_the_others(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    for (n, message) in [(1, 7), (2, 8)] {
        let grant = thread.run(n, "a").await;
        thread.begin_stream(n, "a").await;
        assert!(thread.streams(3).await.another_begins);
        assert!(!thread.streams(n).await.another_begins);
        thread.note_stream(n, Some(message)).await;
        thread.finish(n, "a", &grant, message).await;
    }
    let seen = thread.streams(1).await;
    assert_eq!((seen.others, seen.another_begins), (vec![thread.ts(8)], false));
    assert_eq!(seen.own.and_then(|stream| stream.message), Some(thread.ts(7)));
    assert_eq!(thread.streams(3).await.others, [thread.ts(7), thread.ts(8)]);
}

/// What was shown is the notice now, and its replay answers in the notice's place.
pub async fn a_notice_takes_the_place_of_a_stream(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.run(1, "a").await;
    thread.begin_stream(1, "a").await;
    thread.note_stream(1, Some(7)).await;
    assert!(matches!(thread.bury(1, "b").await, Buried::Dead { told: None, .. }));
    assert_eq!(thread.streams(1).await.own.and_then(|stream| stream.message), Some(thread.ts(7)));
    assert_eq!(thread.look(1).await, Look::Dead { told: None });
    thread.note_told(1, "b", 7).await;
    assert_eq!(thread.look(1).await, Look::Dead { told: Some(thread.ts(7)) });
    thread.replay(1, "b").await;
    let Claimed::Run(grant) = thread.claim(1, "c").await else { panic!("it is open again") };
    assert_eq!((grant.notice, grant.stream), (Some(thread.ts(7)), None));
}
