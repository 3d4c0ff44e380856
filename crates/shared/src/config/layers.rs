//! Merges the layers and checks every key and every type.
//!
//! The `config` crate reads and merges; the checks are ours, because its own conversions are too kind: `10.7` becomes
//! 11, `yes` becomes true, and a variable with a misspelt prefix is ignored.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Map, Value};

use super::{ConfigError, Settings};

/// Conventional variables and the options they set.
const CONVENTIONAL: [(&str, &str, &str); 13] = [
    ("SLACK_BOT_TOKEN", "slack", "bot_token"),
    ("SLACK_SIGNING_SECRET", "slack", "signing_secret"),
    ("SLACK_API_URL", "slack", "api_url"),
    ("SEARCH_TOKEN", "search", "token"),
    ("REDIS_URL", "redis", "url"),
    ("AMQP_URL", "amqp", "url"),
    ("OPENAI_API_KEY", "model", "openai_api_key"),
    ("OPENAI_BASE_URL", "model", "openai_base_url"),
    ("ANTHROPIC_API_KEY", "model", "anthropic_api_key"),
    ("GEMINI_API_KEY", "model", "gemini_api_key"),
    ("OLLAMA_BASE_URL", "model", "ollama_base_url"),
    ("RUST_LOG", "log", "filter"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "telemetry", "otlp_endpoint"),
];

const PREFIX: &str = "THREADKEEPER__";

/// The variables of a process, as a value, so that tests set theirs without touching the process.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of this process. A variable that is no UTF-8 cannot be one of ours.
    pub fn of_process() -> Self {
        Self(std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect())
    }

    /// The value of a variable that is no option.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The given variables.
    pub fn of(variables: &[(&str, &str)]) -> Self {
        Self(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }
}

/// Where each key was set: `section.key` -> variable or file.
pub(super) type Origins = BTreeMap<String, String>;

/// Merges defaults, file and environment into settings.
pub(super) fn merge(file: Option<&Path>, environment: &Environment) -> Result<Settings, ConfigError> {
    let (merged, origins) = overlaid(file, environment)?;
    serde_path_to_error::deserialize(Value::Object(merged)).map_err(|error| {
        let key = error.path().to_string();
        let origin = origins.get(&key).map(|origin| format!(" ({origin})")).unwrap_or_default();
        ConfigError::WrongType { reason: format!("{}{origin}", error.inner()), key }
    })
}

/// The layers over each other, before their types are checked, and where each value that is no default comes from.
pub(super) fn overlaid(
    file: Option<&Path>,
    environment: &Environment,
) -> Result<(Map<String, Value>, Origins), ConfigError> {
    let defaults = serde_json::to_value(Settings::default()).unwrap_or_default();
    let known = defaults.as_object().cloned().unwrap_or_default();
    let mut origins = Origins::new();

    let from_file = match file {
        Some(path) => read_file(path, &mut origins)?,
        None => Map::new(),
    };
    check_known(&from_file, &known, &origins)?;
    let from_environment = read_environment(environment, &known, &mut origins)?;
    check_known(&from_environment, &known, &origins)?;

    let mut merged = known;
    overlay(&mut merged, from_file);
    overlay(&mut merged, from_environment);
    Ok((merged, origins))
}

/// The variables that set an option: the conventional one, if there is one, and its own.
pub(super) fn variables(section: &str, key: &str) -> Vec<String> {
    let conventional = CONVENTIONAL.iter().filter(|(_, of, named)| *of == section && *named == key);
    let own = format!("{PREFIX}{}__{}", section.to_uppercase(), key.to_uppercase());
    conventional.map(|(name, ..)| (*name).to_owned()).chain([own]).collect()
}

