//! The metrics that the code counts, and those that are spoken about.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::counters::ALERTED;

use crate::files::{below, text, texts, yaml};

/// A metric of the program: its kind, and the labels that stand in the code.
#[derive(Debug, Default)]
struct Metric {
    kind: String,
    labels: BTreeSet<String>,
}

/// What the code counts, by name. Metrics are named where they are counted, by the macros of the crate `metrics`.
fn counted() -> BTreeMap<String, Metric> {
    let mut found: BTreeMap<String, Metric> = BTreeMap::new();
    for path in below("crates", ".rs").into_iter().filter(|path| path.contains("/src/")) {
        let code = text(&path);
        for kind in ["counter", "gauge", "histogram"] {
            // `gauge!(` and, where a function of that name stands around it, `gauge(`.
            let (macro_call, function_call) = (format!("{kind}!("), format!(" {kind}("));
            let calls = code.split(&macro_call).skip(1).chain(code.split(&function_call).skip(1));
            for call in calls {
                let Some(rest) = call.trim_start().strip_prefix("\"threadkeeper_") else { continue };
                let (name, rest) = rest.split_once('"').unwrap();
                let arguments = rest.split(')').next().unwrap();
                let metric = found.entry(format!("threadkeeper_{name}")).or_default();
                kind.clone_into(&mut metric.kind);
                let keys = arguments.split('"').collect::<Vec<_>>();
                metric.labels.extend(
                    keys.windows(2)
                        .filter(|pair| pair[1].trim_start().starts_with("=>"))
                        .map(|pair| pair[0].to_owned()),
                );
            }
        }
    }
    assert!(found.len() > 30, "the code has more metrics than {found:?}");
    found
}

/// Every name of ours in a text, without what Prometheus adds to a histogram's.
pub(crate) fn named(text: &str, known: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in text.match_indices("threadkeeper_") {
        if text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
            continue;
        }
        let name: String = text[at..].chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
        let histogram = ["_bucket", "_count", "_sum"].iter().find_map(|ending| name.strip_suffix(ending));
        names.insert(histogram.filter(|name| known(name)).map_or(name.clone(), str::to_owned));
    }
    names
}

fn assert_counted(what: &str, text: &str) -> BTreeSet<String> {
    let counted = counted();
    let names = named(text, |name| counted.contains_key(name));
    let unknown: Vec<_> = names.iter().filter(|name| !counted.contains_key(*name)).collect();
    assert!(unknown.is_empty(), "{what} names metrics that nobody counts: {unknown:?}");
    names
}

#[test]
fn the_telemetry_page_has_one_row_for_each_metric_with_its_kind_and_labels() {
    let page = text("docs/TELEMETRY.md");
    let counted = counted();
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in page.lines().filter(|line| line.starts_with("| `threadkeeper_")) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        let name = cells[0].trim_matches('`').to_owned();
        assert!(rows.insert(name, cells).is_none(), "two rows: {line}");
    }
    let known: BTreeSet<_> = counted.keys().collect();
    let documented: BTreeSet<_> = rows.keys().collect();
    let missing: Vec<_> = known.difference(&documented).collect();
    let gone: Vec<_> = documented.difference(&known).collect();
    assert!(missing.is_empty() && gone.is_empty(), "without a row: {missing:?}; rows of nothing: {gone:?}");
    for (name, metric) in &counted {
        let row = &rows[name];
        assert_eq!(row.len(), 5, "{name}: name, kind, labels, unit, what it tells");
        assert_eq!(row[1], metric.kind, "{name}");
        for label in &metric.labels {
            assert!(row[2].contains(&format!("`{label}`")), "{name} has the label {label}: {}", row[2]);
        }
    }
}

#[test]
fn alerts_and_their_cases_ask_for_metrics_that_are_counted() {
    for path in ["deploy/prometheus/alerts.yml", "deploy/prometheus/tests.yml"] {
        assert!(assert_counted(path, &text(path)).len() > 8, "{path}");
    }
}

#[test]
fn the_dashboard_asks_for_metrics_that_are_counted() {
    let dashboard: Value = serde_json::from_str(&text("deploy/grafana/dashboards/threadkeeper.json")).unwrap();
    let mut found = Vec::new();
    texts(&dashboard, "", &mut found);
    let queries: Vec<_> = found.iter().filter(|(key, _)| *key == "expr").map(|(_, query)| *query).collect();
    assert!(queries.len() > 10);
    assert_counted("the dashboard", &queries.join("\n"));
}

#[test]
fn documents_name_metrics_that_are_counted() {
    for page in ["docs/RUNBOOK.md", "docs/SCALING.md", "docs/DEPLOY.md", "docs/ARCHITECTURE.md"] {
        let text = text(page).replace("threadkeeper_answer`", "").replace("threadkeeper_notice`", "");
        assert_counted(page, &text);
    }
}

/// The first count of a counter that was not there before is no increase for Prometheus.
#[test]
fn counters_whose_increase_wakes_somebody_are_there_from_the_start() {
    let from_start: BTreeSet<_> = ALERTED.iter().map(|(name, _)| (*name).to_owned()).collect();
    let counted = counted();
    for group in yaml("deploy/prometheus/alerts.yml").remove(0)["groups"].as_array().unwrap() {
        for rule in group["rules"].as_array().unwrap() {
            let names = named(rule["expr"].as_str().unwrap(), |name| counted.contains_key(name));
            for name in names.iter().filter(|name| counted.get(*name).is_some_and(|metric| metric.kind == "counter")) {
                assert!(from_start.contains(name), "{name} is missing in crates/shared/src/counters.rs");
            }
        }
    }
    for (name, labels) in ALERTED {
        let metric = counted.get(*name).unwrap_or_else(|| panic!("{name} is counted nowhere"));
        for (label, _) in *labels {
            assert!(metric.labels.contains(*label), "{name} has no label {label}");
        }
    }
}

#[test]
fn the_objectives_have_buckets() {
    let telemetry = text("crates/shared/src/telemetry.rs");
    let buckets = telemetry.split("const SECONDS").nth(1).unwrap().split(';').nth(1).unwrap();
    // Acknowledged within 1 s, answered within 60 s: the bounds that the alerts ask for.
    assert!(buckets.contains(" 1.0,") && buckets.contains(" 60.0,"), "{buckets}");
}
