//! Counters that alerts look at are there from the start.
//!
//! A counter appears in `/metrics` when it is first counted. Prometheus computes increases from one sample to the next, so
//! the step from "not there" to 1 is none for it: the first dead letter of a process would wake nobody.

/// Each with its labels. `deploy/prometheus/alerts.yml` asks for increases of no others; a test compares them.
pub const ALERTED: &[(&str, &[(&str, &str)])] = &[
    ("threadkeeper_dead_letters_total", &[]),
    ("threadkeeper_deliveries_dropped_total", &[]),
    ("threadkeeper_deliveries_total", &[("outcome", "answered")]),
    ("threadkeeper_epochs_total", &[("how", "set")]),
    ("threadkeeper_events_total", &[("outcome", "app_rate_limited")]),
    ("threadkeeper_events_total", &[("outcome", "busy")]),
    ("threadkeeper_events_total", &[("outcome", "kept")]),
    ("threadkeeper_events_total", &[("outcome", "not_kept")]),
    ("threadkeeper_events_total", &[("outcome", "signature")]),
    ("threadkeeper_leases_lost_total", &[]),
    ("threadkeeper_panics_total", &[]),
    ("threadkeeper_parks_total", &[]),
    ("threadkeeper_rate_limited_total", &[]),
    ("threadkeeper_undecodable_total", &[]),
    ("threadkeeper_unreadable_keys_total", &[]),
    ("threadkeeper_unregistered_total", &[]),
    ("threadkeeper_unrouted_moved_total", &[]),
];

/// Makes them, with the value 0. After the recorder is installed.
pub(crate) fn start_at_zero() {
    for (name, labels) in ALERTED {
        metrics::counter!(*name, &labels.to_vec()).increment(0);
    }
}
