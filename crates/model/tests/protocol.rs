//! The protocol keeps every promise, each weak variant breaks one.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use model::{
    configurations::{ALTERNATIVES, LIVELY, PROTOCOL, RESIDUAL, WEAK},
    search::{find_livelock, search},
    variants::{Configuration, NONE, Variant},
};

/// Two searches at a time: each is single-threaded, so that its counterexample is a shortest one.
const SEARCHES_AT_A_TIME: usize = 2;

/// What `judge` says against each configuration.
fn complaints(configurations: &[Configuration], judge: impl Fn(Configuration) -> Option<String> + Sync) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let complaints = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..SEARCHES_AT_A_TIME {
            scope.spawn(|| {
                while let Some(configuration) = configurations.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(complaint) = judge(*configuration) {
                        complaints
                            .lock()
                            .expect("no search panicked")
                            .push(format!("{}: {complaint}", configuration.name));
                    }
                }
            });
        }
    });
    complaints.into_inner().expect("no search panicked")
}

fn broken_promise(configuration: Configuration) -> Option<String> {
    let found = search(configuration).counterexample?;
    Some(format!("{:?}: {}", found.violation, found.story.join(", ")))
}

fn breaks_as_expected(expected: &[(Configuration, &str)]) {
    for (configuration, kind) in expected {
        let found = search(*configuration).counterexample;
        let found_kind = found.as_ref().map(|found| found.violation.kind());
        assert_eq!(found_kind, Some(*kind), "{}: {:?}", configuration.name, found.map(|found| found.story));
    }
}

#[test]
fn every_promise_is_kept_in_every_order_of_steps_and_faults() {
    assert_eq!(complaints(PROTOCOL, broken_promise), Vec::<String>::new());
}

#[test]
fn rules_that_are_no_part_of_the_protocol_break_nothing() {
    assert_eq!(complaints(ALTERNATIVES, broken_promise), Vec::<String>::new());
}

#[test]
fn each_rule_that_is_left_out_breaks_the_promise_it_is_there_for() {
    breaks_as_expected(WEAK);
}

#[test]
fn what_is_not_promised_shows_where_it_is_said_to_show() {
    breaks_as_expected(RESIDUAL);
}

#[test]
fn rest_is_within_reach_from_every_world() {
    let livelock = |configuration| find_livelock(configuration).map(|world| format!("{world:#?}"));
    assert_eq!(complaints(LIVELY, livelock), Vec::<String>::new());
}

#[test]
fn a_question_that_is_never_given_up_livelocks() {
    // The check must be able to fail: a question that kills every worker, and no limit to its attempts.
    let endless = Configuration::new("endless", Variant::Protocol, NONE).events(1).poison(1);
    assert!(find_livelock(endless).is_some());
}
