//! What the `metrics` facade hears, and that the guide and its dashboard name exactly that.

#[path = "support/slow.rs"]
mod slow;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aiocache_core::{Cache, CacheBuilder, MemoryBackend, NullSerializer, Object, Policy, Ttl, scope};
use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use slow::{Slow, Way};

/// Keeps what is registered and described.
#[derive(Default)]
struct Kept {
    described: Mutex<BTreeSet<String>>,
    numbers: Mutex<BTreeMap<String, Arc<AtomicU64>>>,
    histograms: Mutex<BTreeMap<String, Arc<Records>>>,
}

#[derive(Default)]
struct Records(AtomicU64);

impl HistogramFn for Records {
    fn record(&self, value: f64) {
        assert!((0.0..10.0).contains(&value), "seconds: {value}");
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// `name{label="value",…}`
fn text(key: &Key) -> String {
    let labels: Vec<_> = key
        .labels()
        .map(|label| format!("{}={}", label.key(), label.value()))
        .collect();
    format!("{}{{{}}}", key.name(), labels.join(","))
}

impl Kept {
    fn number(&self, key: &Key) -> Arc<AtomicU64> {
        Arc::clone(
            self.numbers
                .lock()
                .expect("nothing panics with it")
                .entry(text(key))
                .or_default(),
        )
    }

    fn describe(&self, name: &KeyName) {
        self.described
            .lock()
            .expect("nothing panics with it")
            .insert(name.as_str().to_owned());
    }

    /// Counters of this cache that are not 0.
    fn counters(&self) -> BTreeMap<String, u64> {
        let numbers = self.numbers.lock().expect("nothing panics with it");
        let values = numbers
            .iter()
            .map(|(key, value)| (key.clone(), value.load(Ordering::Relaxed)));
        values
            .filter(|(key, value)| key.contains("_total{") && *value > 0)
            .collect()
    }

    fn gauge(&self, key: &str) -> f64 {
        let numbers = self.numbers.lock().expect("nothing panics with it");
        f64::from_bits(numbers[key].load(Ordering::Relaxed))
    }

    fn records(&self, key: &str) -> u64 {
        self.histograms.lock().expect("nothing panics with it")[key]
            .0
            .load(Ordering::Relaxed)
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&name);
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&name);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&name);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.number(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.number(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let mut histograms = self.histograms.lock().expect("nothing panics with it");
        Histogram::from_arc(Arc::clone(histograms.entry(text(key)).or_default()))
    }
}

/// Runs a test with a recorder of its own, and tokio's clock standing still.
fn recorded(test: impl AsyncFnOnce(&Kept)) {
    let kept = Kept::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime can be made");
    metrics::with_local_recorder(&kept, || runtime.block_on(test(&kept)));
}

fn users() -> CacheBuilder<MemoryBackend, NullSerializer> {
    let store = MemoryBackend::<Object>::builder().max_entries(2).build();
    Cache::builder(store).name("users").namespace("a namespace")
}

#[test]
fn commands_keys_loads_and_evictions_are_counted() {
    recorded(async |kept| {
        let cache = users().metrics().build();
        let policy = Policy::new();
        for _ in 0..2 {
            let loaded = cache.get_or_load("a", &policy, || async { Ok::<_, String>(1_u32) });
            assert_eq!(loaded.await, Ok(1));
        }
        let failed = cache.get_or_load("b", &policy, || async { Err::<u32, _>("no") });
        failed.await.expect_err("the function's own");
        let refreshed = cache.get_or_load("a", &policy, || async { Ok::<_, String>(2_u32) });
        scope().read(false).run(refreshed).await.expect("loaded");
        cache
            .multi_set([("c", &1_u32), ("d", &1)])
            .await
            .expect("memory answers");
        cache
            .multi_get::<u32>(["a", "c", "d"])
            .await
            .expect("memory answers");
        cache.get::<String>("d").await.expect_err("a number");
        cache.delete("nothing").await.expect("memory answers");
        let expected = [
            ("aiocache_errors_total{cache=users,command=get,kind=Type}", 1),
            ("aiocache_evictions_total{cache=users,reason=capacity}", 1),
            ("aiocache_keys_total{cache=users,outcome=hit}", 3),
            ("aiocache_keys_total{cache=users,outcome=miss}", 3),
            ("aiocache_loads_total{cache=users,outcome=failed}", 1),
            ("aiocache_loads_total{cache=users,outcome=finished}", 2),
            ("aiocache_refreshes_total{cache=users}", 1),
            (
                "aiocache_requests_total{cache=users,command=delete,outcome=absent}",
                1,
            ),
            (
                "aiocache_requests_total{cache=users,command=get,outcome=failed}",
                1,
            ),
            ("aiocache_requests_total{cache=users,command=get,outcome=hit}", 1),
            ("aiocache_requests_total{cache=users,command=get,outcome=miss}", 2),
            (
                "aiocache_requests_total{cache=users,command=multi_get,outcome=partial}",
                1,
            ),
            (
                "aiocache_requests_total{cache=users,command=multi_set,outcome=done}",
                1,
            ),
            ("aiocache_requests_total{cache=users,command=set,outcome=done}", 2),
        ];
        let expected = expected.map(|(key, count)| (key.to_owned(), count));
        assert_eq!(kept.counters(), BTreeMap::from(expected));
        assert_eq!(
            kept.records("aiocache_request_duration_seconds{cache=users,command=get}"),
            4
        );
        assert_eq!(kept.records("aiocache_load_duration_seconds{cache=users}"), 3);
    });
}

#[test]
fn the_size_follows_within_a_second() {
    recorded(async |kept| {
        let cache = users().metrics().build();
        cache.set("a", &1).await.expect("memory answers");
        cache.set("b", &1).await.expect("memory answers");
        assert!(
            (kept.gauge("aiocache_entries{cache=users}") - 1.0).abs() < 1e-9,
            "set a moment ago"
        );
        tokio::time::advance(Duration::from_secs(1)).await;
        cache.get::<i32>("a").await.expect("memory answers");
        for gauge in ["aiocache_entries{cache=users}", "aiocache_weight{cache=users}"] {
            assert!((kept.gauge(gauge) - 2.0).abs() < 1e-9, "{gauge}");
        }
    });
}

#[test]
fn connections_are_those_that_the_backend_tells() {
    recorded(async |kept| {
        let wire = Cache::builder(Slow::<MemoryBackend>::default());
        let cache = wire.serializer(NullSerializer).name("wire").metrics().build();
        cache.set("a", &1).await.expect("memory answers");
        assert!((kept.gauge("aiocache_connections{cache=wire}") - 1.0).abs() < 1e-9);
    });
}

#[test]
fn a_command_that_the_timeout_ended_is_a_failure() {
    recorded(async |kept| {
        let stalled = Slow::<MemoryBackend> {
            read: Way::new(Duration::from_secs(60), Duration::ZERO),
            ..Slow::default()
        };
        let wire = Cache::builder(stalled).serializer(NullSerializer).name("wire");
        let cache = wire.timeout(Duration::from_secs(1)).metrics().build();
        cache.get::<i32>("a").await.expect_err("too slow");
        let counters = kept.counters();
        for failed in [
            "aiocache_requests_total{cache=wire,command=get,outcome=failed}",
            "aiocache_errors_total{cache=wire,command=get,kind=Timeout}",
        ] {
            assert_eq!(counters.get(failed), Some(&1), "{failed}: {counters:?}");
        }
    });
}

#[test]
fn a_cache_that_is_not_asked_to_measures_nothing() {
    recorded(async |kept| {
        let cache = users().build();
        cache
            .with_ttl(Ttl::seconds(1))
            .set("a", &1)
            .await
            .expect("memory answers");
        cache.get::<i32>("a").await.expect("memory answers");
        assert_eq!(kept.counters(), BTreeMap::new());
        assert!(kept.described.lock().expect("nothing panics with it").is_empty());
    });
}

#[test]
fn the_breaker_has_a_gauge_before_it_ever_opens() {
    recorded(async |kept| {
        let wire = Cache::builder(Slow::<MemoryBackend>::default());
        let cache = wire.serializer(NullSerializer).name("wire").metrics().build();
        cache.set("a", &1).await.expect("memory answers");
        assert!(kept.gauge("aiocache_breaker_open{cache=wire}").abs() < 1e-9);
    });
}

/// Every `aiocache_…` in a text, without the endings that Prometheus adds to a histogram.
fn names_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let names = words.filter(|word| word.starts_with("aiocache_") && !word.ends_with('_'));
    let endings = ["_bucket", "_sum", "_count"];
    names
        .map(|name| {
            let stripped = endings.iter().find_map(|ending| name.strip_suffix(ending));
            stripped.unwrap_or(name).to_owned()
        })
        .collect()
}

#[test]
fn the_guide_and_its_dashboard_name_the_metrics_there_are() {
    recorded(async |kept| {
        let _cache = users().metrics().build();
        let described = kept.described.lock().expect("nothing panics with it").clone();
        let guide = names_in(include_str!("../../docs/observability.md"));
        assert_eq!(guide, described, "the guide");
        let dashboard = include_str!("../../docs/grafana.json");
        assert_eq!(names_in(dashboard), described, "the dashboard");
        let dashboard: serde_json::Value = serde_json::from_str(dashboard).expect("it is JSON");
        assert!(dashboard["panels"].as_array().expect("panels").len() >= 8);
    });
}
