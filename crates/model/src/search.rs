//! Searches a configuration: every order of steps and faults.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use stateright::{Checker, Model, Property};

use crate::{actions::Action, invariants::Violation, state::World, story, variants::Configuration};

const PROMISE: &str = "every promise is kept";

impl Model for Configuration {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        self.offer_natural(world, actions);
        self.offer_faults(world, actions);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        self.perform(world, action)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always(PROMISE, |configuration: &Self, world| configuration.violation(world).is_none())]
    }
}

/// What a search found.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Distinct worlds visited.
    pub states: usize,
    /// The longest way to one of them, in actions.
    pub depth: usize,
    /// How long the search took.
    pub time: Duration,
    /// A broken promise, with the shortest way there; None = none, and the search was complete.
    pub counterexample: Option<Counterexample>,
}

/// The way to a broken promise.
#[derive(Debug, Clone)]
pub struct Counterexample {
    /// The promise.
    pub violation: Violation,
    /// What happened, in order, without what comes in undisturbed.
    pub story: Vec<String>,
}

/// Visits every world that `configuration` can reach, nearest first, until a promise is broken.
pub fn search(configuration: Configuration) -> Outcome {
    let started = Instant::now();
    // One thread: the first counterexample found is a shortest one, and the same each time.
    let checker = configuration.checker().threads(1).spawn_bfs().join();
    let counterexample = checker.discovery(PROMISE).and_then(|path| {
        let violation = configuration.violation(path.last_state())?;
        let steps = path.into_vec();
        let story = steps.into_iter().filter_map(|(world, action)| story::tell(&world, action?)).collect();
        Some(Counterexample { violation, story })
    });
    Outcome {
        states: checker.unique_state_count(),
        depth: checker.max_depth(),
        time: started.elapsed(),
        counterexample,
    }
}

/// A world from which natural steps alone never come to rest; None = there is none.
///
/// The promises are checked at rest, so this shows that rest is always within reach: no livelock. It keeps every step in
/// memory, so it is for small configurations.
pub fn find_livelock(configuration: Configuration) -> Option<World> {
    let first = World::new(&configuration);
    let mut numbers = HashMap::from([(first.clone(), 0usize)]);
    let mut before: Vec<Vec<usize>> = vec![Vec::new()];
    let mut resting = Vec::new();
    let mut open = VecDeque::from([first]);
    let mut actions = Vec::new();
    while let Some(world) = open.pop_front() {
        let number = numbers[&world];
        configuration.actions(&world, &mut actions);
        let mut rests = true;
        for action in actions.drain(..) {
            let Some(next) = configuration.perform(&world, action) else { continue };
            let place = numbers.len();
            let known = *numbers.entry(next.clone()).or_insert(place);
            if known == place {
                before.push(Vec::new());
                open.push_back(next);
            }
            if !action.is_fault() {
                rests = false;
                before[known].push(number);
            }
        }
        if rests {
            resting.push(number);
        }
    }
    let mut reaches_rest = vec![false; before.len()];
    while let Some(number) = resting.pop() {
        if !reaches_rest[number] {
            reaches_rest[number] = true;
            resting.extend(&before[number]);
        }
    }
    numbers
        .into_iter()
        .filter(|(_, number)| !reaches_rest[*number])
        .min_by_key(|(_, number)| *number)
        .map(|(world, _)| world)
}
