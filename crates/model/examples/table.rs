//! Prints the tables of `docs/GUARANTEES.md`: `cargo run -p model --release --example table`. With arguments, only the
//! tables whose titles they are.

use model::{
    configurations::{ALTERNATIVES, LARGE, PROTOCOL, RESIDUAL, WEAK},
    search::search,
    variants::Configuration,
};

fn main() {
    let titles: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |title: &str| titles.is_empty() || titles.iter().any(|wanted| wanted == title);
    let searched = [("The protocol", PROTOCOL), ("The protocol, larger", LARGE), ("Alternatives", ALTERNATIVES)];
    for (title, configurations) in searched.into_iter().filter(|(title, _)| wanted(title)) {
        complete(title, configurations);
    }
    for (title, configurations) in
        [("Left out", WEAK), ("Residual", RESIDUAL)].into_iter().filter(|(title, _)| wanted(title))
    {
        broken(title, configurations);
    }
}

fn complete(title: &str, configurations: &[Configuration]) {
    println!("\n| {title} | states | depth | time | result |\n|---|---|---|---|---|");
    for configuration in configurations {
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
    for (configuration, _) in configurations {
        let outcome = search(*configuration);
        let (violation, story) = outcome
            .counterexample
            .map_or_else(|| ("none", String::new()), |found| (found.violation.kind(), found.story.join(" → ")));
        println!("| {} | {violation} | {} | {story} |", configuration.name, outcome.states);
    }
}
