//! A hook may use the cache whose command it stands around, the key of that command too, and waits for nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aiocache_core::testing::{Intercepted, Recorder};
use aiocache_core::{
    Backend, Cache, Command, CommandName, MemoryBackend, NullSerializer, Object, Outcome, Plugin, Policy,
};
use tokio::time::Instant;

type Remote = Intercepted<MemoryBackend, Recorder>;

/// Uses a handle without plugins for everything there is to do with the key.
struct Uses<B: Backend> {
    cache: Cache<B>,
    calls: Arc<AtomicU32>,
}

impl<B: Backend<Raw = Object, Serializer = NullSerializer>> Uses<B> {
    async fn use_cache(&self) {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let (cache, policy) = (&self.cache, Policy::new());
        let one = cache.get_or_load("k", &policy, || async { Ok::<_, String>(7_u32) });
        one.await.expect("loaded, or there");
        let many = |keys: Vec<&'static str>| async {
            Ok::<_, String>(keys.into_iter().map(|key| (key, 7)).collect())
        };
        let many: BTreeMap<&str, u32> = cache
            .multi_get_or_load(["k", "other"], &policy, many)
            .await
            .expect("loaded, or there");
        assert_eq!(many.len(), 2);
        cache.set("k", &8_u32).await.expect("memory answers");
        cache.get::<u32>("k").await.expect("memory answers");
        cache.delete("k").await.expect("memory answers");
        cache.clear_all().await.expect("memory answers");
    }
}

impl<B: Backend<Raw = Object, Serializer = NullSerializer>> Plugin for Uses<B> {
    async fn pre(&self, _: &Command<'_>) {
        self.use_cache().await;
    }

    async fn post(&self, _: &Command<'_>, _: &Outcome<'_>, _: Duration) {
        self.use_cache().await;
    }
}

async fn nothing_waits<B: Backend<Raw = Object, Serializer = NullSerializer>>(plain: Cache<B>) {
    let calls = Arc::<AtomicU32>::default();
    let cache = plain.with_plugin(Uses {
        cache: plain.clone(),
        calls: Arc::clone(&calls),
    });
    let (policy, begun) = (Policy::new(), Instant::now());
    let load = || async { Ok::<_, String>(1_u32) };
    assert_eq!(cache.get_or_load("k", &policy, load).await, Ok(1));
    let load =
        |keys: Vec<&'static str>| async { Ok::<_, String>(keys.into_iter().map(|key| (key, 1)).collect()) };
    let many: Result<BTreeMap<_, u32>, _> = cache.multi_get_or_load(["k", "l"], &policy, load).await;
    assert_eq!(many.map(|many| many.len()), Ok(2));
    cache.set("k", &1_u32).await.expect("memory answers");
    cache.close().await.expect("nothing is under way");
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert_eq!(
        calls.load(Ordering::SeqCst),
        12,
        "before and after get, set, multi_get, multi_set, set, close"
    );
}

#[tokio::test(start_paused = true)]
async fn around_a_store_in_process() {
    nothing_waits(Cache::builder(MemoryBackend::new()).build()).await;
}

#[tokio::test(start_paused = true)]
async fn around_a_store_whose_writes_run_in_a_task_of_their_own() {
    let remote: Remote = Intercepted::new(MemoryBackend::new(), Recorder::new()).remote();
    nothing_waits(Cache::builder(remote).build()).await;
}

/// After every write, asks for one key as a function would.
struct Asks<B: Backend> {
    cache: Cache<B>,
    key: &'static str,
}

impl<B: Backend<Raw = Object, Serializer = NullSerializer>> Plugin for Asks<B> {
    async fn post(&self, command: &Command<'_>, _: &Outcome<'_>, _: Duration) {
        if matches!(command.name, CommandName::Set | CommandName::MultiSet) {
            let load = || async { Ok::<_, String>(5_u32) };
            let asked = self.cache.get_or_load(self.key, &Policy::new(), load).await;
            asked.expect("loaded, or there");
        }
    }
}

fn asking<B: Backend<Raw = Object, Serializer = NullSerializer>>(
    cache: &Cache<B>,
    key: &'static str,
) -> Cache<B> {
    let asks = Asks {
        cache: cache.clone(),
        key,
    };
    cache.with_plugin(asks)
}

#[tokio::test(start_paused = true)]
async fn a_hook_may_ask_for_a_key_that_the_function_did_not_return() {
    let remote: Remote = Intercepted::new(MemoryBackend::new(), Recorder::new()).remote();
    let cache = asking(&Cache::builder(remote).build(), "absent");
    let begun = Instant::now();
    let load = |_| async { Ok::<_, String>(BTreeMap::from([("there", 1_u32)])) };
    let many = cache
        .multi_get_or_load(["there", "absent"], &Policy::new(), load)
        .await;
    assert_eq!(many, Ok(BTreeMap::from([("there", 1)])));
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_hook_around_the_store_of_an_inner_load_may_ask_for_the_outer_key() {
    let remote: Remote = Intercepted::new(MemoryBackend::new(), Recorder::new()).remote();
    let plain = Cache::builder(remote).build();
    let (cache, policy, begun) = (asking(&plain, "outer"), Policy::new(), Instant::now());
    let one = || cache.get_or_load("inner", &policy, || async { Ok::<_, String>(2_u32) });
    assert_eq!(plain.get_or_load("outer", &policy, one).await, Ok(2));
    plain.clear_all().await.expect("memory answers");
    let background = policy.clone().detached();
    let one = || cache.get_or_load("inner", &background, || async { Ok::<_, String>(2_u32) });
    assert_eq!(plain.get_or_load("outer", &policy, one).await, Ok(2));
    plain.clear_all().await.expect("memory answers");
    let many = || async {
        let load = |_| async { Ok::<_, String>(BTreeMap::from([("inner", 3_u32)])) };
        let inner = cache.multi_get_or_load(["inner"], &policy, load).await?;
        Ok::<_, String>(inner["inner"])
    };
    assert_eq!(plain.get_or_load("outer", &policy, many).await, Ok(3));
    assert_eq!(begun.elapsed(), Duration::ZERO);
}
