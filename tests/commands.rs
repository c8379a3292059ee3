//! Every command of a cache, asked of memory and of Redis with the same code.

mod support;

use std::time::Duration;

use aiocache::{Cache, ErrorKind, JsonSerializer, MemoryBackend, Remaining, SimpleMemoryCache, Ttl};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct User {
    name: String,
    age: u8,
}

fn ada() -> User {
    User {
        name: "Ada".to_owned(),
        age: 36,
    }
}

/// Values as they are.
fn memory(namespace: &str) -> SimpleMemoryCache {
    SimpleMemoryCache::new().with_namespace(namespace)
}

/// Values as a wire would have them.
fn encoded(namespace: &str) -> Cache<MemoryBackend, JsonSerializer> {
    memory(namespace).with_serializer(JsonSerializer)
}

/// The life of values that are to expire while a test waits.
const SHORT: Duration = Duration::from_millis(500);

/// Makes each of these a test on each store, with a cache of its own.
macro_rules! on_each_store {
    ($(async fn $name:ident($cache:ident) $body:block)*) => {
        mod in_memory {
            use super::*;
            $(#[tokio::test] async fn $name() { let $cache = memory(stringify!($name)); $body })*
        }
        mod in_memory_encoded {
            use super::*;
            $(#[tokio::test] async fn $name() { let $cache = encoded(stringify!($name)); $body })*
        }
        mod in_redis {
            use super::*;
            $(#[tokio::test] async fn $name() { let $cache = support::redis(stringify!($name)); $body })*
        }
    };
}

on_each_store! {
    async fn set_then_get_gives_the_value_and_a_miss_is_none(cache) {
        assert_eq!(cache.get::<User>("user").await.unwrap(), None);
        cache.set("user", &ada()).await.unwrap();
        assert_eq!(cache.get::<User>("user").await.unwrap(), Some(ada()));
        let older = User { age: 37, ..ada() };
        cache.set("user", &older).await.unwrap();
        assert_eq!(cache.get::<User>("user").await.unwrap(), Some(older));
        cache.set("text", "plain").await.unwrap();
        assert_eq!(cache.get::<String>("text").await.unwrap().as_deref(), Some("plain"));
        assert_eq!(cache.get("none").await.unwrap().unwrap_or(7_u8), 7);
    }

    async fn any_text_is_a_key(cache) {
        let long = "x".repeat(5000);
        let keys = ["", " ", "a b", "line\r\nbreak", "größe", "\0", "a:b", "*[?]", &long];
        for (number, key) in keys.iter().enumerate() {
            cache.set(*key, &number).await.unwrap();
        }
        let numbers = cache.multi_get::<usize>(keys).await.unwrap();
        let expected: Vec<_> = (0..keys.len()).map(Some).collect();
        assert_eq!(numbers, expected);
    }

    async fn add_writes_only_where_nothing_is(cache) {
        cache.add("key", &1_u32).await.unwrap();
        let error = cache.add("key", &2_u32).await.unwrap_err();
        assert_eq!((error.kind(), error.command()), (ErrorKind::KeyExists, Some("add")));
        assert_eq!(error.key(), Some(&*cache.stored_key("key")));
        assert_eq!(cache.get::<u32>("key").await.unwrap(), Some(1));
        cache.delete("key").await.unwrap();
        cache.with_ttl(SHORT).add("key", &3_u32).await.unwrap();
        sleep(2 * SHORT).await;
        cache.add("key", &4_u32).await.unwrap();
        assert_eq!(cache.get::<u32>("key").await.unwrap(), Some(4));
    }

    async fn many_keys_answer_in_their_order(cache) {
        cache.multi_set([("a", &1_u8), ("b", &2), ("b", &3)]).await.unwrap();
        let found = cache.multi_get::<u8>(["b", "none", "a", "b"]).await.unwrap();
        assert_eq!(found, [Some(3), None, Some(1), Some(3)]);
        assert_eq!(cache.multi_get::<u8>([""; 0]).await.unwrap(), []);
        cache.multi_set([("", &0_u8); 0]).await.unwrap();
        assert_eq!(cache.multi_delete(["a", "none", "b"]).await.unwrap(), 2);
        assert_eq!(cache.multi_delete([""; 0]).await.unwrap(), 0);
        assert_eq!(cache.multi_get::<u8>(["a", "b"]).await.unwrap(), [None, None]);
        cache.with_ttl(SHORT).multi_set([("c", &1_u8), ("d", &2)]).await.unwrap();
        sleep(2 * SHORT).await;
        assert_eq!(cache.multi_get::<u8>(["c", "d"]).await.unwrap(), [None, None]);
    }

    async fn delete_says_how_many_and_exists_whether(cache) {
        cache.set("key", "value").await.unwrap();
        assert!(cache.exists("key").await.unwrap());
        assert_eq!(cache.delete("key").await.unwrap(), 1);
        assert_eq!(cache.delete("key").await.unwrap(), 0);
        assert!(!cache.exists("key").await.unwrap());
    }

    async fn increment_counts_from_nothing_and_either_way(cache) {
        assert_eq!(cache.increment("up", 5).await.unwrap(), 5);
        assert_eq!(cache.increment("up", -7).await.unwrap(), -2);
        assert_eq!(cache.increment("down", -3).await.unwrap(), -3);
        assert_eq!(cache.get::<i64>("up").await.unwrap(), Some(-2));
        assert_eq!(cache.get::<i8>("down").await.unwrap(), Some(-3));
        cache.set("set", &40_u16).await.unwrap();
        assert_eq!(cache.increment("set", 2).await.unwrap(), 42);
        cache.set("text", "many").await.unwrap();
        let error = cache.increment("text", 1).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotAnInteger);
        cache.set("most", &i64::MAX).await.unwrap();
        assert_eq!(cache.increment("most", 1).await.unwrap_err().kind(), ErrorKind::Overflow);
        assert_eq!(cache.get::<i64>("most").await.unwrap(), Some(i64::MAX));
    }

    async fn increment_keeps_a_ttl_and_a_new_counter_takes_the_handles(cache) {
        let minute = cache.with_ttl(Duration::from_secs(60));
        minute.increment("new", 1).await.unwrap();
        cache.increment("new", 1).await.unwrap();
        let Remaining::For(left) = cache.ttl("new").await.unwrap() else { panic!("it expires") };
        assert!(left > Duration::from_secs(50) && left <= Duration::from_secs(60), "{left:?}");
        cache.increment("stays", 1).await.unwrap();
        minute.increment("stays", 1).await.unwrap();
        assert_eq!(cache.ttl("stays").await.unwrap(), Remaining::Never);
    }

    async fn a_value_lives_as_long_as_its_handle_says(cache) {
        cache.with_ttl(SHORT).set("short", &1_u8).await.unwrap();
        cache.with_ttl(SHORT).set("renewed", &1_u8).await.unwrap();
        cache.with_ttl(SHORT).with_ttl(Ttl::Never).set("never", &1_u8).await.unwrap();
        cache.set("renewed", &2_u8).await.unwrap();
        assert_eq!(cache.get::<u8>("short").await.unwrap(), Some(1));
        sleep(2 * SHORT).await;
        let left = cache.multi_get::<u8>(["short", "renewed", "never"]).await.unwrap();
        assert_eq!(left, [None, Some(2), Some(1)]);
        assert_eq!(cache.ttl("short").await.unwrap(), Remaining::Missing);
        assert_eq!(cache.ttl("renewed").await.unwrap(), Remaining::Never);
    }

    async fn expire_gives_takes_and_removes_a_ttl(cache) {
        assert!(!cache.expire("key", SHORT).await.unwrap());
        cache.set("key", &1_u8).await.unwrap();
        assert!(cache.expire("key", Duration::from_secs(60)).await.unwrap());
        assert!(matches!(cache.ttl("key").await.unwrap(), Remaining::For(_)));
        assert!(cache.expire("key", Duration::ZERO).await.unwrap(), "zero persists");
        assert_eq!(cache.ttl("key").await.unwrap(), Remaining::Never);
        assert!(cache.expire("key", SHORT).await.unwrap());
        assert!(cache.expire("key", Ttl::Never).await.unwrap());
        sleep(2 * SHORT).await;
        assert!(cache.expire("key", SHORT).await.unwrap());
        sleep(2 * SHORT).await;
        assert!(!cache.exists("key").await.unwrap());
    }

    async fn a_ttl_of_zero_is_refused_by_every_write(cache) {
        let zero = cache.with_ttl(Duration::ZERO);
        let errors = [
            zero.set("key", &1_u8).await.unwrap_err(),
            zero.add("key", &1_u8).await.unwrap_err(),
            zero.multi_set([("key", &1_u8)]).await.unwrap_err(),
            zero.increment("key", 1).await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::InvalidTtl, "{error}");
        }
        assert!(!cache.exists("key").await.unwrap());
    }

    async fn namespaces_never_meet(cache) {
        let pairs = [("a", "b:c"), ("a:b", "c"), ("a%3Ab", "c"), ("a", "b%3Ac"), ("", "a:b:c:d"), ("b", "c")];
        for (number, (namespace, key)) in pairs.iter().enumerate() {
            cache.with_namespace(namespace).set(*key, &number).await.unwrap();
        }
        for (number, (namespace, key)) in pairs.iter().enumerate() {
            let found = cache.with_namespace(namespace).get::<usize>(*key).await.unwrap();
            assert_eq!(found, Some(number), "{namespace} and {key}");
        }
        assert_eq!(cache.with_namespace("a:b").stored_key("c"), "a%3Ab:c");
        assert_eq!(cache.with_namespace("").stored_key("c"), "c");
    }

    async fn clear_empties_its_own_namespace(cache) {
        let namespaces = ["clear", "clea", "clear1", "clear*", "c[l]ear", "clea?", "clear:sub", "clear\\"];
        for cleared in namespaces {
            for namespace in namespaces {
                cache.with_namespace(namespace).multi_set([("a", &1_u8), ("b:c", &2)]).await.unwrap();
            }
            cache.with_namespace(cleared).clear().await.unwrap();
            for namespace in namespaces {
                let left = cache.with_namespace(namespace).multi_get::<u8>(["a", "b:c"]).await.unwrap();
                let expected = if namespace == cleared { [None, None] } else { [Some(1), Some(2)] };
                assert_eq!(left, expected, "{namespace} after {cleared}");
            }
            cache.with_namespace(cleared).set("a", &3_u8).await.unwrap();
            assert_eq!(cache.with_namespace(cleared).get::<u8>("a").await.unwrap(), Some(3));
        }
    }

    async fn a_value_of_another_type_is_an_error_with_its_place(cache) {
        cache.set("user", &ada()).await.unwrap();
        cache.set("number", &7_u64).await.unwrap();
        let error = cache.get::<Vec<u8>>("user").await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Type | ErrorKind::Decode), "{error}");
        assert_eq!(error.key(), Some(&*cache.stored_key("user")));
        let error = cache.multi_get::<u64>(["none", "number", "user"]).await.unwrap_err();
        assert_eq!((error.index(), error.command()), (Some(2), Some("multi_get")));
        assert!(cache.exists("user").await.unwrap(), "a command removes nothing");
    }

    async fn after_close_the_next_command_works(cache) {
        cache.ping().await.unwrap();
        cache.set("key", &1_u8).await.unwrap();
        cache.close().await.unwrap();
        assert_eq!(cache.get::<u8>("key").await.unwrap(), Some(1));
    }

    async fn a_handle_that_is_off_answers_as_if_empty(cache) {
        cache.set("key", &1_u8).await.unwrap();
        let off = cache.with_disabled(true);
        off.set("key", &2_u8).await.unwrap();
        off.add("key", &2_u8).await.unwrap();
        off.multi_set([("key", &2_u8)]).await.unwrap();
        assert_eq!(off.get::<u8>("key").await.unwrap(), None);
        assert_eq!(off.multi_get::<u8>(["key", "key"]).await.unwrap(), [None, None]);
        assert_eq!(off.increment("key", -4).await.unwrap(), -4);
        assert_eq!((off.delete("key").await.unwrap(), off.multi_delete(["key"]).await.unwrap()), (0, 0));
        assert!(!off.exists("key").await.unwrap() && !off.expire("key", SHORT).await.unwrap());
        assert_eq!(off.ttl("key").await.unwrap(), Remaining::Missing);
        off.clear().await.unwrap();
        off.clear_all().await.unwrap();
        off.ping().await.unwrap();
        assert_eq!(off.with_disabled(false).get::<u8>("key").await.unwrap(), Some(1));
    }
}
