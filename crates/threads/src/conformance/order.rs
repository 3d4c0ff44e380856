//! Who may run, and when.

use std::time::Duration;

use super::{LEASE, Laboratory, Thread};
use crate::outcome::{Attempt, Begun, Claimed, Previous, Registered, Released, Renewed, State};

/// Shorter than a lease.
const ALMOST: Duration = Duration::from_secs(29);

/// Questions run in the order of their timestamps, not of their arrival.
pub async fn only_the_oldest_question_runs(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    for n in [2, 1, 3] {
        assert_eq!(thread.register(n).await, Registered::Open);
    }
    let wait = |before| Claimed::Wait { before, lease_left: Duration::ZERO, settling: false };
    assert_eq!(thread.claim(2, "a").await, wait(1));
    assert_eq!(thread.claim(3, "b").await, wait(2));
    for n in [1, 2, 3] {
        thread.answer(n).await;
    }
}

/// A second worker with the same question waits for the lease.
pub async fn one_owner_at_a_time(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.run(1, "a").await;
    match thread.claim(1, "b").await {
        Claimed::Wait { before: 0, lease_left, settling: false } => {
            assert!(!lease_left.is_zero() && lease_left <= LEASE);
        }
        other => panic!("{other:?}"),
    }
}

/// The answer of a claim was lost, so the owner asks again.
pub async fn a_claim_repeated_by_its_owner_is_the_same_run(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    assert_eq!(thread.run(1, "a").await, thread.run(1, "a").await);
    assert_eq!(thread.run(1, "a").await.attempts, 1);
}

/// Redis was away when the ingress acknowledged it.
pub async fn an_unregistered_question_is_registered_by_its_claim(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.register(1).await;
    assert!(matches!(thread.claim(2, "a").await, Claimed::Wait { before: 1, .. }));
    thread.answer(1).await;
    assert_eq!(thread.run(2, "a").await.previous, Previous::Open);
}

/// Otherwise the second answer would not know the first one, which the person sees already.
pub async fn a_late_older_question_does_not_pass_one_that_is_being_posted(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.run(2, "a").await;
    assert_eq!(thread.begin_post(2, "a").await, Begun::Ok);
    thread.register(1).await;
    laboratory.advance(LEASE);
    assert!(matches!(thread.claim(1, "b").await, Claimed::Wait { .. }));
    assert!(matches!(thread.run(2, "c").await.previous, Previous::Posting { .. }));
}

/// A redelivered copy may be the only one left, so it is never dropped.
pub async fn a_twin_is_recognised_only_while_the_other_copy_is_being_answered(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    assert!(matches!(thread.claim_copy(1, "a", "first", true).await, Claimed::Run(_)));
    assert_eq!(thread.claim_copy(1, "b", "second", true).await, Claimed::Twin);
    assert!(matches!(thread.claim_copy(1, "b", "second", false).await, Claimed::Wait { .. }));
    assert!(matches!(thread.claim_copy(1, "b", "first", true).await, Claimed::Wait { .. }));
    assert!(matches!(thread.claim_copy(2, "b", "second", true).await, Claimed::Wait { .. }));
    laboratory.advance(LEASE);
    assert!(matches!(thread.claim_copy(1, "b", "second", true).await, Claimed::Run(_)));
}

/// Its worker died, and nothing was posted. The attempt counts, and the worker is fenced if it lives after all.
pub async fn a_copy_that_the_broker_took_from_its_owner_takes_over_at_once(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    let first = thread.run(1, "a").await;
    let Claimed::Run(grant) = thread.claim_returned(1, "b", "copy").await else { panic!("it is taken over") };
    assert_eq!((grant.previous, grant.attempts), (Previous::Open, first.attempts + 1));
    assert_eq!(thread.begin_post(1, "a").await, Begun::Lost);
    assert_eq!(thread.renew(1, "a").await, Renewed::Lost);
    assert_eq!(thread.release(1, "a", State::Open, Attempt::Back).await, Released::Lost);
    assert!(matches!(thread.claim(1, "a").await, Claimed::Wait { .. }), "at its second claim it is no news any more");
    assert_eq!(thread.begin_post(1, "b").await, Begun::Ok);
}

