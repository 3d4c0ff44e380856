//! Threadkeeper's own documentation, which is answered from until somebody names a folder. It is in the program, so that it
//! is there wherever the program is.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

macro_rules! documents {
    ($($path:literal),* $(,)?) => {
        /// Each with its path in the repository.
        const DOCUMENTS: &[(&str, &str)] = &[$(($path, include_str!(concat!("../../../../", $path)))),*];
    };
}

documents![
    "README.md",
    "CONTRIBUTING.md",
    "docs/ARCHITECTURE.md",
    "docs/BENCHMARKS.md",
    "docs/CONFIGURATION.md",
    "docs/DEPLOY.md",
    "docs/GUARANTEES.md",
    "docs/TRACES.md",
    "docs/RUNBOOK.md",
    "docs/SCALING.md",
    "docs/SLACK_SETUP.md",
    "docs/TELEMETRY.md",
    "docs/knowledge-http.md",
    "docs/adr/0001-blocking-redis-behind-a-pool.md",
    "docs/adr/0002-own-supervision-of-rabbitmq-connections.md",
    "docs/adr/0003-service-crate.md",
    "docs/adr/0004-own-bm25.md",
    "docs/adr/0005-one-file-for-trying-the-bot.md",
    "docs/adr/0006-language-models.md",
    "docs/adr/0007-streaming.md",
];

/// Writes them below `folder`, as this version has them, and says where.
pub(crate) fn write(folder: &Path) -> io::Result<PathBuf> {
    let written = folder.join("documents");
    // Those of another version may have other names.
    match fs::remove_dir_all(&written) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    for (path, text) in DOCUMENTS {
        let path = written.join(path);
        fs::create_dir_all(path.parent().unwrap_or(&written))?;
        fs::write(path, text)?;
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_of_the_repository_is_in_the_program() {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut missing = Vec::new();
        for folder in ["docs", "docs/adr"] {
            for entry in fs::read_dir(repository.join(folder)).unwrap() {
                let path = format!("{folder}/{}", entry.unwrap().file_name().into_string().unwrap());
                if Path::new(&path).extension().is_some_and(|kind| kind == "md")
                    && DOCUMENTS.iter().all(|(known, _)| *known != path)
                {
                    missing.push(path);
                }
            }
        }
        assert_eq!(missing, Vec::<String>::new());
    }

    #[test]
    fn documents_of_another_version_do_not_stay() {
        let folder = tempfile::tempdir().unwrap();
        let written = write(folder.path()).unwrap();
        fs::write(written.join("OLD.md"), "# Old").unwrap();
        write(folder.path()).unwrap();
        assert!(!written.join("OLD.md").exists());
        assert!(written.join("docs/GUARANTEES.md").exists());
    }
}
