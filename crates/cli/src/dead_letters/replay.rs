//! Asking again what was given up.
//!
//! A letter is published to `work` with the id of its burial, which Redis knows, and removed from `dead` when the broker has
//! confirmed that. `register` reopens that burial and no other: a letter that is replayed twice, because somebody else was
//! at it or this process died in between, is answered once.

use std::process::ExitCode;

use queue::rabbitmq::{Desk, Letter, Reading};
use shared::{ids::BurialId, task::Question};
use threads::{redis, turns::Stage};

use super::{Group, Replay, groups, named, with_letters};
use crate::session::Session;

/// What became of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    /// It is asked again.
    Replayed,
    /// Nothing is left to be answered, and the letter is removed: why.
    Needless(&'static str),
    /// It stays: why.
    Kept(&'static str),
}

/// Replays what is chosen.
pub(super) async fn replay(session: &Session, broker: &Desk, replay: &Replay) -> anyhow::Result<ExitCode> {
    let store = session.store().await?;
    with_letters(broker, &broker.topology().dead(), async |reading| {
        let groups = groups(reading.letters());
        let chosen: Vec<&Group<'_>> = if replay.all {
            let wanted = replay.reason.as_deref().unwrap_or_default();
            groups.iter().filter(|(told, _)| told.reason.contains(wanted)).collect()
        } else {
            replay.names.iter().map(|name| named(&groups, name)).collect::<anyhow::Result<_>>()?
        };
        let (mut replayed, mut kept) = (0, 0);
        for (told, letters) in &chosen {
            let outcome = match &told.question {
                Ok(question) => replay_one(broker, &store, reading, question, letters).await?,
                Err(_) => Outcome::Kept("it is no task, and can only be dropped"),
            };
            let what = match outcome {
                Outcome::Replayed => {
                    replayed += 1;
                    "asked again".to_owned()
                }
                Outcome::Needless(why) => format!("removed, {why}"),
                Outcome::Kept(why) => {
                    kept += 1;
                    format!("kept: {why}")
                }
            };
            println!("{} {}: {what}", told.id(), told.place());
        }
        println!("{replayed} of {} asked again", chosen.len());
        Ok(if kept == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
    .await
}

async fn replay_one(
    broker: &Desk,
    store: &redis::Desk,
    reading: &Reading<'_>,
    question: &Question,
    letters: &[&Letter],
) -> anyhow::Result<Outcome> {
    let thread = store.overview(&question.conversation).await?;
    let stage = thread.questions.iter().find(|known| known.ts == question.ts).map(|known| &known.stage);
    let (burial, outcome) = decide(stage);
    if let Some((burial, letter)) = burial.zip(letters.first()) {
        broker.replay(letter, &burial).await?;
    }
    if !matches!(outcome, Outcome::Kept(_)) {
        for letter in letters {
            reading.remove(letter).await?;
        }
    }
    Ok(outcome)
}

/// What to publish, and what becomes of the letter, by what Redis knows of the question.
fn decide(stage: Option<&Stage>) -> (Option<BurialId>, Outcome) {
    match stage {
        Some(Stage::Dead { burial, .. }) => (Some(burial.clone()), Outcome::Replayed),
        // Forgotten, and so asked of Slack before it is answered. Marked as a replay, because its age says nothing about how
        // long it waits now.
        None => (Some(BurialId::random()), Outcome::Replayed),
        Some(Stage::Done(_)) => (None, Outcome::Needless("it is answered already")),
        Some(Stage::Withdrawn) => (None, Outcome::Needless("its person took it back")),
        // If it is not buried yet this letter is the one that will be needed.
        Some(Stage::Open | Stage::Posting(_)) => {
            (None, Outcome::Kept("it is being worked on right now; look again in a moment"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burial_is_replayed_under_its_own_id() {
        let burial = BurialId::new("b1");
        let stage = Stage::Dead { burial: burial.clone(), told: None };
        assert_eq!(decide(Some(&stage)), (Some(burial), Outcome::Replayed));
    }

    #[test]
    fn what_redis_forgot_is_replayed_under_an_id_that_reopens_nothing() {
        let (one, outcome) = decide(None);
        assert_eq!(outcome, Outcome::Replayed);
        assert_ne!(one, decide(None).0);
    }

    #[test]
    fn what_is_under_way_keeps_its_letter_and_what_is_over_loses_it() {
        assert!(matches!(decide(Some(&Stage::Open)), (None, Outcome::Kept(_))));
        assert!(matches!(decide(Some(&Stage::Posting(1))), (None, Outcome::Kept(_))));
        assert!(matches!(decide(Some(&Stage::Done(Vec::new()))), (None, Outcome::Needless(_))));
        assert!(matches!(decide(Some(&Stage::Withdrawn)), (None, Outcome::Needless(_))));
    }
}
