//! What the deployment files set is what the program reads: each set of variables is loaded as a process would load it.

use std::{collections::BTreeMap, net::SocketAddr};

use serde_json::Value;
use shared::config::{Environment, Settings};

use crate::files::{repository, text, yaml};

type Variables = BTreeMap<String, String>;

/// What secrets look like.
const SECRETS: [(&str, &str); 5] = [
    ("SLACK_BOT_TOKEN", "xoxb-1"),
    ("SLACK_SIGNING_SECRET", "secret"),
    ("REDIS_URL", "rediss://default:secret@redis.example.com:6380/0"),
    ("AMQP_URL", "amqps://user:secret@rabbitmq.example.com/vhost"),
    ("RABBITMQ_PASSWORD", "secret"),
];

fn secret(name: &str) -> String {
    SECRETS.iter().find(|(known, _)| *known == name).map_or("secret", |(_, value)| value).to_owned()
}

fn load(what: &str, variables: &Variables) -> Settings {
    for name in variables.keys() {
        // Anything else is read by nobody, or by something that is not ours.
        let ours = name.starts_with("THREADKEEPER__") || name == "RUST_LOG" || name == "SLACK_API_URL";
        assert!(ours || SECRETS.iter().any(|(known, _)| known == name), "{what} sets {name}, which nobody reads");
    }
    let pairs: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Settings::load(None, &Environment::of(&pairs)).unwrap_or_else(|error| panic!("{what}: {error}"))
}

/// `${NAME:-default}` is the default, `${NAME}` and `${NAME:?message}` what a person has to fill in.
fn interpolated(value: &str) -> String {
    let Some((before, rest)) = value.split_once("${") else { return value.to_owned() };
    let (inside, after) = rest.split_once('}').unwrap();
    let filled = match inside.split_once(":-") {
        Some((_, default)) => default.to_owned(),
        None => secret(inside.split(':').next().unwrap()),
    };
    format!("{before}{filled}{}", interpolated(after))
}

fn compose(path: &str, service: &str) -> Variables {
    let file = yaml(path).remove(0);
    let variables = file["services"][service]["environment"].as_object().cloned().unwrap_or_default();
    variables.into_iter().map(|(name, value)| (name, interpolated(value.as_str().unwrap()))).collect()
}

fn port(address: SocketAddr) -> u64 {
    address.port().into()
}

#[test]
fn compose_sets_options_that_exist_and_ports_that_agree() {
    let file = yaml("docker-compose.yml").remove(0);
    let ingress = load("ingress", &compose("docker-compose.yml", "ingress"));
    ingress.slack.signing_secret().unwrap();
    assert!(ingress.slack.bot_token.is_none(), "the ingress needs no bot token");
    let responder = load("responder", &compose("docker-compose.yml", "responder"));
    responder.slack.bot_token().unwrap();
    assert!(responder.slack.signing_secret.is_none(), "the responder needs no signing secret");
    for settings in [&ingress, &responder] {
        settings.redis.url().unwrap();
        settings.amqp.url().unwrap();
    }
    // Another machine has to reach them.
    assert!(ingress.ingress.listen.ip().is_unspecified() && responder.responder.listen.ip().is_unspecified());
    let published = file["services"]["ingress"]["ports"][0].as_str().unwrap();
    assert!(published.ends_with(&format!(":{}", port(ingress.ingress.listen))), "{published}");

    let admin = port(ingress.ingress.admin_listen.unwrap());
    let prometheus = yaml("deploy/prometheus/prometheus.yml").remove(0);
    let scraped = |job: usize| prometheus["scrape_configs"][job]["dns_sd_configs"][0]["port"].as_u64().unwrap();
    assert_eq!((scraped(0), scraped(1)), (admin, port(responder.responder.listen)));
    let knowledge = responder.answer.knowledge.unwrap().display().to_string();
    let mounted = file["services"]["responder"]["volumes"][0].as_str().unwrap();
    assert!(mounted.ends_with(&format!(":{knowledge}:ro")), "{mounted}");
}

#[test]
fn what_only_the_check_sets_exists_too() {
    let mut variables = compose("docker-compose.yml", "responder");
    variables.extend(compose("deploy/compose/check.yml", "responder"));
    load("responder in the check", &variables);
}

#[test]
fn every_variable_that_compose_asks_for_is_in_the_example() {
    let example = text("deploy/compose/threadkeeper.env.example");
    let compose = text("docker-compose.yml");
    for asked in compose.split("${").skip(1) {
        let name: String = asked.chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect();
        // A choice for tests of the whole, which no operator makes.
        let said = name == "ANSWER_MODE" || example.contains(&format!("{name}="));
        assert!(said, "docker-compose.yml asks for {name}; threadkeeper.env.example does not name it");
    }
}

