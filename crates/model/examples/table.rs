//! Prints the tables of `docs/GUARANTEES.md`: `cargo run -p model --release --example table`. With arguments, only the
//! tables with these titles and the configurations with these names.

use std::env;

use model::{
    configurations::{ALTERNATIVES, LARGE, PROTOCOL, RESIDUAL, WEAK},
    search::search,
    variants::Configuration,
};

fn main() {
    complete("The protocol", PROTOCOL);
    complete("The protocol, larger", LARGE);
    complete("Alternatives", ALTERNATIVES);
    broken("Left out", WEAK);
    broken("Residual", RESIDUAL);
}

/// Whether the command line asks for this configuration.
fn is_wanted(title: &str, configuration: &Configuration) -> bool {
    let mut arguments = env::args().skip(1).peekable();
    arguments.peek().is_none() || arguments.any(|wanted| wanted == title || wanted == configuration.name)
}

fn complete(title: &str, configurations: &[Configuration]) {
    println!("\n| {title} | states | depth | time | result |\n|---|---|---|---|---|");
    for configuration in configurations.iter().filter(|configuration| is_wanted(title, configuration)) {
        let outcome = search(*configuration);
        let result = outcome
            .counterexample
            .map_or_else(|| "none".to_owned(), |found| format!("{:?}: {}", found.violation, found.story.join(" → ")));
        let (name, states, depth) = (configuration.name, outcome.states, outcome.depth);
        println!("| {name} | {states} | {depth} | {:.1} s | {result} |", outcome.time.as_secs_f32());
    }
}

fn broken(title: &str, configurations: &[(Configuration, &str)]) {
    println!("\n| {title} | violation | states | shortest counterexample |\n|---|---|---|---|");
    for (configuration, _) in configurations.iter().filter(|(configuration, _)| is_wanted(title, configuration)) {
        let outcome = search(*configuration);
        let (violation, story) = outcome
            .counterexample
            .map_or_else(|| ("none", String::new()), |found| (found.violation.kind(), found.story.join(" → ")));
        println!("| {} | {violation} | {} | {story} |", configuration.name, outcome.states);
    }
}
