//! What answers are made from: the knowledge folder, and the language model.

use std::{fs, path::Path, time::Instant};

use answers::Knowledge;
use shared::{
    config::{AnswerMode, Settings},
    telemetry::chain,
};

use super::finding::Findings;

/// Looks at the folder and the model.
pub(super) async fn examine(settings: &Settings, findings: &Findings) {
    knowledge(settings, findings).await;
    model(settings, findings);
}

async fn knowledge(settings: &Settings, findings: &Findings) {
    let Some(folder) = settings.answer.knowledge.clone() else {
        if settings.answer.mode == AnswerMode::Extract {
            let fix = "Set THREADKEEPER__ANSWER__KNOWLEDGE to a folder of Markdown files; the responder does not start without.";
            findings.failed("knowledge", "answer.knowledge is not set", fix);
        } else {
            findings.not_used("knowledge", "answer.knowledge is not set");
        }
        return;
    };
    let started = Instant::now();
    let shown = folder.display().to_string();
    let read = tokio::task::spawn_blocking(move || (Knowledge::open(&folder), size(&folder))).await;
    match read {
        Ok((Ok(knowledge), bytes)) => {
            let (files, passages) = (knowledge.files(), knowledge.passages());
            let found = format!("{shown}: {files} files, {passages} passages, {} KiB", bytes.div_ceil(1024));
            findings.ok_since("knowledge", started, found);
            let skipped = knowledge.skipped();
            if skipped.too_large + skipped.unreadable > 0 {
                let found = format!("skipped: {} over 1 MiB, {} unreadable", skipped.too_large, skipped.unreadable);
                findings.warning("left out", found, "Split what is too large; let the service's user read the rest.");
            }
        }
        Ok((Err(error), _)) => {
            findings.failed(
                "knowledge",
                chain(&error),
                "Mount or fill the folder, or point answer.knowledge elsewhere.",
            );
        }
        Err(error) => findings.failed("knowledge", error.to_string(), "Report it with the folder's files."),
    }
}

/// The size of everything below a folder, in bytes; what cannot be read does not count.
fn size(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let sizes = entries.filter_map(Result::ok).map(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => size(&entry.path()),
        Ok(_) => entry.metadata().map_or(0, |metadata| metadata.len()),
        Err(_) => 0,
    });
    sizes.sum()
}

/// No mode of this version asks a model.
fn model(settings: &Settings, findings: &Findings) {
    let mode = match settings.answer.mode {
        AnswerMode::Extract => "extract quotes the knowledge folder",
        AnswerMode::Echo => "echo repeats the question",
    };
    findings.not_used("language model", format!("answer.mode = {mode}"));
}
