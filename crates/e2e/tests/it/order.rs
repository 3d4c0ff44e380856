//! Answers of a thread come in order, and a busy thread delays nobody else.

use playground::Asked;

use crate::world::{World, echo, echoed};

#[tokio::test(flavor = "multi_thread")]
async fn five_questions_of_a_thread_are_answered_in_order_while_every_worker_is_busy() {
    let world = World::start_with(|stack| {
        let stack = stack.ingresses(2).responders(3).env("THREADKEEPER__ANSWER__ECHO_DELAY", "500ms");
        stack.env("THREADKEEPER__RESPONDER__CONCURRENCY", "2")
    })
    .await;
    let busy = world.slack.channel("busy");
    let mut others = Vec::new();
    for n in 0..12 {
        others.push(world.ask(&busy, &format!("keeps a worker busy {n}"), None).await);
    }
    let channel = world.slack.channel("general");
    let questions = ["one", "two", "three", "four", "five"];
    let root = world.ask(&channel, questions[0], None).await;
    let mut asked = vec![root];
    for question in &questions[1..] {
        asked.push(world.ask(&channel, question, Some(asked[0].ts)).await);
    }

    let expected: Vec<_> = asked.iter().zip(questions).enumerate().map(|(n, (a, q))| (a, echo(q, n + 1))).collect();
    world.assert_one_answer_each(&expected).await;
    let mut posted: Vec<_> = asked.iter().map(|a| world.slack.answers_to(&a.channel, a.ts)[0].ts).collect();
    let in_order = posted.clone();
    posted.sort_unstable();
    assert_eq!(posted, in_order, "answers were posted out of order");
    assert_eq!(world.context(&channel, asked[0].ts), echoed(&questions));
    for other in &others {
        world.answer(other).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_with_a_hundred_open_questions_does_not_delay_other_threads() {
    let world =
        World::start_with(|stack| stack.ingresses(2).responders(3).env("THREADKEEPER__ANSWER__ECHO_DELAY", "300ms"))
            .await;
    let hot = world.slack.channel("hot");
    let first = world.ask(&hot, "hot 0", None).await;
    let rest = (1..100).map(|n| {
        let (world, hot, root) = (&world, &hot, first.ts);
        async move { world.ask(hot, &format!("hot {n}"), Some(root)).await }
    });
    let hot_questions = futures_util::future::join_all(rest).await;

    let quiet = world.slack.channel("quiet");
    let hot_answers = || {
        let answered = |asked: &&Asked| !world.slack.answers_to(&asked.channel, asked.ts).is_empty();
        hot_questions.iter().filter(answered).count()
    };
    let mut most = 0;
    for n in 0..20 {
        let before = hot_answers();
        let asked = world.ask(&quiet, &format!("quiet {n}"), None).await;
        let answer = world.answer(&asked).await;
        assert_eq!(answer.text, echo(&format!("quiet {n}"), 1));
        most = most.max(hot_answers() - before);
    }
    assert!(hot_answers() < hot_questions.len(), "the hot thread was done too early to show anything");
    // An answer takes the same time in both threads; a machine that is slow is slow for both.
    assert!(most <= 5, "{most} answers of the hot thread came while a question in a quiet one waited");
}
