//! A language model answers: over the queue, with sources; while it is away questions wait, and what it refuses is given up.

use std::time::Duration;

use e2e::{LogLine, Service, StackBuilder};
use playground::{Asked, Method};
use simulated_model::{Reply, SimulatedModel};

use crate::{
    dependencies::{all_say_that_it_is_away, ask_until_one_waits},
    knowledge::{Knowledge, QUESTION},
    world::{PATIENCE, World},
};

/// Two ingresses and three responders that ask a simulated model about a folder of one page.
struct Laboratory {
    // The services end before what they ask.
    world: World,
    model: SimulatedModel,
    _knowledge: Knowledge,
}

impl Laboratory {
    async fn start(build: impl FnOnce(StackBuilder) -> StackBuilder) -> Self {
        let model = SimulatedModel::start("127.0.0.1:0").expect("the simulated model starts");
        let knowledge = Knowledge::new();
        let world = World::start_with(|stack| {
            let stack = knowledge.answers(stack.ingresses(2).responders(3).scaled_times());
            build(stack.env("THREADKEEPER__ANSWER__MODE", "llm"))
                .env("THREADKEEPER__MODEL__NAME", "openai::simulated")
                .env("THREADKEEPER__MODEL__RETRIES", "0")
                .env("OPENAI_BASE_URL", model.base_url())
                .env("OPENAI_API_KEY", "sk-hush")
        })
        .await;
        Self { world, model, _knowledge: knowledge }
    }

    async fn ask(&self, channel: &str, text: &str) -> Asked {
        self.world.ask(&self.world.slack.channel(channel), text, None).await
    }

    async fn go_on(&self, root: &Asked, text: &str) -> Asked {
        self.world.ask(&root.channel, text, Some(root.ts)).await
    }

