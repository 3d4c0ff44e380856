//! What answers depend on goes away: questions wait, nothing counts against them, one line says what to do.

use e2e::{LogLine, Service, StackBuilder};
use playground::{Asked, Fault, Method, Rule};
use serde_json::Value;

use crate::{
    knowledge::{Knowledge, QUESTION},
    world::{PATIENCE, World, echo},
};

/// What the probe of `dependency` says is wrong.
async fn wrong(responder: &Service, dependency: &str) -> Option<String> {
    let (_, body) = responder.get("/readyz").await.ok()?;
    let report: Value = serde_json::from_str(&body).ok()?;
    let probe = report["probes"].as_array()?.iter().find(|probe| probe["name"] == dependency)?.clone();
    probe["reason"].as_str().map(str::to_owned)
}

/// Waits until a delivery of the question ended in one of these ways; which.
async fn settled_as(world: &World, asked: &Asked, outcomes: &[&str]) -> String {
    let ts = asked.ts.to_string();
    let ended = || async {
        let lines = world.stack.responders.iter().flat_map(Service::log);
        let mut about = lines.filter(|line| line.field("slack.ts").is_some_and(|field| *field == *ts));
        about.find_map(|line| {
            let outcome = line.field("outcome")?.as_str()?;
            outcomes.contains(&outcome).then(|| outcome.to_owned())
        })
    };
    e2e::eventually(format!("{ts} to be settled as one of {outcomes:?}"), PATIENCE, ended).await.expect("it is settled")
}

/// Asks one question after the other until one waits for what answers are made from; that is the last.
pub(crate) async fn ask_until_one_waits(world: &World, text: &str) -> Vec<Asked> {
    let mut asked = Vec::new();
    loop {
        let question = world.ask(&world.slack.channel("general"), text, None).await;
        let outcome = settled_as(world, &question, &["answered", "model_away"]).await;
        asked.push(question);
        if outcome == "model_away" {
            return asked;
        }
    }
}

/// Asks a question in each of so many channels.
pub(crate) async fn ask_everywhere(world: &World, channels: usize, text: &str) -> Vec<Asked> {
    let mut asked = Vec::new();
    for n in 0..channels {
        asked.push(world.ask(&world.slack.channel(&format!("room-{n}")), text, None).await);
    }
    asked
}

/// Every responder is not ready because of `dependency`, and says `part` about it.
pub(crate) async fn all_say_that_it_is_away(world: &World, dependency: &str, part: &str) {
    for responder in &world.stack.responders {
        let what = format!("{} to say that {dependency} is away", responder.name());
        let said = e2e::eventually(what, PATIENCE, || wrong(responder, dependency)).await.expect("it says so");
        assert!(said.contains(part), "{said}");
        responder.status_is("/readyz", 503, PATIENCE).await.expect("it is not ready");
    }
}

/// Whoever is asked finds out; so people ask until everybody has.
async fn all_are_ready_again(world: &World, text: &str) -> Vec<Asked> {
    let mut asked = Vec::new();
    for responder in &world.stack.responders {
        let start = std::time::Instant::now();
        while responder.get("/readyz").await.is_ok_and(|(status, _)| status != 200) {
            assert!(start.elapsed() < PATIENCE, "{} stays unready\n{}", responder.name(), world.logs());
            let question = world.ask(&world.slack.channel("meanwhile"), text, None).await;
            world.answer(&question).await;
            asked.push(question);
        }
    }
    asked
}

/// Each responder has said once that `dependency` is away and once that it is back, and was loud about nothing else.
fn assert_one_line_each(world: &World, dependency: &str) {
    for responder in &world.stack.responders {
        let about = |line: &LogLine, level: &str| {
            line.level() == Some(level) && line.field("dependency").is_some_and(|field| field == dependency)
        };
        let log = responder.log();
        let (lost, found): (Vec<_>, Vec<_>) = log
            .iter()
            .filter(|line| about(line, "ERROR") || about(line, "INFO"))
            .partition(|line| about(line, "ERROR"));
        assert_eq!((lost.len(), found.len()), (1, 1), "{}: {lost:#?} {found:#?}", responder.name());
        let loud = log.iter().filter(|line| line.level() == Some("ERROR")).count();
        assert_eq!(loud, 1, "{} cried over single questions\n{}", responder.name(), world.logs());
    }
}

