//! A store that is dead, slow or full of garbage never fails a decorated function, nor holds it up for long.
#![allow(clippy::unused_async, reason = "what is cached here has nothing to wait for")]

mod support;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant};

use aiocache::redis::{RedisBackend, RedisCache};
use aiocache::testing::{
    Direction, Fault, FaultProxy, MemcachedServer, Missed, Server, Software, in_time, undisturbed,
};
use aiocache::{ErrorKind, EventKind, Reply, SimpleMemoryCache, cached, multi_cached};
use support::{backend, own_redis};
use tokio::task::JoinSet;

/// What a call may cost at most: the backend's deadline of 500 ms, and what a loaded machine adds.
const BOUND: Duration = Duration::from_millis(900);

/// Functions over a cache that the test gives.
struct Users {
    cache: RedisCache,
    calls: AtomicU32,
}

impl Users {
    fn over(backend: RedisBackend) -> Self {
        Self {
            cache: RedisCache::builder(backend).namespace("users").build(),
            calls: AtomicU32::new(0),
        }
    }

    #[cached(cache = self.cache, key = "{id}")]
    async fn one(&self, id: u32) -> Result<String, String> {
        self.calls.fetch_add(1, SeqCst);
        Ok(id.to_string())
    }

    #[multi_cached(cache = self.cache, keys = ids, key = "{ids}")]
    async fn many(&self, ids: &[u32]) -> HashMap<u32, String> {
        self.calls.fetch_add(1, SeqCst);
        ids.iter().map(|id| (*id, id.to_string())).collect()
    }

    /// The calls since the last look.
    fn calls(&self) -> u32 {
        self.calls.swap(0, SeqCst)
    }

    /// Calls both functions, which have to answer rightly and in time.
    async fn work(&self) -> Result<(), Missed> {
        let start = Instant::now();
        assert_eq!(self.one(1).await.as_deref(), Ok("1"));
        in_time("one", start.elapsed(), BOUND)?;
        let start = Instant::now();
        let found = self.many(&[1, 2, 3]).await;
        assert_eq!((found.len(), &*found[&1], &*found[&3]), (3, "1", "3"));
        in_time("many", start.elapsed(), BOUND)
    }

    /// Puts these bytes under a key.
    async fn plant(&self, key: &str, bytes: &[u8]) {
        let key = self.cache.stored_key(key);
        self.cache
            .raw(&[b"SET", key.as_bytes(), bytes])
            .await
            .expect("the server answers");
    }

    async fn stored(&self, key: &str) -> Reply {
        let key = self.cache.stored_key(key);
        self.cache
            .raw(&[b"GET", key.as_bytes()])
            .await
            .expect("the server answers")
    }

