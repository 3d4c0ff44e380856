//! The harness' own tests: what a test can do with a service's process.

use std::time::Duration;

use e2e::{HarnessError, Service, process::Exit, reaper::is_running};

const TIMEOUT: Duration = Duration::from_secs(20);

/// A shell instead of a service: an absolute path is taken as it is.
fn shell(script: &str) -> Service {
    Service::builder("/bin/sh").name("shell").arg("-c").arg(script).env("GIVEN", "yes").start().unwrap()
}

#[tokio::test]
async fn a_json_line_is_found_by_its_fields_whenever_it_comes() {
    let service = shell(
        r#"echo plain; echo '{"level":"INFO","message":"listening on it","address":"127.0.0.1:9"}'; exec sleep 600"#,
    );
    let line = service.wait_for_log("where it listens", TIMEOUT, |line| line.contains("listening")).await.unwrap();
    assert_eq!((line.level(), line.field("address").unwrap().as_str()), (Some("INFO"), Some("127.0.0.1:9")));
    assert_eq!(service.address(TIMEOUT).await.unwrap().port(), 9);
    assert_eq!(service.url("/readyz"), "http://127.0.0.1:9/readyz");
    // The same line is found again: the search starts at the beginning.
    service.wait_for_log("the plain line", TIMEOUT, |line| line.text() == "plain").await.unwrap();
}

#[tokio::test]
async fn a_line_that_never_comes_is_an_error_with_the_whole_output() {
    let service = shell("echo something else; exec sleep 600");
    service.wait_for_log("its line", TIMEOUT, |line| line.contains("something")).await.unwrap();
    let error = service.wait_for_log("a miracle", Duration::from_millis(1), |_| false).await.unwrap_err();
    assert!(matches!(error, HarnessError::NotLogged { .. }), "{error}");
    assert!(error.to_string().contains("a miracle") && error.to_string().contains("something else"), "{error}");
}

#[tokio::test]
async fn a_process_that_ends_while_a_line_is_awaited_is_an_error_at_once() {
    let service = shell("echo sorry >&2; exit 3");
    let error = service.wait_for_log("anything", Duration::from_mins(10), |_| false).await.unwrap_err();
    assert!(matches!(error, HarnessError::Ended { .. }) && error.to_string().contains("sorry"), "{error}");
    assert_eq!(service.wait_exit(TIMEOUT).await.unwrap(), Exit::Code(3));
    // And so does waiting for readiness.
    assert!(matches!(service.ready(TIMEOUT).await.unwrap_err(), HarnessError::Ended { .. }));
}

#[tokio::test]
async fn the_environment_is_what_was_given() {
    let service = shell("env; exec sleep 600");
    service.wait_for_log("the given variable", TIMEOUT, |line| line.text() == "GIVEN=yes").await.unwrap();
    let service = shell("echo home=$HOME,cargo=$CARGO_MANIFEST_DIR; exec sleep 600");
    service.wait_for_log("empty ones", TIMEOUT, |line| line.text() == "home=,cargo=").await.unwrap();
}

#[tokio::test]
async fn a_process_is_terminated_killed_paused_and_restarted() {
    let mut service = shell("trap 'echo told; exit 7' TERM; echo up; while :; do sleep 0.05; done");
    let up = |line: &e2e::LogLine| line.text() == "up";
    service.wait_for_log("up", TIMEOUT, up).await.unwrap();
    service.terminate();
    assert_eq!(service.wait_exit(TIMEOUT).await.unwrap(), Exit::Code(7));

    service.restart().unwrap();
    service.wait_for_log("up", TIMEOUT, up).await.unwrap();
    // A stopped process takes SIGTERM only when it goes on.
    service.pause();
    service.terminate();
    assert_eq!(service.exit(), None);
    service.resume();
    assert_eq!(service.wait_exit(TIMEOUT).await.unwrap(), Exit::Code(7));

    service.restart().unwrap();
    let pid = service.pid();
    service.kill();
    assert_eq!(service.exit(), Some(Exit::Signal(9)));
    assert!(!is_running(pid));
}

#[tokio::test]
async fn a_process_ends_with_its_value() {
    let service = shell("exec sleep 600");
    let pid = service.pid();
    assert!(is_running(pid));
    drop(service);
    assert!(!is_running(pid));
}

#[test]
fn a_binary_that_is_not_built_is_an_error_that_says_what_to_do() {
    let error = Service::builder("threadkeeper-nothing").start().err().unwrap().to_string();
    assert!(error.contains("threadkeeper-nothing") && error.contains("cargo build"), "{error}");
}
