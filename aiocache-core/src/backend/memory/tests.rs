//! What only the memory store promises: bounds, expiry, and values that use the store themselves.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::SimpleMemoryCache;
use crate::error::ErrorKind;
use crate::serializer::{Dump, Load, Typed};

const SECOND: Option<Duration> = Some(Duration::from_secs(1));

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

async fn present<R: Raw>(store: &MemoryBackend<R>, key: &str) -> bool {
    store
        .read(key, Want::VALUE, |_| ())
        .await
        .expect("memory answers")
        .is_some()
}

#[tokio::test]
async fn it_never_holds_more_than_its_bound() {
    for bound in [1, 2, 3, 10, 255, 256, 257, 1_000, 10_000] {
        let store = MemoryBackend::<Bytes>::builder().max_entries(bound).build();
        for n in 0..bound * 3 {
            let key = n.to_string();
            store.write(&key, bytes("v"), None).await.expect("written");
            assert!(present(&store, &key).await, "the newest of {bound} must stay");
            assert!(store.len() <= bound, "{} of {bound}", store.len());
        }
        assert!(
            store.len() * 10 >= bound * 9,
            "only {} of {bound} kept",
            store.len()
        );
        assert_eq!(store.len() + store.evictions(), bound * 3);
    }
}

#[tokio::test]
async fn a_loop_over_more_keys_than_there_is_room_for_finds_some_of_them() {
    let store = MemoryBackend::<Bytes>::builder().max_entries(500).build();
    let mut found = 0;
    for n in 0..20_000 {
        let key = format!("{}", n % 2_000);
        if present(&store, &key).await {
            found += 1;
        } else {
            store.write(&key, bytes("v"), None).await.expect("memory answers");
        }
    }
    // A quarter fits; what only ever lets the oldest go finds none.
    assert!((3_000..5_000).contains(&found), "{found} of 20,000 were found");
}

#[tokio::test]
async fn what_is_read_often_survives_a_scan() {
    let store = MemoryBackend::<Bytes>::builder().max_entries(100).build();
    for n in 0..50 {
        store
            .write(&format!("hot{n}"), bytes("v"), None)
            .await
            .expect("written");
    }
    for _ in 0..3 {
        for n in 0..50 {
            assert!(present(&store, &format!("hot{n}")).await);
        }
    }
    for n in 0..10_000 {
        store
            .write(&format!("scan{n}"), bytes("v"), None)
            .await
            .expect("written");
    }
    let mut kept = 0;
    for n in 0..50 {
        kept += u32::from(present(&store, &format!("hot{n}")).await);
    }
    assert_eq!(kept, 50);
}

#[tokio::test]
async fn weights_are_kept_to_and_a_value_too_heavy_is_not_kept() {
    let weigh = |_: &str, value: &Bytes| u32::try_from(value.len()).unwrap_or(u32::MAX);
    let store = MemoryBackend::<Bytes>::builder().max_weight(100, weigh).build();
    for n in 0..50 {
        store
            .write(&n.to_string(), bytes(&"x".repeat(30)), None)
            .await
            .expect("written");
        assert!(store.weight() <= 100);
    }
    assert_eq!((store.len(), store.weight()), (3, 90));
    store
        .write("49", bytes(&"x".repeat(101)), None)
        .await
        .expect("written");
    assert!(
        !present(&store, "49").await,
        "the old value must not outlive the new one"
    );
    store
        .write("48", bytes(&"x".repeat(100)), None)
        .await
        .expect("written");
    assert!(store.weight() <= 100, "{}", store.weight());
}

#[tokio::test(start_paused = true)]
async fn a_value_written_after_a_clear_outlives_the_ttl_of_the_one_before() {
    let store = MemoryBackend::<Bytes>::new();
    store.write("k", bytes("old"), SECOND).await.expect("written");
    store.clear("").await.expect("cleared");
    store.write("k", bytes("new"), None).await.expect("written");
    tokio::time::advance(Duration::from_secs(5)).await;
    assert!(present(&store, "k").await);
}

#[tokio::test(start_paused = true)]
async fn expired_entries_are_reclaimed_by_later_writes() {
    let store = MemoryBackend::<Bytes>::builder().unbounded().build();
    for n in 0..1_000 {
        store
            .write(&n.to_string(), bytes("v"), SECOND)
            .await
            .expect("written");
    }
    tokio::time::advance(Duration::from_secs(2)).await;
    // Enough for every shard to get its part, whatever the hash.
    for n in 1_000..7_000 {
        store
            .write(&n.to_string(), bytes("v"), None)
            .await
            .expect("written");
    }
    assert_eq!((store.len(), store.expirations()), (6_000, 1_000));
}

#[tokio::test(start_paused = true)]
async fn an_entry_lives_to_the_nanosecond_of_its_ttl() {
    let store = MemoryBackend::<Bytes>::new();
    store.write("k", bytes("v"), SECOND).await.expect("written");
    tokio::time::advance(Duration::from_nanos(999_999_999)).await;
    assert!(present(&store, "k").await);
    tokio::time::advance(Duration::from_nanos(1)).await;
    assert!(!present(&store, "k").await);
}

