//! The Lua scripts: each is one step of the protocol, executed by Redis as a whole.

use std::sync::LazyLock;

use redis::Script;

/// A script and the name under which logs and metrics know it.
#[derive(Debug)]
pub(super) struct NamedScript {
    pub(super) name: &'static str,
    pub(super) script: Script,
}

macro_rules! script {
    ($(#[$doc:meta])* $name:ident, $file:literal) => {
        $(#[$doc])*
        pub(super) static $name: LazyLock<NamedScript> = LazyLock::new(|| NamedScript {
            name: $file,
            script: Script::new(concat!(include_str!("scripts/prelude.lua"), include_str!(concat!("scripts/", $file, ".lua")))),
        });
    };
    (alone $(#[$doc:meta])* $name:ident, $file:literal) => {
        $(#[$doc])*
        pub(super) static $name: LazyLock<NamedScript> = LazyLock::new(|| NamedScript {
            name: $file,
            script: Script::new(include_str!(concat!("scripts/", $file, ".lua"))),
        });
    };
}

script!(REGISTER, "register");
script!(CLAIM, "claim");
script!(RENEW, "renew");
script!(RELEASE, "release");
script!(BEGIN_POST, "begin_post");
script!(NOTE_STREAM, "note_stream");
script!(STREAMS, "streams");
script!(FINISH, "finish");
script!(BURY, "bury");
script!(NOTE_TOLD, "note_told");
script!(LOOK, "look");
script!(FORGET, "forget");
script!(WRITE, "write");
script!(alone NEW_EPOCH, "new_epoch");
script!(alone SET_ASIDE, "set_aside");
script!(alone PERMIT, "permit");
script!(alone WAITING, "waiting");

/// Where the arguments of a script of its own begin (`ARGV[5]`).
pub(super) const OWN_ARGUMENTS: usize = 4;

/// Where `claim` finds whether its copy is fresh (`ARGV[9]`).
pub(super) const CLAIM_FRESH: usize = OWN_ARGUMENTS + 4;
