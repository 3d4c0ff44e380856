//! Many questions as a table: the slowest, or those that were given up.

use super::{
    course::{Course, End},
    journey::Journey,
    wording,
};
use crate::terminal::{BAD, BOLD, Cell, DOUBTFUL, Table};

/// The questions that took longest come first, with the stage that took most of it.
pub(super) fn slow(questions: &[(Journey, Course)], width: Option<usize>) -> String {
    let mut table = Table::new(&["QUESTION", "ASKED (UTC)", "TOOK", "LONGEST", "BECAUSE"]);
    for (journey, course) in questions {
        let longest = course.longest();
        let stage = longest.map(|stretch| (wording::duration(stretch.took()), stretch.stage.cause()));
        let (longest, cause) = stage.unwrap_or_default();
        let took = wording::duration(course.took());
        let took = match course.end {
            End::Answered { .. } => Cell::styled(took, BOLD),
            End::GivenUp { .. } => Cell::styled(took + ", given up", BAD),
            End::Open { .. } => Cell::styled(took + ", open", DOUBTFUL),
        };
        table.row([id(journey), wording::time_of_day(course.began).into(), took, longest.into(), cause.into()]);
    }
    told(&table, questions.len(), width)
}

/// The questions that were given up, with the reason.
pub(super) fn failed(questions: &[(Journey, Course)], width: Option<usize>) -> String {
    let mut table = Table::new(&["QUESTION", "GIVEN UP (UTC)", "AFTER", "TRIES", "REASON"]);
    for (journey, course) in questions {
        let End::GivenUp { at, attempts, reason } = &course.end else { continue };
        let (at, after) = (wording::time_of_day(*at), wording::duration(course.took()));
        table.row([id(journey), at.into(), after.into(), attempts.to_string().into(), reason.clone().into()]);
    }
    told(&table, questions.len(), width)
}

fn id(journey: &Journey) -> Cell {
    format!("{}:{}", journey.channel, journey.ts).into()
}

fn told(table: &Table, rows: usize, width: Option<usize>) -> String {
    if rows == 0 { "There is none in these logs.\n".to_owned() } else { table.render(width) }
}
