//! A context that Redis no longer has is read from Slack.

use playground::{Fault, Method, Rule};

use crate::world::{World, echo, echoed};

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_whose_context_expired_is_rebuilt_from_slack() {
    let world = World::start().await;
    let channel = world.slack.channel("general");
    let first = world.ask(&channel, "what is a &lt;quorum&gt; &amp; why?", None).await;
    world.answer(&first).await;
    let second = world.ask(&channel, "and then?", Some(first.ts)).await;
    world.answer(&second).await;
    world.stack.settled(crate::world::PATIENCE).await.expect("both are recorded");
    let removed: u64 =
        world.stack.redis.command(&["DEL", &format!("slack_conv:{channel}:{}", first.ts)]).expect("redis answers");
    assert_eq!(removed, 1);

    let third = world.ask(&channel, "still there?", Some(first.ts)).await;
    world.assert_one_answer_each(&[(&third, echo("still there?", 3))]).await;
    let questions = ["what is a <quorum> & why?", "and then?", "still there?"];
    assert_eq!(world.context(&channel, first.ts), echoed(&questions));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_could_not_know_its_thread_says_so() {
    let world = World::start().await;
    let channel = world.slack.channel("general");
    let root =
        world.slack.say(&channel, &world.person, "a thread that the bot has not seen", None).expect("it is said");
    let refused = Fault::OkFalse { error: "missing_scope".to_owned() };
    world.slack.fault(Rule::on(Method::ConversationsReplies, refused).always());
    let asked = world.ask(&channel, "what do you think?", Some(root.ts)).await;
    let answer = world.answer(&asked).await;
    assert!(answer.text.starts_with(&echo("what do you think?", 1)), "{}", answer.text);
    assert!(answer.text.contains("could not read the earlier messages"), "{}", answer.text);
    let loud = |line: &e2e::LogLine| line.level() == Some("ERROR") && line.contains("history scopes");
    assert!(world.stack.responders.iter().any(|responder| responder.log().iter().any(loud)), "{}", world.logs());
}
