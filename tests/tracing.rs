//! What `tracing` hears: a debug event for each command and a span for each load, and no key unless it may be shown.
#![allow(clippy::unused_async, reason = "what is cached here has nothing to wait for")]

use std::fmt::{Debug, Write as _};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aiocache::{Cache, MemoryBackend, Object, Policy, SimpleMemoryCache};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Writes down events and spans, and which span an event of the test itself is in.
#[derive(Clone)]
struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    spans: Arc<AtomicU64>,
    level: Level,
}

impl Log {
    fn of(level: Level) -> Self {
        Self {
            lines: Arc::default(),
            spans: Arc::default(),
            level,
        }
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().expect("nothing panics under it"))
    }

    fn write(&self, what: &str, record: impl FnOnce(&mut Line)) {
        let mut line = Line(what.to_owned());
        record(&mut line);
        self.lines.lock().expect("nothing panics under it").push(line.0);
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let shown = if field.name() == "took" {
            "…".to_owned()
        } else {
            format!("{value:?}")
        };
        write!(self.0, " {}={shown}", field.name()).expect("a String takes it");
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    fn event(&self, event: &Event<'_>) {
        self.write(event.metadata().level().as_str(), |line| event.record(line));
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.write(span.metadata().name(), |line| span.record(line));
        Id::from_u64(1 + self.spans.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, span: &Id, record: &Record<'_>) {
        self.write(&format!("span {}", span.into_u64()), |line| record.record(line));
    }

    fn enter(&self, span: &Id) {
        self.write(&format!("enter {}", span.into_u64()), |_| {});
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Hears a warning as a user's subscriber may: by writing to the cache that it is about.
struct Writes {
    cache: SimpleMemoryCache,
    heard: Arc<AtomicU64>,
}

impl Subscriber for Writes {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn event(&self, _: &Event<'_>) {
        self.heard.fetch_add(1, Ordering::SeqCst);
        let written = pin!(self.cache.set("canary", &1_u32));
        let written = written.poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(written, Poll::Ready(Ok(()))), "memory waits for nothing");
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

async fn load(cache: &SimpleMemoryCache, key: &str, loaded: Result<u32, String>) {
    let load = || async move {
        tracing::info!("the function runs");
        loaded
    };
    let _expected = cache.get_or_load(key, &Policy::new(), load).await;
}

#[tokio::test]
async fn a_command_is_an_event_and_a_load_a_span_that_its_own_events_are_in() {
    let log = Log::of(Level::DEBUG);
    let _guard = tracing::subscriber::set_default(log.clone());
    let cache = Cache::builder(MemoryBackend::<Object>::new())
        .name("users")
        .namespace("n")
        .build();
    load(&cache, "canary", Ok(1)).await;
    let of = r#"cache="users" namespace="n""#;
    let expected = [
        format!(r#"DEBUG {of} command="get" items=1 outcome="miss" took=…"#),
        format!("load {of} items=1"),
        "enter 1".to_owned(),
        "INFO message=the function runs".to_owned(),
        r#"span 1 outcome="finished""#.to_owned(),
        format!(r#"DEBUG {of} command="set" items=1 outcome="done" took=…"#),
    ];
    let lines = log.take();
    // A span is entered once more when it is dropped.
    assert_eq!(
        lines.iter().filter(|line| *line != "enter 1").count() + 1,
        expected.len(),
        "{lines:#?}"
    );
    for line in expected {
        assert!(lines.contains(&line), "{line} in {lines:#?}");
    }
    load(&cache, "canary", Ok(1)).await;
    assert_eq!(
        log.take(),
        [format!(
            r#"DEBUG {of} command="get" items=1 outcome="hit" took=…"#
        )]
    );
}

#[tokio::test]
async fn failures_are_told_by_their_kind() {
    let log = Log::of(Level::DEBUG);
    let _guard = tracing::subscriber::set_default(log.clone());
    let cache = SimpleMemoryCache::new();
    load(&cache, "k", Err("canary".to_owned())).await;
    assert!(log.take().iter().any(|line| line == r#"span 1 outcome="failed""#));
    cache.set("k", "canary").await.expect("memory answers");
    log.take();
    cache.get::<u64>("k").await.expect_err("it is text");
    let of = r#"cache="memory" namespace="""#;
    assert_eq!(
        log.take(),
        [format!(
            r#"DEBUG {of} command="get" items=1 outcome="failed" error=Type took=…"#
        )]
    );
}

#[tokio::test]
async fn a_key_is_shown_as_its_owner_says_and_a_hook_that_panics_shows_none() {
    let log = Log::of(Level::DEBUG);
    let _guard = tracing::subscriber::set_default(log.clone());
    let cache = Cache::builder(MemoryBackend::<Object>::new()).log_keys(|key| {
        let (kind, _) = key.split_once('/').expect("a key of this test");
        format!("{kind}/…")
    });
    let cache = cache.build();
    load(&cache, "user/canary", Ok(1)).await;
    let lines = log.take();
    let shown = lines
        .iter()
        .filter(|line| line.ends_with(r#"key="user/…""#))
        .count();
    assert_eq!(shown, 3, "get, load and set: {lines:#?}");
    assert!(!lines.iter().any(|line| line.contains("canary")), "{lines:#?}");

    load(&cache, "no slash", Ok(1)).await;
    let lines = log.take();
    assert!(
        lines.iter().any(|line| line.contains(r#"outcome="finished""#)),
        "{lines:#?}"
    );
    assert!(!lines.iter().any(|line| line.contains("key=")), "{lines:#?}");
}

#[tokio::test]
async fn above_debug_nothing_is_said_of_commands_and_loads() {
    let log = Log::of(Level::INFO);
    let _guard = tracing::subscriber::set_default(log.clone());
    load(&SimpleMemoryCache::new(), "k", Ok(1)).await;
    assert_eq!(log.take(), ["INFO message=the function runs"]);
}

#[test]
fn a_subscriber_may_use_the_cache_that_it_hears_of() {
    let (done, ended) = std::sync::mpsc::channel();
    // On a thread of its own: a subscriber that is called under a lock would wait for ever.
    std::thread::spawn(move || {
        let heard = Arc::<AtomicU64>::default();
        for many in [false, true] {
            let cache = SimpleMemoryCache::new();
            let writes = Writes {
                cache: cache.clone(),
                heard: Arc::clone(&heard),
            };
            let _guard = tracing::subscriber::set_default(writes);
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            runtime.expect("a runtime").block_on(async {
                cache.set("canary", "no number").await.expect("memory answers");
                if many {
                    let load = |_| async { Ok::<_, String>(vec![("canary", 1_u32)]) };
                    let loaded = cache.multi_get_or_load(["canary"], &Policy::new(), load).await;
                    assert_eq!(loaded, Ok(vec![("canary", 1)]));
                } else {
                    load(&cache, "canary", Ok(1)).await;
                }
            });
        }
        done.send(heard.load(Ordering::SeqCst))
            .expect("somebody waits for it");
    });
    assert_eq!(ended.recv_timeout(Duration::from_secs(10)), Ok(2));
}
