//! The binary `threadkeeper-responder`; the way of a question is told in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    service::run(
        "threadkeeper-responder",
        "Answers questions: claims them in order, answers with the thread's context, posts to Slack",
        responder::startup::serve,
    )
}
