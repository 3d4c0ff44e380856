//! Requests that are not Slack's, or more than the ingress takes: the right status, and nothing of them in the queue.

use std::time::Duration;

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::world::World;

async fn one_ingress() -> World {
    World::start_with(|stack| {
        let stack = stack.responders(0).env("THREADKEEPER__INGRESS__MAX_IN_FLIGHT", "4");
        stack.env("THREADKEEPER__INGRESS__BODY_TIMEOUT", "500ms").env("THREADKEEPER__INGRESS__MAX_BODY_BYTES", "65536")
    })
    .await
}

/// Sends a body with the given headers over a connection of its own.
async fn post(world: &World, body: &[u8], headers: &[(&str, String)]) -> u16 {
    let mut request = reqwest::Client::new().post(&world.stack.event_urls()[0]).body(body.to_vec());
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    request.send().await.expect("the ingress answers").status().as_u16()
}

fn signed(world: &World, body: &[u8]) -> Vec<(&'static str, String)> {
    let (seconds, signature) = world.slack.signed(body);
    vec![("x-slack-request-timestamp", seconds.to_string()), ("x-slack-signature", signature)]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_slacks_is_refused_and_nothing_of_it_reaches_the_queue() {
    shared::lifecycle::install_tls_provider();
    let world = one_ingress().await;
    let channel = world.slack.channel("general");
    let said = world.slack.mention(&channel, &world.person, "hello", None).expect("it is said");
    let body = said.events[0].body.clone().into_bytes();

    let with = |timestamp: u64, signature: String| {
        vec![("x-slack-request-timestamp", timestamp.to_string()), ("x-slack-signature", signature)]
    };
    let (now, signature) = world.slack.signed(&body);
    let secret = shared::config::Secret::new(e2e::SIGNING_SECRET);
    let sign_at = |seconds: u64| with(seconds, playground::sign(&secret, seconds, &body));
    let cases = [
        ("no signature", vec![], 401),
        ("no timestamp", vec![("x-slack-signature", signature.clone())], 401),
        ("a signature of another body", with(now, world.slack.signed(b"{}").1), 401),
        ("a signature of another time", with(now + 1, signature.clone()), 401),
        ("no hex", with(now, "v0=zz".to_owned()), 401),
        ("six minutes old", sign_at(now - 360), 401),
        ("six minutes ahead", sign_at(now + 360), 401),
    ];
    for (case, headers, status) in cases {
        assert_eq!(post(&world, &body, &headers).await, status, "{case}");
    }

    for no_event in [&b"not json"[..], b"[1, 2]", b"", b"{", b"\xff\xfe", b"payload=%7B%7D"] {
        assert_eq!(post(&world, no_event, &signed(&world, no_event)).await, 400, "{no_event:?}");
    }
    let large = vec![b' '; 65_537];
    assert_eq!(post(&world, &large, &signed(&world, &large)).await, 413);
    let challenge = json!({"type": "url_verification", "challenge": "c-1", "token": "t"}).to_string();
    assert_eq!(post(&world, challenge.as_bytes(), &signed(&world, challenge.as_bytes())).await, 200);

    assert_nothing_kept(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_body_is_answered_408_and_more_than_the_limit_at_a_time_503() {
    shared::lifecycle::install_tls_provider();
    let world = one_ingress().await;
    let address = world.stack.event_urls()[0].trim_start_matches("http://").split('/').next().expect("host").to_owned();
    let slow = || async {
        let mut connection = TcpStream::connect(&address).await.expect("the ingress listens");
        let head = "POST /slack/events HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nbegun";
        connection.write_all(head.as_bytes()).await.expect("the head is sent");
        connection
    };
    let mut held = vec![slow().await, slow().await, slow().await, slow().await];
    // The four places are taken as soon as the fifth is refused; until then it may be one of the four.
    let body = b"{}";
    let refused = e2e::eventually("a request over the limit to be refused", Duration::from_secs(10), || async {
        (post(&world, body, &signed(&world, body)).await == 503).then_some(())
    });
    refused.await.expect("503 over the limit");

    for connection in &mut held {
        let mut answer = vec![0; 12];
        connection.read_exact(&mut answer).await.expect("an answer comes");
        assert_eq!(&answer, b"HTTP/1.1 408");
    }
    assert_nothing_kept(&world).await;
}

async fn assert_nothing_kept(world: &World) {
    world.stack.settled(Duration::from_secs(10)).await.expect("the queues are empty");
    let panics = world.stack.ingresses[0].log().iter().filter(|line| line.contains("panicked")).count();
    assert_eq!(panics, 0, "{}", world.logs());
}
