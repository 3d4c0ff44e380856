//! A thread in an operator's eyes, and one that is made to forget.

use super::{done, operate};
use crate::world::{World, echo};

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_is_told_with_its_questions_and_without_what_was_said() {
    let world = World::start().await;
    let channel = world.slack.channel("general");
    let asked = world.ask(&channel, "what is it?", None).await;
    world.assert_one_answer_each(&[(&asked, echo("what is it?", 1))]).await;
    let answer = world.answer(&asked).await;

    let place = format!("{channel}/{}", asked.ts);
    let told = done(&world.stack, &["thread", "show", &place]);
    for part in ["answered", "2 entries", "nobody", &answer.ts.to_string(), "59m"] {
        assert!(told.text.contains(part), "{part}: {told}");
    }
    assert!(!told.text.contains("what is it?"), "{told}");
    let link = format!("https://acme.slack.com/archives/{channel}/p{}", asked.ts.to_string().replace('.', ""));
    let told = done(&world.stack, &["thread", "show", &link, "--text"]);
    assert!(told.text.contains("what is it?"), "{told}");
    let unknown = done(&world.stack, &["thread", "show", &format!("{channel}/1.000000"), "--json"]);
    assert_eq!(unknown.json()["questions"], serde_json::json!([]));
    assert_eq!(operate(&world.stack, &["thread", "show", "general"]).code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_forgotten_comes_back_neither_from_redis_nor_from_slack() {
    let world = World::start().await;
    let channel = world.slack.channel("general");
    let first = world.ask(&channel, "one?", None).await;
    world.assert_one_answer_each(&[(&first, echo("one?", 1))]).await;
    let said = done(&world.stack, &["thread", "forget", &format!("{channel}/{}", first.ts)]);
    assert!(said.text.contains("is forgotten"), "{said}");

    let second = world.ask(&channel, "two?", Some(first.ts)).await;
    world.assert_one_answer_each(&[(&second, echo("two?", 1))]).await;
    let third = world.ask(&channel, "three?", Some(first.ts)).await;
    world.assert_one_answer_each(&[(&third, echo("three?", 2))]).await;
}
