//! What the services are told here, which is what they can be told anywhere.

use std::time::Duration;

use anyhow::Context as _;
use shared::config::{AnswerMode, Delivery, Environment, Log, Settings};

use super::{data::DataFolder, documents, random_secret};
use crate::command_line::DevArguments;

/// The options of the environment, except for what can only be so in one process.
pub(crate) fn load(arguments: &DevArguments, data: &DataFolder) -> anyhow::Result<Settings> {
    let mut settings = Settings::load(None, &Environment::of_process())?;
    settings.slack.bot_token = Some(shared::config::Secret::new(format!("xoxb-{}", random_secret().expose())));
    settings.slack.signing_secret = Some(random_secret());
    settings.delivery = quick(settings.delivery);
    if let Some(folder) = &arguments.knowledge {
        settings.answer.knowledge = Some(folder.clone());
    } else if settings.answer.mode != AnswerMode::Echo && settings.answer.knowledge.is_none() {
        let written = documents::write(data.path());
        settings.answer.knowledge = Some(written.with_context(|| {
            format!("the documentation cannot be written into data folder `{}`", data.path().display())
        })?);
    }
    // A person looks on: what goes well is on the page.
    if settings.log.filter == Log::default().filter {
        "warn".clone_into(&mut settings.log.filter);
    }
    Ok(settings)
}

/// Who dies here is replaced at once, and Slack is on this machine: what is waited for in earnest would only bore whoever
/// kills a worker to see what happens.
fn quick(delivery: Delivery) -> Delivery {
    Delivery {
        lease: Duration::from_secs(4),
        post_start: Duration::from_secs(1),
        post_timeout: Duration::from_secs(3),
        post_lease: Duration::from_secs(5),
        // The simulated Slack shows what was posted at once.
        reconcile_pause: Duration::from_millis(500),
        settle: Duration::from_secs(2),
        clock_margin: Duration::from_secs(1),
        ..delivery
    }
}
