//! A thread as it is told.

use serde_json::{Value, json};
use shared::turn::Role;
use threads::{
    overview::{Overview, OwnerOverview, QuestionOverview, StoredContext},
    turns::Stage,
};

use crate::terminal::{BAD, BOLD, Cell, DIM, DOUBTFUL, GOOD, Table, duration, timestamp, wrapped};

/// What became of a question, in a few words.
pub(crate) fn stage_told(stage: &Stage) -> String {
    match stage {
        Stage::Open => "waits".to_owned(),
        Stage::Posting(_) => "posting has begun".to_owned(),
        Stage::Done(_) => "answered".to_owned(),
        Stage::Dead { told: Some(_), .. } => "given up, its person knows".to_owned(),
        Stage::Dead { told: None, .. } => "given up, its person does not know".to_owned(),
        Stage::Withdrawn => "taken back".to_owned(),
    }
}

pub(super) fn render(thread: &Overview, with_text: bool, width: Option<usize>) -> String {
    let mut text = format!("{BOLD}{}{BOLD:#}\n", thread.key);
    if thread.context.is_none() && thread.questions.is_empty() && thread.forgotten.is_none() {
        text.push_str("Redis knows nothing of this thread.\n");
        return text;
    }
    let mut facts = Table::new(&["", ""]);
    for (name, value) in facts_of(thread) {
        facts.row([Cell::styled(name, DIM), value.into()]);
    }
    text.push_str(facts.render(width).trim_start_matches('\n'));
    if !thread.questions.is_empty() {
        text.push('\n');
        text.push_str(&questions(thread).render(width));
    }
    if with_text && let Some(context) = thread.context.as_ref().and_then(|context| context.read.as_ref()) {
        for turn in context.turns() {
            let speaker = if turn.role == Role::User { "person" } else { "bot" };
            text.extend([format!("\n{BOLD}{speaker}{BOLD:#}\n")]);
            for line in turn.content.lines().flat_map(|line| wrapped(line, width.map(|width| width.saturating_sub(2))))
            {
                text.extend([format!("  {}\n", line.replace(char::is_control, " "))]);
            }
        }
    }
    text
}

fn facts_of(thread: &Overview) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("context", thread.context.as_ref().map_or_else(|| "none is stored".to_owned(), context_told)),
        ("owner", thread.owner.as_ref().map_or_else(|| "nobody".to_owned(), owner_told)),
    ];
    if let Some(left) = thread.remembered_for {
        facts.push(("turns", format!("remembered for {} more", duration(left))));
    }
    if let Some(at) = thread.forgotten {
        facts.push(("forgotten", format!("on request, at {} UTC", timestamp(at.millis()))));
    }
    if thread.of_an_older_epoch {
        facts.push(("epoch", "of before Redis lost data: open turns and the owner count no more".to_owned()));
    }
    facts
}

fn context_told(context: &StoredContext) -> String {
    let entries = context.read.as_ref().map(threads::context::Context::entries);
    let size = entries.map_or_else(|| "no JSON array".to_owned(), |entries| format!("{entries} entries"));
    let left = context.ttl.map_or_else(|| "never expires".to_owned(), |ttl| format!("expires in {}", duration(ttl)));
    let stale = if context.stale { "; of before Redis lost data, replaced by the next answer" } else { "" };
    format!("{size}, {} bytes, {left}{stale}", context.bytes)
}

fn owner_told(owner: &OwnerOverview) -> String {
    let lease = owner.lease_left.map_or_else(
        || "its lease is over, whoever comes next may have the thread".to_owned(),
        |left| format!("lease {} left", duration(left)),
    );
    format!("{} answers {}, {lease}", owner.id, owner.ts)
}

fn questions(thread: &Overview) -> Table {
    let mut table = Table::new(&["QUESTION", "STATE", "TRIES", "NOTES"]);
    for question in &thread.questions {
        let style = match &question.stage {
            Stage::Done(_) => GOOD,
            Stage::Dead { .. } => BAD,
            Stage::Open | Stage::Posting(_) => DOUBTFUL,
            Stage::Withdrawn => DIM,
        };
        table.row([
            question.ts.to_string().into(),
            Cell::styled(stage_told(&question.stage), style),
            question.attempts.to_string().into(),
            notes(question).join("; ").into(),
        ]);
    }
    table
}

