//! One bad key never stops a worker.

use rstest::rstest;
use threads::{
    conformance::{Laboratory, Thread},
    outcome::{Begun, Finished},
};

use crate::laboratory::RedisLaboratory;

fn set_aside(laboratory: &RedisLaboratory, key: &str) -> Vec<String> {
    laboratory.command(&["KEYS", &format!("{key}:unreadable:*").replace(['[', ']'], "?")])
}

#[rstest]
#[case("no json")]
#[case(r#"{"role":"user"}"#)]
#[case("[1,")]
#[case("[nope]")]
#[case("")]
#[tokio::test]
async fn a_context_that_is_no_array_is_kept_aside_and_the_question_answered(#[case] value: &str) {
    let laboratory = RedisLaboratory::start().await;
    let thread = Thread::new(&laboratory);
    let key = RedisLaboratory::key(&thread.conversation);
    laboratory.put_context(&thread.conversation, value).await;
    let grant = thread.run(1, "a").await;
    assert_eq!((grant.attempts, grant.context.bytes()), (1, None));
    let aside = set_aside(&laboratory, &key);
    assert_eq!(laboratory.command::<String>(&["GET", &aside[0]]), value);
    assert!((26 * 3600 - 10..=26 * 3600).contains(&laboratory.command::<i64>(&["TTL", &aside[0]])));
    assert_eq!(thread.begin_post(1, "a").await, Begun::Ok);
    assert_eq!(thread.finish(1, "a", &grant, 11).await, Finished::Ok { entries: 2 });
}

#[tokio::test]
async fn a_context_that_became_unreadable_does_not_stop_the_record() {
    let laboratory = RedisLaboratory::start().await;
    let thread = Thread::new(&laboratory);
    let grant = thread.run(1, "a").await;
    laboratory.put_context(&thread.conversation, "gibberish").await;
    assert_eq!(thread.finish(1, "a", &grant, 11).await, Finished::Ok { entries: 2 });
    assert_eq!(set_aside(&laboratory, &RedisLaboratory::key(&thread.conversation)).len(), 1);
}

#[rstest]
#[case("slack_thread")]
#[case("slack_turns")]
#[case("slack_answer")]
#[tokio::test]
async fn a_key_of_a_wrong_type_is_kept_aside_and_the_question_answered(#[case] name: &str) {
    let laboratory = RedisLaboratory::start().await;
    let thread = Thread::new(&laboratory);
    thread.answer(1).await;
    let key = RedisLaboratory::beside(&thread.conversation, name);
    let () = laboratory.command(&["SET", &key, "somebody else's"]);
    thread.answer(2).await;
    assert_eq!(set_aside(&laboratory, &key).len(), 1);
    assert_eq!(thread.run(3, "a").await.context.entries(), 4);
}

#[tokio::test]
async fn a_context_of_a_wrong_type_is_kept_aside_and_the_question_answered() {
    let laboratory = RedisLaboratory::start().await;
    let thread = Thread::new(&laboratory);
    let key = RedisLaboratory::key(&thread.conversation);
    let _: u32 = laboratory.command(&["RPUSH", &key, "entry"]);
    thread.answer(1).await;
    assert_eq!(laboratory.command::<u32>(&["LLEN", &set_aside(&laboratory, &key)[0]]), 1);
}

#[tokio::test]
async fn a_turn_list_that_was_set_aside_fills_again() {
    let laboratory = RedisLaboratory::start().await;
    let thread = Thread::new(&laboratory);
    thread.register(1).await;
    thread.register(2).await;
    let () = laboratory.command(&["SET", &RedisLaboratory::beside(&thread.conversation, "slack_turns"), "x"]);
    thread.answer(1).await;
    thread.answer(2).await;
}

#[tokio::test]
async fn a_kept_answer_that_cannot_be_read_is_made_again() {
    let laboratory = RedisLaboratory::start().await;
    let thread = Thread::new(&laboratory);
    thread.run(1, "a").await;
    thread.begin_post(1, "a").await;
    let answers = RedisLaboratory::beside(&thread.conversation, "slack_answer");
    let _: u32 = laboratory.command(&["HSET", &answers, &thread.ts(1).to_string(), "gibberish"]);
    assert_eq!(thread.run(1, "a").await.kept, None);
}
