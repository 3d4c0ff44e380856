//! A question that was given up is asked again by an operator: its person sees one message, the answer in the place of the
//! notice.

use e2e::{LogLine, Service};
use lapin::{
    BasicProperties, Connection, ConnectionProperties,
    options::{BasicAckOptions, BasicGetOptions, BasicPublishOptions},
    types::{AMQPValue, FieldTable},
};
use playground::{Asked, Fault, Message, Method, Rule, Workspace};
use shared::ids::EventKey;

use crate::world::{PATIENCE, World, echo, echoed};

const ATTEMPTS: u32 = 3;

/// A question that was given up.
pub(crate) struct GivenUp {
    pub(crate) world: World,
    pub(crate) asked: Asked,
    pub(crate) notice: Message,
    pub(crate) burial: String,
}

impl GivenUp {
    /// Slack refuses its answer as often as it is tried.
    pub(crate) async fn start() -> Self {
        let world = World::start_with(|stack| {
            let stack = stack.ingresses(2).responders(3).scaled_times();
            stack
                .env("THREADKEEPER__DELIVERY__WAITS", "100,200,300")
                .env("THREADKEEPER__DELIVERY__ATTEMPTS", ATTEMPTS.to_string())
        })
        .await;
        let channel = world.slack.channel("general");
        let said = world.slack.mention(&channel, &world.person, "once more?", None).expect("it is said");
        world.slack.fault(refused(Method::ChatPostMessage, &said.channel, said.ts));
        let asked = world.slack.tell(said).await;
        let told = |workspace: &Workspace| workspace.notices_about(&asked.channel, asked.ts).next().cloned();
        let notice = world.slack.wait_for("a notice to the person", PATIENCE, told).await.expect("the person is told");
        let mut given_up = Self { world, asked, notice, burial: String::new() };
        given_up.burial = given_up.burials(1).await.remove(0);
        given_up
    }

    /// The burials that the log tells of, once there are so many.
    async fn burials(&self, count: usize) -> Vec<String> {
        let buried = |line: &LogLine| line.field("burial")?.as_str().map(str::to_owned);
        e2e::eventually(format!("{count} burials in the log"), PATIENCE, || async {
            let lines = self.world.stack.responders.iter().flat_map(Service::log);
            let burials: Vec<_> = lines.filter_map(|line| buried(&line)).collect();
            (burials.len() == count).then_some(burials)
        })
        .await
        .expect("it is buried")
    }

    /// Takes the dead letter and publishes it so many times, as copies that reopen `burial`.
    async fn replay(&self, burial: &str, times: usize) {
        let (broker, prefix) = (self.world.stack.broker().url(), self.world.stack.prefix());
        let connection = Connection::connect(&broker, ConnectionProperties::default()).await.expect("it connects");
        let channel = connection.create_channel().await.expect("a channel");
        let dead = format!("{prefix}dead");
        let letter = e2e::eventually("the dead letter", PATIENCE, || async {
            channel.basic_get(dead.as_str().into(), BasicGetOptions::default()).await.expect("it is looked for")
        })
        .await
        .expect("it is kept in dead");
        for number in 0..times {
            let mut headers = FieldTable::default();
            headers.insert("x-copy".into(), AMQPValue::LongString(format!("{burial}-{number}").into()));
            headers.insert("x-replay".into(), AMQPValue::LongString(burial.into()));
            let properties = BasicProperties::default().with_delivery_mode(2).with_headers(headers);
            let work = format!("{prefix}work");
            let options = BasicPublishOptions::default();
            let published = channel.basic_publish("".into(), work.into(), options, &letter.data, properties).await;
            published.expect("it is published");
        }
        letter.ack(BasicAckOptions::default()).await.expect("the dead letter is gone");
        connection.close(200, "OK".into()).await.expect("it closes");
    }

    /// The bot's messages in the thread.
    pub(crate) fn own_messages(&self) -> Vec<Message> {
        let replies = self.world.slack.replies(&self.asked.channel, self.asked.ts);
        replies.into_iter().filter(Message::is_by_bot).collect()
    }
}

fn refused(method: Method, channel: &shared::ids::ChannelId, ts: shared::ts::MessageTs) -> Rule {
    let refused = Fault::OkFalse { error: "no_text".to_owned() };
    Rule::on(method, refused).about(EventKey::of(channel, &ts)).times(ATTEMPTS)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_takes_the_place_of_its_notice_however_often_it_is_replayed() {
    let given_up = GivenUp::start().await;
    given_up.replay(&given_up.burial, 2).await;
    let GivenUp { world, asked, notice, .. } = &given_up;
    world.assert_one_answer_each(&[(asked, echo("once more?", 1))]).await;
    let messages = given_up.own_messages();
    assert_eq!(messages.len(), 1, "{messages:#?}");
    assert_eq!((messages[0].ts, messages[0].is_a(playground::ANSWER)), (notice.ts, true));
    assert_eq!(world.context(&asked.channel, asked.ts), echoed(&["once more?"]));

    let next = world.ask(&asked.channel, "and now?", Some(asked.ts)).await;
    world.assert_one_answer_each(&[(&next, echo("and now?", 2))]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_fails_again_tells_nobody_twice_and_can_be_replayed_again() {
    let given_up = GivenUp::start().await;
    given_up.world.slack.fault(refused(Method::ChatUpdate, &given_up.asked.channel, given_up.asked.ts));
    given_up.replay(&given_up.burial, 1).await;
    let burials = given_up.burials(2).await;
    let messages = given_up.own_messages();
    assert_eq!(messages.len(), 1, "{messages:#?}");
    assert_eq!((messages[0].ts, &messages[0].text), (given_up.notice.ts, &given_up.notice.text));

    let second = burials.iter().find(|burial| **burial != given_up.burial).expect("another burial");
    given_up.replay(second, 1).await;
    given_up.world.assert_one_answer_each(&[(&given_up.asked, echo("once more?", 1))]).await;
    let messages = given_up.own_messages();
    assert_eq!(messages.iter().map(|message| message.ts).collect::<Vec<_>>(), [given_up.notice.ts]);
}

/// The answer is put into the notice's place with `fault`; what stands in the thread afterwards.
async fn replayed_with(fault: Fault) -> (GivenUp, Vec<Message>) {
    let given_up = GivenUp::start().await;
    given_up.world.slack.fault(Rule::on(Method::ChatUpdate, fault));
    given_up.replay(&given_up.burial, 1).await;
    given_up.world.assert_one_answer_each(&[(&given_up.asked, echo("once more?", 1))]).await;
    let messages = given_up.own_messages();
    assert_eq!(messages.len(), 1, "{messages:#?}\n{}", given_up.world.logs());
    let GivenUp { world, asked, .. } = &given_up;
    assert_eq!(world.context(&asked.channel, asked.ts), echoed(&["once more?"]));
    (given_up, messages)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_outcome_is_never_told_is_found_in_slack_or_made_again() {
    for fault in [Fault::TookEffectThenCut, Fault::CutBefore] {
        let (given_up, messages) = replayed_with(fault).await;
        assert_eq!(messages[0].ts, given_up.notice.ts);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_posted_as_usual_where_the_notice_cannot_be_changed() {
    let (given_up, messages) = replayed_with(Fault::OkFalse { error: "edit_window_closed".to_owned() }).await;
    assert_ne!(messages[0].ts, given_up.notice.ts);
}
