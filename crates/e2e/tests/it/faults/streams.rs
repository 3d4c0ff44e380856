//! Answers that are shown while they are made, and what breaks in the middle of them.

use std::time::{Duration, Instant};

use e2e::{Exit, Promise, Stack, StackBuilder, whole};
use playground::{Call, Fault, Message, Method, Playground, Rule};

use super::trial::{Trial, Watched, crash, lasting};
use crate::world::{PATIENCE, echo};

/// The effect comes at once and Slack's answer late, but within `delivery.post_timeout`: time for a crash in between.
const TOLD_LATE: Fault = Fault::SlowAnswer { by: Duration::from_millis(800) };

/// Answers that grow, of questions that do not pile up.
async fn growing() -> Trial {
    growing_with(|stack| stack).await
}

async fn growing_with(build: impl FnOnce(StackBuilder) -> StackBuilder) -> Trial {
    Trial::start_with(|stack| build(stack.streaming())).await.slowly(Duration::from_millis(600))
}

/// The calls of a method for the watched question's channel, in which nobody else asks.
fn calls(watched: &Watched, slack: &Playground, method: Method) -> Vec<Call> {
    let channel = watched.channel.to_string();
    let mut calls = slack.calls(method);
    calls.retain(|call| call.arguments.text("channel").as_ref() == Some(&channel));
    calls
}

/// Waits until Slack was asked for this.
async fn called(watched: &Watched, slack: &Playground, method: Method) {
    let channel = watched.channel.to_string();
    slack
        .wait_for(&format!("a call of {method:?}"), PATIENCE, |workspace| {
            let mut calls = workspace.calls(method);
            calls.any(|call| call.arguments.text("channel").as_ref() == Some(&channel)).then_some(())
        })
        .await
        .expect("it is called");
}

/// The messages that the bot has written in the watched channel and that are still there.
fn visible(watched: &Watched, slack: &Playground) -> Vec<Message> {
    slack.read(|workspace| workspace.messages(&watched.channel).filter(|said| said.is_by_bot()).cloned().collect())
}

/// Waits until people see the beginning of the answer.
async fn shown(watched: &Watched, slack: &Playground) -> Message {
    slack
        .wait_for("the beginning of an answer", PATIENCE, |workspace| {
            workspace.messages(&watched.channel).find(|said| said.is_by_bot()).cloned()
        })
        .await
        .expect("it is shown")
}

/// Asks in the middle of the load, and has something happen when people see the beginning of the answer.
async fn in_mid_stream(
    trial: &mut Trial,
    text: &str,
    act: impl AsyncFnOnce(&mut Stack, &Playground, &Watched),
) -> (Watched, Message) {
    trial
        .under_load(async |stack, slack| {
            let watched = Watched::ask(slack, text).await;
            let beginning = shown(&watched, slack).await;
            act(stack, slack, &watched).await;
            (watched, beginning)
        })
        .await
}