    /// Works until both functions are hits.
    async fn until_cached(&self) -> Result<(), Missed> {
        let start = Instant::now();
        loop {
            self.calls();
            self.work().await?;
            if self.calls() == 0 {
                return Ok(());
            }
            assert!(start.elapsed() < Duration::from_secs(5), "they are cached again");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn a_server_that_was_never_there_costs_nothing_but_the_cache() {
    undisturbed(async || {
        let users = Users::over(RedisBackend::connect("redis://127.0.0.1:1/").unwrap());
        for _ in 0..3 {
            users.work().await?;
            assert_eq!(users.calls(), 2);
        }
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_server_that_dies_is_missed_and_found_again() {
    undisturbed(async || {
        let mut server = own_redis();
        let users = Users::over(backend(&server));
        users.until_cached().await?;
        server.kill().unwrap();
        for _ in 0..3 {
            users.work().await?;
        }
        assert_eq!(users.calls(), 6);
        server.restart().unwrap();
        users.until_cached().await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_server_that_does_not_answer_holds_nobody_up_for_long() {
    undisturbed(async || {
        let mut server = own_redis();
        let users = Users::over(backend(&server));
        users.until_cached().await?;
        server.pause().unwrap();
        for _ in 0..3 {
            users.work().await?;
        }
        assert_eq!(users.calls(), 6);
        let callers = (0..50).map(|_| users.one(9));
        let start = Instant::now();
        for answer in join_all(callers).await {
            assert_eq!(answer.as_deref(), Ok("9"));
        }
        in_time("fifty at once", start.elapsed(), 2 * BOUND)?;
        server.resume().unwrap();
        users.until_cached().await?;
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn replies_that_are_garbled_or_swallowed_are_never_values() {
    undisturbed(async || {
        let server = own_redis();
        let proxy = FaultProxy::start(server.addr()).await.unwrap();
        let direction = Direction::ToClient;
        let users = Users::over(RedisBackend::connect(format!("redis://{}/", proxy.addr())).unwrap());
        users.until_cached().await?;
        for fault in [
            Fault::Garble { direction, every: 1 },
            Fault::BlackHole(Direction::Both),
            Fault::Refuse,
        ] {
            proxy.set(fault);
            if fault == Fault::Refuse {
                proxy.cut();
            }
            for _ in 0..3 {
                users.work().await?;
            }
            proxy.set(Fault::Pass);
            proxy.cut();
            users.until_cached().await?;
        }
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn one_restart_under_many_increments_refuses_no_read() {
    let server = own_redis();
    let proxy = FaultProxy::start(server.addr()).await.expect("a free port");
    // Longer than any machine stands still: nothing here is to be late.
    let patient =
        RedisBackend::builder(format!("redis://{}/", proxy.addr())).deadline(Duration::from_secs(20));
    let builder = RedisCache::builder(patient.build().expect("good options"));
    let cache = builder.timeout(None).build();
    let beside = RedisCache::builder(backend(&server)).build();
    cache.set("k", &1).await.expect("the server answers");

    // Answers are lost from here on, so all five are done and wait.
    proxy.set(Fault::BlackHole(Direction::ToClient));
    let increments: JoinSet<_> = (0..5)
        .map(|_| {
            let cache = cache.clone();
            async move { cache.increment("n", 1).await }
        })
        .collect();
    let begun = Instant::now();
    while beside.get::<i64>("n").await.ok().flatten() != Some(5) {
        assert!(begun.elapsed() < Duration::from_secs(10), "they are sent");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    proxy.set(Fault::Pass);
    proxy.cut();
    for answer in increments.join_all().await {
        assert_eq!(answer.expect_err("its answer is lost").kind(), ErrorKind::Unknown);
    }
    assert_eq!(
        cache.get::<i32>("k").await.expect("it waits for the reconnect"),
        Some(1)
    );
}

/// All of them at once, in this task.
async fn join_all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|cx| {
        for (future, answer) in waiting.iter_mut().filter(|(_, answer)| answer.is_none()) {
            if let std::task::Poll::Ready(ready) = future.as_mut().poll(cx) {
                *answer = Some(ready);
            }
        }
        let done = waiting.iter().all(|(_, answer)| answer.is_some());
        if done {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    waiting.into_iter().filter_map(|(_, answer)| answer).collect()
}

#[tokio::test]
async fn garbage_under_the_keys_is_a_miss_and_is_replaced() {
    undisturbed(async || {
        let server = own_redis();
        let users = Users::over(backend(&server));
        let garbage: [&[u8]; 7] = [
            b"",
            b"{",
            b"\x80\x04\x95pickle",
            b"17",
            b"null",
            b"[\"1\"]",
            &[0xff; 5000],
        ];
        for bytes in garbage {
            for key in ["1", "2", "3"] {
                users.plant(key, bytes).await;
            }
            users.work().await?;
            assert_eq!(users.calls(), 2, "{bytes:?}");
            users.work().await?;
            assert_eq!(users.calls(), 0, "{bytes:?}");
            assert_eq!(users.stored("3").await, Reply::Bytes("\"3\"".into()));
        }
        // A key of another Redis type.
        users.cache.clear().await.unwrap();
        let key = users.cache.stored_key("1");
        users.cache.raw(&[b"RPUSH", key.as_bytes(), b"a"]).await.unwrap();
        for _ in 0..2 {
            users.work().await?;
        }
        Ok(())
    })
    .await;
}

/// A restart of the server, of which a cache over it learns.
async fn a_lost_connection_is_told_when_it_is_back<S: Software>(mut server: Server<S>) {
    let cache = aiocache::connect(&server.url()).expect("a good URL");
    let mut events = cache.events();
    cache.set("k", &1).await.expect("the server answers");
    let first = cache.stats().reconnects;
    assert_eq!(first, 0, "the first connection is none that was lost");

    tokio::task::block_in_place(|| server.restart()).expect("the server obeys");
    let begun = Instant::now();
    while cache.stats().reconnects == 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "no connection is told");
        let _unanswered = cache.get::<i32>("k").await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let told = std::iter::from_fn(|| events.next_now()).filter(|event| event.kind == EventKind::Reconnected);
    assert!(told.count() >= 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_to_redis_that_was_lost_is_told_when_it_is_back() {
    a_lost_connection_is_told_when_it_is_back(own_redis()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_to_memcached_that_was_lost_is_told_when_it_is_back() {
    let server = MemcachedServer::start().expect("memcached starts");
    a_lost_connection_is_told_when_it_is_back(server).await;
}

#[tokio::test]
async fn a_value_of_another_type_in_memory_is_a_miss_too() {
    let cache = SimpleMemoryCache::new();

    #[cached(cache = cache, key = "key")]
    async fn load(cache: &SimpleMemoryCache) -> Option<String> {
        Some(cache.name().to_owned())
    }

    cache.set("key", &vec![1_u8]).await.unwrap();
    assert_eq!(load(&cache).await.as_deref(), Some("memory"));
    assert_eq!(
        cache.get::<String>("key").await.unwrap().as_deref(),
        Some("memory")
    );
}

#[tokio::test]
async fn a_foreign_value_is_removed_only_while_it_is_still_there() {
    let server = own_redis();
    let users = Users::over(backend(&server));
    let writer = Users::over(backend(&server));

    #[cached(cache = users.cache, key = "{id}")]
    async fn fail(users: &Users, id: u32) -> Result<String, u32> {
        let _: &Users = users;
        Err(id)
    }

    users.plant("0", b"garbage").await;
    assert_eq!(fail(&users, 0).await, Err(0));
    assert_eq!(users.stored("0").await, Reply::Nil, "nobody else wrote");
    for id in 1..300 {
        let key = id.to_string();
        users.plant(&key, b"garbage").await;
        let write = async {
            // At another moment of the call each time.
            for _ in 0..id % 12 {
                tokio::task::yield_now().await;
            }
            writer.plant(&key, b"\"good\"").await;
        };
        let (answer, ()) = tokio::join!(fail(&users, id), write);
        assert!(answer == Err(id) || answer.as_deref() == Ok("good"));
        assert_eq!(users.stored(&key).await, Reply::Bytes("\"good\"".into()));
    }
}
