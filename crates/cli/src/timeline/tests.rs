//! What is printed for logs of a stack in which a worker died, Redis went away, and a question was given up.

use super::*;

const LOGS: &str = include_str!("fixtures/stack.log");

fn questions(subject: Option<&str>) -> Vec<(Journey, Course)> {
    let mut logs = Logs::about(subject.map(|subject| Subject::parse(subject).unwrap()));
    logs.read(LOGS.as_bytes()).unwrap();
    logs.questions()
}

fn paper(subject: &str, width: usize) -> String {
    let text = shown(&questions(Some(subject)), false, false, Some(width));
    let plain = anstream::adapter::strip_str(&text).to_string();
    assert!(plain.lines().all(|line| unicode_width::UnicodeWidthStr::width(line) <= width.max(72)), "{plain}");
    plain
}

#[test]
fn a_worker_that_died_is_named_where_its_question_waited() {
    insta::assert_snapshot!("worker_lost_140", paper("Ev0FIRST", 140));
    insta::assert_snapshot!("worker_lost_80", paper("Ev0FIRST", 80));
}

#[test]
fn a_question_that_waited_for_its_turn_says_behind_how_many() {
    insta::assert_snapshot!("turn", paper("Ev0SECOND", 100));
}

#[test]
fn a_question_that_was_asked_while_redis_was_away_says_so() {
    insta::assert_snapshot!("redis_away", paper("Ev0THIRD", 100));
}

#[test]
fn a_question_that_was_given_up_tells_each_attempt() {
    insta::assert_snapshot!("given_up", paper("Ev0FOURTH", 100));
}

#[test]
fn the_slowest_and_those_that_were_given_up_are_tables() {
    let plain = |text: String| anstream::adapter::strip_str(&text).to_string();
    let mut slow = questions(None);
    slow.sort_by_key(|(_, course)| std::cmp::Reverse(course.took()));
    insta::assert_snapshot!("slow", plain(shown(&slow, true, false, Some(120))));
    slow.retain(|(_, course)| matches!(course.end, End::GivenUp { .. }));
    insta::assert_snapshot!("failed", plain(shown(&slow, false, true, Some(120))));
}

#[test]
fn programs_are_told_the_same() {
    let (journey, course) = &questions(Some("Ev0THIRD"))[0];
    insta::assert_snapshot!("json", format!("{:#}", json::question(journey, course)));
}

#[test]
fn a_thread_is_all_of_its_questions() {
    let all = questions(None);
    let thread = format!("{}/{}", all[0].0.channel, all[0].0.thread_ts);
    assert_eq!(questions(Some(&thread)).len(), 2);
}
