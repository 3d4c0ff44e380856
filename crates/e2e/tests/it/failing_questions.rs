//! A question that fails is tried again, then kept and buried, and its person is told.

use playground::{Fault, Method, Rule};
use shared::ids::EventKey;

use crate::world::{PATIENCE, World, echo};

/// Waits until a question is in `dead` and nothing is anywhere else.
async fn one_is_kept_in_dead(world: &World) {
    e2e::eventually("one dead letter and nothing else", PATIENCE, || async {
        let depths = world.stack.queue_depths().await.ok()?;
        let (dead, others): (Vec<_>, Vec<_>) = depths.iter().partition(|(name, _)| *name == "dead");
        let kept: u64 = dead.iter().map(|(_, depth)| depth.ready + depth.unacknowledged).sum();
        (kept == 1 && others.iter().all(|(_, depth)| depth.is_empty())).then_some(())
    })
    .await
    .expect("the question is kept in dead");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_fails_every_time_is_kept_its_person_told_and_its_thread_goes_on() {
    let world = World::start_with(|stack| {
        let stack = stack.ingresses(2).responders(3).env("THREADKEEPER__DELIVERY__WAITS", "100,200,300");
        stack.env("THREADKEEPER__DELIVERY__ATTEMPTS", "3")
    })
    .await;
    let channel = world.slack.channel("general");
    let said = world.slack.mention(&channel, &world.person, "unspeakable", None).expect("it is said");
    let key = EventKey::of(&channel, &said.ts);
    let refused = Fault::OkFalse { error: "msg_too_long".to_owned() };
    let rule = Rule::on(Method::ChatPostMessage, refused).about(key).times(3);
    world.slack.fault(rule);
    let failing = world.slack.tell(said).await;
    let next = world.ask(&channel, "still there?", Some(failing.ts)).await;

    let answer = world.answer(&next).await;
    assert_eq!(answer.text, echo("still there?", 1), "the buried question is no turn");
    let notice = world
        .slack
        .wait_for("a notice to the person", PATIENCE, |workspace| workspace.notices().next().cloned())
        .await
        .expect("the person is told");
    assert_eq!(notice.thread_ts, Some(failing.ts));
    assert!(notice.text.contains("could not answer"), "{}", notice.text);

    one_is_kept_in_dead(&world).await;
    assert_eq!(world.slack.notices().len(), 1, "the person is told once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_after_slack_asked_to_wait() {
    let world = World::start_with(|stack| {
        stack.ingresses(2).responders(3).env("THREADKEEPER__DELIVERY__WAITS", "100,1000,2000")
    })
    .await;
    let channel = world.slack.channel("general");
    let wait = std::time::Duration::from_secs(1);
    world.slack.fault(Rule::on(Method::ChatPostMessage, Fault::RateLimit { retry_after: wait }).times(2));
    let asked = world.ask(&channel, "patience?", None).await;
    world.assert_one_answer_each(&[(&asked, echo("patience?", 1))]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_whose_post_slack_never_confirms_is_given_up_after_a_time_and_its_thread_goes_on() {
    let world = World::start_with(|stack| {
        stack.ingresses(2).responders(3).scaled_times().env("THREADKEEPER__DELIVERY__GIVE_UP", "2s")
    })
    .await;
    let channel = world.slack.channel("general");
    let said = world.slack.mention(&channel, &world.person, "cursed", None).expect("it is said");
    let key = EventKey::of(&channel, &said.ts);
    world.slack.fault(Rule::on(Method::ChatPostMessage, Fault::Status(500)).about(key).always());
    let cursed = world.slack.tell(said).await;
    let next = world.ask(&channel, "still there?", Some(cursed.ts)).await;

    assert_eq!(world.answer(&next).await.text, echo("still there?", 1), "the buried question is no turn");
    one_is_kept_in_dead(&world).await;
    assert!(world.slack.answers_to(&channel, cursed.ts).is_empty());
}
