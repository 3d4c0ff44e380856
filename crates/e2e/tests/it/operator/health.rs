//! What a container engine asks.

use super::{Said, done};
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_health_check_tells_whether_the_service_beside_it_is_ready() {
    let world = World::start_with(|stack| stack).await;
    for (kind, running) in [("ingress", &world.stack.ingresses[0]), ("responder", &world.stack.responders[0])] {
        let address = running.url("").replace("http://", "");
        let listen = format!("THREADKEEPER__{}__LISTEN", kind.to_uppercase());
        let ask = |arguments: &[&str]| -> Said {
            let command = world.stack.service(kind, 0).env(&listen, &address).arg("healthcheck");
            let command = arguments.iter().fold(command, |command, argument| command.arg(*argument));
            tokio::task::block_in_place(|| command.output()).unwrap().into()
        };
        for arguments in [&[][..], &["--live"]] {
            let well = ask(arguments);
            assert_eq!(well.code, 0, "{kind} {arguments:?}: {well}");
        }
        running.kill();
        let ended = ask(&[]);
        assert!(ended.code == 1 && ended.text.contains(&address), "{kind}: {ended}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_binary_tells_its_version_and_what_it_was_built_from() {
    let world = World::start_with(|stack| stack.ingresses(0).responders(0)).await;
    let version = done(&world.stack, &["--version"]).text;
    let version = version.strip_prefix("threadkeeper ").unwrap();
    assert!(version.starts_with(env!("CARGO_PKG_VERSION")) && version.contains('('), "{version}");
    for kind in ["ingress", "responder"] {
        let command = world.stack.service(kind, 0).arg("--version");
        let told: Said = tokio::task::block_in_place(|| command.output()).unwrap().into();
        assert_eq!(told.text, format!("threadkeeper-{kind} {version}"));
    }
}