/// One answer, complete, in as many messages, and nothing beside it.
fn assert_complete(trial: &Trial, watched: &Watched, text: &str, messages: usize) -> Vec<Message> {
    let slack = &trial.world.slack;
    let logs = || trial.world.logs();
    let seen = slack.answers_to(&watched.channel, watched.ts);
    assert_eq!(visible(watched, slack).len(), messages, "{:#?}\n{}", visible(watched, slack), logs());
    let answers = whole(seen.clone());
    assert_eq!(answers.len(), 1, "{answers:#?}\n{}", logs());
    assert!(answers[0].text.ends_with(&echo(text, 1)), "{answers:#?}");
    assert!(answers[0].text.starts_with("Sentence 1 of"), "{answers:#?}");
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let context = trial.world.context(&watched.channel, watched.ts);
    assert_eq!(words(&context[1].1), words(&answers[0].text));
    assert_eq!(context.len(), 2);
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_grows_in_one_message_and_costs_few_calls() {
    let mut trial = growing().await;
    let (watched, beginning) = in_mid_stream(&mut trial, "what grows?", async |_, slack, watched| {
        watched.answer(slack).await;
    })
    .await;
    let trial = trial.judge(Promise::Order).await;
    let answer = assert_complete(&trial, &watched, "what grows?", 1);
    assert_eq!(answer[0].ts, beginning.ts);
    let count = |method| calls(&watched, &trial.world.slack, method).len();
    assert_eq!((count(Method::ChatStartStream), count(Method::ChatStopStream)), (1, 1));
    assert_eq!((count(Method::ChatPostMessage), count(Method::ChatUpdate), count(Method::ChatDelete)), (0, 0, 0));
    assert!(count(Method::ChatAppendStream) <= 2, "{}", count(Method::ChatAppendStream));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_words_come_long_before_the_answer() {
    let trial = growing_with(|stack| {
        stack.env("THREADKEEPER__ANSWER__ECHO_SENTENCES", "100").env("THREADKEEPER__ANSWER__ECHO_DELAY", "10ms")
    })
    .await;
    let slack = &trial.world.slack;
    let (mut first, mut complete) = (Vec::new(), Vec::new());
    for number in 0..21 {
        let start = Instant::now();
        let watched = Watched::ask(slack, &format!("how fast is {number}?")).await;
        first.push(shown(&watched, slack).await.sent_at.duration_since(start));
        watched.answer(slack).await;
        complete.push(start.elapsed());
    }
    first.sort_unstable();
    complete.sort_unstable();
    let medians = (first[first.len() / 2], complete[complete.len() / 2]);
    eprintln!("question to first words, and to the answer (medians, the draft begins after 10 ms): {medians:?}");
    assert!(medians.0 < medians.1 / 2, "{medians:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_whose_responder_dies_in_mid_stream_is_answered_in_the_same_message() {
    let mut trial = growing().await;
    let (watched, beginning) = in_mid_stream(&mut trial, "who goes on?", async |stack, slack, watched| {
        called(watched, slack, Method::ChatAppendStream).await;
        let owner = watched.claimed(stack).await;
        crash(&mut stack.responders[owner]);
        watched.answer(slack).await;
    })
    .await;
    let trial = trial.judge(Promise::Order).await;
    let answer = assert_complete(&trial, &watched, "who goes on?", 1);
    assert_eq!(answer[0].ts, beginning.ts);
    assert_eq!(calls(&watched, &trial.world.slack, Method::ChatStartStream).len(), 1, "no second stream");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_responder_died_before_redis_knew_it_is_found_and_completed() {
    let mut trial = growing().await;
    let (watched, beginning) = trial
        .under_load(async |stack, slack| {
            let watched = Watched::ask_after(slack, "whose is this?", |slack, _| {
                let said = |arguments: &playground::Arguments| arguments.text("markdown_text").is_some();
                slack.fault(Rule::on(Method::ChatStartStream, TOLD_LATE).matching(said).times(40));
            })
            .await;
            let beginning = shown(&watched, slack).await;
            let owner = watched.claimed(stack).await;
            crash(&mut stack.responders[owner]);
            slack.clear_faults();
            watched.answer(slack).await;
            (watched, beginning)
        })
        .await;
    let trial = trial.judge(Promise::Order).await;
    let answer = assert_complete(&trial, &watched, "whose is this?", 1);
    assert_eq!(answer[0].ts, beginning.ts);
    assert_eq!(calls(&watched, &trial.world.slack, Method::ChatStartStream).len(), 1, "no second stream");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_stream_whose_responder_died_before_it_was_recorded_is_found() {
    let mut trial = growing().await;
    let (watched, beginning) = in_mid_stream(&mut trial, "finished?", async |stack, slack, watched| {
        slack.fault(Rule::on(Method::ChatStopStream, TOLD_LATE).within(watched.channel.clone()));
        watched.answer(slack).await;
        let owner = watched.claimed(stack).await;
        crash(&mut stack.responders[owner]);
    })
    .await;
    let trial = trial.judge(Promise::Order).await;
    let answer = assert_complete(&trial, &watched, "finished?", 1);
    assert_eq!(answer[0].ts, beginning.ts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_whose_responder_died_before_its_end_reached_slack_is_completed_with_the_kept_answer() {
    let mut trial = growing().await;
    let (watched, beginning) = in_mid_stream(&mut trial, "the end?", async |stack, slack, watched| {
        let hang = Fault::Hang { lasting: Duration::from_millis(900) };
        slack.fault(Rule::on(Method::ChatStopStream, hang).within(watched.channel.clone()));
        called(watched, slack, Method::ChatStopStream).await;
        let owner = watched.claimed(stack).await;
        crash(&mut stack.responders[owner]);
        watched.answer(slack).await;
    })
    .await;
    let trial = trial.judge(Promise::Order).await;
    let answer = assert_complete(&trial, &watched, "the end?", 1);
    assert_eq!(answer[0].ts, beginning.ts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responder_that_is_told_to_stop_in_mid_stream_hands_its_message_over() {
    let mut trial = growing().await;
    let (watched, beginning) = in_mid_stream(&mut trial, "handed over?", async |stack, slack, watched| {
        let owner = watched.claimed(stack).await;
        stack.responders[owner].terminate();
        let exit = stack.responders[owner].wait_exit(PATIENCE).await.expect("it leaves");
        assert_eq!(exit, Exit::Code(0));
        stack.responders[owner].restart().expect("it starts again");
        watched.answer(slack).await;
    })
    .await;
    let trial = trial.judge(Promise::Order).await;
    let answer = assert_complete(&trial, &watched, "handed over?", 1);
    assert_eq!(answer[0].ts, beginning.ts);
    let attempts = watched.claims(&trial.world.stack);
    let last = attempts.last().and_then(|(_, line)| line.field("attempt").and_then(serde_json::Value::as_u64));
    assert_eq!(last, Some(1), "a hand-over is no failed attempt");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responder_frozen_in_mid_stream_wakes_late_and_touches_nothing() {
    let mut trial = growing().await;
    let (watched, _) = in_mid_stream(&mut trial, "who was faster?", async |stack, slack, watched| {
        let owner = watched.claimed(stack).await;
        stack.responders[owner].pause();
        watched.answer(slack).await;
        lasting(Duration::from_secs(7)).await;
        stack.responders[owner].resume();
    })
    .await;
    let trial = trial.judge(Promise::Order).await;
    assert_complete(&trial, &watched, "who was faster?", 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_slack_streams_nothing_answers_grow_by_changes_of_a_message() {
    let mut trial = growing().await;
    let watched = trial
        .under_load(async |_, slack| {
            let refused = Fault::OkFalse { error: "channel_type_not_supported".to_owned() };
            slack.fault(Rule::on(Method::ChatStartStream, refused).always());
            let watched = Watched::ask(slack, "streamed here?").await;
            let beginning = shown(&watched, slack).await;
            assert!(slack.answers_to(&watched.channel, watched.ts).is_empty(), "{beginning:?} is no answer yet");
            watched.answer(slack).await;
            watched
        })
        .await;
    let trial = trial.judge(Promise::Order).await;
    assert_complete(&trial, &watched, "streamed here?", 1);
    assert!(!calls(&watched, &trial.world.slack, Method::ChatUpdate).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn streaming_calls_that_fail_in_every_way_leave_one_complete_answer_each() {
    let mut trial = growing().await;
    trial
        .under_load(async |_, slack| {
            let hang = Fault::Hang { lasting: Duration::from_millis(1500) };
            let wait = Fault::RateLimit { retry_after: Duration::from_secs(1) };
            let faults = [Fault::Status(500), Fault::TookEffectThenCut, Fault::CutBefore, hang, wait, Fault::Html];
            for method in [Method::ChatStartStream, Method::ChatAppendStream, Method::ChatStopStream] {
                for fault in faults.clone() {
                    slack.fault(Rule::on(method, fault).times(1));
                }
            }
            slack
                .wait_for("all faults to be met", PATIENCE, |workspace| {
                    let methods = [Method::ChatStartStream, Method::ChatStopStream];
                    let met = methods.into_iter().flat_map(|method| workspace.calls(method));
                    (met.filter(|call| call.fault.is_some()).count() >= 12).then_some(())
                })
                .await
                .expect("they are met");
            slack.clear_faults();
        })
        .await;
    trial.judge(Promise::Order).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_slack_begins_long_after_the_call_was_given_up_is_removed() {
    let mut trial = growing().await;
    let watched = trial
        .under_load(async |_, slack| {
            let late = Fault::Late { by: Duration::from_millis(5500) };
            let watched = Watched::ask_after(slack, "twice at last?", |slack, _| {
                slack.fault(Rule::on(Method::ChatStartStream, late).times(1));
            })
            .await;
            watched.answer(slack).await;
            lasting(Duration::from_secs(6)).await;
            watched
        })
        .await;
    let trial = trial.judge(Promise::Order).await;
    assert_complete(&trial, &watched, "twice at last?", 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_away_in_mid_stream_costs_no_answer_and_leaves_no_beginning() {
    let mut trial = growing().await;
    let (watched, _) = in_mid_stream(&mut trial, "remembered?", async |stack, slack, watched| {
        stack.redis.stop().await.expect("redis stops");
        lasting(Duration::from_secs(3)).await;
        stack.redis.restart().await.expect("redis starts");
        watched.answer(slack).await;
    })
    .await;
    let trial = trial.judge(Promise::Context).await;
    assert_complete(&trial, &watched, "remembered?", 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_fails_after_something_was_shown_goes_on_in_the_same_message() {
    // The first attempt is too slow for its deadline, the second is not.
    let mut trial = growing_with(|stack| stack.env("THREADKEEPER__DELIVERY__STREAM_DEADLINE", "900ms"))
        .await
        .slowly(Duration::from_secs(2));
    let (watched, beginning) = in_mid_stream(&mut trial, "once more?", async |_, slack, watched| {
        watched.answer(slack).await;
    })
    .await;
    let trial = trial.judge(Promise::Order).await;
    let answer = assert_complete(&trial, &watched, "once more?", 1);
    assert_eq!(answer[0].ts, beginning.ts);
    assert!(watched.claims(&trial.world.stack).len() > 1, "the first attempt failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_beginning_of_an_answer_that_is_given_up_becomes_the_notice() {
    let trial = growing_with(|stack| {
        stack
            .env("THREADKEEPER__DELIVERY__STREAM_DEADLINE", "900ms")
            .env("THREADKEEPER__DELIVERY__RETRY_DEADLINE", "500ms")
            .env("THREADKEEPER__DELIVERY__ATTEMPTS", "2")
    })
    .await;
    let slack = &trial.world.slack;
    let watched = Watched::ask(slack, "in vain?").await;
    let beginning = shown(&watched, slack).await;
    let notice = slack
        .wait_for("a notice", PATIENCE, |workspace| {
            workspace.notices_about(&watched.channel, watched.ts).next().cloned()
        })
        .await
        .expect("its person is told");
    assert_eq!(notice.ts, beginning.ts);
    let rests = || async {
        let depths = trial.world.stack.queue_depths().await.ok()?;
        depths.iter().all(|(queue, depth)| depth.is_empty() || queue.ends_with("dead")).then_some(())
    };
    e2e::eventually("nothing moves any more", PATIENCE, rests).await.expect("it comes to rest");
    assert_eq!(visible(&watched, slack).len(), 1, "{:#?}", visible(&watched, slack));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_two_messages_is_completed_by_another_responder_and_no_part_stands_twice() {
    let mut trial = growing_with(|stack| {
        stack.env("THREADKEEPER__ANSWER__ECHO_SENTENCES", "700").env("THREADKEEPER__ANSWER__ECHO_DELAY", "1ms")
    })
    .await;
    let (watched, beginning) = in_mid_stream(&mut trial, "how long?", async |stack, slack, watched| {
        // The second part: visible, and its responder dies before it knows.
        slack.fault(Rule::on(Method::ChatPostMessage, TOLD_LATE).within(watched.channel.clone()));
        slack
            .wait_for("both parts", PATIENCE, |workspace| {
                (workspace.answers_to(&watched.channel, watched.ts).count() == 2).then_some(())
            })
            .await
            .expect("it has two");
        let owner = watched.claimed(stack).await;
        crash(&mut stack.responders[owner]);
    })
    .await;
    let trial = trial.judge(Promise::Order).await;
    let answer = assert_complete(&trial, &watched, "how long?", 2);
    assert!(answer.iter().any(|part| part.ts == beginning.ts));
    assert_eq!(watched.posts(&trial.world.slack), 1, "the second part was posted again");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_streaming_a_long_answer_is_posted_in_parts_and_the_missing_one_by_another_responder() {
    let mut trial = growing_with(|stack| {
        stack
            .env("THREADKEEPER__ANSWER__ECHO_SENTENCES", "700")
            .env("THREADKEEPER__ANSWER__ECHO_DELAY", "1ms")
            .env("THREADKEEPER__ANSWER__STREAMING", "off")
    })
    .await;
    let watched = trial
        .under_load(async |stack, slack| {
            let watched = Watched::ask_after(slack, "in parts?", |slack, key| {
                let hang = Fault::Hang { lasting: Duration::from_millis(900) };
                slack.fault(Rule::on(Method::ChatPostMessage, hang).about(key).after(1));
            })
            .await;
            slack
                .wait_for("the call for the second part", PATIENCE, |workspace| {
                    let channel = watched.channel.to_string();
                    let calls = workspace.calls(Method::ChatPostMessage);
                    let here = calls.filter(|call| call.arguments.text("channel").as_ref() == Some(&channel));
                    (here.count() == 2).then_some(())
                })
                .await
                .expect("it is posted");
            let owner = watched.claimed(stack).await;
            crash(&mut stack.responders[owner]);
            watched
        })
        .await;
    let trial = trial.judge(Promise::Order).await;
    assert_complete(&trial, &watched, "in parts?", 2);
    assert_eq!(watched.posts(&trial.world.slack), 3, "the first part was posted again");
}
