//! What each option means, what it may be, what it is and why: for `threadkeeper config` and for `docs/CONFIGURATION.md`.
//!
//! Meanings are the doc comments of the sections' structs (`build.rs` reads them). Ranges are what [`Settings::validate`] says
//! to values that are out of them, so they cannot differ from what is checked.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::{ConfigError, Environment, Settings, layers};

/// A section of the configuration.
#[derive(Debug)]
struct SectionDoc {
    name: &'static str,
    doc: &'static str,
    options: &'static [OptionDoc],
}

/// One option of a section.
#[derive(Debug)]
struct OptionDoc {
    key: &'static str,
    /// The type as written in its struct, without `Option`.
    kind: &'static str,
    doc: &'static str,
    /// What an enum may be, with the meaning of each.
    choices: &'static [(&'static str, &'static str)],
}

const SECTIONS: &[SectionDoc] = &include!(concat!(env!("OUT_DIR"), "/option_docs.rs"));

/// An option, explained.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// `section.key`.
    pub key: String,
    /// What it means.
    pub meaning: &'static str,
    /// What it may be: its form, and its range.
    pub allowed: String,
    /// Its default; none = it has none.
    pub default: Option<String>,
    /// What it is here, secrets redacted; none = it is not set.
    pub value: Option<String>,
    /// Where that comes from: `default`, the file, or the variable.
    pub origin: String,
    /// The variables that set it, the conventional one first.
    pub variables: Vec<String>,
}

/// All options, as this file and this environment set them.
///
/// # Errors
/// As [`Settings::load`].
pub fn explain(file: Option<&Path>, environment: &Environment) -> Result<Vec<Explained>, ConfigError> {
    let settings = Settings::load(file, environment)?;
    let (_, origins) = layers::overlaid(file, environment)?;
    // Serialised, so that secrets are redacted.
    let (effective, defaults) = (tree(&settings), tree(&Settings::default()));
    let option = |section: &SectionDoc, option: &OptionDoc| {
        let key = format!("{}.{}", section.name, option.key);
        let value = |tree: &Value| shown(&tree[section.name][option.key]);
        Explained {
            meaning: option.doc,
            allowed: allowed(section.name, option),
            default: value(&defaults),
            value: value(&effective),
            origin: origins.get(&key).cloned().unwrap_or_else(|| "default".to_owned()),
            variables: layers::variables(section.name, option.key),
            key,
        }
    };
    Ok(SECTIONS.iter().flat_map(|section| section.options.iter().map(move |o| option(section, o))).collect())
}

/// The reference of all options as Markdown.
pub fn markdown() -> String {
    let options = explain(None, &Environment::default()).unwrap_or_default();
    let mut text = String::from(
        "# Configuration\n\n\
         Every option of both services and of the command `threadkeeper`. Defaults, then the TOML file named by `--config`, then the\n\
         environment: `THREADKEEPER__SECTION__KEY`, and the variables named here. `threadkeeper config list` shows what is in effect and\n\
         where it comes from, `threadkeeper config explain KEY` explains one option, `--check-config` checks.\n\n\
         This page is made by `threadkeeper config reference > docs/CONFIGURATION.md` from the doc comments in\n\
         `crates/shared/src/config/sections`.\n",
    );
    for section in SECTIONS {
        text.extend([format!("\n## `[{}]`\n\n{}\n\n", section.name, section.doc)]);
        text.push_str("| option | default | what it is | what it may be |\n|---|---|---|---|\n");
        let prefix = format!("{}.", section.name);
        for option in options.iter().filter(|option| option.key.starts_with(&prefix)) {
            let default = option.default.as_ref().map_or_else(|| "none".to_owned(), |value| format!("`{value}`"));
            let cells = [&format!("`{}`", option.key), &default, option.meaning, &option.allowed];
            text.extend([format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | "))]);
        }
    }
    text
}

fn tree(settings: &Settings) -> Value {
    serde_json::to_value(settings).unwrap_or_default()
}

fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => Some("\"\"".to_owned()),
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => Some(items.iter().filter_map(shown).collect::<Vec<_>>().join(",")),
        other => Some(other.to_string()),
    }
}

