//! What answers are made from: the knowledge folder, and the language model.

use std::{fs, path::Path, time::Instant};

use answers::{Knowledge, check_models};
use shared::{
    config::{AnswerMode, Settings},
    telemetry::chain,
};

use super::{CONNECT_TIMEOUT, finding::Findings};

/// Looks at the folder and the model.
pub(super) async fn examine(settings: &Settings, findings: &Findings) {
    tokio::join!(knowledge(settings, findings), model(settings, findings));
}

async fn knowledge(settings: &Settings, findings: &Findings) {
    let Some(folder) = settings.answer.knowledge.clone() else {
        if settings.answer.mode == AnswerMode::Echo {
            findings.not_used("knowledge", "answer.knowledge is not set");
        } else if settings.search.url.is_some() {
            findings.not_used("knowledge", "answer.knowledge is not set; answers are made from search.url");
        } else {
            let fix = "Set THREADKEEPER__ANSWER__KNOWLEDGE to a folder of documents, or search.url to a search service; the \
                       responder does not start without.";
            findings.failed("knowledge", "answer.knowledge is not set", fix);
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

async fn model(settings: &Settings, findings: &Findings) {
    match settings.answer.mode {
        AnswerMode::Llm => {}
        AnswerMode::Extract => {
            return findings.not_used("language model", "answer.mode = extract: passages are quoted");
        }
        AnswerMode::Echo => return findings.not_used("language model", "answer.mode = echo: the question is repeated"),
    }
    let checks = match check_models(&settings.model, CONNECT_TIMEOUT).await {
        Ok(checks) => checks,
        Err(error) => {
            let fix = "Set the options of the section model, and the provider's key.";
            return findings.failed("language model", chain(&error), fix);
        }
    };
    for check in checks {
        match check.outcome {
            Ok(time) => findings.ok_after("language model", time, format!("{} answers", check.model)),
            Err(reason) => {
                let fix = "Check its key, name and address, its provider's status page, and the network between.";
                findings.failed("language model", reason, fix);
            }
        }
    }
}
