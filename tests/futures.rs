//! What the future of a cached function is: `Send` when the function's is, small, and at home outside tokio.
#![allow(clippy::unused_async, reason = "what is cached here has nothing to wait for")]

use std::fmt::Display;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use aiocache::redis::{RedisBackend, RedisCache};
use aiocache::{SimpleMemoryCache, cached, multi_cached};
use serde::Serialize;

static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);

#[cached(cache = CACHE)]
async fn plain(id: u64) -> Option<u64> {
    tokio::task::yield_now().await;
    Some(id)
}

#[cached(cache = CACHE)]
async fn generic<T: Display + Serialize + Send + Sync>(value: T) -> String {
    tokio::task::yield_now().await;
    value.to_string()
}

#[cached(cache = CACHE)]
async fn borrowed(text: &str, numbers: &[u32]) -> Result<usize, String> {
    tokio::task::yield_now().await;
    Ok(text.len() + numbers.len())
}

#[multi_cached(cache = CACHE, keys = ids)]
async fn many(ids: Vec<u32>) -> Vec<(u32, u32)> {
    tokio::task::yield_now().await;
    ids.into_iter().map(|id| (id, id)).collect()
}

struct Shop(SimpleMemoryCache);

impl Shop {
    #[cached(cache = self.0, skip(self))]
    async fn method(&self, id: u64) -> Option<u64> {
        tokio::task::yield_now().await;
        Some(id)
    }

    #[cached(cache = self.0, skip(self))]
    async fn pointed(self: Arc<Self>, id: u64) -> Option<u64> {
        tokio::task::yield_now().await;
        Some(id)
    }
}

/// Spawns it for a type that is known only to its caller.
fn spawned<T: Display + Serialize + Send + Sync + 'static>(value: T) -> tokio::task::JoinHandle<String> {
    tokio::spawn(generic(value))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_of_function_can_be_spawned() {
    let shop = Arc::new(Shop(SimpleMemoryCache::new()));
    for _ in 0..2 {
        assert_eq!(tokio::spawn(plain(1)).await.unwrap(), Some(1));
        assert_eq!(spawned(1.5).await.unwrap(), "1.5");
        let of_borrowed = async { borrowed(&String::from("text"), &[1, 2]).await };
        assert_eq!(tokio::spawn(of_borrowed).await.unwrap(), Ok(6));
        assert_eq!(tokio::spawn(many(vec![1])).await.unwrap(), [(1, 1)]);
        let called = Arc::clone(&shop);
        let method = async move { called.method(2).await };
        assert_eq!(tokio::spawn(method).await.unwrap(), Some(2));
        assert_eq!(tokio::spawn(Arc::clone(&shop).pointed(3)).await.unwrap(), Some(3));
    }
    assert_eq!(tokio::spawn(plain::refresh(1)).await.unwrap(), Some(1));
    assert!(tokio::spawn(plain::invalidate(&1)).await.unwrap().unwrap());
    tokio::spawn(plain::set(&1, 10)).await.unwrap().unwrap();
    assert_eq!(
        tokio::spawn(plain::peek(&1)).await.unwrap().unwrap(),
        Some(Some(10))
    );
}

#[tokio::test]
async fn a_function_whose_own_future_is_not_send_is_cached_all_the_same() {
    #[cached(cache = CACHE)]
    async fn local(id: u32) -> Option<u32> {
        let counted = Rc::new(id);
        tokio::task::yield_now().await;
        Some(*counted)
    }

    assert_eq!((local(1).await, local(1).await), (Some(1), Some(1)));
}

/// A future of a hit has room for the key on the stack, 144 bytes, and for the read; the load is boxed.
const LARGEST: usize = 1280;

#[test]
fn the_future_stays_small_however_large_the_body_is() {
    #[cached(cache = CACHE)]
    async fn large(id: u64) -> Option<u64> {
        let room = [id; 2000];
        tokio::task::yield_now().await;
        Some(room.iter().sum())
    }

    let shop = Shop(SimpleMemoryCache::new());
    let sizes = [
        ("plain", size_of_val(&plain(1))),
        ("generic", size_of_val(&generic(1_u8))),
        ("borrowed", size_of_val(&borrowed("", &[]))),
        ("method", size_of_val(&shop.method(1))),
        ("large", size_of_val(&large(1))),
    ];
    println!("{sizes:?}");
    for (name, size) in sizes {
        assert!(size <= LARGEST, "{name}: {size} bytes");
    }
    assert!(
        size_of_val(&large::uncached(1)) > 16_000,
        "the body is as large as it looks"
    );
}

/// Room for the largest command in Redis, one connection at work included. A debug build has a few copies on the stack.
const LARGEST_COMMAND: usize = 4096;

#[test]
fn the_future_of_a_command_stays_small_over_a_wire() {
    let redis = RedisBackend::connect("redis://localhost").expect("a good URL");
    let cache: RedisCache = RedisCache::builder(redis).build();
    let sizes = [
        ("get", size_of_val(&cache.get::<u32>("k"))),
        ("set", size_of_val(&cache.set("k", &1))),
        ("multi_get", size_of_val(&cache.multi_get::<u32>(["k"]))),
        ("multi_set", size_of_val(&cache.multi_set([("k", &1)]))),
        ("delete", size_of_val(&cache.delete("k"))),
        ("increment", size_of_val(&cache.increment("k", 1))),
        ("clear", size_of_val(&cache.clear())),
        ("ping", size_of_val(&cache.ping())),
        ("close", size_of_val(&cache.close())),
    ];
    println!("{sizes:?}");
    for (name, size) in sizes {
        assert!(size <= LARGEST_COMMAND, "{name}: {size} bytes");
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// An executor that knows nothing of tokio.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[test]
fn a_cache_in_memory_needs_no_tokio() {
    #[cached(cache = CACHE, ttl = 60)]
    async fn load(id: u64) -> Result<u64, String> {
        Ok(id + 1)
    }

    block_on(async {
        for _ in 0..2 {
            assert_eq!(load(1).await, Ok(2));
        }
        assert_eq!(load::refresh(1).await, Ok(2));
        assert_eq!(load::peek(&1).await.unwrap(), Some(Ok(2)));
        assert!(load::invalidate(&1).await.unwrap());
        CACHE.set("key", "text").await.unwrap();
        assert_eq!(CACHE.get::<String>("key").await.unwrap().as_deref(), Some("text"));
        assert_eq!(many(vec![7, 8]).await, [(7, 7), (8, 8)]);
    });
}

#[test]
fn outside_tokio_callers_of_the_same_key_wait_for_one_load() {
    static AT_ONCE: std::sync::Barrier = std::sync::Barrier::new(4);
    static STARTS: AtomicUsize = AtomicUsize::new(0);

    #[cached(cache = CACHE)]
    async fn slow(id: u64) -> Option<u64> {
        STARTS.fetch_add(1, SeqCst);
        std::thread::sleep(std::time::Duration::from_millis(50));
        Some(id)
    }

    let call = || {
        AT_ONCE.wait();
        block_on(slow(4))
    };
    let threads: [_; 4] = std::array::from_fn(|_| std::thread::spawn(call));
    for thread in threads {
        assert_eq!(thread.join().expect("no panic"), Some(4));
    }
    assert_eq!(STARTS.load(SeqCst), 1);
}
