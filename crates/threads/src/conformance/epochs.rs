//! After the store lost data.

use std::time::Duration;

use shared::turn::Turn;

use super::{Laboratory, Thread, kept};
use crate::{
    outcome::{Attempt, Base, Begun, Buried, Claimed, Finished, Previous, Registered, Released, Renewed, State},
    store::ThreadStore,
};

/// `delivery.settle`, and a little more.
const SETTLED: Duration = Duration::from_secs(36);

/// Who holds a grant of before claims again.
pub async fn a_loss_is_told_to_every_operation(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    let grant = thread.run(1, "a").await;
    laboratory.lose_everything().await;
    assert_eq!(thread.finish(1, "a", &grant, 11).await, Finished::OtherEpoch);
    laboratory.lose_everything().await;
    assert_eq!(thread.begin_post(1, "a").await, Begun::OtherEpoch);
    laboratory.lose_everything().await;
    assert_eq!(thread.renew(1, "a").await, Renewed::OtherEpoch);
    laboratory.lose_everything().await;
    assert_eq!(thread.release(1, "a", State::Keep, Attempt::Back).await, Released::OtherEpoch);
    laboratory.lose_everything().await;
    assert_eq!(thread.bury(1, "record").await, Buried::OtherEpoch);
    laboratory.lose_everything().await;
    assert_eq!(thread.claim(1, "b").await, Claimed::OtherEpoch);
    laboratory.lose_everything().await;
    assert_eq!(thread.register(1).await, Registered::OtherEpoch);
    laboratory.lose_everything().await;
    thread.note_told(1, "record", 12).await;
    laboratory.lose_everything().await;
    laboratory.store().heartbeat().await.expect("heartbeat");
    laboratory.lose_everything().await;
    laboratory.store().probe().await.expect("probe");
    // The thread was not entered in the new epoch yet, so the old grant is still void.
    assert_eq!(thread.finish(1, "a", &grant, 11).await, Finished::OtherEpoch);
}

/// Waiting questions register again by their claims.
pub async fn after_a_loss_claims_wait_until_the_questions_have_their_places(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.register(1).await;
    laboratory.lose_everything().await;
    laboratory.store().heartbeat().await.expect("heartbeat");
    assert!(matches!(thread.claim(2, "a").await, Claimed::Wait { before: 0, settling: true, .. }));
    assert!(matches!(thread.claim(1, "b").await, Claimed::Wait { before: 0, settling: true, .. }));
    laboratory.advance(SETTLED);
    assert!(matches!(thread.claim(2, "a").await, Claimed::Wait { before: 1, settling: false, .. }));
    assert!(matches!(thread.claim(1, "b").await, Claimed::Run(_)));
}

/// Whether they were answered before is known to Slack alone.
pub async fn after_a_loss_older_questions_are_looked_up_first(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.answer(1).await;
    laboratory.lose_everything().await;
    laboratory.store().heartbeat().await.expect("heartbeat");
    laboratory.advance(SETTLED);
    let grant = thread.run(1, "a").await;
    assert_eq!((grant.previous, grant.attempts, grant.kept), (Previous::BeforeEpoch, 1, None));
    assert_eq!(thread.begin_post(1, "a").await, Begun::Ok);
    assert_eq!(thread.finish(1, "a", &thread.run(1, "a").await, 11).await, Finished::Ok { entries: 2 });
    // Ten minutes later, what is asked then is of the new epoch.
    laboratory.advance(Duration::from_mins(10));
    let later = Thread::new(laboratory);
    assert_eq!(later.run(5, "a").await.previous, Previous::Open);
    assert_ne!(later.run(5, "a").await.kept, Some(kept(5)));
}

/// A question whose copy was answered and acked before must not come back as a turn that nobody claims.
pub async fn a_number_is_taken_only_in_the_epoch_of_the_request(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    let store = laboratory.store();
    let stamp = store.stamp();
    laboratory.lose_everything().await;
    store.heartbeat().await.expect("heartbeat");
    let registered = store.register(&thread.conversation, thread.ts(1), stamp, None).await.expect("register");
    assert_eq!(registered, Registered::OtherEpoch);
    assert_eq!(thread.register(2).await, Registered::Open);
    laboratory.advance(SETTLED);
    assert!(matches!(thread.claim(2, "a").await, Claimed::Run(_)));
}

/// Redis came back with an older copy: a context in it may lack turns that people see, until it is replaced.
pub async fn a_context_of_before_a_loss_is_stale_until_it_is_replaced(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.answer(1).await;
    assert!(!thread.run(2, "a").await.stale);
    laboratory.lose_the_epoch().await;
    // Told that it is another epoch; the next claim is in the new one, after it has settled.
    thread.claim(2, "b").await;
    laboratory.advance(Duration::from_mins(2));
    let grant = thread.run(2, "b").await;
    assert!(grant.stale);
    thread.begin_post(2, "b").await;
    let base = Base::Replace(vec![Turn::user("question 2"), Turn::assistant("answer 2")]);
    assert!(matches!(thread.finish_with(2, "b", &grant, (1002, base)).await, Finished::Ok { entries: 2 }));
    assert!(!thread.run(3, "c").await.stale);
}