#[tokio::test]
async fn a_value_that_outgrows_the_one_it_replaces_is_not_the_one_to_go_for_it() {
    let weigh = |_: &str, value: &Bytes| u32::try_from(value.len()).unwrap_or(u32::MAX);
    let store = MemoryBackend::<Bytes>::builder().max_weight(100, weigh).build();
    for grown in ["oldest", "5", "18"] {
        store.clear("").await.expect("memory answers");
        store
            .write("oldest", bytes("12345"), None)
            .await
            .expect("written");
        for n in 0..19 {
            store
                .write(&n.to_string(), bytes("12345"), None)
                .await
                .expect("written");
        }
        assert_eq!(store.weight(), 100);
        for weight in [10, 40, 100] {
            let value = "x".repeat(weight);
            store.write(grown, bytes(&value), None).await.expect("written");
            assert!(present(&store, grown).await, "{grown} of {weight}");
            assert!(store.weight() <= 100, "{} with {grown}", store.weight());
        }
        assert_eq!(store.len(), 1);
    }
}

#[tokio::test]
async fn a_ttl_beyond_the_clock_is_for_ever() {
    let store = MemoryBackend::<Bytes>::new();
    store
        .write("k", bytes("v"), Some(Duration::MAX))
        .await
        .expect("written");
    assert_eq!(store.ttl("k").await.expect("answers"), Remaining::Never);
}

#[tokio::test]
async fn threads_that_write_and_delete_leave_a_sound_store() {
    let store = Arc::new(MemoryBackend::<Bytes>::builder().max_entries(300).build());
    let rounds = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let (store, rounds) = (&store, &rounds);
            scope.spawn(move || {
                let mut random = thread + 1;
                for _ in 0..20_000 {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    let key = format!("{}", (random >> 33) % 500);
                    let done = match (random >> 60) % 4 {
                        0 => store.store.delete_if(&key, |_| true).map(|_| ()),
                        1 => store
                            .store
                            .read(&key, Want::VALUE, |entry| assert_eq!(entry.raw, key.as_bytes()))
                            .map(|_| ()),
                        _ => store.store.write(&key, bytes(&key), None),
                    };
                    done.expect("memory answers");
                    rounds.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(rounds.load(Ordering::Relaxed), 80_000);
    assert!(store.len() <= 300 && store.weight() == store.len());
    for key in 0..500 {
        store.delete(&key.to_string()).await.expect("memory answers");
    }
    assert!(store.is_empty());
}

static NESTED: OnceLock<MemoryBackend<Typed<Nested>>> = OnceLock::new();

/// A value whose `Clone` reads the store that it is cloned from.
#[derive(Debug)]
struct Nested(Option<ErrorKind>, StoreStats);

impl Clone for Nested {
    fn clone(&self) -> Self {
        let store = NESTED.get().expect("set by the test");
        let inner = store.store.read("k", Want::VALUE, |_| ());
        Self(inner.err().map(|error| error.kind()), store.stats())
    }
}

#[tokio::test]
async fn a_clone_that_enters_the_store_again_gets_an_error_instead_of_a_deadlock() {
    let store = NESTED.get_or_init(MemoryBackend::new);
    store
        .write("k", Typed::of(Nested(None, StoreStats::default())), None)
        .await
        .expect("written");
    let read = store
        .read("k", Want::VALUE, |entry| NullSerializer.load(entry.raw))
        .await;
    let value: Nested = read
        .expect("memory answers")
        .expect("a hit")
        .expect("of this type");
    assert_eq!(value.0, Some(ErrorKind::Reentrant));
    assert_eq!(value.1, StoreStats::default(), "nothing is known in there");
    assert_eq!(store.stats().entries, Some(1));
    assert!(present(store, "k").await, "and the store works on");
}

/// The error that another value finds in the store of [`NESTED`] while this one is cloned.
#[derive(Debug, PartialEq)]
struct Found<T>(Option<ErrorKind>, T);

impl<T: Clone> Clone for Found<T> {
    fn clone(&self) -> Self {
        let Nested(error, _) = Nested(None, StoreStats::default()).clone();
        Self(error, self.1.clone())
    }
}

#[tokio::test]
async fn what_has_nothing_to_drop_is_cloned_under_the_lock_and_the_rest_outside_of_it() {
    NESTED.get_or_init(MemoryBackend::new);
    let cache = SimpleMemoryCache::new();
    cache.set("plain", &Found(None, 1)).await.expect("written");
    cache
        .set("large", &Found(None, [1_u8; 2048]))
        .await
        .expect("written");
    cache
        .set("owner", &Found(None, String::from("a")))
        .await
        .expect("written");

    let plain: Option<Found<i32>> = cache.get("plain").await.expect("a hit");
    assert_eq!(plain, Some(Found(Some(ErrorKind::Reentrant), 1)));
    let large: Option<Found<[u8; 2048]>> = cache.get("large").await.expect("a hit");
    assert_eq!(large, Some(Found(None, [1; 2048])));
    let long = "long ".repeat(1000);
    cache.set("text", &long).await.expect("written");
    assert_eq!(cache.get::<String>("text").await.expect("a hit"), Some(long));
    let owner: Option<Found<String>> = cache.get("owner").await.expect("a hit");
    assert_eq!(owner, Some(Found(None, String::from("a"))));
}

/// A value whose `Drop` writes to the store that it is dropped from.
#[derive(Debug, Clone)]
struct Goodbye(Arc<MemoryBackend>);

impl Drop for Goodbye {
    fn drop(&mut self) {
        let parting = NullSerializer.dump("gone").expect("text is stored as it is");
        self.0
            .store
            .write("parting", parting, None)
            .expect("no lock is held here");
    }
}

#[tokio::test]
async fn a_drop_that_enters_the_store_again_works() {
    let store = Arc::new(MemoryBackend::new());
    store
        .write("k", Object::of(Goodbye(Arc::clone(&store))), None)
        .await
        .expect("written");
    store.write("k", Object::of(1_u8), None).await.expect("written");
    assert!(present(&store, "parting").await);
}