/// The variables of a container, with those of its `ConfigMap`.
fn kubernetes(deployment: &str, container: &Value) -> Variables {
    let configuration = yaml("deploy/kubernetes/base/configuration.yaml").remove(0);
    let mut variables: Variables = serde_json::from_value(configuration["data"].clone()).unwrap();
    for variable in container["env"].as_array().unwrap() {
        let name = variable["name"].as_str().unwrap();
        assert!(variable["valueFrom"]["secretKeyRef"]["name"].is_string(), "{deployment}: {name} is no reference");
        variables.insert(name.to_owned(), secret(name));
    }
    variables
}

#[test]
fn kubernetes_sets_options_that_exist_and_ports_that_agree() {
    let named = |container: &Value, name: &str| {
        let ports = container["ports"].as_array().unwrap();
        ports.iter().find(|port| port["name"] == name).unwrap()["containerPort"].as_u64().unwrap()
    };
    let ingress = &yaml("deploy/kubernetes/base/ingress.yaml")[0]["spec"]["template"]["spec"]["containers"][0];
    let settings = load("ingress", &kubernetes("ingress", ingress));
    assert_eq!(named(ingress, "slack"), port(settings.ingress.listen));
    assert_eq!(named(ingress, "admin"), port(settings.ingress.admin_listen.unwrap()));
    settings.slack.signing_secret().unwrap();

    let responder = &yaml("deploy/kubernetes/base/responder.yaml")[0]["spec"]["template"]["spec"]["containers"][0];
    let settings = load("responder", &kubernetes("responder", responder));
    assert_eq!(named(responder, "admin"), port(settings.responder.listen));
    settings.slack.bot_token().unwrap();
    let knowledge = settings.answer.knowledge.unwrap().display().to_string();
    assert_eq!(responder["volumeMounts"][0]["mountPath"], knowledge.as_str());

    let scaling = &yaml("deploy/kubernetes/overlays/production/scaling.yaml")[0]["spec"];
    assert_eq!(scaling["triggers"][0]["metadata"]["value"], settings.responder.concurrency.to_string().as_str());

    let patch = yaml("deploy/kubernetes/overlays/development/configuration.yaml").remove(0);
    load("development", &serde_json::from_value(patch["data"].clone()).unwrap());
}

#[test]
fn whoever_is_told_to_stop_has_the_time_for_it() {
    let defaults = Settings::default();
    let needed = defaults.responder.shutdown_timeout.as_secs();
    let compose = yaml("docker-compose.yml").remove(0);
    let seconds = |text: &Value| text.as_str().unwrap().trim_end_matches('s').parse::<u64>().unwrap();
    assert!(seconds(&compose["services"]["responder"]["stop_grace_period"]) > needed);
    let responder = yaml("deploy/kubernetes/base/responder.yaml").remove(0);
    assert!(responder["spec"]["template"]["spec"]["terminationGracePeriodSeconds"].as_u64().unwrap() > needed);
    let app = yaml("deploy/digitalocean/app.yaml").remove(0);
    assert!(app["workers"][0]["termination"]["grace_period_seconds"].as_u64().unwrap() > needed);
    let unit = text("deploy/systemd/threadkeeper-responder@.service");
    assert!(unit.contains(&format!("TimeoutStopSec={}s", needed + 10)));
}

#[test]
fn digitalocean_sets_options_that_exist() {
    let app = yaml("deploy/digitalocean/app.yaml").remove(0);
    let variables = |component: &Value| {
        let both = app["envs"].as_array().unwrap().iter().chain(component["envs"].as_array().unwrap());
        let one = |variable: &Value| {
            let name = variable["key"].as_str().unwrap();
            let value = variable["value"].as_str().unwrap();
            let known = SECRETS.iter().any(|(secret, _)| *secret == name);
            (name.to_owned(), if known { secret(name) } else { value.to_owned() })
        };
        both.map(one).collect::<Variables>()
    };
    let ingress = load("ingress", &variables(&app["services"][0]));
    assert_eq!(app["services"][0]["http_port"], port(ingress.ingress.listen));
    assert_eq!(app["services"][0]["internal_ports"][0], port(ingress.ingress.admin_listen.unwrap()));
    load("responder", &variables(&app["workers"][0])).slack.bot_token().unwrap();
}

#[test]
fn the_file_and_the_units_for_plain_machines_set_options_that_exist() {
    let file = repository().join("deploy/systemd/threadkeeper.toml");
    let unit = text("deploy/systemd/threadkeeper-responder@.service");
    let lines = unit.lines().filter_map(|line| line.strip_prefix("Environment=")?.split_once('='));
    let variables: Vec<_> = lines.map(|(name, value)| (name, value.replace("%i", "1"))).collect();
    let pairs: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let settings = Settings::load(Some(&file), &Environment::of(&pairs)).unwrap();
    assert_eq!(port(settings.responder.listen), 3101);
    assert!(settings.ingress.admin_listen.is_some());
}