    /// No service wrote what people or sources said, or the key.
    fn assert_logs_keep_secrets(&self) {
        let logs = self.world.logs();
        for secret in ["sk-hush", "zebra", "stripes"] {
            assert!(!logs.contains(secret), "a log line holds `{secret}`\n{logs}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_and_its_follow_up_are_answered_with_sources() {
    let laboratory = Laboratory::start(|stack| stack).await;
    let Laboratory { world, model, .. } = &laboratory;
    let first = laboratory.ask("general", QUESTION).await;
    let answer = world.answer(&first).await;
    assert!(answer.text.contains("A zebra has stripes. [1]"), "{}", answer.text);
    assert!(answer.text.contains("**Sources**") && answer.text.contains("`zebra.md`"), "{}", answer.text);

    let next = laboratory.go_on(&first, "and what else?").await;
    let text = world.answer(&next).await.text;
    assert!(text.contains("[1]") && text.contains("`zebra.md`"), "{text}");
    let requests = model.requests();
    let rewriting = requests.iter().find(|request| !request.stream).expect("the follow-up was rewritten");
    assert!(rewriting.text().contains(QUESTION), "{}", rewriting.text());
    assert!(requests.iter().all(|request| request.key.as_deref() == Some("sk-hush")));
    world.assert_one_answer_each(&[(&first, answer.text), (&next, text)]).await;
    laboratory.assert_logs_keep_secrets();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_is_mentioned_in_a_discussion_knows_what_was_said_before() {
    let laboratory = Laboratory::start(|stack| stack).await;
    let Laboratory { world, model, .. } = &laboratory;
    let (channel, kim) = (world.slack.channel("general"), world.slack.person("kim"));
    let say = |user, text, thread| world.slack.say(&channel, user, text, thread).expect("it is said");
    let root = say(&world.person, "We decided that Kim rolls back release 42 on Friday.", None);
    let root = world.slack.tell(root).await;
    world.slack.tell(say(&kim, "At noon, after the zebra was fed.", Some(root.ts))).await;
    let asked = world.ask(&channel, "who rolls back, and when?", Some(root.ts)).await;
    world.slack.tell(say(&kim, "I never said that.", Some(root.ts))).await;
    let answer = world.answer(&asked).await.text;

    let requests = model.requests();
    let request = requests.iter().rfind(|request| request.stream).expect("the model was asked").text();
    for (user, text) in
        [(&world.person, "We decided that Kim rolls back release 42 on Friday."), (&kim, "At noon, after")]
    {
        let (before, _) = request.split_once(text).unwrap_or_else(|| panic!("`{text}` is not in {request}"));
        let head = before.lines().last().expect("the head of a message");
        assert!(
            head.starts_with("<message-") && head.ends_with(&format!("from=\"{user}\" workspace=\"yes\">")),
            "{head}"
        );
    }
    assert!(!request.contains("I never said that."), "only what is older than the question counts: {request}");
    let turns = [("user", "who rolls back, and when?".to_owned()), ("assistant", answer.clone())];
    world.assert_one_answer_each(&[(&asked, answer)]).await;
    assert_eq!(world.context(&channel, root.ts), turns.map(|(role, text)| (role.to_owned(), text)), "pairs alone");
    laboratory.assert_logs_keep_secrets();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_grows_in_one_message_and_costs_few_calls() {
    let laboratory = Laboratory::start(|stack| stack).await;
    let Laboratory { world, model, .. } = &laboratory;
    let text = "A zebra has stripes, which are black and white. [1] ".repeat(60);
    model.next(Reply::says(&text).pausing(Duration::from_millis(5)));
    let asked = laboratory.ask("general", QUESTION).await;
    let grows = |workspace: &playground::Workspace| {
        let unfinished = workspace.replies(&asked.channel, asked.ts).find(|reply| reply.is_by_bot())?;
        workspace.answers_to(&asked.channel, asked.ts).next().is_none().then(|| unfinished.clone())
    };
    let begun = world.slack.wait_for("the beginning of the answer", PATIENCE, grows).await.expect("it is shown");
    assert!(text.starts_with(begun.text.trim_end()), "{}", begun.text);

    let answer = world.answer(&asked).await;
    assert_eq!(answer.ts, begun.ts, "it is one message");
    assert!(answer.text.starts_with(text.trim_end()) && answer.text.contains("`zebra.md`"), "{}", answer.text);
    world.assert_one_answer_each(&[(&asked, answer.text)]).await;
    let calls: usize = Method::ALL.into_iter().map(|method| world.slack.calls(method).len()).sum();
    let at_start = world.slack.calls(Method::AuthTest).len();
    assert!(calls - at_start <= 12, "{calls} calls");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_model_is_away_questions_wait_people_are_told_and_all_are_answered_afterwards() {
    let laboratory = Laboratory::start(|stack| stack.env("THREADKEEPER__ANSWER__PATIENCE", "500ms")).await;
    let Laboratory { world, model, .. } = &laboratory;
    model.otherwise(Reply::refuses(503));
    let mut asked = ask_until_one_waits(world, QUESTION).await;
    for n in 0..15 {
        asked.push(laboratory.ask(&format!("room-{n}"), QUESTION).await);
    }
    all_say_that_it_is_away(world, "model", "HTTP 503").await;
    let waiting = laboratory.ask("watched", QUESTION).await;
    let there = |workspace: &playground::Workspace| workspace.status(&waiting.channel, waiting.ts).map(str::to_owned);
    let status = world.slack.wait_for("a status in the thread", PATIENCE, there).await.expect("the person is told");
    assert!(status.contains("cannot be reached") && status.contains("is kept"), "{status}");
    asked.push(waiting);

    model.otherwise(Reply::Quotes);
    for question in &asked {
        let text = world.answer(question).await.text;
        assert!(text.contains("A zebra has stripes. [1]"), "{text}");
    }
    world.stack.settled(PATIENCE).await.expect("every copy is settled");
    assert!(asked.iter().all(|question| world.slack.answers_to(&question.channel, question.ts).len() == 1));
    assert!(world.slack.notices().is_empty(), "nothing was given up");
    laboratory.assert_logs_keep_secrets();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_the_model_refuses_every_time_is_given_up_and_its_person_told() {
    let laboratory = Laboratory::start(|stack| stack).await;
    let Laboratory { world, model, .. } = &laboratory;
    model.otherwise(Reply::refuses(400).because_of("content_policy_violation"));
    let refused = laboratory.ask("general", QUESTION).await;
    let told =
        |workspace: &playground::Workspace| workspace.notices_about(&refused.channel, refused.ts).next().cloned();
    let notice = world.slack.wait_for("a notice to the person", PATIENCE, told).await.expect("the person is told");
    assert!(notice.text.contains("I tried 5 times") && notice.text.contains("not lost"), "{}", notice.text);
    assert_eq!(model.requests().len(), 5);
    let given_up = |line: &LogLine| line.level() == Some("ERROR") && line.contains("content_policy_violation");
    let said = || world.stack.responders.iter().flat_map(Service::log).filter(|line| given_up(line)).count();
    assert_eq!(said(), 1, "{}", world.logs());

    model.otherwise(Reply::Quotes);
    let next = laboratory.go_on(&refused, QUESTION).await;
    assert!(world.answer(&next).await.text.contains("[1]"), "the thread goes on");
    laboratory.assert_logs_keep_secrets();
}
