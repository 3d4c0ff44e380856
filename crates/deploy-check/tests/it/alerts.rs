//! Whoever is woken finds out what to do.

use std::{collections::BTreeSet, process::Command};

use serde_json::Value;

use crate::files::{repository, text, yaml};

fn alerts() -> Vec<Value> {
    let rules = yaml("deploy/prometheus/alerts.yml").remove(0);
    let groups = rules["groups"].as_array().unwrap().clone();
    let rules = groups.iter().flat_map(|group| group["rules"].as_array().unwrap().clone());
    rules.filter(|rule| rule.get("alert").is_some()).collect()
}

#[test]
fn every_alert_has_a_severity_a_summary_and_a_section_in_the_runbook_and_no_section_is_of_none() {
    let runbook = text("docs/RUNBOOK.md");
    let sections: BTreeSet<_> = runbook.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let mut names = BTreeSet::new();
    for alert in alerts() {
        let name = alert["alert"].as_str().unwrap().to_owned();
        let severity = alert["labels"]["severity"].as_str().unwrap();
        assert!(["page", "ticket"].contains(&severity), "{name}: {severity}");
        assert!(!alert["annotations"]["summary"].as_str().unwrap().is_empty(), "{name}");
        let link = format!("docs/RUNBOOK.md#{}", name.to_lowercase());
        assert_eq!(alert["annotations"]["runbook"], link.as_str(), "{name}");
        assert!(sections.contains(name.as_str()), "docs/RUNBOOK.md has no section `### {name}`");
        assert!(names.insert(name.clone()), "two alerts {name}");
    }
    let without: Vec<_> = sections.iter().filter(|section| !names.contains(**section)).collect();
    assert!(without.is_empty(), "sections of no alert: {without:?}");
}

#[test]
fn every_section_says_what_it_means_what_people_notice_what_to_check_and_what_to_do() {
    let runbook = text("docs/RUNBOOK.md");
    for section in runbook.split("\n### ").skip(1) {
        let name = section.lines().next().unwrap();
        for part in ["**Means**", "**People notice**", "**Check**", "**Do**", "**Escalate**"] {
            assert!(section.contains(part), "{name} has no {part}");
        }
    }
}

/// `scripts/test` installs promtool; without it the rules are compared with the program only.
#[test]
fn prometheus_takes_the_rules_and_their_cases_come_out() {
    for arguments in
        [["check", "config", "prometheus.yml"], ["check", "rules", "alerts.yml"], ["test", "rules", "tests.yml"]]
    {
        let mut promtool = Command::new("promtool");
        promtool.args(arguments).current_dir(repository().join("deploy/prometheus"));
        let Ok(output) = promtool.output() else {
            println!("the rules are not evaluated: promtool is not installed");
            return;
        };
        let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "promtool {arguments:?}: {out}{error}");
    }
}