/// A counter of all responders together.
async fn counted(world: &World, metric: &str, label: &str) -> u64 {
    let mut sum = 0;
    for responder in &world.stack.responders {
        let (_, text) = responder.get("/metrics").await.expect("it shows its metrics");
        let lines = text.lines().filter(|line| line.starts_with(metric) && line.contains(label));
        sum += lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum::<u64>();
    }
    sum
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_knowledge_folder_is_away_questions_wait_and_all_are_answered_when_it_is_back() {
    let knowledge = Knowledge::new();
    let build = |stack: StackBuilder| knowledge.answers(stack.ingresses(2).responders(3).scaled_times());
    let world = World::start_with(build).await;
    let text = QUESTION;
    let before = world.ask(&world.slack.channel("general"), text, None).await;
    let expected = world.answer(&before).await.text;
    assert!(expected.contains("A zebra has stripes"), "{expected}");

    knowledge.go_away();
    let mut asked = ask_until_one_waits(&world, text).await;
    asked.extend(ask_everywhere(&world, 15, text).await);
    all_say_that_it_is_away(&world, "model", "answer.knowledge").await;
    let late = world.ask(&world.slack.channel("general"), text, None).await;
    settled_as(&world, &late, &["model_away"]).await;
    assert!(world.slack.answers_to(&late.channel, late.ts).is_empty(), "quoted what nobody can open");
    asked.push(late);

    knowledge.come_back();
    asked.extend(all_are_ready_again(&world, text).await);
    asked.push(before);
    let expected: Vec<_> = asked.iter().map(|question| (question, expected.clone())).collect();
    world.assert_one_answer_each(&expected).await;
    assert!(world.slack.notices().is_empty(), "nothing was given up");
    assert_one_line_each(&world, "model");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_changed_is_soon_quoted_as_it_is_now() {
    let knowledge = Knowledge::new();
    let world = World::start_with(|stack| knowledge.answers(stack.responders(2).scaled_times())).await;
    let before = world.ask(&world.slack.channel("general"), QUESTION, None).await;
    assert!(world.answer(&before).await.text.contains("A zebra has stripes."));
    knowledge.says("A zebra has black and white stripes.");
    // Each responder notices for itself, within a second or two.
    let mut new = 0;
    while new < 4 {
        let asked = world.ask(&world.slack.channel("general"), QUESTION, None).await;
        let answer = world.answer(&asked).await.text;
        new = if answer.contains("A zebra has black and white stripes.") { new + 1 } else { 0 };
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_slack_refuses_the_token_answers_are_kept_and_not_made_again() {
    let world = World::start_with(|stack| stack.ingresses(2).responders(3).scaled_times()).await;
    let revoked = Fault::OkFalse { error: "token_revoked".to_owned() };
    world.slack.fault(Rule::on(Method::ChatPostMessage, revoked).always());
    let mut asked = ask_everywhere(&world, 15, "who answers?").await;
    all_say_that_it_is_away(&world, "slack_token", "SLACK_BOT_TOKEN").await;
    world.slack.clear_faults();
    asked.extend(all_are_ready_again(&world, "who answers?").await);
    let expected: Vec<_> = asked.iter().map(|question| (question, echo("who answers?", 1))).collect();
    world.assert_one_answer_each(&expected).await;
    assert_one_line_each(&world, "slack_token");
    let made = counted(&world, "threadkeeper_answers_total", "answered").await;
    assert_eq!(made, asked.len() as u64, "answers were made again");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_slack_fails_it_is_left_alone_and_each_question_is_answered_once_afterwards() {
    let world = World::start_with(|stack| stack.ingresses(2).responders(3).scaled_times()).await;
    for method in [Method::ChatPostMessage, Method::ConversationsReplies] {
        world.slack.fault(Rule::on(method, Fault::Status(503)).always());
    }
    let mut asked = ask_everywhere(&world, 15, "anybody?").await;
    all_say_that_it_is_away(&world, "slack", "HTTP status 503").await;
    world.slack.clear_faults();
    asked.extend(all_are_ready_again(&world, "anybody?").await);
    let expected: Vec<_> = asked.iter().map(|question| (question, echo("anybody?", 1))).collect();
    world.assert_one_answer_each(&expected).await;
    assert_one_line_each(&world, "slack");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_whose_dependency_stays_away_is_given_up_after_a_time_and_its_person_told() {
    let knowledge = Knowledge::new();
    let world = World::start_with(|stack| {
        let stack = knowledge.answers(stack.ingresses(2).responders(2).scaled_times());
        stack.env("THREADKEEPER__DELIVERY__GIVE_UP", "2s")
    })
    .await;
    knowledge.go_away();
    let asked = ask_until_one_waits(&world, QUESTION).await;
    let waiting = asked.last().expect("one waits");
    let told =
        |workspace: &playground::Workspace| workspace.notices_about(&waiting.channel, waiting.ts).next().cloned();
    let notice = world.slack.wait_for("a notice to the person", PATIENCE, told).await.expect("the person is told");
    assert_eq!(notice.thread_ts, Some(waiting.ts));
    let given_up = |line: &LogLine| line.level() == Some("ERROR") && line.contains("delivery.give_up");
    e2e::eventually("an ERROR that says why", PATIENCE, || async {
        world.stack.responders.iter().any(|responder| responder.log().iter().any(given_up)).then_some(())
    })
    .await
    .expect("the log says it");
}
