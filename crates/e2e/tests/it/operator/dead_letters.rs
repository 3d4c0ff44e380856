//! Questions that were given up, in an operator's hands.

use lapin::{
    BasicProperties, Connection, ConnectionProperties,
    options::{BasicGetOptions, BasicNackOptions, BasicPublishOptions},
};
use serde_json::Value;

use super::{done, operate};
use crate::{
    replays::GivenUp,
    world::{echo, echoed},
};

/// The letters in `dead`.
fn letters(given_up: &GivenUp, arguments: &[&str]) -> Vec<Value> {
    let arguments = [&["dead-letters", "list", "--json"], arguments].concat();
    done(&given_up.world.stack, &arguments).json()["letters"].as_array().unwrap().clone()
}

/// Publishes a copy of the first dead letter: to `dead`, as a burial does that is repeated, or to `work` as a replay whose
/// process died before it removed the letter.
async fn copy_first_letter(given_up: &GivenUp, to: &str) {
    let stack = &given_up.world.stack;
    let connection = Connection::connect(&stack.broker().url(), ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let dead = format!("{}dead", stack.prefix());
    let letter = channel.basic_get(dead.as_str().into(), BasicGetOptions::default()).await.unwrap().unwrap();
    let mut properties = BasicProperties::default().with_delivery_mode(2);
    let mut headers = letter.properties.headers().clone().unwrap_or_default();
    if to == "work" {
        let burial = lapin::types::AMQPValue::LongString(given_up.burial.as_str().into());
        headers.insert("x-replay".into(), burial);
    }
    properties = properties.with_headers(headers);
    let target = format!("{}{to}", stack.prefix());
    let options = BasicPublishOptions::default();
    channel.basic_publish("".into(), target.into(), options, &letter.data, properties).await.unwrap();
    letter.nack(BasicNackOptions { requeue: true, multiple: false }).await.unwrap();
    connection.close(200, "OK".into()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_tells_why_and_changes_nothing_and_a_replay_is_answered_in_the_place_of_the_notice() {
    let given_up = GivenUp::start().await;
    let listed = letters(&given_up, &[]);
    assert_eq!(listed.len(), 1, "{listed:?}");
    let letter = &listed[0];
    assert_eq!(letter["ts"], given_up.asked.ts.to_string());
    assert_eq!(letter["attempts"], 3);
    assert!(letter["reason"].as_str().unwrap().contains("no_text"), "{letter}");
    assert!(letter["given_up_ms"].as_u64() > letter["received_ms"].as_u64(), "{letter}");
    for _ in 0..3 {
        assert_eq!(letters(&given_up, &[]), listed);
    }

    let (stack, id) = (&given_up.world.stack, letter["id"].as_str().unwrap());
    let table = done(stack, &["dead-letters", "list"]);
    assert!(table.text.contains(id) && !table.text.contains("once more?"), "{table}");
    assert_eq!(letters(&given_up, &["--text"])[0]["text"], "once more?");
    let shown = done(stack, &["dead-letters", "show", id]);
    assert!(shown.text.contains("given up, its person knows") && !shown.text.contains("once more?"), "{shown}");

    let replayed = done(stack, &["dead-letters", "replay", id]);
    assert!(replayed.text.contains("asked again"), "{replayed}");
    let GivenUp { world, asked, notice, .. } = &given_up;
    world.assert_one_answer_each(&[(asked, echo("once more?", 1))]).await;
    let messages = given_up.own_messages();
    assert_eq!(messages.iter().map(|message| message.ts).collect::<Vec<_>>(), [notice.ts]);
    assert_eq!(world.context(&asked.channel, asked.ts), echoed(&["once more?"]));

    let again = operate(stack, &["dead-letters", "replay", id]);
    assert!(again.code == 1 && again.error.contains("no dead letter"), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_lies_there_twice_is_replayed_once() {
    let given_up = GivenUp::start().await;
    copy_first_letter(&given_up, "dead").await;
    let letter = e2e::eventually("two letters", crate::world::PATIENCE, || async {
        let letters = letters(&given_up, &[]);
        (letters.len() == 2).then(|| letters[0].clone())
    });
    let letter = letter.await.unwrap();
    let place = format!("{}:{}", letter["channel"].as_str().unwrap(), letter["ts"].as_str().unwrap());
    done(&given_up.world.stack, &["dead-letters", "replay", &place]);
    given_up.world.assert_one_answer_each(&[(&given_up.asked, echo("once more?", 1))]).await;
    assert_eq!(given_up.own_messages().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_died_before_it_removed_the_letter_is_repeated_without_a_second_answer() {
    let given_up = GivenUp::start().await;
    copy_first_letter(&given_up, "work").await;
    let stack = &given_up.world.stack;
    let ended = e2e::eventually("the letter to be of no more use", crate::world::PATIENCE, || async {
        let said = operate(stack, &["dead-letters", "replay", "--all"]);
        // While the first replay is under way the letter is kept; unless both come before it, which is one replay too.
        (said.code == 0).then_some(said)
    });
    ended.await.unwrap();
    given_up.world.assert_one_answer_each(&[(&given_up.asked, echo("once more?", 1))]).await;
    assert_eq!(given_up.own_messages().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dropped_or_too_old_is_gone() {
    let given_up = GivenUp::start().await;
    let stack = &given_up.world.stack;
    let kept = done(stack, &["dead-letters", "prune"]);
    assert!(kept.text.contains("1 kept"), "{kept}");
    let id = letters(&given_up, &[])[0]["id"].as_str().unwrap().to_owned();
    let unknown = operate(stack, &["dead-letters", "drop", &id, "ffffffffff"]);
    assert_eq!(
        (unknown.code, letters(&given_up, &[]).len()),
        (1, 1),
        "none is removed when one is not there: {unknown}"
    );
    copy_first_letter(&given_up, "dead").await;
    done(stack, &["dead-letters", "drop", &id]);
    assert!(letters(&given_up, &[]).is_empty());

    let none = operate(stack, &["dead-letters", "replay"]);
    assert_eq!(none.code, 2, "{none}");
}
