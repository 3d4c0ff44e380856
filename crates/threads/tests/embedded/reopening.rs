//! What a file does that no server does: it is opened again, and it belongs to one process.

use std::{sync::Arc, time::Duration};

use shared::{clock::Clock, config};
use threads::{
    EmbeddedThreads, Origin, ThreadStore,
    conformance::{Laboratory, Thread},
    outcome::{Begun, Claimed, Finished, Look, Previous, Registered},
};

use crate::laboratory::EmbeddedLaboratory;

#[tokio::test]
async fn everything_that_was_acknowledged_survives_a_crash() {
    let mut laboratory = EmbeddedLaboratory::new();
    let thread = Thread::new(&laboratory);
    let conversation = thread.conversation.clone();
    thread.answer(1).await;
    thread.register(2).await;
    thread.register(3).await;
    thread.run(2, "a").await;
    thread.begin_post(2, "a").await;
    laboratory.crash();
    let mut thread = Thread::new(&laboratory);
    thread.conversation = conversation;
    assert_eq!(thread.look(1).await, Look::Done(vec![thread.ts(1001)]));
    assert!(matches!(thread.claim(3, "b").await, Claimed::Wait { before: 1, settling: false, .. }));
    let grant = thread.run(2, "b").await;
    assert!(matches!(grant.previous, Previous::Posting { .. }));
    assert_eq!((grant.attempts, grant.context.entries(), grant.stale), (2, 2, false));
    assert_eq!(grant.kept, Some(threads::conformance::kept(2)));
}

#[tokio::test]
async fn leases_end_with_the_process_and_its_last_answer_can_still_be_recorded() {
    let mut laboratory = EmbeddedLaboratory::new();
    let thread = Thread::new(&laboratory);
    let conversation = thread.conversation.clone();
    let grant = thread.run(1, "a").await;
    laboratory.crash();
    let mut thread = Thread::new(&laboratory);
    thread.conversation = conversation;
    assert_eq!(thread.begin_post(1, "a").await, Begun::Ok);
    laboratory.crash();
    let mut thread = Thread::new(&laboratory);
    thread.conversation = Thread::new(&laboratory).conversation;
    assert_eq!(thread.finish(1, "a", &grant, 11).await, Finished::Ok { entries: 2 });
}

#[tokio::test]
async fn a_context_is_forgotten_after_its_time_and_a_thread_after_its_own() {
    let laboratory = EmbeddedLaboratory::new();
    let thread = Thread::new(&laboratory);
    thread.answer(1).await;
    laboratory.advance(Duration::from_mins(59));
    assert_eq!(thread.run(2, "a").await.context.entries(), 2);
    laboratory.advance(Duration::from_mins(61));
    assert_eq!(thread.run(2, "b").await.context.bytes(), None);
    assert_eq!(thread.register(1).await, Registered::Done);
    laboratory.advance(Duration::from_hours(27));
    laboratory.store().heartbeat().await.unwrap();
    assert_eq!((laboratory.stored("threads"), laboratory.stored("contexts")), (0, 0));
    assert_eq!(thread.look(1).await, Look::Unknown);
}

#[tokio::test]
async fn a_file_that_lost_its_threads_while_questions_were_under_way_settles_first() {
    let folder = tempfile::tempdir().unwrap();
    let database = Arc::new(redb::Database::create(folder.path().join("data.redb")).unwrap());
    let (context, delivery) = (config::Context::default(), config::Delivery::default());
    let open = |origin| EmbeddedThreads::open(Arc::clone(&database), &context, &delivery, Clock::System, origin);
    let store = open(Origin::PossibleLoss).unwrap();
    let thread = Thread::new(&EmbeddedLaboratory::new()).conversation;
    let ts = thread.thread_ts().unwrap();
    let claim = threads::outcome::Claim {
        owner: shared::ids::OwnerId::random(),
        copy: shared::ids::CopyId::random(),
        fresh: false,
        returned: false,
        lease: Duration::from_secs(30),
    };
    let claimed = store.claim(&thread, ts, claim).await.unwrap();
    assert!(matches!(claimed, Claimed::Wait { settling: true, .. }), "{claimed:?}");
}

#[tokio::test]
async fn a_store_that_is_away_says_so_to_every_call_until_its_time_is_over() {
    let laboratory = EmbeddedLaboratory::new();
    laboratory.store().go_away(Duration::from_millis(50));
    let error = laboratory.store().probe().await.unwrap_err();
    assert!(error.is_outage(), "{error}");
    while laboratory.store().probe().await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(Thread::new(&laboratory).register(1).await, Registered::Open);
}
