//! Redis goes away, forgets, fills up, refuses, or holds what nobody can read.

use std::time::Duration;

use e2e::{Promise, Service, Stack};
use playground::{Asked, Method};

use super::trial::{Trial, Watched, assert_said, assert_same_epoch, lasting};
use crate::world::{PATIENCE, World, echo, echoed};

/// Long enough for every worker to notice, to give its work back and to try again.
const A_WHILE: Duration = Duration::from_secs(3);

/// Reads of a thread for one answer whose fate is unknown: twice before it is posted again, and once for the clean-up.
const LOOKS_EACH: usize = 3;

async fn every_responder_is(stack: &Stack, status: u16) {
    for responder in &stack.responders {
        responder.status_is("/readyz", status, PATIENCE).await.expect("it says how it stands");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_that_come_in_while_redis_is_away_are_answered_when_it_is_back() {
    let mut trial = Trial::start().await;
    trial
        .under_load(async |stack, _| {
            stack.redis.stop().await.expect("redis stops");
            every_responder_is(stack, 503).await;
            lasting(Duration::from_secs(5)).await;
            stack.redis.restart().await.expect("redis starts");
            every_responder_is(stack, 200).await;
        })
        .await;
    let trial = trial.judge(Promise::Context).await;
    assert_same_epoch(&trial.world.stack);
    assert_only_what_redis_cannot_know_is_looked_up(&trial);
    assert_said(&trial.world.stack, "ERROR", "no number in its thread");
    assert_said(&trial.world.stack, "ERROR", "no work is taken, Redis cannot be used");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_killed_and_restarted_has_forgotten_nothing() {
    let mut trial = Trial::start().await;
    trial
        .under_load(async |stack, _| {
            for _ in 0..3 {
                stack.redis.kill();
                stack.redis.restart().await.expect("redis starts");
                every_responder_is(stack, 200).await;
            }
        })
        .await;
    let trial = trial.judge(Promise::Context).await;
    assert_same_epoch(&trial.world.stack);
    assert_only_what_redis_cannot_know_is_looked_up(&trial);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_of_redis_every_thread_goes_on_at_once_from_what_was_kept() {
    let mut trial = Trial::start().await;
    trial.under_load(async |_, _| lasting(Duration::from_secs(1)).await).await;
    let mut trial = trial.judge(Promise::Order).await;
    trial.world.stack.redis.kill();
    trial.world.stack.redis.restart().await.expect("redis starts");
    every_responder_is(&trial.world.stack, 200).await;
    // The same threads again.
    trial.under_load(async |_, _| lasting(Duration::from_secs(1)).await).await;
    let trial = trial.judge(Promise::Context).await;
    assert_same_epoch(&trial.world.stack);
    assert!(trial.world.slack.calls(Method::ConversationsReplies).is_empty(), "Slack is asked for nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_hangs_is_waited_for() {
    let mut trial = Trial::start().await;
    trial
        .under_load(async |stack, _| {
            stack.redis.pause();
            lasting(Duration::from_secs(4)).await;
            stack.redis.resume();
            every_responder_is(stack, 200).await;
        })
        .await;
    let trial = trial.judge(Promise::Context).await;
    assert_same_epoch(&trial.world.stack);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_forgets_everything_loses_no_question_and_doubles_no_answer() {
    let mut trial = Trial::start_with(|stack| stack.env("THREADKEEPER__ANSWER__ECHO_DELAY", "100ms")).await;
    let threads = Remembered::ask(&trial.world).await;
    trial
        .under_load(async |stack, _| {
            stack.redis.command::<()>(&["FLUSHALL"]).expect("redis forgets");
            lasting(A_WHILE).await;
            stack.redis.command::<()>(&["FLUSHALL"]).expect("redis forgets once more");
        })
        .await;
    after_losses(trial, threads, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_restored_from_an_older_copy_loses_no_question_and_doubles_no_answer() {
    let mut trial = Trial::start_with(|stack| stack.env("THREADKEEPER__ANSWER__ECHO_DELAY", "100ms")).await;
    let threads = Remembered::ask(&trial.world).await;
    trial
        .under_load(async |stack, _| {
            let backup = stack.redis.backup().expect("the files are copied");
            lasting(A_WHILE).await;
            stack.redis.stop().await.expect("redis stops");
            stack.redis.restore(&backup).await.expect("redis starts with the older files");
            every_responder_is(stack, 200).await;
        })
        .await;
    after_losses(trial, threads, 1).await;
}

/// Threads without an open question: they are owed their context, whatever Redis forgets.
struct Remembered(Vec<Asked>);

impl Remembered {
    async fn ask(world: &World) -> Self {
        let mut asked = Vec::new();
        for number in 0..3 {
            asked.push(world.ask(&world.slack.channel(&format!("remembered-{number}")), "before", None).await);
        }
        for question in &asked {
            world.answer(question).await;
        }
        world.stack.settled(PATIENCE).await.expect("they are recorded");
        Self(asked)
    }
}

/// What is owed after Redis has lost data: one answer each; the context to threads in which nothing was open; and
/// everything to what begins afterwards.
async fn after_losses(trial: Trial, threads: Remembered, losses: usize) {
    let trial = trial.judge(Promise::OneAnswer).await;
    let said = |line: &e2e::LogLine| line.level() == Some("ERROR") && line.contains("set epoch");
    let services = trial.world.stack.ingresses.iter().chain(&trial.world.stack.responders);
    let errors = services.flat_map(Service::log).filter(said).count();
    assert_eq!(errors, losses, "one process says it for each loss");

    let world = &trial.world;
    for first in &threads.0 {
        let second = world.ask(&first.channel, "after", Some(first.ts)).await;
        world.assert_one_answer_each(&[(first, echo("before", 1)), (&second, echo("after", 2))]).await;
        assert_eq!(world.context(&first.channel, first.ts), echoed(&["before", "after"]));
    }

    let mut trial = trial.anew();
    trial.under_load(async |_, _| lasting(Duration::from_secs(1)).await).await;
    trial.judge(Promise::Order).await;
}

/// Asserts that Slack was asked only where Redis could not know: about answers that were on their way when it went away,
/// and in a thread whose first question had no number, so that a later one came before it and found no context.
fn assert_only_what_redis_cannot_know_is_looked_up(trial: &Trial) {
    let (mut unknown, mut first) = (0, 0);
    for line in trial.world.stack.responders.iter().flat_map(Service::log) {
        let Some(previous) = line.field("previous").and_then(serde_json::Value::as_str) else { continue };
        assert!(previous == "Open" || previous.starts_with("Posting"), "a claim that doubts Redis: {}", line.text());
        unknown += usize::from(previous != "Open");
        first += usize::from(line.field("turns").and_then(serde_json::Value::as_u64) == Some(0));
    }
    let looks = trial.world.slack.calls(Method::ConversationsReplies).len();
    assert!(
        looks <= LOOKS_EACH * unknown + first,
        "{looks} looks in Slack for {unknown} answers with an unknown fate and {first} without a context"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_without_memory_is_waited_for() {
    let mut trial = Trial::start().await;
    trial
        .under_load(async |stack, _| {
            stack.redis.command::<()>(&["CONFIG", "SET", "maxmemory", "1mb"]).expect("redis is full");
            every_responder_is(stack, 503).await;
            lasting(A_WHILE).await;
            stack.redis.command::<()>(&["CONFIG", "SET", "maxmemory", "0"]).expect("redis has memory");
            every_responder_is(stack, 200).await;
        })
        .await;
    let trial = trial.judge(Promise::Context).await;
    assert_same_epoch(&trial.world.stack);
    assert_said(&trial.world.stack, "ERROR", "no work is taken, Redis cannot be used");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_only_reads_is_waited_for() {
    let mut trial = Trial::start().await;
    trial
        .under_load(async |stack, _| {
            // A replica of nobody: it keeps its data and refuses writes, as after a failover.
            stack.redis.command::<()>(&["REPLICAOF", "127.0.0.1", "9"]).expect("redis becomes a replica");
            every_responder_is(stack, 503).await;
            lasting(A_WHILE).await;
            stack.redis.command::<()>(&["REPLICAOF", "NO", "ONE"]).expect("redis takes writes again");
            every_responder_is(stack, 200).await;
        })
        .await;
    let trial = trial.judge(Promise::Context).await;
    assert_same_epoch(&trial.world.stack);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_cannot_be_read_stop_neither_their_thread_nor_any_other() {
    let mut trial = Trial::start().await;
    let watched = trial
        .under_load(async |stack, slack| {
            let mut watched = Vec::new();
            // What stands in the place of the context, and of the thread's own keys.
            let damages = [
                ("slack_conv", vec!["SET", "KEY", "{\"not\":\"an array\"}"]),
                ("slack_conv", vec!["SET", "KEY", "[{\"role\":\"user\",\"con"]),
                ("slack_conv", vec!["LPUSH", "KEY", "of", "another", "type"]),
                ("slack_turns", vec!["SET", "KEY", "of another type"]),
                ("slack_answer", vec!["SET", "KEY", "of another type"]),
                ("slack_thread", vec!["SET", "KEY", "of another type"]),
            ];
            for (key, command) in damages {
                let first = Watched::ask(slack, "before").await;
                first.answer(slack).await;
                settled(stack, &first).await;
                let context = format!("slack_conv:{}:{}", first.channel, first.ts);
                let key = if key == "slack_conv" { context } else { format!("{key}:{{{context}}}") };
                stack.redis.command::<()>(&["DEL", &key]).expect("redis answers");
                let command: Vec<_> = command.iter().map(|word| if *word == "KEY" { &*key } else { word }).collect();
                stack.redis.command::<()>(&command).expect("redis answers");
                let second = slack.ask(&first.channel, &slack.person("grace"), "after", Some(first.ts)).await;
                let second = second.expect("it is said");
                assert!(second.is_acked());
                watched.push((key, first, second));
            }
            watched
        })
        .await;
    for (_, _, second) in &watched {
        trial.world.answer(second).await;
    }
    let trial = trial.judge(Promise::Order).await;
    for (key, first, second) in watched {
        let context_lives = !key.starts_with("slack_conv");
        let answers = trial.world.slack.answers_to(&second.channel, second.ts);
        assert_eq!(answers.len(), 1, "{key}: {answers:#?}");
        assert_eq!(trial.world.slack.answers_to(&first.channel, first.ts).len(), 1, "{key}");
        if context_lives {
            assert_eq!(answers[0].text, echo("after", 2), "{key}");
            assert_eq!(trial.world.context(&first.channel, first.ts), echoed(&["before", "after"]), "{key}");
        }
        let found: Vec<String> =
            trial.world.stack.redis.command(&["KEYS", &format!("{}:unreadable:*", glob(&key))]).expect("redis answers");
        assert_eq!(found.len(), 1, "{key} is set aside, and kept");
    }
}

/// Braces are plain in a glob pattern of Redis; colons and points too.
fn glob(key: &str) -> String {
    key.replace('[', "\\[")
}

/// Waits until an answered question is recorded as such: a posted answer is visible a moment earlier.
async fn settled(stack: &Stack, question: &Watched) {
    let key = format!("slack_conv:{}:{}", question.channel, question.ts);
    let saved = || async { stack.redis.command::<Option<String>>(&["GET", &key]).ok().flatten() };
    e2e::eventually("the context to be saved", PATIENCE, saved).await.expect("it is saved");
}