fn notes(question: &QuestionOverview) -> Vec<String> {
    let mut notes = Vec::new();
    match &question.stage {
        Stage::Done(answers) => {
            let answers: Vec<String> = answers.iter().map(ToString::to_string).collect();
            notes.push(format!("answer {}", answers.join(", ")));
        }
        Stage::Dead { burial, told } => {
            notes.push(format!("burial {burial}"));
            notes.extend(told.map(|ts| format!("notice {ts}")));
        }
        Stage::Posting(since) => notes.push(format!("since {} UTC", timestamp(*since))),
        Stage::Open | Stage::Withdrawn => {}
    }
    notes.extend(question.rests_for.map(|rest| format!("rests {} after a failed attempt", duration(rest))));
    notes.extend(question.notice.map(|ts| format!("replayed, notice {ts}")));
    if question.answer_is_kept {
        notes.push("its answer is made and kept".to_owned());
    }
    if question.doubtful {
        notes.push("Slack is asked first".to_owned());
    }
    notes
}

pub(super) fn json(thread: &Overview, with_text: bool) -> Value {
    let ms = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let questions: Vec<Value> = thread
        .questions
        .iter()
        .map(|question| {
            json!({
                "ts": question.ts,
                "stage": question.stage,
                "attempts": question.attempts,
                "doubtful": question.doubtful,
                "rests_ms": question.rests_for.map(ms),
                "notice": question.notice,
                "answer_is_kept": question.answer_is_kept,
            })
        })
        .collect();
    let context = thread.context.as_ref().map(|context| {
        let mut value = json!({
            "entries": context.read.as_ref().map(threads::context::Context::entries),
            "bytes": context.bytes,
            "ttl_ms": context.ttl.map(ms),
            "stale": context.stale,
        });
        if with_text {
            value["turns"] = json!(context.read.as_ref().map(threads::context::Context::turns));
        }
        value
    });
    let owner = thread.owner.as_ref().map(|owner| {
        json!({ "id": owner.id, "ts": owner.ts, "copy": owner.copy, "lease_left_ms": owner.lease_left.map(ms) })
    });
    json!({
        "key": thread.key,
        "context": context,
        "questions": questions,
        "owner": owner,
        "of_an_older_epoch": thread.of_an_older_epoch,
        "forgotten": thread.forgotten,
        "remembered_ms": thread.remembered_for.map(ms),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use shared::ids::{BurialId, CopyId, OwnerId};
    use threads::context::Context;

    use super::*;

    fn question(ts: &str, stage: Stage) -> QuestionOverview {
        QuestionOverview {
            ts: ts.parse().unwrap(),
            stage,
            attempts: 0,
            doubtful: false,
            rests_for: None,
            notice: None,
            answer_is_kept: false,
        }
    }

    fn thread() -> Overview {
        let json = r#"[{"role":"user","content":"how?"},{"role":"assistant","content":"so."}]"#;
        let posting = question("1729636890.000300", Stage::Posting(1_729_636_900_000));
        let open = question("1729636895.000400", Stage::Open);
        Overview {
            key: "slack_conv:C0FFEE:1729636800.000100".to_owned(),
            context: Some(StoredContext {
                read: Some(Context::parse(json.into()).unwrap()),
                bytes: json.len(),
                ttl: Some(Duration::from_secs(2463)),
                stale: false,
            }),
            questions: vec![
                question("1729636800.000100", Stage::Done(vec!["1729636803.000200".parse().unwrap()])),
                question(
                    "1729636850.000100",
                    Stage::Dead { burial: BurialId::new("b1"), told: Some("1729636870.000100".parse().unwrap()) },
                ),
                QuestionOverview { attempts: 1, answer_is_kept: true, ..posting },
                QuestionOverview { attempts: 2, rests_for: Some(Duration::from_secs(12)), doubtful: true, ..open },
            ],
            owner: Some(OwnerOverview {
                id: OwnerId::new("o1"),
                ts: "1729636890.000300".parse().unwrap(),
                copy: CopyId::new("c1"),
                lease_left: Some(Duration::from_millis(7300)),
            }),
            of_an_older_epoch: false,
            forgotten: None,
            remembered_for: Some(Duration::from_hours(25)),
        }
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn a_thread_is_told_without_what_was_said() {
        insta::assert_snapshot!(plain(&render(&thread(), false, Some(100))));
        assert!(!json(&thread(), false).to_string().contains("how?"));
    }

    #[test]
    fn what_was_said_is_told_on_request() {
        let text = plain(&render(&thread(), true, Some(100)));
        assert!(text.contains("person\n  how?\n") && text.contains("bot\n  so.\n"), "{text}");
        insta::assert_json_snapshot!(json(&thread(), true));
    }

    #[test]
    fn a_thread_that_nobody_knows_is_said_to_be_unknown() {
        let unknown = Overview { context: None, questions: Vec::new(), owner: None, remembered_for: None, ..thread() };
        assert!(plain(&render(&unknown, true, None)).contains("knows nothing"));
    }
}
