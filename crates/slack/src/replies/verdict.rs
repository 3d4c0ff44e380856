//! Whether Slack can have executed a call: the judgement that keeps answers from being lost or posted twice.
//!
//! Only three things prove that a call was not executed. Slack says so (`ok: false`, or 429); no connection was
//! established; or hyper handed the request back because not one byte of it was written. Everything else is
//! [`CallError::Unknown`]: a message may stand in the channel.
//!
//! # Why hyper's own retry is safe
//! hyper-util takes an idle connection from its pool. When the server closed it at the same moment, the request comes
//! back and hyper-util sends it on another connection (`retry_canceled_requests`, on by default, and slack-morphism
//! does not let us turn it off). That never sends twice: on HTTP/1.1 hyper gives a request back only while it still
//! waits in the connection's queue, that is before its head was encoded (`hyper::proto::h1::dispatch`, `Client::recv_msg`,
//! "the message was never even started"). Once it was taken from the queue an error carries no request, and hyper-util
//! does not retry. HTTP/2 is switched off, so its other rules do not apply.

use std::{error::Error, time::Duration};

use serde_json::Value;
use slack_morphism::errors::{SlackClientApiError, SlackClientError};

use super::Refusal;
use crate::error::{CallError, Doubt};

/// The wait after a 429 that does not say how long (Slack's always do): the pace of `chat.postMessage`, one a second
/// (<https://docs.slack.dev/apis/web-api/rate-limits>).
const RETRY_AFTER_UNSAID: Duration = Duration::from_secs(1);

/// Words with which Slack says that the call may have been executed in part ("It's possible some aspect of the
/// operation succeeded before the error was raised", <https://docs.slack.dev/reference/methods/chat.postMessage>), and
/// the one for a server that is going down.
const MAYBE_DONE: [&str; 3] = ["fatal_error", "internal_error", "service_unavailable"];

/// Words for 429 in the body of a 200.
const RATE_LIMITED: [&str; 2] = ["ratelimited", "rate_limited"];

/// Judges what the transport returned.
pub(super) fn of(method: &'static str, answered: Result<Value, SlackClientError>) -> Result<Value, CallError> {
    let unknown = |doubt| Err(CallError::Unknown { method, doubt });
    match answered {
        Ok(answer) if answer.get("ok") == Some(&Value::Bool(true)) => Ok(answer),
        // slack-morphism turns a page of HTML into an empty object, and passes `ok: false` without a word on.
        Ok(_) => unknown(Doubt::Unreadable("no JSON with `ok`, or `ok: false` without an error")),
        Err(SlackClientError::ApiError(error)) => of_refusal(method, &error),
        Err(SlackClientError::RateLimitError(limit)) => {
            Err(CallError::RateLimited { method, retry_after: limit.retry_after.unwrap_or(RETRY_AFTER_UNSAID) })
        }
        Err(SlackClientError::HttpError(error)) => unknown(Doubt::Status(error.status_code.as_u16())),
        Err(SlackClientError::HttpProtocolError(error)) => match error.cause {
            Some(source) if was_never_written(&*source) => Err(CallError::NotSent { method, source }),
            Some(source) => unknown(Doubt::Broken(source)),
            None => unknown(Doubt::Unreadable("a broken exchange")),
        },
        Err(SlackClientError::SystemError(error)) => match error.cause {
            Some(source) => unknown(Doubt::Broken(source)),
            None => unknown(Doubt::Unreadable("a broken exchange")),
        },
        // Not kept as the source: these errors print the answer, and with it what people wrote.
        Err(_) => unknown(Doubt::Unreadable("no JSON of the documented form")),
    }
}

fn of_refusal(method: &'static str, error: &SlackClientApiError) -> Result<Value, CallError> {
    let says_not_done = || {
        let body: Value = serde_json::from_str(error.http_response_body.as_deref()?).ok()?;
        body.get("ok")?.as_bool().map(|ok| !ok)
    };
    let word = error.code.as_str();
    if RATE_LIMITED.contains(&word) {
        Err(CallError::RateLimited { method, retry_after: RETRY_AFTER_UNSAID })
    } else if MAYBE_DONE.contains(&word) {
        Err(CallError::Unknown { method, doubt: Doubt::Failed(word.to_owned()) })
    } else if says_not_done() == Some(true) {
        Err(CallError::Refused { method, refusal: Refusal::of(word) })
    } else {
        Err(CallError::Unknown { method, doubt: Doubt::Unreadable("an error together with `ok: true`") })
    }
}

/// Whether the request surely did not reach the server: it had no connection yet (DNS, TCP and TLS included), or hyper
/// gave it back unwritten.
fn was_never_written(error: &(dyn Error + Send + Sync + 'static)) -> bool {
    let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>() else { return false };
    // An error that arises after a request was given to a connection carries that connection's description.
    let had_no_connection = error.is_connect() || error.connect_info().is_none();
    let given_back = error.source().and_then(|source| source.downcast_ref::<hyper::Error>());
    had_no_connection || given_back.is_some_and(hyper::Error::is_canceled)
}
