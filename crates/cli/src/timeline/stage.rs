//! The stages of a question's way, and what a delay in each of them means.

use std::rc::Rc;

use super::outages::Server;

/// Where a question is, or what it waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    /// Slack has it, and no ingress has kept it yet.
    Slack,
    /// In the queue, and no worker has taken it.
    Queue,
    /// Behind other questions of its thread.
    Turn {
        before: u64,
    },
    /// A server is away.
    Away(Server),
    /// A copy was put aside, for the reason that the responder names.
    Aside(Aside),
    /// A pause after an attempt that failed.
    Rest {
        attempt: u32,
    },
    /// Its worker said nothing more, and another one took it over.
    Lost {
        worker: Rc<str>,
        doing: &'static str,
    },
    Answering,
    Posting,
    Recording,
}

/// Why a copy was put aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aside {
    Settling,
    Refused,
    ModelAway,
    SlackAway,
    Paced,
    RateLimited,
    Unknown,
    Forgotten,
    HandedOver,
    Other,
}

impl Stage {
    /// The stage that a copy's outcome begins; none = it is over, or it says nothing of the question.
    pub(super) fn after_copy(outcome: &str, before: Option<u64>, attempt: u32) -> Option<Self> {
        let aside = match outcome {
            "waits" => return Some(Self::Turn { before: before.unwrap_or(0) }),
            "store_away" => return Some(Self::Away(Server::Redis)),
            "attempt_failed" => return Some(Self::Rest { attempt }),
            "settling" | "other_epoch" => Aside::Settling,
            "store_error" => Aside::Refused,
            "model_away" => Aside::ModelAway,
            "slack_away" | "slack_refuses" => Aside::SlackAway,
            "paced" => Aside::Paced,
            "rate_limited" => Aside::RateLimited,
            "post_unknown" | "post_late" | "slack_silent" | "slack_asked_later" => Aside::Unknown,
            "cannot_remember" => Aside::Forgotten,
            "handed_over" => Aside::HandedOver,
            "done" | "twin" | "dead" | "withdrawn" | "superseded" | "swept" | "sweep_waits" | "sweep_given_up"
            | "untold" | "answered" | "answered_in_place" | "adopted" | "given_up" => return None,
            _ => Aside::Other,
        };
        Some(Self::Aside(aside))
    }

    /// Its name in JSON.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Queue => "queue",
            Self::Turn { .. } => "turn",
            Self::Away(Server::Redis) => "redis_away",
            Self::Away(Server::RabbitMq) => "rabbitmq_away",
            Self::Aside(Aside::Settling) => "settling",
            Self::Aside(Aside::Refused) => "store_error",
            Self::Aside(Aside::ModelAway) => "model_away",
            Self::Aside(Aside::SlackAway) => "slack_away",
            Self::Aside(Aside::Paced) => "paced",
            Self::Aside(Aside::RateLimited) => "rate_limited",
            Self::Aside(Aside::Unknown) => "post_unknown",
            Self::Aside(Aside::Forgotten) => "cannot_remember",
            Self::Aside(Aside::HandedOver) => "handed_over",
            Self::Aside(Aside::Other) => "parked",
            Self::Rest { .. } => "rest_after_failure",
            Self::Lost { .. } => "worker_lost",
            Self::Answering => "answering",
            Self::Posting => "posting",
            Self::Recording => "recording",
        }
    }

    /// What is said of a delay in it, as in "it waited for …".
    pub(super) fn cause(&self) -> String {
        let text = match self {
            Self::Slack => "Slack had it and no ingress had kept it",
            Self::Queue => "it was in the queue and no worker took it",
            Self::Turn { before: 0 } => "its thread was still in another worker's hands",
            Self::Turn { before: 1 } => "it waited for its turn behind another question of its thread",
            Self::Turn { before } => return format!("it waited for its turn behind {before} others of its thread"),
            Self::Away(Server::Redis) => "Redis was away",
            Self::Away(Server::RabbitMq) => "RabbitMQ was away",
            Self::Aside(Aside::Settling) => "Redis had lost data, and waiting questions took their places again",
            Self::Aside(Aside::Refused) => "Redis refused a call for it",
            Self::Aside(Aside::ModelAway) => "what answers are made from was away",
            Self::Aside(Aside::SlackAway) => "Slack was away",
            Self::Aside(Aside::Paced) => "its channel had had its messages for the second (pacing)",
            Self::Aside(Aside::RateLimited) => "Slack asked to wait (429)",
            Self::Aside(Aside::Unknown) => "it was not known whether Slack had its answer",
            Self::Aside(Aside::Forgotten) => "Slack did not show the turns before it",
            Self::Aside(Aside::HandedOver) => "its worker was told to stop, and it waited for another one",
            Self::Aside(Aside::Other) => "it was put aside",
            Self::Rest { attempt } => return format!("it rested after attempt {attempt} had failed"),
            Self::Lost { worker, doing } => return format!("its worker {worker} died or froze {doing}"),
            Self::Answering => "its answer was being made",
            Self::Posting => "its answer was being posted in Slack",
            Self::Recording => "its answer was being recorded in Redis",
        };
        text.to_owned()
    }
}
