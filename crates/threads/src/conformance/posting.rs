//! From the announcement of a post to its record.

use std::time::Duration;

use shared::ids::OwnerId;

use super::{LEASE, Laboratory, Thread, kept};
use crate::{
    outcome::{Attempt, Begun, Claimed, Finished, Previous, Released, Renewed, State},
    store::ThreadStore,
};

/// The answer that was kept is the answer: whoever takes over posts it, and asks Slack first.
pub async fn a_begun_post_is_seen_by_the_next_worker_with_its_answer(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    assert_eq!(thread.run(1, "a").await.kept, None);
    assert_eq!(thread.begin_post(1, "a").await, Begun::Ok);
    laboratory.advance(LEASE);
    let grant = thread.run(1, "b").await;
    assert_eq!(grant.kept, Some(kept(1)));
    match grant.previous {
        Previous::Posting { ago } => assert!(ago >= LEASE && ago < LEASE * 2, "{ago:?}"),
        other => panic!("{other:?}"),
    }
}

/// The call may be at Slack: only when its time is over anybody can look.
pub async fn a_returned_copy_waits_for_the_lease_of_a_post(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.run(1, "a").await;
    thread.begin_post(1, "a").await;
    assert!(matches!(thread.claim_returned(1, "b", "copy").await, Claimed::Wait { before: 0, .. }));
    assert_eq!(thread.renew(1, "a").await, Renewed::Ok);
}

/// A released post stays a post unless Slack said that there is none.
pub async fn only_slack_itself_reopens_a_begun_post(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.run(1, "a").await;
    thread.begin_post(1, "a").await;
    assert_eq!(thread.release(1, "a", State::Keep, Attempt::Back).await, Released::Ok);
    assert!(matches!(thread.run(1, "b").await.previous, Previous::Posting { .. }));
    assert_eq!(thread.release(1, "b", State::Open, Attempt::Back).await, Released::Ok);
    let grant = thread.run(1, "c").await;
    assert_eq!((grant.previous, grant.attempts, grant.kept), (Previous::Open, 1, Some(kept(1))));
}

/// Its question may be answered by another by now.
pub async fn a_worker_that_lost_its_lease_may_not_post(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.run(1, "a").await;
    laboratory.advance(LEASE);
    thread.run(1, "b").await;
    assert_eq!(thread.begin_post(1, "a").await, Begun::Lost);
    assert_eq!(thread.begin_post(1, "b").await, Begun::Ok);
    assert_eq!(thread.begin_post(1, "b").await, Begun::Ok);
}

/// The lease of a post covers the longest call to Slack.
pub async fn renewing_never_shortens_the_lease_of_a_post(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.run(1, "a").await;
    thread.begin_post(1, "a").await;
    let store = laboratory.store();
    let short = Duration::from_secs(1);
    let renewed = store.renew(&thread.conversation, thread.ts(1), &OwnerId::new("a"), short).await;
    assert_eq!(renewed.expect("renew"), Renewed::Ok);
    laboratory.advance(LEASE / 2);
    assert!(matches!(thread.claim(1, "b").await, Claimed::Wait { .. }));
}

/// Two workers posted; one record, and the other learns whose it is.
pub async fn the_first_record_wins(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    let first = thread.run(1, "a").await;
    thread.begin_post(1, "a").await;
    laboratory.advance(LEASE);
    let second = thread.run(1, "b").await;
    assert_eq!(thread.finish(1, "b", &second, 11).await, Finished::Ok { entries: 2 });
    assert_eq!(thread.finish(1, "a", &first, 12).await, Finished::Done(vec![thread.ts(11)]));
    assert_eq!(thread.begin_post(1, "a").await, Begun::Done(vec![thread.ts(11)]));
}

/// What is in Slack is in Slack.
pub async fn a_worker_that_lost_its_lease_may_record_what_it_posted(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    let first = thread.run(1, "a").await;
    thread.begin_post(1, "a").await;
    laboratory.advance(LEASE);
    thread.run(1, "b").await;
    assert_eq!(thread.finish(1, "a", &first, 11).await, Finished::Ok { entries: 2 });
    assert_eq!(thread.begin_post(1, "b").await, Begun::Done(vec![thread.ts(11)]));
}

/// Otherwise the context would be out of order.
pub async fn a_record_waits_while_another_question_is_the_head(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    let second = thread.run(2, "a").await;
    thread.register(1).await;
    laboratory.advance(LEASE);
    let first = thread.run(1, "b").await;
    assert_eq!(thread.finish(2, "a", &second, 12).await, Finished::NotYet);
    assert_eq!(thread.finish(1, "b", &first, 11).await, Finished::Ok { entries: 2 });
    assert_eq!(thread.finish(2, "a", &second, 12).await, Finished::Ok { entries: 4 });
}

/// The answer of the record was lost, so the worker asks again.
pub async fn recording_twice_names_the_own_messages(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    let grant = thread.run(1, "a").await;
    thread.begin_post(1, "a").await;
    assert_eq!(thread.finish(1, "a", &grant, 11).await, Finished::Ok { entries: 2 });
    assert_eq!(thread.finish(1, "a", &grant, 11).await, Finished::Done(vec![thread.ts(11)]));
    let context = laboratory.context(&thread.conversation).await.expect("a context");
    assert_eq!(context.matches("question 1").count(), 1);
}
