//! People who wait are told what for, by a status line in their thread that is gone when they wait no longer.

use std::time::Duration;

use e2e::{LogLine, Service, StackBuilder};
use playground::{Asked, Fault, Method, Rule};

use crate::{
    dependencies::{all_say_that_it_is_away, ask_everywhere, ask_until_one_waits},
    knowledge::{Knowledge, QUESTION},
    world::{PATIENCE, World, echo},
};

const WORKING: &str = "is working on your answer";

/// What was shown in the thread of a question, oldest first.
fn shown(world: &World, root: &Asked) -> Vec<String> {
    set(world, root).into_iter().filter(|text| !text.is_empty()).collect()
}

/// Every status that was set in it; an empty one takes it away.
fn set(world: &World, root: &Asked) -> Vec<String> {
    let calls = world.slack.calls(Method::AssistantThreadsSetStatus).into_iter();
    let thread = calls.filter(|call| call.arguments.text("thread_ts").is_some_and(|ts| ts == root.ts.to_string()));
    thread.filter_map(|call| call.arguments.text("status")).collect()
}

/// The status that is there, once there is one.
async fn status(world: &World, root: &Asked) -> String {
    let there = |workspace: &playground::Workspace| workspace.status(&root.channel, root.ts).map(str::to_owned);
    match world.slack.wait_for("a status in the thread", PATIENCE, there).await {
        Ok(status) => status,
        Err(error) => panic!("{error}\n{}", world.logs()),
    }
}

