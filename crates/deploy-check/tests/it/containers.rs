//! No container may do more than it has to.

use crate::files::{text, yaml};

#[test]
fn every_service_of_compose_has_least_permissions_limits_and_an_end_for_its_logs() {
    let file = yaml("docker-compose.yml").remove(0);
    for (name, service) in file["services"].as_object().unwrap() {
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(service["cap_drop"][0], "ALL", "{name}");
        assert_eq!(service["security_opt"][0], "no-new-privileges:true", "{name}");
        assert_eq!(service["restart"], "unless-stopped", "{name}");
        for field in ["user", "mem_limit", "healthcheck", "stop_grace_period"] {
            assert!(!service[field].is_null(), "{name} has no {field}");
        }
        assert!(service["logging"]["options"]["max-size"].is_string(), "{name}");
        assert!(!service["user"].as_str().unwrap().starts_with('0') && service["user"] != "root", "{name}");
        for port in service["ports"].as_array().into_iter().flatten() {
            let local = port.as_str().unwrap();
            assert!(local.contains("127.0.0.1:"), "{name} is open to every network: {local}");
        }
    }
}

#[test]
fn every_pod_is_restricted_and_spread() {
    for path in ["deploy/kubernetes/base/ingress.yaml", "deploy/kubernetes/base/responder.yaml"] {
        let pod = &yaml(path)[0]["spec"]["template"]["spec"];
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{path}");
        assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{path}");
        assert_eq!(pod["automountServiceAccountToken"], false, "{path}");
        assert!(pod["topologySpreadConstraints"].is_array(), "{path}");
        let container = &pod["containers"][0];
        assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true, "{path}");
        assert_eq!(container["securityContext"]["allowPrivilegeEscalation"], false, "{path}");
        assert_eq!(container["securityContext"]["capabilities"]["drop"][0], "ALL", "{path}");
        assert_eq!(container["livenessProbe"]["httpGet"]["path"], "/livez", "{path}");
        assert!(container["resources"]["limits"]["memory"].is_string(), "{path}");
    }
}

#[test]
fn only_what_slack_calls_is_public() {
    let rules = yaml("deploy/kubernetes/base/public.yaml").remove(0);
    let paths = rules["spec"]["rules"][0]["http"]["paths"].as_array().unwrap().clone();
    assert_eq!(paths.len(), 1);
    assert_eq!(paths[0]["path"], "/slack/");
    assert_eq!(paths[0]["backend"]["service"]["port"]["name"], "slack");
    let service = yaml("deploy/kubernetes/base/ingress.yaml").remove(1);
    assert_eq!(service["spec"]["ports"].as_array().unwrap().len(), 1, "the public service has Slack's port alone");
}

#[test]
fn the_image_runs_as_nobody_in_particular() {
    let dockerfile = text("deploy/docker/Dockerfile");
    let last = dockerfile.rsplit("\nFROM ").next().unwrap();
    assert!(last.contains("\nUSER 10001:10001\n"));
    let file = yaml("docker-compose.yml").remove(0);
    assert_eq!(file["services"]["ingress"]["user"], "10001:10001");
}