/// The owner's copy is in its worker's hands.
pub async fn a_copy_that_is_not_the_owners_waits_for_the_lease(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.register(2).await;
    thread.run(1, "a").await;
    assert!(matches!(thread.claim_returned(1, "b", "another copy").await, Claimed::Wait { .. }));
    assert!(matches!(thread.claim_returned(2, "b", "copy").await, Claimed::Wait { .. }), "a copy of another question");
    assert_eq!(thread.renew(1, "a").await, Renewed::Ok);
    // An older question came late: it is the head now, so the returned copy waits like any other.
    thread.register(0).await;
    assert!(matches!(thread.claim_returned(1, "b", "copy").await, Claimed::Wait { before: 1, .. }));
}

/// Its worker died.
pub async fn a_lease_that_ran_out_lets_another_worker_in(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.run(1, "a").await;
    laboratory.advance(LEASE);
    let grant = thread.run(1, "b").await;
    assert_eq!((grant.previous, grant.attempts), (Previous::Open, 2));
    assert_eq!(thread.renew(1, "a").await, Renewed::Lost);
    assert_eq!(thread.release(1, "a", State::Open, Attempt::Back).await, Released::Lost);
}

/// A long answer keeps its thread.
pub async fn a_renewed_lease_keeps_the_thread(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.run(1, "a").await;
    laboratory.advance(ALMOST);
    assert_eq!(thread.renew(1, "a").await, Renewed::Ok);
    laboratory.advance(ALMOST);
    assert!(matches!(thread.claim(1, "b").await, Claimed::Wait { .. }));
    assert_eq!(thread.renew(2, "a").await, Renewed::Lost);
}

/// Nobody waits for the lease of a worker that said goodbye.
pub async fn a_released_question_is_free_at_once(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.run(1, "a").await;
    assert_eq!(thread.release(1, "a", State::Open, Attempt::Keep).await, Released::Ok);
    assert_eq!(thread.release(1, "a", State::Open, Attempt::Keep).await, Released::Lost);
    assert_eq!(thread.run(1, "b").await.attempts, 2);
}

/// Asked twice because the first answer was lost.
pub async fn an_attempt_is_given_back_once(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.run(1, "a").await;
    thread.release(1, "a", State::Open, Attempt::Keep).await;
    thread.run(1, "b").await;
    thread.release(1, "b", State::Open, Attempt::Back).await;
    thread.release(1, "b", State::Open, Attempt::Back).await;
    assert_eq!(thread.run(1, "c").await.attempts, 2);
}

/// A worker that dies has used up its attempt.
pub async fn attempts_are_counted_per_claim(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    for attempt in 1..=5 {
        assert_eq!(thread.run(1, &format!("worker {attempt}")).await.attempts, attempt);
        laboratory.advance(LEASE);
    }
}

/// Slack's twins and retries leave several copies; each would cost an attempt at once.
pub async fn a_failed_question_rests_for_every_copy(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    let rest = Duration::from_secs(10);
    thread.run(1, "a").await;
    thread.register(2).await;
    assert_eq!(thread.release(1, "a", State::Rest(rest), Attempt::Keep).await, Released::Ok);
    let Claimed::Wait { before: 0, lease_left, .. } = thread.claim(1, "b").await else { panic!("it rests") };
    assert!(lease_left <= rest && lease_left > rest / 2, "{lease_left:?}");
    assert!(matches!(thread.claim(2, "c").await, Claimed::Wait { before: 1, .. }));
    laboratory.advance(rest);
    assert_eq!(thread.run(1, "b").await.attempts, 2);
}
