//! The Web API: `/api/METHOD`, by POST with JSON or a form, or by GET with a query.
//!
//! A call passes: known method, arguments and token ([`request`]), the log, the rules for faults, execution under the
//! workspace's lock, the answer, the events that follow.

mod answer;
mod assistant;
mod chat;
mod content;
mod conversations;
mod identity;
mod method;
mod request;
mod stream;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{HttpRequest, HttpResponse, web};

use self::answer::{Done, Refusal};
pub use self::method::Method;
use crate::{
    fault::Fault,
    site::Site,
    workspace::{Arguments, Call},
};

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.route("/api/{method}", web::route().to(receive));
}

async fn receive(
    site: web::Data<Site>,
    name: web::Path<String>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let Some(method) = Method::named(&name) else {
        site.violation(format!("there is no method `{name}` in the playground"));
        return answer::refused("unknown_method");
    };
    let arguments = match request::read(&site, method, &request, &body) {
        Ok(arguments) => arguments,
        Err(Refusal(error)) => return answer::refused(error),
    };
    let call = Call { method, arguments: arguments.clone(), at: Instant::now(), fault: None, error: None };
    let (place, fault) = site.begin(call);
    let site = site.into_inner();
    let execution = Execution { site, place, method, arguments, readable_after: Duration::ZERO };
    match fault {
        None => execution.run(),
        Some(fault) => befall(execution, fault).await,
    }
}

/// One call on its way through the workspace.
struct Execution {
    site: Arc<Site>,
    place: usize,
    method: Method,
    arguments: Arguments,
    /// How long a posted message cannot be read back.
    readable_after: Duration,
}

async fn befall(mut execution: Execution, fault: Fault) -> HttpResponse {
    match fault {
        Fault::RateLimit { retry_after } => {
            let rounded_up = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
            answer::rate_limited(rounded_up)
        }
        Fault::Status(code) => answer::status(code),
        Fault::Html => answer::html(),
        Fault::OkFalse { error } => answer::refused(&error),
        Fault::Hang { lasting } => {
            tokio::time::sleep(lasting).await;
            answer::cut()
        }
        Fault::Slow { by } => {
            tokio::time::sleep(by).await;
            execution.run()
        }
        Fault::SlowAnswer { by } => {
            let answer = execution.run();
            tokio::time::sleep(by).await;
            answer
        }
        Fault::CutBefore => answer::cut(),
        Fault::TookEffectThenCut => {
            drop(execution.run());
            answer::cut()
        }
        Fault::Late { by } => {
            let site = Arc::clone(&execution.site);
            // On the playground's own runtime: a client that goes away takes the handler with it.
            site.later(by, move || drop(execution.run()));
            answer::silence().await
        }
        Fault::RepliesLag { by } => {
            execution.readable_after = by;
            execution.run()
        }
    }
}

impl Execution {
    fn run(&self) -> HttpResponse {
        match self.execute() {
            Ok(Done { fields, events }) => {
                self.site.echo(events);
                answer::accepted(fields)
            }
            Err(Refusal(error)) => {
                self.site.refused(self.place, error);
                answer::refused(error)
            }
        }
    }

    fn execute(&self) -> Result<Done, Refusal> {
        let arguments = &self.arguments;
        let page_limit = self.site.options.page_limit;
        self.site.change(|workspace| match self.method {
            Method::AuthTest => Ok(identity::auth_test(workspace)),
            Method::AssistantThreadsSetStatus => assistant::set_status(workspace, arguments),
            Method::AssistantThreadsSetSuggestedPrompts => assistant::set_suggested_prompts(workspace, arguments),
            Method::AssistantThreadsSetTitle => assistant::set_title(workspace, arguments),
            Method::ChatAppendStream => stream::append(workspace, arguments),
            Method::ChatDelete => chat::delete(workspace, arguments),
            Method::ChatPostEphemeral => chat::post_ephemeral(workspace, arguments),
            Method::ChatPostMessage => chat::post_message(workspace, arguments, self.readable_after),
            Method::ChatStartStream => stream::start(workspace, arguments, self.readable_after),
            Method::ChatStopStream => stream::stop(workspace, arguments),
            Method::ChatUpdate => chat::update(workspace, arguments),
            Method::ConversationsHistory => conversations::history(workspace, arguments, page_limit),
            Method::ConversationsInfo => conversations::info(workspace, arguments),
            Method::ConversationsReplies => conversations::replies(workspace, arguments, page_limit),
            Method::UsersInfo => identity::users_info(workspace, arguments),
        })
    }
}
