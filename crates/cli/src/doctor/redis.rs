//! Whether Redis keeps threads, and keeps them until their time is over.

use std::{collections::HashMap, error::Error as _, time::Instant};

use shared::{
    config::{SecretUrl, Settings},
    ids::CopyId,
    telemetry::chain,
};
use threads::{ThreadError, redis::Desk};

use super::finding::Findings;

/// A claim and a finish for each question, and a renewal each few seconds: slower than this and people notice.
const SLOW_MS: u128 = 50;

/// Round trips that the latency is the median of.
const PINGS: usize = 5;

/// From this share of `maxmemory` on it is time to act, in percent.
const FULL_PERCENT: u64 = 80;

/// The first version whose scripts replicate by their effects alone, as ours need: they read the clock and write.
const OLDEST: u32 = 5;

/// Writes a key that expires, looks how long it lives, and removes it: what every script of ours relies on.
const PROBE: &str = "redis.call('SET', KEYS[1], '1', 'PX', 10000) local left = redis.call('PTTL', KEYS[1]) \
                     redis.call('DEL', KEYS[1]) return left";

/// Connects, and looks at what decides whether threads survive.
pub(super) async fn examine(settings: &Settings, findings: &Findings) {
    let Ok(url) = settings.redis.url() else {
        findings.failed("connection", "REDIS_URL is not set", "Set it: rediss://user:password@host:6379/0.");
        return;
    };
    let started = Instant::now();
    let connected = async {
        let desk = Desk::connect(&settings.redis).await?;
        desk.command::<String>(&["PING"]).await.map(|_| desk)
    };
    let desk = match connected.await {
        Ok(desk) => desk,
        Err(error) => {
            let (found, fix) = explained(&error, url);
            return findings.failed("connection", found, fix);
        }
    };
    let tls = if url.scheme() == "rediss" { "over TLS" } else { "without TLS" };
    findings.ok_since("connection", started, format!("{url}, {tls}"));
    latency(&desk, findings).await;
    scripts(&desk, &settings.redis.key_prefix, findings).await;
    match desk.command::<String>(&["INFO"]).await {
        Ok(text) => server(&Info::parse(&text), findings),
        Err(_) => {
            findings.cannot_tell("server", "INFO is not permitted: version, memory and persistence are not known");
        }
    }
}

/// What went wrong, and what to do about it.
fn explained(error: &ThreadError, url: &SecretUrl) -> (String, String) {
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    let lower = cause.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    match error {
        ThreadError::Refused { .. } => (
            format!("{url} refused: {cause}"),
            "Check user and password in REDIS_URL (special characters percent-encoded), and that the user may run commands."
                .to_owned(),
        ),
        ThreadError::Timeout { .. } => (
            format!("{url} did not answer in time"),
            "Check host and port, then firewall and allow-list; a TLS port that is spoken to in plain needs rediss://.".to_owned(),
        ),
        ThreadError::Unreachable { .. } if has(&["certificate", "unknownissuer"]) => (
            format!("{url}: {cause}"),
            "Let this machine trust the server's certificate authority (SSL_CERT_FILE names further ones), and use the name \
             that the certificate is for."
                .to_owned(),
        ),
        ThreadError::Unreachable { .. } if url.scheme() == "redis" && has(&HUNG_UP) => (
            format!("{url} closed the connection at once: {cause}"),
            "Try rediss:// (TLS) in REDIS_URL, then the server's allow-list.".to_owned(),
        ),
        ThreadError::Unreachable { .. } if url.scheme() == "rediss" && has(&["corrupt message", "invalidcontenttype"]) => (
            format!("{url} does not speak TLS: {cause}"),
            "Try redis:// in REDIS_URL, or the server's TLS port.".to_owned(),
        ),
        ThreadError::Unreachable { .. } if url.scheme() == "rediss" && has(&HUNG_UP) => (
            format!("{url} closed the connection at once: {cause}"),
            "Check the server's allow-list, and whether this is its TLS port.".to_owned(),
        ),
        other => (
            format!("{url} cannot be reached: {}", if cause.is_empty() { chain(other) } else { cause }),
            "Check host and port of REDIS_URL, that Redis runs, and the network between.".to_owned(),
        ),
    }
}

/// Words of a connection that ended before Redis said anything.
const HUNG_UP: [&str; 6] = ["reset", "eof", "end of file", "broken pipe", "closed", "disconnected"];

async fn latency(desk: &Desk, findings: &Findings) {
    let mut times = Vec::with_capacity(PINGS);
    for _ in 0..PINGS {
        let started = Instant::now();
        if desk.command::<String>(&["PING"]).await.is_ok() {
            times.push(started.elapsed());
        }
    }
    times.sort_unstable();
    let Some(median) = times.get(times.len() / 2) else { return };
    let found = format!("{:.1} ms for a round trip", median.as_secs_f64() * 1000.0);
    if median.as_millis() >= SLOW_MS {
        findings.warning(
            "latency",
            found,
            "Bring Redis and the services into one network; each question takes several round trips.",
        );
    } else {
        findings.ok("latency", found);
    }
}

async fn scripts(desk: &Desk, prefix: &str, findings: &Findings) {
    let key = format!("{prefix}slack_doctor:{}", CopyId::random());
    match desk.command::<i64>(&["EVAL", PROBE, "1", &key]).await {
        Ok(left) if left > 0 => findings.ok("scripts", "a script wrote a key that expires, and removed it"),
        Ok(_) => findings.failed(
            "scripts",
            "a key does not expire",
            "Use a server that implements PX and PTTL as Redis does.",
        ),
        Err(error) => {
            let fix = match &error {
                ThreadError::NotPermitted { .. } => {
                    "Give the user access to the keys slack_* (behind redis.key_prefix) and to EVAL and EVALSHA (ACL)."
                }
                ThreadError::ReadOnly { .. } => {
                    "Point REDIS_URL at the primary; check the disk of a server that cannot save."
                }
                ThreadError::OutOfMemory { .. } => "Raise maxmemory; its policy stays noeviction.",
                _ => "Use a server that runs Lua scripts.",
            };
            findings.failed("scripts", chain(&error), fix);
        }
    }
}

