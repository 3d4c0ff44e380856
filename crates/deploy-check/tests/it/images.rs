//! Each image is one, everywhere, and says which.

use std::collections::BTreeMap;

use crate::files::{below, repository, text, texts, yaml};

/// Name and version of an image reference; what a variable may replace counts with its default.
fn split(reference: &str) -> (String, String) {
    let reference = reference.split_once(":-").map_or(reference, |(_, default)| default.trim_end_matches('}'));
    let (name, tag) = reference.rsplit_once(':').unwrap_or((reference, ""));
    (name.to_owned(), tag.to_owned())
}

fn is_pinned(tag: &str) -> bool {
    // Two points are a patch release; debian has two numbers only, and its releases are named by them.
    tag.starts_with(|c: char| c.is_ascii_digit() || c == 'v') && tag.contains('.')
}

#[test]
fn images_are_pinned_and_the_same_in_all_files() {
    let mut known: BTreeMap<String, (String, String)> = BTreeMap::new();
    let mut add = |path: &str, reference: &str| {
        let (name, tag) = split(reference);
        assert!(is_pinned(&tag), "{path}: {reference} may be another image tomorrow");
        let (first, where_) = known.entry(name.clone()).or_insert_with(|| (tag.clone(), path.to_owned()));
        assert_eq!(*first, tag, "{name} has another version in {where_} than in {path}");
    };
    for path in ["docker-compose.yml", "deploy/compose/check.yml"] {
        let file = yaml(path).remove(0);
        for service in file["services"].as_object().unwrap().values() {
            if let Some(image) = service["image"].as_str() {
                add(path, image);
            }
        }
    }
    for path in below("deploy/kubernetes/examples", ".yaml") {
        for document in yaml(&path) {
            let mut found = Vec::new();
            texts(&document, "", &mut found);
            found.into_iter().filter(|(key, _)| *key == "image").for_each(|(_, image)| add(&path, image));
        }
    }
    let dockerfile = text("deploy/docker/Dockerfile");
    for line in dockerfile.lines().filter_map(|line| line.strip_prefix("ARG ")?.split_once("_IMAGE=")) {
        add("deploy/docker/Dockerfile", line.1);
    }
    let label = dockerfile.split("org.opencontainers.image.base.name=\"docker.io/library/").nth(1).unwrap();
    add("the label of deploy/docker/Dockerfile", label.split('"').next().unwrap());
    assert!(known.len() > 6, "{known:?}");
}

#[test]
fn our_own_image_has_the_version_of_the_program() {
    let version = env!("CARGO_PKG_VERSION");
    let compose = yaml("docker-compose.yml").remove(0);
    assert_eq!(split(compose["services"]["ingress"]["image"].as_str().unwrap()).1, version);
    for overlay in ["base", "overlays/development", "overlays/production"] {
        let kustomization = yaml(&format!("deploy/kubernetes/{overlay}/kustomization.yaml")).remove(0);
        assert_eq!(kustomization["images"][0]["newTag"], version, "{overlay}");
    }
    let app = yaml("deploy/digitalocean/app.yaml").remove(0);
    assert_eq!(app["services"][0]["image"]["tag"], version);
    assert_eq!(app["workers"][0]["image"]["tag"], version);
    let dockerfile = text("deploy/docker/Dockerfile");
    assert!(dockerfile.contains(&format!("ARG VERSION={version}\n")));
    let rust = text("Cargo.toml");
    let rust = rust.split("rust-version = \"").nth(1).unwrap().split('"').next().unwrap();
    assert!(dockerfile.contains(&format!("ARG RUST_IMAGE=rust:{rust}.")), "the image builds with another Rust");
}

#[test]
fn what_the_image_is_built_from_is_in_its_context() {
    let ignore = text(".dockerignore");
    for path in ["crates", "docs", "Cargo.toml", "Cargo.lock", "README.md", "CONTRIBUTING.md"] {
        assert!(ignore.lines().any(|line| line == format!("!{path}")), "{path}");
        assert!(repository().join(path).exists(), "{path}");
    }
}
