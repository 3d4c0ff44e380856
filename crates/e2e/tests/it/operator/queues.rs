//! How much is where.

use super::done;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn the_queues_are_told_with_their_consumers() {
    let world = World::start_with(|stack| stack.responders(2)).await;
    let said = done(&world.stack, &["queues", "--json"]).json();
    let queues = said["queues"].as_array().unwrap();
    let names: Vec<_> = queues.iter().map(|queue| queue["queue"].as_str().unwrap()).collect();
    let expected = ["work", "wait.1000", "wait.5000", "wait.30000", "wait.120000", "dead", "unrouted"];
    assert_eq!(names, expected.map(|name| format!("{}{name}", world.stack.prefix())));
    assert_eq!((&queues[0]["consumers"], &queues[0]["ready"]), (&2.into(), &0.into()), "{said}");

    let table = done(&world.stack, &["queues"]);
    assert!(table.text.contains("must be empty") && !table.text.contains('\u{1b}'), "{table}");
}
