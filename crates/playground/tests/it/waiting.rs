//! Waiting for what happens, starting and ending.

use std::{net::TcpStream, time::Duration};

use playground::{Method, Options, Playground, PlaygroundError};

use crate::bot::Bot;

#[tokio::test]
async fn a_wait_is_woken_by_the_change_it_waits_for() {
    let bot = Bot::new();
    let question = bot.said("why?", None);
    let patience = Duration::from_secs(20);
    let post = async { bot.call(Method::ChatPostMessage, &bot.answer(question, "because")).await };
    let (answer, posted) = tokio::join!(bot.slack.wait_for_answer(&bot.channel, question, patience), post);
    assert_eq!(answer.unwrap().ts.to_string(), posted["ts"]);
}

#[tokio::test]
async fn a_wait_in_vain_says_for_what_and_what_there_is() {
    let bot = Bot::new();
    let question = bot.said("why?", None);
    let error = bot.slack.wait_for_answer(&bot.channel, question, Duration::from_millis(20)).await.unwrap_err();
    let message = error.to_string();
    assert!(message.contains(&question.to_string()) && message.contains("1 messages of people"), "{message}");
}

#[tokio::test]
async fn nobody_speaks_in_channels_or_threads_that_are_not_there() {
    let bot = Bot::new();
    let nowhere = shared::ids::ChannelId::new("C404");
    let nobody = shared::ids::UserId::new("U404");
    let never = "1.000000".parse().unwrap();
    assert!(matches!(bot.slack.say(&nowhere, &bot.ada, "a", None), Err(PlaygroundError::NoChannel(_))));
    assert!(matches!(bot.slack.say(&bot.channel, &nobody, "a", None), Err(PlaygroundError::NoPerson(_))));
    let lost = bot.slack.say(&bot.channel, &bot.ada, "a", Some(never));
    assert!(matches!(lost, Err(PlaygroundError::NoMessage { .. })));
}

#[tokio::test]
async fn a_dropped_playground_listens_no_more() {
    let slack = Playground::start(Options::default()).unwrap();
    let address = slack.address();
    TcpStream::connect(address).unwrap();
    drop(slack);
    assert!(TcpStream::connect(address).is_err());
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_names_it() {
    let first = Playground::start(Options::default()).unwrap();
    let port = first.address().port();
    let error = Playground::start(Options { port, ..Options::default() }).unwrap_err();
    assert!(error.to_string().contains(&format!("127.0.0.1:{port}")), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_at_once_get_a_timestamp_each() {
    let bot = Bot::new();
    let question = bot.said("why?", None);
    let mut posts = tokio::task::JoinSet::new();
    for n in 0..100 {
        posts.spawn(bot.post(Method::ChatPostMessage, &bot.answer(question, &n.to_string())).send());
    }
    for answer in posts.join_all().await {
        assert_eq!(crate::bot::json(answer.unwrap()).await["ok"], true);
    }
    assert_eq!(bot.slack.replies(&bot.channel, question).len(), 100);
}
