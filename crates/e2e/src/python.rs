//! A Python with its Redis client, for tests of what is shared with applications written in it.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::HarnessError;

/// Debian's Python first: Debian's package of the Redis client is for it, whatever other Python comes first in `PATH`.
const CANDIDATES: [&str; 2] = ["/usr/bin/python3", "python3"];

/// A Python that can `import redis`.
///
/// # Errors
/// [`HarnessError::NotInstalled`] when there is none.
pub fn python() -> Result<PathBuf, HarnessError> {
    let imports = |python: &&str| {
        let mut command = Command::new(python);
        command.args(["-c", "import redis"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    CANDIDATES.into_iter().find(imports).map(PathBuf::from).ok_or_else(|| HarnessError::NotInstalled {
        program: "python3 with its package redis",
        hint: format!("tried {}; on Debian: apt-get install python3-redis", CANDIDATES.join(", ")),
    })
}
