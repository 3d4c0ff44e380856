//! Puts the commit into the version that the binaries tell: from `THREADKEEPER_COMMIT` where it is set (a container's build has
//! no repository), else from git, else none, as in a source archive. Debug builds do not ask git: each commit would compile
//! everything anew.

use std::{env, path::Path, process::Command};

/// Digits of a commit that are told.
const DIGITS: usize = 12;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=THREADKEEPER_COMMIT");
    let version = variable("CARGO_PKG_VERSION");
    let given = Some(variable("THREADKEEPER_COMMIT")).filter(|commit| !commit.is_empty());
    let commit = match given {
        Some(commit) => Some(commit.chars().take(DIGITS).collect()),
        None if variable("PROFILE") == "release" => of_repository(),
        None => Some("development build".to_owned()),
    };
    let told = commit.map_or_else(|| version.clone(), |commit| format!("{version} ({commit})"));
    println!("cargo:rustc-env=THREADKEEPER_VERSION={told}");
}

/// The commit of the repository whose root is this workspace; not that of a repository around an unpacked archive.
fn of_repository() -> Option<String> {
    let workspace = Path::new(&variable("CARGO_MANIFEST_DIR")).join("../..").canonicalize().ok()?;
    let root = Path::new(&git(&["rev-parse", "--show-toplevel"])?).canonicalize().ok()?;
    if root != workspace {
        return None;
    }
    // Grows with each commit and each checkout.
    println!("cargo:rerun-if-changed={}", git(&["rev-parse", "--path-format=absolute", "--git-path", "logs/HEAD"])?);
    git(&["rev-parse", &format!("--short={DIGITS}"), "HEAD"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

fn variable(name: &str) -> String {
    env::var_os(name).and_then(|value| value.into_string().ok()).unwrap_or_default()
}