/// What INFO says (<https://redis.io/docs/latest/commands/info/>).
struct Info(HashMap<String, String>);

impl Info {
    fn parse(text: &str) -> Self {
        let lines = text.lines().filter_map(|line| line.split_once(':'));
        Self(lines.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }
}

fn server(info: &Info, findings: &Findings) {
    version(info, findings);
    if info.get("role") == Some("slave") {
        let fix = "Point REDIS_URL at the primary.";
        findings.failed("role", "a replica, which takes no writes", fix);
    }
    if info.number("cluster_enabled") == Some(1) {
        let fix = "Use a Redis without cluster mode, with replicas if it has to fail over.";
        findings.failed("cluster", "cluster mode is on, and a script's keys would be on several nodes", fix);
    }
    persistence(info, findings);
    memory(info, findings);
}

fn version(info: &Info, findings: &Findings) {
    let Some(version) = info.get("redis_version") else {
        return findings.cannot_tell("version", "the server does not tell it");
    };
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_some_and(|major| major < OLDEST) {
        let fix = "Use 6.2 or newer: scripts that read the clock cannot write there.";
        findings.failed("version", version, fix);
    } else {
        findings.ok("version", version);
    }
}

fn persistence(info: &Info, findings: &Findings) {
    match info.get("aof_enabled") {
        Some("1") if info.get("aof_last_write_status").is_some_and(|status| status != "ok") => {
            findings.failed("persistence", "the last write to the append-only file failed", "Free the server's disk.");
        }
        Some("1") => findings.ok("persistence", "append-only file"),
        Some(_) => findings.warning(
            "persistence",
            "no append-only file: a restart forgets what was acknowledged, and for a while nothing is answered then",
            "Set appendonly yes.",
        ),
        None => findings.cannot_tell("persistence", "the server does not tell whether it keeps an append-only file"),
    }
}

fn memory(info: &Info, findings: &Findings) {
    let (used, most) = (info.number("used_memory"), info.number("maxmemory"));
    match (info.get("maxmemory_policy"), most) {
        (Some("noeviction"), _) => findings.ok("eviction", "maxmemory-policy noeviction"),
        (Some(policy), Some(0)) => findings.warning(
            "eviction",
            format!("maxmemory-policy {policy}; without maxmemory it does nothing yet"),
            "Set maxmemory-policy noeviction.",
        ),
        (Some(policy), _) => findings.failed(
            "eviction",
            format!("maxmemory-policy {policy}: threads are forgotten without a word when memory is short"),
            "Set maxmemory-policy noeviction, so that Redis refuses instead, which is noticed.",
        ),
        (None, _) => findings.cannot_tell("eviction", "the server does not tell its maxmemory-policy"),
    }
    let Some(used) = used else { return findings.cannot_tell("memory", "the server does not tell how much it uses") };
    let mib = |bytes: u64| bytes.div_ceil(1 << 20);
    match most {
        Some(most @ 1..) if used * 100 >= most * FULL_PERCENT => findings.warning(
            "memory",
            format!("{} of {} MiB used", mib(used), mib(most)),
            "Raise maxmemory before it is full: writes are refused then, and nothing is answered.",
        ),
        Some(most @ 1..) => findings.ok("memory", format!("{} of {} MiB used", mib(used), mib(most))),
        _ => findings.ok("memory", format!("{} MiB used, no maxmemory", mib(used))),
    }
    if let Some(evicted @ 1..) = info.number("evicted_keys") {
        let found = format!("{evicted} keys since its start");
        findings.warning("evicted", found, "Set maxmemory-policy noeviction, and raise maxmemory.");
    }
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Verdict, *};

    fn judged(info: &str) -> Vec<(&'static str, Verdict)> {
        let findings = Findings::about("redis");
        server(&Info::parse(info), &findings);
        findings.into_list().into_iter().map(|finding| (finding.check, finding.verdict)).collect()
    }

    #[test]
    fn a_server_that_keeps_everything_is_fine() {
        let info = "redis_version:7.0.15\r\nrole:master\r\naof_enabled:1\r\naof_last_write_status:ok\r\n\
                    used_memory:1048576\r\nmaxmemory:104857600\r\nmaxmemory_policy:noeviction\r\nevicted_keys:0\r\n";
        assert!(judged(info).iter().all(|(_, verdict)| *verdict == Verdict::Ok), "{:?}", judged(info));
    }

    #[test]
    fn what_makes_threads_vanish_is_told() {
        let info = "redis_version:4.0.1\r\nrole:slave\r\naof_enabled:0\r\nused_memory:90\r\nmaxmemory:100\r\n\
                    maxmemory_policy:allkeys-lru\r\nevicted_keys:7\r\ncluster_enabled:1\r\n";
        let expected = [
            ("version", Verdict::Failed),
            ("role", Verdict::Failed),
            ("cluster", Verdict::Failed),
            ("persistence", Verdict::Warning),
            ("eviction", Verdict::Failed),
            ("memory", Verdict::Warning),
            ("evicted", Verdict::Warning),
        ];
        assert_eq!(judged(info), expected);
    }

    #[test]
    fn a_server_that_tells_nothing_is_no_failure() {
        assert!(judged("").iter().all(|(_, verdict)| *verdict == Verdict::CannotTell), "{:?}", judged(""));
    }
}
