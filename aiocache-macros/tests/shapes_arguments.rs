//! Every shape an argument can have compiles, keeps its meaning and makes its own keys.
#![allow(clippy::unused_async, reason = "what is cached here has nothing to wait for")]

use std::borrow::Cow;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use aiocache_core::{Cache, JsonSerializer, MemoryBackend, SimpleMemoryCache};
use aiocache_macros::cached;

static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);

#[tokio::test]
async fn borrowed_arguments_make_the_key_of_what_they_point_at() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[cached(cache = CACHE)]
    async fn join(first: &str, rest: &[String], last: &mut u8) -> String {
        RUNS.fetch_add(1, Ordering::SeqCst);
        *last += 1;
        format!("{first}{}", rest.join(""))
    }

    let rest = ["b".to_owned(), "c".to_owned()];
    let mut last = 1;
    assert_eq!(join("a", &rest, &mut last).await, "abc");
    assert_eq!(last, 2, "the body changed it");
    assert_eq!(join("a", &rest, &mut 1).await, "abc");
    assert_eq!(RUNS.load(Ordering::SeqCst), 1);
    assert_eq!(join::peek("a", &rest, &1).await.unwrap().as_deref(), Some("abc"));
}

#[tokio::test]
async fn a_named_lifetime_reaches_the_result() {
    static TEXTS: LazyLock<Cache<MemoryBackend, JsonSerializer>> = LazyLock::new(|| {
        Cache::<MemoryBackend>::builder(MemoryBackend::default())
            .serializer(JsonSerializer)
            .build()
    });

    #[cached(cache = TEXTS)]
    async fn pick<'a>(words: &'a str, _other: &str) -> Option<Cow<'a, str>> {
        words.split(' ').next().map(Cow::Borrowed)
    }

    let words = "one two".to_owned();
    assert_eq!(pick(&words, "").await.as_deref(), Some("one"));
    assert_eq!(pick(&words, "").await.as_deref(), Some("one"));
}

#[tokio::test]
async fn patterns_are_taken_apart_in_the_body_and_the_key() {
    struct Wrapped<T>(T);

    #[cached(cache = CACHE, key = "sum:{a}+{b}+{by_name}")]
    async fn sum((a, b): (u32, u32), Wrapped(by_name): Wrapped<u32>, [_, .., last]: [u32; 3]) -> Option<u32> {
        Some(a + b + by_name + last)
    }

    assert_eq!(sum((1, 2), Wrapped(3), [0, 0, 4]).await, Some(10));
    assert_eq!(
        sum((1, 2), Wrapped(3), [0, 0, 5]).await,
        Some(10),
        "a hit: the third is not in the key"
    );
    assert_eq!(sum::key(&(1, 2), &Wrapped(3)), "sum:1+2+3");
}

#[tokio::test]
async fn a_pattern_is_one_argument_of_a_generated_key() {
    #[cached(cache = CACHE)]
    async fn add((a, b): (u32, u32), mut c: u32) -> Option<u32> {
        c += 1;
        Some(a + b + c)
    }

    assert_eq!(add((1, 2), 3).await, Some(7));
    assert!(
        add::key(&(1, 2), &3).ends_with(">((1,2),3)"),
        "{}",
        add::key(&(1, 2), &3)
    );
}

#[tokio::test]
async fn names_that_generated_code_uses_are_free_for_arguments() {
    #[cached(cache = CACHE)]
    async fn total(key: u32, ttl: u32, cache: u32, self_: u32, __key: u32, __cache: u32, value: u32) -> u32 {
        key + ttl + cache + self_ + __key + __cache + value
    }

    assert_eq!(total(1, 2, 3, 4, 5, 6, 7).await, 28);
    total::set(&1, &2, &3, &4, &5, &6, &9, 100).await.unwrap();
    assert_eq!(total(1, 2, 3, 4, 5, 6, 9).await, 100);
}

#[tokio::test]
async fn raw_identifiers_work_everywhere() {
    #[cached(cache = CACHE, key = "{type}:{r#match}", skip_if = |r#in: &u32| *r#in == 0)]
    async fn r#loop(r#type: u32, r#match: u32) -> Option<u32> {
        Some(r#type + r#match)
    }

    assert_eq!(r#loop(1, 2).await, Some(3));
    assert_eq!(r#loop::key(&1, &2), "1:2");
}

#[tokio::test]
async fn impl_trait_arguments_are_told_apart_by_their_type() {
    #[cached(cache = CACHE)]
    async fn bits(value: impl serde::Serialize + Copy) -> Option<usize> {
        Some(size_of_val(&value) * 8)
    }

    assert_eq!(bits(1_u8).await, Some(8));
    assert_eq!(bits(1_u16).await, Some(16));
    assert_eq!(bits::peek(&1_u8).await.unwrap(), Some(Some(8)));
    bits::invalidate(&1_u8).await.unwrap();
    assert_eq!(bits::peek(&1_u8).await.unwrap(), None);
}

#[tokio::test]
async fn a_function_without_arguments_has_one_entry() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[cached(cache = CACHE)]
    async fn settings() -> Option<u32> {
        Some(RUNS.fetch_add(1, Ordering::SeqCst))
    }

    assert_eq!((settings().await, settings().await), (Some(0), Some(0)));
    assert!(settings::key().ends_with(">()"));
}

#[tokio::test]
async fn skipped_arguments_need_not_be_keys() {
    struct Pool;

    #[cached(cache = CACHE, skip(pool, b))]
    async fn load(pool: &Pool, a: u32, b: u32) -> Option<u32> {
        let Pool = pool;
        Some(a + b)
    }

    assert_eq!(load(&Pool, 1, 1).await, Some(2));
    assert_eq!(load(&Pool, 1, 2).await, Some(2), "a hit");
    assert!(load::key(&1).ends_with(">(1)"));
}
