//! `threadkeeper config`: what each option means, what is in effect, and where it comes from.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use shared::config::{self, Environment, Explained};

use crate::{
    session::ConfigArguments,
    terminal::{self, BOLD, Cell, DIM, Table},
};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  threadkeeper config explain delivery.lease
  threadkeeper config list --config threadkeeper.toml     what is in effect, and where it comes from
  threadkeeper config list --changed                      only what is no default")]
pub(crate) struct Arguments {
    #[command(flatten)]
    config: ConfigArguments,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// What an option means, what it may be, its default, and what it is here
    Explain {
        /// `section.key`, or a part of it
        key: String,
        /// For other programs
        #[arg(long)]
        json: bool,
    },
    /// All options with the values in effect, secrets redacted
    List {
        /// Only what is no default
        #[arg(long)]
        changed: bool,
        /// For other programs
        #[arg(long)]
        json: bool,
    },
    /// The reference of all options, as Markdown
    Reference,
}

/// Does what is asked for.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let options = || config::explain(arguments.config.config.as_deref(), &Environment::of_process());
    match arguments.act {
        Act::Explain { key, json } => explain(&options()?, &key, json)?,
        Act::List { changed, json } => {
            let shown: Vec<_> =
                options()?.into_iter().filter(|option| !changed || option.origin != "default").collect();
            if json {
                terminal::print_json(&Value::Array(shown.iter().map(json_of).collect()));
            } else {
                anstream::print!("{}", table(&shown).render(terminal::width()));
            }
        }
        Act::Reference => print!("{}", config::markdown()),
    }
    Ok(ExitCode::SUCCESS)
}

fn explain(options: &[Explained], key: &str, json: bool) -> anyhow::Result<()> {
    let exact: Vec<&Explained> = options.iter().filter(|option| option.key == key).collect();
    let found =
        if exact.is_empty() { options.iter().filter(|option| option.key.contains(key)).collect() } else { exact };
    if found.is_empty() {
        bail!("no option `{key}`: threadkeeper config list shows all");
    }
    if json {
        terminal::print_json(&Value::Array(found.into_iter().map(json_of).collect()));
        return Ok(());
    }
    for (place, option) in found.into_iter().enumerate() {
        if place > 0 {
            println!();
        }
        anstream::print!("{}", render(option, terminal::width()));
    }
    Ok(())
}

fn render(option: &Explained, width: Option<usize>) -> String {
    let mut facts = Table::new(&["", ""]);
    let none = || "none".to_owned();
    for (name, value) in [
        ("", option.meaning.to_owned()),
        ("may be", option.allowed.clone()),
        ("default", option.default.clone().unwrap_or_else(none)),
        ("here", format!("{} ({})", option.value.clone().unwrap_or_else(|| "not set".to_owned()), option.origin)),
        ("set by", option.variables.join(", ")),
    ] {
        facts.row([Cell::styled(name, DIM), value.into()]);
    }
    let key = &option.key;
    format!("{BOLD}{key}{BOLD:#}\n{}", facts.render(width).trim_start_matches('\n'))
}

fn table(options: &[Explained]) -> Table {
    let mut table = Table::new(&["OPTION", "VALUE", "FROM"]);
    for option in options {
        let style = if option.origin == "default" { DIM } else { BOLD };
        let value = option.value.clone().unwrap_or_else(|| "-".to_owned());
        table.row([option.key.as_str().into(), Cell::styled(value, style), Cell::styled(option.origin.as_str(), DIM)]);
    }
    table
}

fn json_of(option: &Explained) -> Value {
    json!({
        "key": option.key,
        "meaning": option.meaning,
        "allowed": option.allowed,
        "default": option.default,
        "value": option.value,
        "origin": option.origin,
        "variables": option.variables,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_explained_with_its_range_and_where_its_value_comes_from() {
        let variables = [("THREADKEEPER__DELIVERY__LEASE", "12s"), ("REDIS_URL", "redis://u:hush@cache/0")];
        let options = config::explain(None, &Environment::of(&variables)).unwrap();
        let told = |key: &str| {
            let option = options.iter().find(|option| option.key == key).unwrap();
            anstream::adapter::strip_str(&render(option, Some(80))).to_string()
        };
        insta::assert_snapshot!(told("delivery.lease") + &told("redis.url") + &told("answer.mode"));
    }
}
