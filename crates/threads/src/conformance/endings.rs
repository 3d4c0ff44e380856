//! Done, dead, withdrawn, forgotten.

use std::time::Duration;

use shared::ids::BurialId;

use super::{LEASE, Laboratory, Thread};
use crate::outcome::{Attempt, Begun, Buried, Claimed, Finished, Look, Previous, Registered, Released, State};

fn untold(burial: &str) -> Buried {
    Buried::Dead { burial: BurialId::new(burial), told: None }
}

/// Slack's retries and late copies end here.
pub async fn an_answered_question_is_done_for_everybody(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.answer(1).await;
    assert_eq!(thread.look(1).await, Look::Done(vec![thread.ts(1001)]));
    assert_eq!(thread.register(1).await, Registered::Done);
    assert_eq!(thread.claim(1, "a").await, Claimed::Done);
}

/// A question that was given up frees its thread.
pub async fn a_buried_question_is_dead_for_everybody(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    let grant = thread.run(1, "a").await;
    thread.register(2).await;
    assert_eq!(thread.bury(1, "record").await, untold("record"));
    assert_eq!(thread.look(1).await, Look::Dead { told: None });
    assert_eq!(thread.register(1).await, Registered::Dead);
    assert_eq!(thread.claim(1, "b").await, Claimed::Dead { burial: BurialId::new("record"), told: None });
    assert_eq!(thread.begin_post(1, "a").await, Begun::Dead);
    assert_eq!(thread.finish(1, "a", &grant, 11).await, Finished::Dead);
    assert_eq!(thread.run(2, "b").await.attempts, 1);
}

/// Whoever comes second learns of the first.
pub async fn the_first_burial_and_the_first_notice_stay(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.run(1, "a").await;
    thread.bury(1, "first").await;
    assert_eq!(thread.bury(1, "second").await, untold("first"));
    thread.note_told(1, "second", 20).await;
    thread.note_told(1, "first", 21).await;
    thread.note_told(1, "first", 22).await;
    let told = Some(thread.ts(21));
    assert_eq!(thread.claim(1, "b").await, Claimed::Dead { burial: BurialId::new("first"), told });
    assert_eq!(thread.bury(1, "third").await, Buried::Dead { burial: BurialId::new("first"), told });
}

/// Another worker answered while this one gave up.
pub async fn an_answered_question_cannot_be_buried(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.answer(1).await;
    assert_eq!(thread.bury(1, "record").await, Buried::Done);
}

/// A replay that is sent twice does not undo a second burial.
pub async fn a_replay_reopens_only_its_own_burial(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.run(1, "a").await;
    thread.bury(1, "first").await;
    thread.note_told(1, "first", 21).await;
    assert_eq!(thread.replay(1, "other").await, Registered::Dead);
    assert_eq!(thread.replay(1, "first").await, Registered::Open);
    let grant = thread.run(1, "b").await;
    assert_eq!((grant.attempts, grant.previous), (1, Previous::Open));
    assert!(matches!(thread.bury(1, "second").await, Buried::Dead { burial, .. } if burial == BurialId::new("second")));
    assert_eq!(thread.replay(1, "first").await, Registered::Dead);
}

/// The notice stands in the thread: the answer takes its place, and a second failure needs no second notice.
pub async fn a_replay_knows_the_notice_of_its_burial(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    assert_eq!(thread.run(1, "a").await.notice, None);
    thread.bury(1, "first").await;
    thread.replay(1, "first").await;
    assert_eq!(thread.run(1, "b").await.notice, None, "nobody was told");
    assert_eq!(thread.bury(1, "second").await, untold("second"));
    thread.note_told(1, "second", 21).await;
    thread.replay(1, "second").await;
    let told = Some(thread.ts(21));
    assert_eq!(thread.run(1, "c").await.notice, told);
    assert_eq!(thread.release(1, "c", State::Open, Attempt::Keep).await, Released::Ok);
    assert_eq!(thread.run(1, "d").await.notice, told);
    assert_eq!(thread.bury(1, "third").await, Buried::Dead { burial: BurialId::new("third"), told });
    assert_eq!(thread.claim(1, "e").await, Claimed::Dead { burial: BurialId::new("third"), told });
    thread.replay(1, "third").await;
    thread.answer(1).await;
    assert_eq!(thread.look(1).await, Look::Done(vec![thread.ts(1001)]));
}

/// Its answer may be in Slack.
pub async fn a_burial_while_posting_is_looked_up_when_it_is_replayed(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.run(1, "a").await;
    thread.begin_post(1, "a").await;
    thread.bury(1, "record").await;
    thread.replay(1, "record").await;
    assert_eq!(thread.run(1, "b").await.previous, Previous::Unknown);
}

/// The person deleted the question.
pub async fn a_withdrawn_question_is_withdrawn_for_everybody(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    let grant = thread.run(1, "a").await;
    thread.withdraw(1).await;
    assert_eq!(thread.look(1).await, Look::Withdrawn);
    assert_eq!(thread.register(1).await, Registered::Withdrawn);
    assert_eq!(thread.claim(1, "b").await, Claimed::Withdrawn);
    assert_eq!(thread.begin_post(1, "a").await, Begun::Withdrawn);
    assert_eq!(thread.finish(1, "a", &grant, 11).await, Finished::Withdrawn);
    assert_eq!(thread.bury(1, "record").await, Buried::Withdrawn);
}

/// Waiting, dying and giving back do not make it known; only who asked Slack posts.
pub async fn a_question_so_old_that_it_may_be_forgotten_stays_unknown_until_it_is_posted(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    laboratory.advance(Duration::from_hours(25));
    assert_eq!(thread.run(1, "a").await.previous, Previous::Unknown);
    laboratory.advance(LEASE);
    assert_eq!(thread.run(1, "b").await.previous, Previous::Unknown);
    assert_eq!(thread.begin_post(1, "b").await, Begun::Ok);
    assert_eq!(thread.release(1, "b", State::Open, Attempt::Back).await, Released::Ok);
    assert_eq!(thread.run(1, "c").await.previous, Previous::Open);
}

/// Looking changes nothing: the next claim is the first attempt.
pub async fn a_look_tells_what_became_of_a_question_and_changes_nothing(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    assert_eq!(thread.look(1).await, Look::Unknown);
    assert_eq!(thread.register(1).await, Registered::Open);
    assert_eq!(thread.look(1).await, Look::Open);
    assert_eq!(thread.run(1, "a").await.attempts, 1);
    thread.begin_post(1, "a").await;
    assert_eq!(thread.look(1).await, Look::Open);
    laboratory.lose_everything().await;
    assert_eq!(thread.look(1).await, Look::Unknown);
}

/// Nothing is posted, recorded or buried without a claim.
pub async fn unknown_questions_are_lost_to_who_did_not_claim_them(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    let grant = thread.run(1, "a").await;
    assert_eq!(thread.begin_post(2, "a").await, Begun::Lost);
    assert_eq!(thread.finish(2, "a", &grant, 12).await, Finished::OtherEpoch);
    assert_eq!(thread.bury(2, "record").await, Buried::OtherEpoch);
}
