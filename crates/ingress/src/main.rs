//! The binary `threadkeeper-ingress`; the way of an event is told in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    service::run(
        "threadkeeper-ingress",
        "Receives Slack's events, keeps them in RabbitMQ, and answers Slack within 3 seconds",
        ingress::startup::serve,
    )
}
