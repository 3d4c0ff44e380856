//! A workspace with people in it, and Threadkeeper answering there.

use std::time::Duration;

use e2e::{Stack, StackBuilder};
use playground::{Asked, Message, Options, Playground};
use serde_json::Value;
use shared::{
    config::Secret,
    ids::{ChannelId, UserId},
    ts::MessageTs,
};

/// Everything that is waited for comes within this time, on a busy machine too.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A simulated Slack and a stack that serves it.
pub(crate) struct World {
    // Services end before the Slack they talk to.
    pub(crate) stack: Stack,
    pub(crate) slack: Playground,
    pub(crate) person: UserId,
}

impl World {
    /// Two ingresses and three responders, which echo.
    pub(crate) async fn start() -> Self {
        Self::start_with(|stack| stack.ingresses(2).responders(3)).await
    }

    /// A stack as `build` wants it.
    pub(crate) async fn start_with(build: impl FnOnce(StackBuilder) -> StackBuilder) -> Self {
        let simulated = Playground::start(Options {
            bot_token: Secret::new(e2e::BOT_TOKEN),
            signing_secret: Secret::new(e2e::SIGNING_SECRET),
            time_scale: 60.0,
            ..Options::default()
        })
        .expect("the simulated Slack starts");
        let builder = build(Stack::builder(simulated.api_url()));
        let stack = builder.build().await.expect("the stack starts");
        simulated.deliver_events_to(stack.event_urls());
        let person = simulated.person("ada");
        Self { stack, slack: simulated, person }
    }

    /// Somebody asks, and Slack has been answered 200.
    pub(crate) async fn ask(&self, channel: &ChannelId, text: &str, thread: Option<MessageTs>) -> Asked {
        let asked = self.slack.ask(channel, &self.person, text, thread).await.expect("the question is asked");
        assert!(asked.is_acked(), "no ingress took the question: {:?}", asked.deliveries);
        asked
    }

    /// The one answer to a question, once it is there.
    pub(crate) async fn answer(&self, asked: &Asked) -> Message {
        match self.slack.wait_for_answer(&asked.channel, asked.ts, PATIENCE).await {
            Ok(answer) => answer,
            Err(error) => panic!("{error}\n{}", self.logs()),
        }
    }

    /// Asserts that each question has exactly one visible answer with this text, once nothing moves any more.
    pub(crate) async fn assert_one_answer_each(&self, expected: &[(&Asked, String)]) {
        for (asked, text) in expected {
            let answer = self.answer(asked).await;
            assert_eq!(&answer.text, text, "{}", self.logs());
        }
        self.stack.settled(PATIENCE).await.expect("every copy is settled");
        for (asked, _) in expected {
            let answers = self.slack.answers_to(&asked.channel, asked.ts);
            assert_eq!(answers.len(), 1, "answers to {}: {answers:#?}\n{}", asked.ts, self.logs());
        }
        assert_eq!(self.slack.violations(), Vec::<String>::new(), "calls that Slack's reference does not describe");
    }

    /// The context of a thread as it stands in Redis.
    pub(crate) fn context(&self, channel: &ChannelId, root: MessageTs) -> Vec<(String, String)> {
        let raw: Option<String> =
            self.stack.redis.command(&["GET", &format!("slack_conv:{channel}:{root}")]).expect("redis answers");
        let entries: Vec<Value> = serde_json::from_str(&raw.expect("the thread has a context")).expect("a JSON array");
        let text = |entry: &Value, key: &str| entry[key].as_str().expect("a text").to_owned();
        entries.iter().map(|entry| (text(entry, "role"), text(entry, "content"))).collect()
    }

    /// Which responder answered the question, by its log.
    pub(crate) fn answered_by(&self, asked: &Asked) -> usize {
        let ts = asked.ts.to_string();
        let answered = |responder: &e2e::Service| {
            responder.log().iter().any(|line| {
                line.field("outcome").is_some_and(|outcome| outcome == "answered")
                    && line.field("slack.ts").is_some_and(|field| *field == *ts)
            })
        };
        self.stack.responders.iter().position(answered).expect("a responder logged that it answered")
    }

    /// The log of every service, for a failing test.
    pub(crate) fn logs(&self) -> String {
        let services = self.stack.ingresses.iter().chain(&self.stack.responders);
        let lines = services
            .flat_map(|service| service.log().into_iter().map(|line| format!("[{}] {}", service.name(), line.text())));
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// What echo mode answers.
pub(crate) fn echo(question: &str, turn: usize) -> String {
    format!("answer to: {question} (turn {turn})")
}

/// A context that holds these questions and their echoes.
pub(crate) fn echoed(questions: &[&str]) -> Vec<(String, String)> {
    let pairs = questions.iter().enumerate();
    let turns =
        pairs.flat_map(|(n, q)| [("user".to_owned(), (*q).to_owned()), ("assistant".to_owned(), echo(q, n + 1))]);
    turns.collect()
}