/// The form of an option's values, and their range.
fn allowed(section: &str, option: &OptionDoc) -> String {
    let choices: Vec<String> =
        option.choices.iter().map(|(choice, doc)| format!("`{choice}`: {}", doc.trim_end_matches('.'))).collect();
    let form = match option.kind {
        "Duration" => "a duration, `300ms`, `5s`, `1h`",
        "SocketAddr" => "an address, `127.0.0.1:3000`",
        "Secret" => "a secret, never shown",
        "SecretUrl" => "a URL, shown without its password",
        "PathBuf" => "a path",
        "Vec" => "a list; numbers separated by commas in a variable",
        "bool" => "`true` or `false`",
        "String" => "text",
        kind if kind.starts_with(['u', 'i']) => "a whole number",
        _ => "",
    };
    let forms = if choices.is_empty() { vec![form.to_owned()] } else { choices };
    [forms, range(section, option)].concat().join("; ")
}

/// What validation says to values that are out of the range.
fn range(section: &str, option: &OptionDoc) -> Vec<String> {
    let probes = match option.kind {
        "Duration" => vec![json!("0s"), json!("1ms"), json!("36500days")],
        "Vec" => vec![json!([])],
        "String" | "SecretUrl" => vec![json!("ftp://example.com"), json!("http://example.com"), json!("{")],
        // The largest numbers of each type, smallest type first: larger ones are of a wrong type.
        kind if kind.starts_with('u') => vec![json!(0), json!(u16::MAX), json!(u32::MAX), json!(u64::MAX)],
        _ => Vec::new(),
    };
    let mut reasons: Vec<String> = Vec::new();
    for probe in probes {
        let mut settings = tree(&Settings::default());
        settings[section][option.key] = probe;
        let Ok(settings) = serde_json::from_value::<Settings>(without_nulls(settings)) else { continue };
        if let Err(ConfigError::OutOfRange { key, reason, .. }) = settings.validate()
            && key == format!("{section}.{}", option.key)
            && !reasons.iter().any(|known| known == reason)
        {
            reasons.push(reason.to_owned());
        }
    }
    reasons
}

/// Sections without what is not set.
fn without_nulls(tree: Value) -> Value {
    let Value::Object(sections) = tree else { return tree };
    let set = |section: Value| match section {
        Value::Object(options) => Value::Object(options.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        other => other,
    };
    Value::Object(sections.into_iter().map(|(name, section)| (name, set(section))).collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(key: &str, variables: &[(&str, &str)]) -> Explained {
        let options = explain(None, &Environment::of(variables)).unwrap();
        options.into_iter().find(|option| option.key == key).unwrap()
    }

    #[test]
    fn every_option_is_explained() {
        let options = explain(None, &Environment::default()).unwrap();
        let defaults = tree(&Settings::default());
        for (section, keys) in defaults.as_object().unwrap() {
            for key in keys.as_object().unwrap().keys() {
                let key = format!("{section}.{key}");
                let option = options.iter().find(|option| option.key == key).unwrap_or_else(|| panic!("{key}"));
                assert!(!option.meaning.is_empty(), "{key} has no doc comment");
                assert!(!option.allowed.is_empty(), "{key}: {:?}", option.allowed);
            }
        }
    }

    #[test]
    fn a_range_is_what_validation_says() {
        assert!(option("redis.max_connections", &[]).allowed.contains("1 to 1000 connections"));
        assert!(option("delivery.lease", &[]).allowed.contains("at least 300ms"));
        assert!(option("redis.url", &[]).allowed.contains("a redis:// or rediss:// URL"));
        assert!(option("slack.api_url", &[]).allowed.contains("tokens would cross the network readable"));
        assert!(option("answer.mode", &[]).allowed.contains("`extract`: Quotes"));
    }

    #[test]
    fn a_value_is_told_with_where_it_comes_from_and_without_secrets() {
        let url = option("redis.url", &[("REDIS_URL", "redis://user:hush@cache:6379/0")]);
        assert_eq!(url.value.as_deref(), Some("redis://***@cache:6379/0"));
        assert!(url.origin.contains("REDIS_URL"), "{}", url.origin);
        assert_eq!(url.variables, ["REDIS_URL", "THREADKEEPER__REDIS__URL"]);
        let ttl = option("context.ttl", &[]);
        assert_eq!((ttl.origin.as_str(), ttl.value), ("default", ttl.default));
    }

    #[test]
    fn the_reference_is_up_to_date() {
        let page = include_str!("../../../../docs/CONFIGURATION.md");
        let outdated = "docs/CONFIGURATION.md is outdated: threadkeeper config reference > docs/CONFIGURATION.md";
        assert!(page == markdown(), "{outdated}");
    }
}
