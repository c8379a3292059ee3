//! A hit on the memory backend through `#[cached]` allocates nothing besides the value's own clone.
#![allow(clippy::unused_async, reason = "what is cached here has nothing to wait for")]
#![expect(unsafe_code, reason = "only a global allocator sees every allocation")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::Future;
use std::io;
use std::sync::{Arc, LazyLock};

use aiocache::{SimpleMemoryCache, TypedMemoryCache, cached};
use serde::Serialize;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: everything is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that is going away counts no more.
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// How often a future allocates. A hit in memory never waits, so all of it happens on this thread.
async fn allocations<T>(hit: impl Future<Output = T>) -> (usize, T) {
    let before = ALLOCATIONS.get();
    let value = hit.await;
    (ALLOCATIONS.get() - before, value)
}

/// Asserts what the second and third of three same calls allocate.
macro_rules! hits_allocate {
    ($count:literal, $call:expr) => {{
        let loaded = $call.await;
        for _ in 0..2 {
            let (count, value) = allocations($call).await;
            assert_eq!(value, loaded);
            assert_eq!(count, $count, "{}", stringify!($call));
        }
    }};
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Point {
    x: f64,
    y: f64,
}

#[derive(Serialize)]
struct Query<'a> {
    text: &'a str,
    page: u32,
    near: Point,
}

static ERASED: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);
static NAMED: LazyLock<SimpleMemoryCache> = LazyLock::new(|| ERASED.with_namespace("shop:1"));
static POINTS: LazyLock<TypedMemoryCache<Point>> = LazyLock::new(TypedMemoryCache::new);
static TEXTS: LazyLock<TypedMemoryCache<String>> = LazyLock::new(TypedMemoryCache::new);
static SHARED: LazyLock<TypedMemoryCache<Arc<str>>> = LazyLock::new(TypedMemoryCache::new);

const ORIGIN: Point = Point { x: 0.0, y: -0.5 };

#[cached(cache = ERASED, ttl = 60)]
async fn counter(id: u64) -> u64 {
    id + 1
}

#[cached(cache = ERASED)]
async fn point(id: u64) -> Point {
    Point { x: id as f64, y: 0.0 }
}

#[cached(cache = ERASED, version = 2)]
async fn text(name: &str) -> Option<String> {
    Some(name.to_uppercase())
}

#[cached(cache = NAMED)]
async fn shared(query: &Query<'_>) -> io::Result<Arc<str>> {
    Ok(query.text.into())
}

async fn shared_or_empty(query: &Query<'_>) -> Arc<str> {
    shared(query).await.unwrap_or_default()
}

#[cached(cache = NAMED, key = "point/{query.text}/{query.page}")]
async fn by_template(query: Query<'_>) -> Option<Point> {
    Some(query.near)
}

#[cached(cache = NAMED, key = "absent/{id}", cache_none)]
async fn absent(id: u64) -> Result<Option<String>, String> {
    let _: u64 = id;
    Ok(None)
}

#[cached(cache = POINTS, ttl = "1h")]
async fn typed_point(id: u64) -> Point {
    Point { x: 0.0, y: id as f64 }
}

#[cached(cache = TEXTS)]
async fn typed_text(name: &str) -> Result<String, String> {
    Ok(name.to_lowercase())
}

#[cached(cache = SHARED, key = "{name}")]
async fn typed_shared(name: String) -> Arc<str> {
    name.into()
}

#[cached(cache = ERASED, namespace = "tenant:%", key = "{id}")]
async fn in_own_namespace(id: u64) -> Point {
    Point { x: id as f64, y: 1.0 }
}

#[cached(cache = ERASED, namespace = tenant, key = "{id}")]
async fn in_an_arguments_namespace(tenant: &str, id: u64) -> Point {
    let _: &str = tenant;
    Point { x: id as f64, y: 2.0 }
}

struct Repository {
    cache: SimpleMemoryCache,
    tenant: String,
}

impl Repository {
    #[cached(cache = self.cache, key = "{self.tenant}/{id}")]
    async fn find(&self, id: u64) -> Option<Point> {
        Some(Point { x: id as f64, y: 3.0 })
    }

    #[cached(cache = self.cache, skip(self))]
    async fn find_text(&self, id: u64) -> Option<String> {
        Some(format!("{} {id}", self.tenant))
    }
}

async fn hits_of_the_erased_store() {
    hits_allocate!(0, counter(7));
    hits_allocate!(0, point(7));
    hits_allocate!(1, text("a \"name\""));
    let query = |page| Query {
        text: "tea pot",
        page,
        near: ORIGIN,
    };
    hits_allocate!(0, shared_or_empty(&query(1)));
    hits_allocate!(0, by_template(query(2)));
    hits_allocate!(0, absent(7));
}

async fn hits_of_typed_stores() {
    hits_allocate!(0, typed_point(7));
    hits_allocate!(1, typed_text("NAME"));
    let names: [String; 3] = std::array::from_fn(|_| "an argument's own memory".to_owned());
    let mut names = names.into_iter();
    hits_allocate!(0, typed_shared(names.next().expect("one for each call")));
}

async fn hits_of_methods_and_namespaces() {
    let repository = Repository {
        cache: SimpleMemoryCache::new(),
        tenant: "acme".to_owned(),
    };
    hits_allocate!(0, repository.find(7));
    hits_allocate!(1, repository.find_text(7));
    hits_allocate!(0, in_own_namespace(7));
    hits_allocate!(0, in_an_arguments_namespace("a:b", 7));
}

#[tokio::test]
async fn a_hit_allocates_what_its_values_clone_does() {
    hits_of_the_erased_store().await;
    hits_of_typed_stores().await;
    hits_of_methods_and_namespaces().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_it_does_in_tasks_of_a_multi_thread_runtime() {
    let tasks = [
        tokio::spawn(hits_of_the_erased_store()),
        tokio::spawn(hits_of_typed_stores()),
        tokio::spawn(hits_of_methods_and_namespaces()),
    ];
    for task in tasks {
        task.await.expect("no panic");
    }
}

#[tokio::test]
async fn the_cache_itself_reads_without_allocating_too() {
    ERASED.set("point", &ORIGIN).await.expect("memory answers");
    let (count, found) = allocations(ERASED.get::<Point>("point")).await;
    assert_eq!((count, found.expect("memory answers")), (0, Some(ORIGIN)));
    let policy = aiocache::Policy::new();
    let load = ERASED.get_or_load("point", &policy, || async { Err::<Point, _>("not there") });
    assert_eq!(allocations(load).await, (0, Ok(ORIGIN)));
}

#[tokio::test]
async fn a_miss_allocates_so_the_counter_counts() {
    let (count, _) = allocations(point(u64::MAX)).await;
    assert!(count > 0);
}