fn read_file(path: &Path, origins: &mut Origins) -> Result<Map<String, Value>, ConfigError> {
    let unreadable = |reason: String| ConfigError::File { path: path.to_owned(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    let source = config::File::from_str(&text, config::FileFormat::Toml);
    let tree: Value = config::Config::builder()
        .add_source(source)
        .build()
        .and_then(config::Config::try_deserialize)
        .map_err(|error| unreadable(error.to_string()))?;
    let Value::Object(sections) = tree else { return Ok(Map::new()) };
    for (section, value) in &sections {
        for key in value.as_object().into_iter().flat_map(Map::keys) {
            origins.insert(format!("{section}.{key}"), format!("in `{}`", path.display()));
        }
    }
    Ok(sections)
}

fn read_environment(
    environment: &Environment,
    known: &Map<String, Value>,
    origins: &mut Origins,
) -> Result<Map<String, Value>, ConfigError> {
    let mut sections = Map::new();
    let mut set = |section: &str, key: &str, name: &str, value: &str| {
        let typed = typed_like(known.get(section).and_then(|s| s.get(key)), value);
        origins.insert(format!("{section}.{key}"), format!("environment variable {name}"));
        let entry = sections.entry(section).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(entry) = entry {
            entry.insert(key.to_owned(), typed);
        }
    };
    for (name, value) in &environment.0 {
        if let Some(path) = name.strip_prefix(PREFIX) {
            let Some((section, key)) = path.split_once("__") else { return Err(unknown_variable(name, known)) };
            let (section, key) = (section.to_lowercase(), key.to_lowercase());
            if !known.contains_key(&section) {
                return Err(unknown_variable(name, known));
            }
            set(&section, &key, name, value);
        } else if name.starts_with("THREADKEEPER_") && name.contains("__") {
            // A misspelt prefix would be ignored. Without `__` it is what Kubernetes sets for a service of that name.
            return Err(unknown_variable(name, known));
        }
    }
    for (name, section, key) in CONVENTIONAL {
        if let Some(value) = environment.0.get(name).filter(|value| !value.is_empty()) {
            set(section, key, name, value);
        }
    }
    Ok(sections)
}

fn unknown_variable(name: &str, known: &Map<String, Value>) -> ConfigError {
    ConfigError::UnknownVariable { name: name.to_owned(), sections: list(known) }
}

/// A variable's text in the JSON type that the option has: numbers and booleans only where the whole text is one, so
/// that the type check sees `10.7` or `yes` as the wrong type and `0123` in a text option as text.
fn typed_like(default: Option<&Value>, text: &str) -> Value {
    let as_number = |text: &str| text.trim().parse::<u64>().map_or_else(|_| text.into(), Value::from);
    match default {
        Some(Value::Number(_)) => as_number(text),
        Some(Value::Bool(_)) => match text.trim() {
            "true" => true.into(),
            "false" => false.into(),
            other => other.into(),
        },
        Some(Value::Array(items)) => {
            let of_numbers = items.first().is_some_and(Value::is_number);
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            items.map(|item| if of_numbers { as_number(item) } else { item.into() }).collect()
        }
        _ => text.into(),
    }
}

fn check_known(
    sections: &Map<String, Value>,
    known: &Map<String, Value>,
    origins: &Origins,
) -> Result<(), ConfigError> {
    for (section, value) in sections {
        let Some(Value::Object(options)) = known.get(section) else {
            let origin = "no such section".to_owned();
            return Err(ConfigError::UnknownOption { key: section.clone(), origin, known: list(known) });
        };
        let Value::Object(set) = value else {
            let reason = format!("a section is expected, with the keys {}", list(options));
            return Err(ConfigError::WrongType { key: section.clone(), reason });
        };
        if let Some(key) = set.keys().find(|key| !options.contains_key(*key)) {
            let key = format!("{section}.{key}");
            let origin = origins.get(&key).cloned().unwrap_or_default();
            return Err(ConfigError::UnknownOption { key, origin, known: list(options) });
        }
    }
    Ok(())
}

fn overlay(merged: &mut Map<String, Value>, sections: Map<String, Value>) {
    for (section, value) in sections {
        if let (Some(Value::Object(into)), Value::Object(from)) = (merged.get_mut(&section), value) {
            into.extend(from);
        }
    }
}

fn list(keys: &Map<String, Value>) -> String {
    keys.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}
