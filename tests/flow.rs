//! The way of a command: key, pre hooks, dump, backend, post hooks, all under the timeout; and what plugins see.
#![allow(clippy::unused_async, reason = "what is cached here has nothing to wait for")]

mod support;

use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use aiocache::redis::RedisCache;
use aiocache::{
    Cache, Codec, Command, CommandName, ErrorKind, HitMissRatioPlugin, JsonSerializer, MemoryBackend, Object,
    Outcome, Plugin, SimpleMemoryCache, TimingPlugin, Ttl, cached,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};

/// What happened, in its order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().expect("nothing panics under it").push(what.into());
    }

    /// What happened since the last look.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("nothing panics under it"))
    }
}

/// Notes its hooks under a name.
struct Noting(&'static str, Log);

impl Plugin for Noting {
    async fn pre(&self, command: &Command<'_>) {
        self.1.note(format!("{} before {}", self.0, command.name));
    }

    async fn post(&self, command: &Command<'_>, _: &Outcome<'_>, _: Duration) {
        self.1.note(format!("{} after {}", self.0, command.name));
    }
}

/// JSON that says when it is used.
struct NotingJson(Log);

impl Codec for NotingJson {
    fn encode<T: Serialize + ?Sized>(&self, value: &T) -> aiocache::Result<Vec<u8>> {
        self.0.note("dump");
        JsonSerializer.encode(value)
    }

    fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> aiocache::Result<T> {
        self.0.note("load");
        JsonSerializer.decode(bytes)
    }
}

/// A cache whose every part notes what it does.
fn noting(log: &Log) -> Cache<MemoryBackend, NotingJson> {
    let (of_key, of_store) = (log.clone(), log.clone());
    let backend = MemoryBackend::<Object>::builder().max_weight(1000, move |_, _| {
        of_store.note("store");
        1
    });
    Cache::builder(backend.build())
        .serializer(NotingJson(log.clone()))
        .key_builder(move |namespace, key| {
            of_key.note("key");
            format!("{namespace}/{key}")
        })
        .plugin(Noting("one", log.clone()))
        .plugin(Noting("two", log.clone()))
        .build()
}

#[tokio::test]
async fn a_command_takes_its_steps_in_order() {
    let log = Log::default();
    let cache = noting(&log);
    cache.set("key", &1_u8).await.unwrap();
    let writing = |name: &str| {
        let around = |when: &str, plugin: &str| format!("{plugin} {when} {name}");
        let before = [around("before", "one"), around("before", "two")];
        let after = [around("after", "one"), around("after", "two")];
        let steps = ["dump".to_owned(), "store".to_owned()];
        [
            vec!["key".to_owned()],
            before.to_vec(),
            steps.to_vec(),
            after.to_vec(),
        ]
        .concat()
    };
    assert_eq!(log.take(), writing("set"));
    cache.add("other", &1_u8).await.unwrap();
    assert_eq!(log.take(), writing("add"));
    cache.multi_set([("third", &1_u8)]).await.unwrap();
    assert_eq!(log.take(), writing("multi_set"));
    cache.get::<u8>("key").await.unwrap();
    let read = [
        "key",
        "one before get",
        "two before get",
        "load",
        "one after get",
        "two after get",
    ];
    assert_eq!(log.take(), read);
}

#[tokio::test]
async fn a_derived_handle_has_its_own_plugins() {
    let log = Log::default();
    let cache = SimpleMemoryCache::new().with_plugin(Noting("one", log.clone()));
    let derived = cache.with_plugin(Noting("two", log.clone()));
    derived.exists("key").await.unwrap();
    let both = [
        "one before exists",
        "two before exists",
        "one after exists",
        "two after exists",
    ];
    assert_eq!(log.take(), both);
    cache.exists("key").await.unwrap();
    assert_eq!(log.take(), ["one before exists", "one after exists"]);
}

/// Sleeps before and after commands.
struct Slow(Duration, Duration);

impl Plugin for Slow {
    async fn pre_set(&self, _: &Command<'_>) {
        sleep(self.0).await;
    }

    async fn post_set(&self, _: &Command<'_>, _: &Outcome<'_>, _: Duration) {
        sleep(self.1).await;
    }
}

#[tokio::test(start_paused = true)]
async fn hooks_run_under_the_timeout_which_undoes_nothing() {
    let (short, long) = (Duration::from_secs(4), Duration::from_secs(6));
    for (before, after, stored) in [(long, Duration::ZERO, None), (Duration::ZERO, long, Some(1_u8))] {
        let cache = SimpleMemoryCache::new().with_plugin(Slow(before, after));
        let start = Instant::now();
        let error = cache.set("key", &1_u8).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        // The timer of a runtime counts whole milliseconds.
        let late = start.elapsed() - Duration::from_secs(5);
        assert!(late <= Duration::from_millis(1), "5 s is the default");
        assert_eq!(cache.get::<u8>("key").await.unwrap(), stored);
        cache.with_timeout(None).set("key", &2_u8).await.unwrap();
        cache.with_timeout(2 * long).set("key", &2_u8).await.unwrap();
    }
    let cache = SimpleMemoryCache::new().with_plugin(Slow(short, short));
    assert_eq!(
        cache.set("key", &1_u8).await.unwrap_err().kind(),
        ErrorKind::Timeout
    );
}

#[tokio::test(start_paused = true)]
async fn a_plugin_that_hangs_does_not_fail_a_decorated_function() {
    static SLOW: LazyLock<SimpleMemoryCache> = LazyLock::new(|| {
        SimpleMemoryCache::new().with_plugin(Slow(Duration::from_secs(3600), Duration::ZERO))
    });

    #[cached(cache = SLOW)]
    async fn load(id: u32) -> Result<u32, String> {
        Ok(id)
    }

    assert_eq!(load(1).await, Ok(1));
}

/// Panics in its hooks, at once or after a wait.
struct Panicking {
    at_once: bool,
}

impl Plugin for Panicking {
    fn pre(&self, _: &Command<'_>) -> impl Future<Output = ()> + Send {
        assert!(!self.at_once, "on purpose, before");
        async {}
    }

    async fn post(&self, _: &Command<'_>, _: &Outcome<'_>, _: Duration) {
        tokio::task::yield_now().await;
        panic!("on purpose, after");
    }
}

#[tokio::test]
async fn a_panic_in_a_hook_is_caught_and_the_command_goes_on() {
    for at_once in [false, true] {
        let log = Log::default();
        let cache = SimpleMemoryCache::builder(MemoryBackend::new())
            .plugin(Noting("one", log.clone()))
            .plugin(Panicking { at_once })
            .plugin(Noting("two", log.clone()))
            .build();
        cache.set("key", &1_u8).await.unwrap();
        assert_eq!(
            log.take(),
            [
                "one before set",
                "two before set",
                "one after set",
                "two after set"
            ]
        );
        assert_eq!(cache.get::<u8>("key").await.unwrap(), Some(1));
    }
}

/// Writes down all that a hook is shown.
struct Witness(Log);

impl Plugin for Witness {
    async fn pre(&self, command: &Command<'_>) {
        assert!(!format!("{command:?}").contains("4711"), "the key is not printed");
    }

    async fn post(&self, command: &Command<'_>, outcome: &Outcome<'_>, _: Duration) {
        let Command {
            name,
            cache,
            namespace,
            key,
            items,
            ttl,
            ..
        } = command;
        let key = key.unwrap_or("-");
        let ttl = match ttl {
            None => "no ttl".to_owned(),
            Some(Ttl::After(life)) => format!("{life:?}"),
            Some(other) => format!("{other:?}"),
        };
        let outcome = match outcome {
            Outcome::Failed(error) => format!("failed: {}", error.kind()),
            other => format!("{other:?}"),
        };
        self.0.note(format!(
            "{name} {cache} {namespace} {key} {items} {ttl} {outcome}"
        ));
    }
}

#[tokio::test]
async fn plugins_see_all_of_a_command_but_the_value() {
    let log = Log::default();
    let cache = SimpleMemoryCache::builder(MemoryBackend::new())
        .name("users")
        .namespace("n")
        .ttl(Duration::from_secs(60))
        .plugin(Witness(log.clone()))
        .build();
    cache.set("4711", "secret").await.unwrap();
    cache
        .with_ttl(Ttl::Never)
        .add("4711", "secret")
        .await
        .unwrap_err();
    cache.get::<String>("4711").await.unwrap();
    cache.get::<u8>("4711").await.unwrap_err();
    cache.multi_get::<String>(["4711", "a", "b"]).await.unwrap();
    cache.multi_set([("a", "secret"), ("b", "secret")]).await.unwrap();
    cache.exists("4711").await.unwrap();
    cache.increment("c", 5).await.unwrap();
    cache.expire("c", Duration::from_secs(9)).await.unwrap();
    cache.ttl("none").await.unwrap();
    cache.delete("4711").await.unwrap();
    cache.multi_delete(["a", "b", "none"]).await.unwrap();
    cache.raw(&[b"PING"]).await.unwrap_err();
    cache.ping().await.unwrap();
    cache.clear().await.unwrap();
    cache.clear_all().await.unwrap();
    cache.close().await.unwrap();
    let seen = [
        "set users n n:4711 1 60s Done",
        "add users n n:4711 1 Never failed: key exists",
        "get users n n:4711 1 no ttl Read { hits: 1 }",
        "get users n n:4711 1 no ttl failed: wrong type",
        "multi_get users n - 3 no ttl Read { hits: 1 }",
        "multi_set users n - 2 60s Done",
        "exists users n n:4711 1 no ttl Found(true)",
        "increment users n n:c 1 60s Counted(5)",
        "expire users n n:c 1 9s Found(true)",
        "ttl users n n:none 1 no ttl Found(false)",
        "delete users n n:4711 1 no ttl Deleted(1)",
        "multi_delete users n - 3 no ttl Deleted(2)",
        "raw users n - 0 no ttl failed: unsupported",
        "ping users n - 0 no ttl Done",
        "clear users n - 0 no ttl Done",
        "clear_all users n - 0 no ttl Done",
        "close users n - 0 no ttl Done",
    ];
    assert_eq!(log.take(), seen);
}

/// How often each command ran.
fn counts(timing: &TimingPlugin) -> Vec<(CommandName, u64)> {
    let counted = timing.snapshot().into_iter();
    counted.map(|(name, timing)| (name, timing.count)).collect()
}

#[tokio::test]
async fn one_call_of_a_decorated_function_is_one_hit_or_one_miss() {
    static PLUGINS: LazyLock<[(TimingPlugin, HitMissRatioPlugin); 2]> = LazyLock::new(Default::default);
    static MEMORY: LazyLock<SimpleMemoryCache> = LazyLock::new(|| {
        let (timing, ratio) = PLUGINS[0].clone();
        SimpleMemoryCache::new().with_plugin(timing).with_plugin(ratio)
    });
    static REDIS: LazyLock<RedisCache> = LazyLock::new(|| {
        let (timing, ratio) = PLUGINS[1].clone();
        support::redis("flow").with_plugin(timing).with_plugin(ratio)
    });

    macro_rules! check {
        ($load:ident over $cache:ident, $plugins:expr) => {{
            #[cached(cache = $cache)]
            async fn $load(id: u32) -> Result<u32, u32> {
                sleep(Duration::from_millis(30)).await;
                if id == 0 { Err(id) } else { Ok(id) }
            }

            let (timing, ratio) = &$plugins;
            for id in [1, 0, 1, 1, 2] {
                assert_eq!($load(id).await.is_ok(), id > 0);
            }
            let counted = ratio.snapshot();
            assert_eq!((counted.total, counted.hits), (5, 2));
            assert!((counted.ratio() - 0.4).abs() < 1e-9);
            assert_eq!(counts(timing), [(CommandName::Get, 5), (CommandName::Set, 2)]);
            let tasks: Vec<_> = (0..100).map(|_| tokio::spawn($load(3))).collect();
            for task in tasks {
                assert_eq!(task.await.unwrap(), Ok(3));
            }
            let counted = ratio.snapshot();
            assert_eq!(
                (counted.total, counted.hits),
                (105, 2),
                "all of them missed and shared one load"
            );
            assert_eq!(counts(timing), [(CommandName::Get, 105), (CommandName::Set, 3)]);
            let gets = timing.snapshot()[&CommandName::Get];
            assert!(gets.min <= gets.avg() && gets.avg() <= gets.max && gets.max <= gets.total);
        }};
    }
    check!(from_memory over MEMORY, PLUGINS[0]);
    check!(from_redis over REDIS, PLUGINS[1]);
}
