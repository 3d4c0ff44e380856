//! Tells a counterexample in words.

use crate::{
    actions::Action,
    state::{Mark, Phase, Step, Why, World},
};

/// One step in a few words; None = a question comes in undisturbed.
pub(crate) fn tell(world: &World, action: Action) -> Option<String> {
    let doing = |worker: usize| {
        world.workers.get(worker).and_then(|worker| worker.run.as_ref()).map(|run| (run.event, run.phase))
    };
    let at = |worker: usize, what: &str| {
        doing(worker).map_or_else(|| what.to_owned(), |(event, phase)| format!("{what} ({} e{event})", words(phase)))
    };
    Some(match action {
        Action::Send | Action::Receive(_) => return None,
        Action::Retry(event) => format!("Slack retries e{event}"),
        Action::ExpireDead => "the lease ends".to_owned(),
        Action::LayGhost(event) => format!("e{event} is a ghost, forgotten"),
        Action::Claim(_, copy) if copy.mark == Mark::Fresh => format!("claim e{}", copy.event),
        Action::Claim(_, copy) => format!("claim e{} (returned)", copy.event),
        Action::Sweep(copy) => format!("sweep e{}", copy.event),
        Action::Go(worker) => doing(worker).map(|(event, phase)| format!("{} e{event}", words(phase)))?,
        Action::Execute(call) => format!("Slack executes the call for e{}", call.event),
        Action::Notice => "the loss is noticed".to_owned(),
        Action::AnswerRoll(_) => "roll call".to_owned(),
        Action::Swap => "SLACK IS LATE WITH e0".to_owned(),
        Action::Double(event) => format!("SLACK DOUBLES e{event}"),
        Action::CrashIngress(request) => {
            let step = match request.step {
                Step::Publish => "before the publish",
                Step::Register => "before it registers",
                Step::Acknowledge => "before the 200",
            };
            format!("INGRESS CRASH ({step} of e{})", request.event)
        }
        Action::Away(request) => format!("REDIS AWAY (register e{})", request.event),
        Action::ExpireLive => "LEASE OF A LIVE WORKER ENDS".to_owned(),
        Action::Lose => "REDIS LOSES ALL".to_owned(),
        Action::Snapshot => "(what Redis knows now survives)".to_owned(),
        Action::FallBack => "REDIS FALLS BACK".to_owned(),
        Action::Trim(event) => format!("e{event} IS OLD AND FORGOTTEN"),
        Action::LoseReply(_, copy) => format!("CLAIM e{}, REPLY LOST", copy.event),
        Action::LoseBeforeClaim(_, copy) => format!("CONNECTION LOST (claim e{})", copy.event),
        Action::Crash(worker) => at(worker, "CRASH"),
        Action::CrashInPark(worker) => at(worker, "CRASH BEFORE THE ACK"),
        Action::Disconnect(worker) => at(worker, "CONNECTION LOST"),
        Action::Fail(worker) => at(worker, "FAILS"),
        Action::Outage(worker) => at(worker, "DEPENDENCY DOWN"),
        Action::Stop(worker) => at(worker, "SIGTERM"),
        Action::Refuse(worker) => at(worker, "SLACK REFUSES"),
        Action::LoseAnswer(worker) => at(worker, "SLACK'S ANSWER LOST"),
        Action::PostLate(worker) => at(worker, "SLACK EXECUTES LATER, TIMEOUT"),
        Action::PostLateAndCrash(worker) => at(worker, "SLACK EXECUTES LATER, CRASH"),
        Action::Lag(worker) => at(worker, "SLACK'S READ LAGS"),
    })
}

fn words(phase: Phase) -> &'static str {
    match phase {
        Phase::Claim => "claim again",
        Phase::ClaimLate(_) => "claim late",
        Phase::Look => "look",
        Phase::LookAgain => "look again",
        Phase::Answer => "answer",
        Phase::BeginStream => "begin_stream",
        Phase::Start => "start the stream of",
        Phase::NoteStream => "note the stream of",
        Phase::Begin => "begin_post",
        Phase::Post => "post",
        Phase::Finish => "finish",
        Phase::Remove => "delete own",
        Phase::Release(Why::Unknown) => "release unknown",
        Phase::Release(_) => "release",
        Phase::Park | Phase::ParkUnknown => "park",
        Phase::GiveBack => "requeue",
        Phase::DeadLetter => "publish to dead",
        Phase::Bury => "bury",
        Phase::Tell => "tell",
        Phase::NoteTold => "note told",
        Phase::Ack => "ack",
    }
}