fn assert_no_status(world: &World, root: &Asked) {
    assert_eq!(world.slack.status(&root.channel, root.ts), None, "{:?}\n{}", shown(world, root), world.logs());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_behind_a_slow_one_is_told_once_how_many_are_before_it() {
    let world = World::start_with(|stack| {
        let stack = stack.ingresses(2).responders(3).env("THREADKEEPER__ANSWER__ECHO_DELAY", "5s");
        stack.env("THREADKEEPER__ANSWER__PATIENCE", "3s").env("THREADKEEPER__DELIVERY__WAITS", "3000")
    })
    .await;
    let channel = world.slack.channel("general");
    let slow = world.ask(&channel, "slow?", None).await;
    let next = world.ask(&channel, "and me?", Some(slow.ts)).await;
    let told = "is waiting: one question before yours is being answered";
    assert_eq!(status(&world, &slow).await, told);
    world.assert_one_answer_each(&[(&slow, echo("slow?", 1)), (&next, echo("and me?", 2))]).await;
    assert_eq!(shown(&world, &slow), [told], "at most once a minute");
    assert_no_status(&world, &slow);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_takes_longer_than_the_patience_is_announced_and_takes_the_status_away() {
    let world = World::start_with(|stack| {
        let stack = stack.ingresses(1).responders(2).env("THREADKEEPER__ANSWER__ECHO_DELAY", "3s");
        stack.env("THREADKEEPER__ANSWER__PATIENCE", "500ms")
    })
    .await;
    let asked = world.ask(&world.slack.channel("general"), "hm?", None).await;
    assert_eq!(status(&world, &asked).await, WORKING);
    world.assert_one_answer_each(&[(&asked, echo("hm?", 1))]).await;
    assert_eq!(set(&world, &asked), [WORKING], "Slack itself takes it away");
    assert_no_status(&world, &asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_does_not_outlive_a_question_whose_answer_was_found_in_slack() {
    let world = World::start_with(|stack| {
        let stack = stack.ingresses(1).responders(2).scaled_times().env("THREADKEEPER__ANSWER__ECHO_DELAY", "2s");
        stack.env("THREADKEEPER__ANSWER__PATIENCE", "500ms")
    })
    .await;
    world.slack.fault(Rule::on(Method::ChatPostMessage, Fault::TookEffectThenCut));
    let asked = world.ask(&world.slack.channel("general"), "was that you?", None).await;
    world.assert_one_answer_each(&[(&asked, echo("was that you?", 1))]).await;
    let texts = set(&world, &asked);
    assert_eq!((texts.first().map(String::as_str), texts.last().map(String::as_str)), (Some(WORKING), Some("")));
    assert_no_status(&world, &asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_told_once_in_each_thread_whoever_sees_it() {
    let knowledge = Knowledge::new();
    let world = World::start_with(|stack| {
        let stack = knowledge.answers(stack.ingresses(2).responders(3).scaled_times());
        stack.env("THREADKEEPER__ANSWER__PATIENCE", "500ms")
    })
    .await;
    knowledge.go_away();
    let mut asked = ask_until_one_waits(&world, QUESTION).await;
    asked.extend(ask_everywhere(&world, 12, QUESTION).await);
    all_say_that_it_is_away(&world, "model", "answer.knowledge").await;
    let waiting = world.ask(&world.slack.channel("watched"), QUESTION, None).await;
    let told = "is waiting: what it answers from cannot be reached. Your question is kept";
    assert_eq!(status(&world, &waiting).await, told);
    let ts = waiting.ts.to_string();
    let seen = |line: &LogLine| {
        let about = line.field("slack.ts").is_some_and(|field| *field == *ts);
        about && line.field("outcome").is_some_and(|outcome| outcome == "model_away")
    };
    e2e::eventually("the question to come back several times", PATIENCE, || async {
        let times = world.stack.responders.iter().flat_map(Service::log).filter(|line| seen(line)).count();
        (times >= 4).then_some(())
    })
    .await
    .expect("it comes back");
    assert_eq!(shown(&world, &waiting), [told]);
    asked.push(waiting);
    knowledge.come_back();
    for question in &asked {
        let answer = world.answer(question).await;
        assert!(answer.text.contains("A zebra has stripes"), "{}", answer.text);
    }
    world.stack.settled(PATIENCE).await.expect("every copy is settled");
    for question in &asked {
        let told = shown(&world, question);
        assert!(told.len() <= 1, "{told:?}");
        assert_no_status(&world, question);
    }
}

async fn two_slow_questions(build: impl FnOnce(StackBuilder) -> StackBuilder, prepare: impl FnOnce(&World)) -> World {
    let world = World::start_with(|stack| {
        let stack = stack.ingresses(1).responders(2).scaled_times().env("THREADKEEPER__ANSWER__ECHO_DELAY", "2s");
        build(stack)
    })
    .await;
    prepare(&world);
    let channel = world.slack.channel("general");
    let first = world.ask(&channel, "first?", None).await;
    let second = world.ask(&channel, "second?", Some(first.ts)).await;
    world.assert_one_answer_each(&[(&first, echo("first?", 1)), (&second, echo("second?", 2))]).await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_shown_where_the_patience_is_zero_or_not_exhausted() {
    for patience in ["0s", "10m"] {
        let world = two_slow_questions(|stack| stack.env("THREADKEEPER__ANSWER__PATIENCE", patience), |_| ()).await;
        assert!(world.slack.calls(Method::AssistantThreadsSetStatus).is_empty(), "patience {patience}");
        let notes: Vec<String> = world.stack.redis.command(&["KEYS", "slack_waiting:*"]).expect("redis answers");
        assert!(notes.is_empty(), "patience {patience}: {notes:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statuses_that_slack_does_not_take_hinder_no_answer_and_are_left_alone() {
    let hang = Fault::Hang { lasting: Duration::from_secs(30) };
    let world = two_slow_questions(
        |stack| stack.env("THREADKEEPER__ANSWER__PATIENCE", "200ms"),
        |world| world.slack.fault(Rule::on(Method::AssistantThreadsSetStatus, hang).always()),
    )
    .await;
    let calls = world.slack.calls(Method::AssistantThreadsSetStatus).len();
    assert!((1..=world.stack.responders.len()).contains(&calls), "{calls} calls in a minute of rest");
    let loud = |line: &LogLine| line.level() == Some("WARN") && line.contains("people are not told");
    assert!(world.stack.responders.iter().any(|responder| responder.log().iter().any(loud)), "{}", world.logs());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_done_is_shown_until_the_first_words_come() {
    let world = World::start_with(|stack| {
        let stack = stack.ingresses(1).responders(1).env("THREADKEEPER__ANSWER__ECHO_SENTENCES", "2");
        stack.env("THREADKEEPER__ANSWER__ECHO_DELAY", "1s")
    })
    .await;
    let channel = world.slack.channel("general");
    let asked = world.ask(&channel, "what now?", None).await;
    assert_eq!(status(&world, &asked).await, "is thinking…");
    let beginning = |workspace: &playground::Workspace| {
        workspace.messages(&channel).find(|said| said.is_by_bot()).map(|said| said.text.clone())
    };
    let beginning = world.slack.wait_for("the first words", PATIENCE, beginning).await.expect("they come");
    assert_eq!(beginning, "Sentence 1 of 2.\n");
    assert_no_status(&world, &asked);
    world.answer(&asked).await;
    world.stack.settled(PATIENCE).await.expect("every copy is settled");
    assert_eq!(shown(&world, &asked), ["is thinking…"]);
    assert_no_status(&world, &asked);
}
