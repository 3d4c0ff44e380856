//! The list of dead letters.

use std::process::ExitCode;

use queue::rabbitmq::Desk;
use serde_json::{Value, json};
use shared::clock::Clock;

use super::{List, letter::Told, with_letters};
use crate::terminal::{self, Cell, DIM, Table, ago};

/// Shows what lies in `dead`, or in `unrouted`.
pub(super) async fn list(broker: &Desk, list: &List) -> anyhow::Result<ExitCode> {
    let topology = broker.topology();
    let queue = if list.unrouted { topology.unrouted() } else { topology.dead() };
    let (letters, total) = with_letters(broker, &queue, async |reading| {
        let letters: Vec<Told> = reading.letters().iter().map(Told::of).collect();
        Ok((letters, reading.total()))
    })
    .await?;
    if list.json {
        let letters: Vec<Value> = letters.iter().map(|letter| letter.json(list.text)).collect();
        terminal::print_json(&json!({ "queue": queue, "total": total, "letters": letters }));
        return Ok(ExitCode::SUCCESS);
    }
    let now = Clock::System.millis();
    if letters.is_empty() {
        anstream::println!("Nothing is in `{queue}`.");
    } else if list.unrouted {
        anstream::print!("{}", unrouted(&letters, now, list.text).render(terminal::width()));
        anstream::println!("\n{DIM}A responder that starts or reconnects moves them to `work`.{DIM:#}");
    } else {
        anstream::print!("{}", table(&letters, now, list.text).render(terminal::width()));
        let next = "threadkeeper dead-letters show ID; replay ID asks again, drop ID removes";
        anstream::println!("\n{DIM}{} in `{queue}`. {next}{DIM:#}", letters.len());
    }
    Ok(ExitCode::SUCCESS)
}

fn asked(letter: &Told, now: u64) -> String {
    letter.question.as_ref().map_or_else(|_| "-".to_owned(), |question| ago(question.received_ms, now))
}

fn described(letter: &Told, with_text: bool) -> String {
    match &letter.question {
        Ok(question) if with_text => format!("{}\n\"{}\"", letter.reason, question.text),
        _ => letter.reason.clone(),
    }
}

/// Ages, because that is what an operator decides by; `show` has the moments.
fn table(letters: &[Told], now: u64, with_text: bool) -> Table {
    let mut table = Table::new(&["ID", "GIVEN UP", "ASKED", "TRIES", "QUESTION", "REASON"]);
    for letter in letters {
        let given_up = letter.given_up_ms.map_or_else(|| "-".to_owned(), |at| ago(at, now));
        let tries = letter.attempts.map_or_else(|| "-".to_owned(), |attempts| attempts.to_string());
        table.row([
            Cell::styled(letter.id(), terminal::BOLD),
            given_up.into(),
            asked(letter, now).into(),
            tries.into(),
            letter.place().into(),
            described(letter, with_text).into(),
        ]);
    }
    table
}

fn unrouted(letters: &[Told], now: u64, with_text: bool) -> Table {
    let mut table = Table::new(&["ID", "ASKED", "QUESTION", "TEXT"]);
    for letter in letters {
        table.row([
            Cell::styled(letter.id(), terminal::BOLD),
            asked(letter, now).into(),
            letter.place().into(),
            letter.text(with_text).into(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::{super::letter::tests::told, *};

    const NOW: u64 = 1_729_640_000_000;

    fn rendered(width: Option<usize>, with_text: bool) -> String {
        let refused = "conversations.replies was refused: missing_scope (needed: channels:history)";
        let no_task = Told {
            question: Err("unknown variant `question.v9`".to_owned()),
            attempts: Some(0),
            ..told(9, "no task: unknown variant `question.v9`")
        };
        let letters = [told(5, "the model did not answer within 60 s"), told(1700, refused), no_task];
        anstream::adapter::strip_str(&table(&letters, NOW, with_text).render(width)).to_string()
    }

    #[test]
    fn the_list_fits_a_wide_terminal() {
        insta::assert_snapshot!(rendered(Some(140), false));
    }

    #[test]
    fn the_list_fits_a_narrow_terminal() {
        insta::assert_snapshot!(rendered(Some(80), false));
    }

    #[test]
    fn the_list_shows_what_was_asked_on_request() {
        insta::assert_snapshot!(rendered(Some(140), true));
    }
}
