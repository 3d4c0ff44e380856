//! When a server was away, as each process saw it.

use std::collections::HashMap;

/// Lines of processes that matter for every question; such a line contains one of these.
pub(super) const MARKS: [&str; 4] = ["redis_away", "redis_back", "rabbitmq_lost", "rabbitmq_back"];

/// Times that are kept of one server: an outage is one for each process.
const MOST: usize = 100_000;

/// A server that questions wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Server {
    Redis,
    RabbitMq,
}

/// Times without a server, in µs since 1970, each of one process.
#[derive(Debug, Default)]
pub(super) struct Outages {
    over: Vec<(Server, u64, u64)>,
    open: HashMap<(Server, String), u64>,
}

impl Outages {
    /// Takes note of what a process says.
    pub(super) fn note(&mut self, outcome: &str, worker: &str, at: u64) {
        let (server, away) = match outcome {
            "redis_away" => (Server::Redis, true),
            "redis_back" => (Server::Redis, false),
            "rabbitmq_lost" => (Server::RabbitMq, true),
            "rabbitmq_back" => (Server::RabbitMq, false),
            _ => return,
        };
        let key = (server, worker.to_owned());
        if away {
            self.open.entry(key).or_insert(at);
        } else if let Some(since) = self.open.remove(&key)
            && self.over.len() < MOST
        {
            self.over.push((server, since.min(at), since.max(at)));
        }
    }

    /// A process that ended in an outage did not say when it was over: then as soon as another one says so.
    pub(super) fn complete(&mut self) {
        for ((server, _), since) in std::mem::take(&mut self.open) {
            let ends = self.over.iter().filter(|(other, _, end)| *other == server && *end > since);
            let end = ends.map(|(_, _, end)| *end).min().unwrap_or(u64::MAX);
            self.over.push((server, since, end));
        }
    }

    /// The server without which most of this time passed.
    pub(super) fn explain(&self, from: u64, to: u64) -> Option<Server> {
        let length = to.saturating_sub(from);
        let overlap = |since: u64, until: u64| until.min(to).saturating_sub(since.max(from));
        let longest = self.over.iter().map(|(server, since, until)| (*server, overlap(*since, *until)));
        let (server, longest) = longest.max_by_key(|(_, overlap)| *overlap)?;
        (length > 0 && longest * 2 >= length).then_some(server)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_explained_by_the_server_that_was_away_for_most_of_it() {
        let mut outages = Outages::default();
        outages.note("redis_away", "responder-1", 100);
        outages.note("redis_back", "responder-1", 200);
        outages.note("rabbitmq_lost", "responder-2", 1000);
        outages.complete();
        assert_eq!(outages.explain(90, 210), Some(Server::Redis));
        assert_eq!(outages.explain(190, 500), None);
        assert_eq!(outages.explain(1500, 1600), Some(Server::RabbitMq));
    }

    #[test]
    fn an_outage_that_its_process_did_not_survive_ends_when_another_says_so() {
        let mut outages = Outages::default();
        outages.note("redis_away", "responder-1", 100);
        outages.note("redis_away", "responder-2", 110);
        outages.note("redis_back", "responder-2", 200);
        outages.complete();
        assert_eq!(outages.explain(150, 190), Some(Server::Redis));
        assert_eq!(outages.explain(300, 400), None);
    }
}
