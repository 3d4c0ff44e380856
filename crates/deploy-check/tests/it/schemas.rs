//! Each file as its tool reads it.

use std::{collections::BTreeMap, process::Command};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::files::{below, parse_yaml, repository, text, yaml};

fn schema(name: &str) -> Value {
    serde_json::from_str(&text(&format!("crates/deploy-check/schemas/{name}.json"))).unwrap()
}

fn assert_valid(validator: &Validator, name: &str, document: &Value) {
    let errors: Vec<_> =
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}");
}

/// By kind.
fn validators() -> BTreeMap<String, Validator> {
    let kubernetes = schema("kubernetes");
    let compile = |schema: &Value| jsonschema::validator_for(schema).unwrap();
    let mut validators: BTreeMap<_, _> = kubernetes["kinds"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(kind, root)| {
            let mut root = root.clone();
            root["definitions"] = kubernetes["definitions"].clone();
            (kind.clone(), compile(&root))
        })
        .collect();
    validators.insert("ScaledObject".to_owned(), compile(&schema("keda-scaledobject")));
    validators.insert("TriggerAuthentication".to_owned(), compile(&schema("keda-triggerauthentication")));
    validators.insert("ServiceMonitor".to_owned(), compile(&schema("prometheus-operator-servicemonitor")));
    validators
}

fn assert_resources(name: &str, resources: &[Value]) {
    let validators = validators();
    for resource in resources {
        let kind = resource["kind"].as_str().unwrap_or_else(|| panic!("{name}: a resource without a kind"));
        let what = format!("{name}, {kind} {}", resource["metadata"]["name"]);
        let validator = validators.get(kind).unwrap_or_else(|| panic!("{what}: there is no schema of this kind"));
        assert_valid(validator, &what, resource);
    }
}

#[test]
fn compose_files_are_as_compose_wants_them() {
    let validator = jsonschema::validator_for(&schema("compose-spec")).unwrap();
    for path in ["docker-compose.yml", "deploy/compose/check.yml"] {
        for document in yaml(path) {
            assert_valid(&validator, path, &document);
        }
    }
}

#[test]
fn a_misspelt_field_is_found() {
    let validator = jsonschema::validator_for(&schema("compose-spec")).unwrap();
    assert!(!validator.is_valid(&json!({"services": {"ingress": {"image": "threadkeeper", "read_onyl": true}}})));
    let mut deployment = yaml("deploy/kubernetes/base/responder.yaml").remove(0);
    deployment["spec"]["template"]["spec"]["terminationGracePeriod"] = json!(40);
    assert!(!validators()["Deployment"].is_valid(&deployment));
}

#[test]
fn resources_are_as_kubernetes_and_its_operators_want_them() {
    let mut seen = 0;
    for path in below("deploy/kubernetes/base", ".yaml") {
        if !path.ends_with("kustomization.yaml") {
            let resources = yaml(&path);
            seen += resources.len();
            assert_resources(&path, &resources);
        }
    }
    assert!(seen > 10, "only {seen} resources");
    for resource in ["namespace", "scaling", "monitoring"] {
        let path = format!("deploy/kubernetes/overlays/production/{resource}.yaml");
        assert_resources(&path, &yaml(&path));
    }
}

/// Kustomize merges patches; only what comes out is whole. Without kubectl its files are checked one by one, above.
#[test]
fn overlays_give_resources_that_kubernetes_takes() {
    for overlay in ["base", "overlays/development", "overlays/production"] {
        let path = format!("deploy/kubernetes/{overlay}");
        let Ok(rendered) = Command::new("kubectl").arg("kustomize").arg(repository().join(&path)).output() else {
            println!("{path} is not rendered: kubectl is not installed");
            return;
        };
        assert!(rendered.status.success(), "{path}: {}", String::from_utf8_lossy(&rendered.stderr));
        assert_resources(&path, &parse_yaml(&path, &String::from_utf8(rendered.stdout).unwrap()));
    }
}

#[test]
fn every_kustomization_names_files_that_are_there() {
    for overlay in ["base", "overlays/development", "overlays/production"] {
        let folder = format!("deploy/kubernetes/{overlay}");
        let kustomization = yaml(&format!("{folder}/kustomization.yaml")).remove(0);
        let patches = kustomization["patches"].as_array().into_iter().flatten().filter_map(|patch| patch.get("path"));
        for name in kustomization["resources"].as_array().into_iter().flatten().chain(patches) {
            let path = repository().join(&folder).join(name.as_str().unwrap());
            assert!(path.exists(), "{folder}/kustomization.yaml names {}", path.display());
        }
    }
}

/// No schema of App Platform's is to be had; what matters most is looked at.
#[test]
fn digitalocean_s_app_has_what_its_components_need() {
    let app = yaml("deploy/digitalocean/app.yaml").remove(0);
    let ingress = &app["services"][0];
    assert_eq!(app["ingress"]["rules"][0]["component"]["name"], ingress["name"]);
    assert_eq!(app["ingress"]["rules"][0]["match"]["path"]["prefix"], "/slack");
    assert_eq!(ingress["run_command"], "threadkeeper-ingress");
    assert_eq!(app["workers"][0]["run_command"], "threadkeeper-responder");
    assert_eq!(ingress["health_check"]["port"], ingress["internal_ports"][0]);
    assert_eq!(ingress["health_check"]["http_path"], "/livez");
}

#[test]
fn the_dashboard_shows_the_objectives_first() {
    let dashboard: Value = serde_json::from_str(&text("deploy/grafana/dashboards/threadkeeper.json")).unwrap();
    let first = &dashboard["panels"][0];
    assert_eq!((first["gridPos"]["y"].as_u64(), first["gridPos"]["x"].as_u64()), (Some(0), Some(0)));
    let queries = first["targets"].to_string();
    assert!(queries.contains("threadkeeper_ack_seconds"), "{queries}");
    assert_eq!(dashboard["uid"], "threadkeeper");
}
