//! What was said before.

use shared::turn::Turn;

use super::{LEASE, Laboratory, Thread};
use crate::outcome::{Base, Begun, Finished};

/// Whichever worker takes it.
pub async fn a_follow_up_knows_the_turns_before_it(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    assert!(thread.run(1, "whole way").await.context.turns().is_empty());
    thread.answer(1).await;
    thread.answer(2).await;
    let grant = thread.run(3, "b").await;
    let said = ["question 1", "answer 1", "question 2", "answer 2"];
    assert_eq!(grant.context.turns().iter().map(|turn| turn.content.as_str()).collect::<Vec<_>>(), said);
    assert_eq!(grant.context.turns()[..2], [Turn::user("question 1"), Turn::assistant("answer 1")]);
}

/// Further fields, other roles, numbers that no float holds, its own spacing, empty arrays.
pub async fn what_another_application_wrote_survives_byte_for_byte(laboratory: &impl Laboratory) {
    let pair = r#"{"role":"user","content":"question 1"},{"role":"assistant","content":"answer 1"}]"#;
    let foreign = [
        ("[]", "["),
        ("[ ]\n", "[ "),
        (r#"[{"role": "user", "content": "h\u00e9, \"x\" \ud83d\ude00 é"}]"#, ""),
        (r#"  [{"role": "tool", "calls": [], "n": 12345678901234567890, "f": 1.0, "o": {"a": [[], {}]}}, 7]   "#, ""),
        (r#"[{"role": "user", "content": "]"}, "[", "]"]"#, ""),
    ];
    for (n, (json, expected)) in foreign.into_iter().enumerate() {
        let mut thread = Thread::new(laboratory);
        let channel = shared::ids::ChannelId::new(format!("C{n}"));
        thread.conversation = shared::conversation::Conversation::Thread { channel, root: thread.ts(0) };
        laboratory.put_context(&thread.conversation, json).await;
        thread.answer(1).await;
        let stored = laboratory.context(&thread.conversation).await.expect("a context");
        let kept = json.trim_end().strip_suffix(']').expect("an array");
        let expected = if expected.is_empty() { format!("{kept},{pair}") } else { format!("{expected}{pair}") };
        assert_eq!(stored.trim_end(), expected);
    }
}

/// `context.max_turns` is 6 here.
pub async fn the_oldest_entries_go_first(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    for n in 1..=5 {
        thread.answer(n).await;
    }
    let grant = thread.run(6, "a").await;
    let said: Vec<_> = grant.context.turns().iter().map(|turn| turn.content.as_str()).collect();
    assert_eq!(said, ["question 3", "answer 3", "question 4", "answer 4", "question 5", "answer 5"]);
    assert_eq!(thread.finish(6, "a", &grant, 16).await, Finished::Ok { entries: 6 });
}

/// Only what the claim had seen is cut.
pub async fn entries_that_came_meanwhile_are_kept(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    laboratory.put_context(&thread.conversation, "[1,2,3,4,5,6]").await;
    let grant = thread.run(1, "a").await;
    laboratory.put_context(&thread.conversation, "[1,2,3,4,5,6,7]").await;
    assert_eq!(thread.finish(1, "a", &grant, 11).await, Finished::Ok { entries: 7 });
    let stored = laboratory.context(&thread.conversation).await.expect("a context");
    assert!(stored.starts_with("[3,4,5,6,7,{"), "{stored}");

    let grant = thread.run(2, "a").await;
    laboratory.put_context(&thread.conversation, "[0]").await;
    assert_eq!(thread.finish(2, "a", &grant, 12).await, Finished::Ok { entries: 3 });
    let stored = laboratory.context(&thread.conversation).await.expect("a context");
    assert!(stored.starts_with("[0,{"), "{stored}");
}

/// Two rebuilds do not put it there twice.
pub async fn a_rebuilt_context_is_used_only_when_there_is_none(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    let base = || Base::IfAbsent(vec![Turn::user("before"), Turn::assistant("then")]);
    let grant = thread.run(1, "a").await;
    assert_eq!(thread.begin_post(1, "a").await, Begun::Ok);
    assert_eq!(thread.finish_with(1, "a", &grant, (11, base())).await, Finished::Ok { entries: 4 });
    let grant = thread.run(2, "a").await;
    assert_eq!(grant.context.turns()[..2], [Turn::user("before"), Turn::assistant("then")]);
    assert_eq!(thread.finish_with(2, "a", &grant, (12, base())).await, Finished::Ok { entries: 6 });
}

/// It holds the pair already, so nothing is put after it.
pub async fn a_replacing_context_stands_alone(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.answer(1).await;
    let grant = thread.run(2, "a").await;
    let turns = vec![Turn::user("question 2"), Turn::assistant("as slack has it")];
    let base = Base::Replace(turns.clone());
    assert_eq!(thread.finish_with(2, "a", &grant, (12, base)).await, Finished::Ok { entries: 2 });
    assert_eq!(thread.run(3, "a").await.context.turns(), turns);
}

/// It was read in Slack before the other answer was there, and would drop it.
pub async fn a_context_read_before_another_turn_was_recorded_does_not_replace_it(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    let mut grant = thread.run(2, "a").await;
    thread.register(1).await;
    laboratory.advance(LEASE);
    thread.answer(1).await;
    let base = |turns: &[Turn]| Base::Replace(turns.to_vec());
    let pair = [Turn::user("question 2"), Turn::assistant("answer 2")];
    let Finished::BaseOutdated { recorded } = thread.finish_with(2, "a", &grant, (12, base(&pair))).await else {
        panic!("question 1 was recorded since")
    };
    grant.recorded = recorded;
    let whole = [vec![Turn::user("question 1"), Turn::assistant("answer 1")], pair.to_vec()].concat();
    assert_eq!(thread.finish_with(2, "a", &grant, (12, base(&whole))).await, Finished::Ok { entries: 4 });
    assert_eq!(thread.run(3, "b").await.context.turns(), whole);
}

/// A worker that started before does not bring it back.
pub async fn a_forgotten_context_stays_forgotten(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.answer(1).await;
    let grant = thread.run(2, "a").await;
    assert!(thread.forget(2).await);
    assert_eq!(thread.finish(2, "a", &grant, 12).await, Finished::Ok { entries: 0 });
    assert_eq!(laboratory.context(&thread.conversation).await, None);
    thread.answer(3).await;
    assert_eq!(thread.run(4, "a").await.context.entries(), 2);
}

/// Told twice, because the answer was lost or the message delivered again: what was said since stays.
pub async fn a_thread_is_forgotten_once_for_each_request(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    assert!(!thread.forget(1).await, "nothing was said yet");
    thread.answer(2).await;
    assert!(!thread.forget(1).await);
    assert_eq!(thread.run(3, "whole way").await.context.entries(), 2);
    thread.answer(3).await;
    assert!(thread.forget(4).await);
    assert_eq!(laboratory.context(&thread.conversation).await, None);
}

/// So that nothing older is read from Slack again.
pub async fn who_answers_after_it_was_forgotten_knows_since_when(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    assert_eq!(thread.run(1, "whole way").await.forgotten, None);
    thread.answer(1).await;
    thread.forget(2).await;
    assert_eq!(thread.run(3, "a").await.forgotten, Some(thread.ts(2)));
}

/// Nor does it write into what was said after.
pub async fn a_record_of_before_is_not_put_into_the_context_of_after(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.answer(1).await;
    let grant = thread.run(2, "a").await;
    assert!(thread.forget(2).await);
    laboratory.put_context(&thread.conversation, "[1]").await;
    assert_eq!(thread.finish(2, "a", &grant, 12).await, Finished::Ok { entries: 0 });
    assert_eq!(laboratory.context(&thread.conversation).await.as_deref(), Some("[1]"));
}

/// Half a conversation would read as the whole one: it is rebuilt from Slack by the next question.
pub async fn a_context_that_vanished_meanwhile_is_not_begun_anew(laboratory: &impl Laboratory) {
    let thread = Thread::new(laboratory);
    thread.answer(1).await;
    let grant = thread.run(2, "a").await;
    laboratory.remove_context(&thread.conversation).await;
    assert_eq!(thread.finish(2, "a", &grant, 12).await, Finished::Ok { entries: 0 });
    assert_eq!(laboratory.context(&thread.conversation).await, None);
}
