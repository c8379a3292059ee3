//! The names of the metrics, and what they say of themselves.

use metrics::Unit;

pub(super) const REQUESTS: &str = "aiocache_requests_total";
pub(super) const REQUEST_DURATION: &str = "aiocache_request_duration_seconds";
pub(super) const ERRORS: &str = "aiocache_errors_total";
pub(super) const KEYS: &str = "aiocache_keys_total";
pub(super) const LOADS: &str = "aiocache_loads_total";
pub(super) const LOAD_DURATION: &str = "aiocache_load_duration_seconds";
pub(super) const LOADS_SHARED: &str = "aiocache_loads_shared_total";
pub(super) const REFRESHES: &str = "aiocache_refreshes_total";
pub(super) const EVICTIONS: &str = "aiocache_evictions_total";
pub(super) const ENTRIES: &str = "aiocache_entries";
pub(super) const WEIGHT: &str = "aiocache_weight";
pub(super) const CONNECTIONS: &str = "aiocache_connections";
pub(super) const RECONNECTS: &str = "aiocache_reconnects_total";
pub(super) const BREAKER_OPEN: &str = "aiocache_breaker_open";

/// Tells the recorder what each metric is.
pub(super) fn describe() {
    let counters = [
        (REQUESTS, "Commands, by name and outcome"),
        (ERRORS, "Commands that failed, by kind of error"),
        (KEYS, "Keys that reads asked for: hit, miss, or served stale"),
        (LOADS, "Runs of cached functions, by outcome"),
        (LOADS_SHARED, "Keys that a caller got from another caller's load"),
        (REFRESHES, "Keys loaded anew without a look at what was there"),
        (EVICTIONS, "Entries the store gave up by itself, by reason"),
        (RECONNECTS, "Lost connections that were there again"),
    ];
    for (name, text) in counters {
        metrics::describe_counter!(name, Unit::Count, text);
    }
    let gauges = [
        (ENTRIES, "Entries in the store"),
        (WEIGHT, "Weight of the entries in the store"),
        (CONNECTIONS, "Open connections"),
        (
            BREAKER_OPEN,
            "1 while the store is left alone because it does not answer",
        ),
    ];
    for (name, text) in gauges {
        metrics::describe_gauge!(name, Unit::Count, text);
    }
    let histograms = [
        (REQUEST_DURATION, "How long commands take"),
        (LOAD_DURATION, "How long runs of cached functions take"),
    ];
    for (name, text) in histograms {
        metrics::describe_histogram!(name, Unit::Seconds, text);
    }
}
