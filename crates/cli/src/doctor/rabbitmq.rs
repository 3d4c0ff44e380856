//! Whether RabbitMQ takes, keeps and hands out questions.

use std::time::Instant;

use queue::{
    QueueError,
    rabbitmq::{Desk, Standing},
};
use shared::{
    config::{SecretUrl, Settings},
    telemetry::chain,
};

use super::finding::Findings;
use crate::session;

/// Connects, and looks at the topology, at alarms and at what waits.
pub(super) async fn examine(settings: &Settings, findings: &Findings) {
    let Ok(url) = settings.amqp.url() else {
        findings.failed("connection", "AMQP_URL is not set", "Set it: amqps://user:password@host:5671/%2f.");
        return;
    };
    let started = Instant::now();
    let desk = match Desk::connect(&settings.amqp, &settings.delivery.waits, &session::process()).await {
        Ok(desk) => desk,
        Err(error) => {
            let (found, fix) = explained(&error, url);
            return findings.failed("connection", found, fix);
        }
    };
    let tls = if url.scheme() == "amqps" { "over TLS" } else { "without TLS" };
    findings.ok_since("connection", started, format!("{url}, {tls}"));
    alarms(&desk, findings).await;
    standing(&desk, findings).await;
    queues(&desk, findings).await;
    desk.close().await;
}

/// What went wrong, and what to do about it.
fn explained(error: &QueueError, url: &SecretUrl) -> (String, String) {
    match error {
        QueueError::AccessRefused { .. } => (
            format!("{url} refused user or password"),
            "Check both in AMQP_URL (special characters percent-encoded); `guest` works only on the broker's own machine."
                .to_owned(),
        ),
        QueueError::NoVirtualHost { vhost, .. } => (
            format!("{url} has no virtual host `{vhost}` for this user"),
            "Check the path of AMQP_URL (`/` is written /%2f), or create it: rabbitmqctl add_vhost, set_permissions."
                .to_owned(),
        ),
        QueueError::Unreachable { reason, .. } if reason.contains("timed out") || reason.contains("no answer") => (
            format!("{url} does not answer: {reason}"),
            "Check host and port, then firewall and allow-list; a TLS port that is spoken to in plain needs amqps://."
                .to_owned(),
        ),
        QueueError::Unreachable { reason, .. } if url.scheme() == "amqp" && is_closed(reason) => (
            format!("{url} closed the connection at once: {reason}"),
            "Try amqps:// (TLS, usually port 5671) in AMQP_URL, then the server's allow-list.".to_owned(),
        ),
        QueueError::Unreachable { reason, .. } if reason.to_lowercase().contains("certificate") => (
            format!("{url}: {reason}"),
            "Let this machine trust the server's certificate authority (SSL_CERT_FILE names further ones), and use the \
             name that the certificate is for."
                .to_owned(),
        ),
        QueueError::Unreachable { reason, .. } => (
            format!("{url} cannot be reached: {reason}"),
            "Check host and port of AMQP_URL, that the broker runs, and the network between.".to_owned(),
        ),
        other => (chain(other), "Correct AMQP_URL.".to_owned()),
    }
}

/// Whether the server hung up before it said anything.
fn is_closed(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    ["reset", "eof", "aborted", "broken pipe", "closed"].iter().any(|word| reason.contains(word))
}

async fn alarms(desk: &Desk, findings: &Findings) {
    let started = Instant::now();
    match desk.takes_messages().await {
        Ok(()) => findings.ok_since("alarms", started, "none, messages are taken and confirmed"),
        Err(QueueError::Blocked { reason, .. }) => {
            let fix = "Free its memory or disk (rabbitmqctl status); until then the ingress answers 503.";
            findings.failed("alarms", format!("the broker takes no messages: {reason}"), fix);
        }
        Err(error) => {
            findings.failed("alarms", chain(&error), "Look at rabbitmqctl status, and at the user's permissions.");
        }
    }
}

async fn standing(desk: &Desk, findings: &Findings) {
    match desk.standing().await {
        Ok(Standing::AsWanted) => findings.ok("queues", "all there, in the wanted form, the user may use them"),
        Ok(Standing::Missing(names)) => {
            let found = format!("missing: {}", names.join(", "));
            findings.warning(
                "queues",
                found,
                "Start a service, which declares them, or check amqp.prefix and delivery.waits.",
            );
        }
        Ok(Standing::Other(QueueError::OtherForm { name, broker, .. })) => {
            let fix = "Empty and delete it, or choose another amqp.prefix; nothing was changed.";
            findings.failed("queues", format!("`{name}` is in another form: {broker}"), fix);
        }
        Ok(Standing::Other(error)) | Err(error) => {
            let fix = "Give the user configure, write and read for these names (rabbitmqctl set_permissions).";
            findings.failed("queues", chain(&error), fix);
        }
    }
}

async fn queues(desk: &Desk, findings: &Findings) {
    let topology = desk.topology();
    let (work, dead, unrouted) = (topology.work(), topology.dead(), topology.unrouted());
    let (work, dead, unrouted) = tokio::join!(desk.count(&work), desk.count(&dead), desk.count(&unrouted));
    if let Ok(Some(work)) = work {
        let found = format!("{} responders consume, {} questions wait", work.consumers, work.ready);
        if work.consumers == 0 {
            findings.warning("consumers", found, "Start a responder: until then nothing is answered.");
        } else {
            findings.ok("consumers", found);
        }
    }
    if let Ok(Some(dead)) = dead {
        match dead.ready {
            0 => findings.ok("dead letters", "none"),
            given_up => {
                let found = format!("{given_up} questions were given up");
                findings.warning("dead letters", found, "See why: threadkeeper dead-letters list.");
            }
        }
    }
    if let Ok(Some(unrouted)) = unrouted
        && unrouted.ready > 0
    {
        let found = format!("{} messages could not be routed", unrouted.ready);
        findings.warning(
            "unrouted",
            found,
            "Restart a responder, which moves them to `work`; find out who deleted a queue.",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_hangs_up_at_once_is_told_to_want_tls() {
        let url = SecretUrl::parse("amqp://user:hush@broker:5671/%2f").unwrap();
        let error =
            QueueError::Unreachable { url: url.clone(), reason: "Connection reset by peer".to_owned(), source: None };
        let (found, fix) = explained(&error, &url);
        assert!(fix.contains("amqps://") && fix.contains("allow-list") && !found.contains("hush"), "{found} {fix}");
    }
}
