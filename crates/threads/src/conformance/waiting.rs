//! Telling people that a question waits: once in a while, by all workers together.

use std::time::Duration;

use super::{Laboratory, Thread};
use crate::store::ThreadStore;

const EVERY: Duration = Duration::from_mins(1);
const REMEMBERED: Duration = Duration::from_mins(2);

async fn note(thread: &Thread<'_, impl Laboratory>) -> bool {
    thread.laboratory.store().note_waiting(&thread.conversation, EVERY, REMEMBERED).await.expect("note_waiting")
}

async fn forget(thread: &Thread<'_, impl Laboratory>) -> bool {
    thread.laboratory.store().forget_waiting(&thread.conversation).await.expect("forget_waiting")
}

/// The second worker within a minute does not tell again; after a minute somebody may.
pub async fn a_thread_is_told_once_in_a_while_that_it_waits(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    assert!(note(&thread).await);
    assert!(!note(&thread).await);
    laboratory.advance(EVERY / 2);
    assert!(!note(&thread).await);
    laboratory.advance(EVERY / 2);
    assert!(note(&thread).await);
    assert!(!note(&thread).await);
}

/// Whoever ends the question learns once whether something has to be taken away; then the next one may be told at once.
pub async fn what_a_thread_was_told_is_forgotten_once(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    assert!(!forget(&thread).await, "nobody was told");
    assert!(note(&thread).await);
    assert!(forget(&thread).await);
    assert!(!forget(&thread).await);
    assert!(note(&thread).await);
}

/// Another thread of the same channel is told for itself, and nothing of it depends on turns.
pub async fn each_thread_is_told_for_itself(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    let other = Thread { conversation: super::direct_messages(), ..Thread::new(laboratory) };
    assert!(note(&thread).await);
    assert!(note(&other).await);
    assert!(forget(&thread).await);
    assert!(!note(&other).await);
}
