//! What Prometheus would make of the metrics that real processes show: they are read before an incident and during it, and
//! `promtool` evaluates the project's alerts as if each state had lasted for minutes.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Command,
};

use e2e::Service;
use serde_json::json;

use crate::world::World;

/// How often Prometheus scrapes, in seconds, and how many times each state was seen: for longer than any alert's `for`, and
/// within the shortest window of an increase (10 min).
const INTERVAL: usize = 15;
const BEFORE: usize = 12;
const DURING: usize = 28;

/// Every series of every process at one moment.
pub(super) struct Scrape(BTreeMap<String, String>);

impl Scrape {
    /// Reads the metrics of every process of the stack.
    pub(super) async fn of(world: &World) -> Self {
        let mut series = BTreeMap::new();
        for (job, services) in [("ingress", &world.stack.ingresses), ("responder", &world.stack.responders)] {
            for service in services {
                let target = format!("job=\"threadkeeper-{job}\",instance=\"{}\"", service.name());
                let shown = shown(service).await;
                let up = if shown.is_some() { "1" } else { "0" };
                series.insert(format!("up{{{target}}}"), up.to_owned());
                for line in shown.iter().flat_map(|text| text.lines()).filter(|line| !line.starts_with('#')) {
                    // No value is no sample in the notation of promtool; comparisons are false with both.
                    let Some((name, value)) = line.rsplit_once(' ').filter(|(_, value)| *value != "NaN") else {
                        continue;
                    };
                    let name = match name.strip_suffix('}') {
                        Some(labelled) => format!("{labelled},{target}}}"),
                        None => format!("{name}{{{target}}}"),
                    };
                    series.insert(name, value.to_owned());
                }
            }
        }
        Self(series)
    }

    /// Whether some process shows this series with this value; `name` with its own labels.
    pub(super) fn has(&self, name: &str, value: &str) -> bool {
        let start = name.strip_suffix('}').unwrap_or(name);
        self.0.iter().any(|(series, shown)| series.starts_with(start) && shown == value)
    }
}

async fn shown(service: &Service) -> Option<String> {
    if service.exit().is_some() {
        return None;
    }
    let (status, text) = service.get("/metrics").await.ok()?;
    (status == 200).then_some(text)
}

/// Asserts that no alert fires before, that `alert` fires during the incident, and that nobody is woken for anything else than
/// it and `others`.
pub(super) fn assert_fires(before: &Scrape, during: &Scrape, alert: &str, others: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder for the case");
    let path = folder.path().join("case.json");
    let case = case(before, during, alert, others);
    std::fs::write(&path, case.to_string()).expect("it is written");
    let output = Command::new("promtool").args(["test", "rules"]).arg(&path).output();
    let output = output.expect("promtool is installed; on Debian: apt-get install prometheus");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{alert} does not fire alone: {said}\nduring: {:#?}", during.0);
}

fn case(before: &Scrape, during: &Scrape, alert: &str, others: &[&str]) -> serde_json::Value {
    let names: BTreeSet<_> = before.0.keys().chain(during.0.keys()).collect();
    let series: Vec<_> = names
        .iter()
        .map(|name| {
            let lasting = |scrape: &Scrape, times| match scrape.0.get(*name) {
                Some(value) => format!("{value}+0x{}", times - 1),
                // What is not shown any more ends at once, as it does for Prometheus.
                None => format!("stale _x{}", times - 1),
            };
            json!({"series": name, "values": format!("{} {}", lasting(before, BEFORE), lasting(during, DURING))})
        })
        .collect();
    let expect = |expression: String, round: usize, samples: serde_json::Value| json!({"expr": expression, "eval_time": format!("{}s", round * INTERVAL), "exp_samples": samples});
    let allowed = [&[alert], others].concat().join("|");
    let last = BEFORE + DURING - 1;
    json!({
        "rule_files": [rules()],
        "evaluation_interval": "15s",
        "tests": [{
            "interval": format!("{INTERVAL}s"),
            "input_series": series,
            "promql_expr_test": [
                expect("count by (alertname) (ALERTS{alertstate='firing'})".to_owned(), BEFORE - 1, json!([])),
                expect(
                    format!("count(ALERTS{{alertname='{alert}', alertstate='firing'}}) > bool 0"),
                    last,
                    json!([{"labels": "{}", "value": 1}]),
                ),
                expect(
                    format!(
                        "count by (alertname) (ALERTS{{severity='page', alertstate='firing', alertname!~'{allowed}'}})"
                    ),
                    last,
                    json!([]),
                ),
            ],
        }],
    })
}

fn rules() -> PathBuf {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/prometheus/alerts.yml");
    rules.canonicalize().expect("the alerts are there")
}
