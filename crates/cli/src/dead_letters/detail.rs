//! All about one dead letter.

use std::process::ExitCode;

use anyhow::Context as _;
use queue::rabbitmq::Desk;
use serde_json::json;
use shared::clock::Clock;
use threads::turns::Stage;

use super::{Show, groups, letter::Told, named, with_letters};
use crate::{
    session::Session,
    terminal::{self, BOLD, Cell, DIM, Table, ago, timestamp},
    thread::stage_told,
};

/// Shows one question that was given up: when what happened to it, what Redis knows of it, what can be done.
pub(super) async fn show(session: &Session, broker: &Desk, show: &Show) -> anyhow::Result<ExitCode> {
    let (told, copies) = with_letters(broker, &broker.topology().dead(), async |reading| {
        let groups = groups(reading.letters());
        let (told, letters) = named(&groups, &show.name)?;
        Ok((told.clone(), letters.len()))
    })
    .await?;
    let known = known_stage(session, &told).await;
    if show.json {
        let mut value = told.json(show.text);
        value["copies"] = json!(copies);
        value["state"] = match &known {
            Ok(stage) => json!(stage.as_ref().map_or_else(|| "forgotten".to_owned(), stage_told)),
            Err(error) => json!(format!("unknown: {}", shared::telemetry::chain(error.as_ref()))),
        };
        terminal::print_json(&value);
        return Ok(ExitCode::SUCCESS);
    }
    let state = match known {
        Ok(Some(stage)) => stage_told(&stage),
        Ok(None) => "forgotten; a replay asks Slack first whether the answer is there".to_owned(),
        Err(error) => format!("not known: {}", shared::telemetry::chain(error.as_ref())),
    };
    anstream::println!("{BOLD}{}{BOLD:#} {DIM}event_key {}{DIM:#}", told.id(), told.key);
    anstream::print!("{}", facts(&told, &state, copies, show.text).render(terminal::width()));
    anstream::println!(
        "{DIM}\nAsk again: threadkeeper dead-letters replay {0}\nRemove:    threadkeeper dead-letters drop {0}{DIM:#}",
        told.id()
    );
    Ok(ExitCode::SUCCESS)
}

/// What Redis knows of the question; none = nothing.
async fn known_stage(session: &Session, told: &Told) -> anyhow::Result<Option<Stage>> {
    let Ok(question) = &told.question else { return Ok(None) };
    let thread = session.store().await?.overview(&question.conversation).await.context("Redis was not asked")?;
    Ok(thread.questions.into_iter().find(|known| known.ts == question.ts).map(|known| known.stage))
}

fn facts(told: &Told, state: &str, copies: usize, with_text: bool) -> Table {
    let now = Clock::System.millis();
    let moment = |ms: u64| format!("{} UTC, {} ago", timestamp(ms), ago(ms, now));
    let mut table = Table::new(&["", ""]);
    let mut fact = |name: &str, value: String| table.row([Cell::styled(name, DIM), value.into()]);
    if let Ok(question) = &told.question {
        fact("question", format!("{} in {}", told.place(), question.conversation));
        fact("asked by", format!("{} of {} ({:?})", question.user, question.team, question.surface));
        fact("text", told.text(with_text));
        fact("asked", moment(question.ts.millis()));
        fact("received", moment(question.received_ms));
    } else {
        fact("message", told.text(with_text));
    }
    if let Some(at) = told.given_up_ms {
        let attempts = told.attempts.map_or_else(String::new, |attempts| format!(", after {attempts} attempts"));
        fact("given up", moment(at) + &attempts);
    }
    fact("reason", told.reason.clone());
    fact("event id", told.event_id.clone());
    fact("state", state.to_owned());
    if copies > 1 {
        fact("copies", format!("{copies} in `dead`; they are replayed and dropped as one"));
    }
    table
}
