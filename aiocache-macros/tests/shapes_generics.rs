//! Generic functions compile as they are, and their instances never share an entry.
#![allow(clippy::unused_async, reason = "what is cached here has nothing to wait for")]

use std::fmt::Display;
use std::sync::LazyLock;

use aiocache_core::SimpleMemoryCache;
use aiocache_macros::cached;
use serde::Serialize;

static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);

trait Source {
    type Error: Clone + Send + Sync + 'static;
    fn get(&self) -> Result<u32, Self::Error>;
}

#[derive(Clone)]
struct Fixed(u32);

impl Source for Fixed {
    type Error = String;
    fn get(&self) -> Result<u32, String> {
        Ok(self.0)
    }
}

#[tokio::test]
async fn type_parameters_are_part_of_the_key() {
    #[cached(cache = CACHE)]
    async fn show<T: Serialize + Display>(value: T) -> Option<String> {
        Some(format!("{value} of {}", size_of::<T>()))
    }

    assert_eq!(show(1_u8).await.as_deref(), Some("1 of 1"));
    assert_eq!(show(1_u64).await.as_deref(), Some("1 of 8"));
    assert_ne!(show::key(&1_u8), show::key(&1_u64));
}

#[tokio::test]
async fn a_parameter_of_the_result_alone_is_named_by_the_caller() {
    #[cached(cache = CACHE)]
    async fn parse<T>(text: &str) -> Result<T, T::Err>
    where
        T: std::str::FromStr + Clone + Send + Sync + 'static,
        T::Err: Clone + Send + Sync + 'static,
    {
        text.parse()
    }

    assert_eq!(parse::<u8>("7").await, Ok(7));
    assert_eq!(parse::<i64>("7").await, Ok(7));
    assert_eq!(parse::peek::<u8>("7").await.unwrap(), Some(Ok(7)));
    parse::set::<u8>("8", 9).await.unwrap();
    assert_eq!(parse::<u8>("8").await, Ok(9));
}

#[tokio::test]
async fn const_parameters_are_part_of_the_key() {
    #[cached(cache = CACHE)]
    async fn sum<const N: usize>(first: u32) -> Option<usize> {
        Some(N + first as usize)
    }

    assert_eq!((sum::<1>(1).await, sum::<2>(1).await), (Some(2), Some(3)));
    assert_eq!(sum::refresh::<2>(1).await, Some(3));
}

#[tokio::test]
async fn a_parameter_that_only_skipped_arguments_have_is_no_part_of_the_key() {
    #[cached(cache = CACHE, skip(source))]
    async fn load<S, K>(source: &S, id: K) -> Option<u32>
    where
        S: Source + Sync,
        K: Serialize + Send,
    {
        let _ = id;
        source.get().ok()
    }

    assert_eq!(load(&Fixed(5), 1_u32).await, Some(5));
    assert_eq!(load(&Fixed(6), 1_u32).await, Some(5), "a hit");
    assert_eq!(load::peek(&1_u32).await.unwrap(), Some(Some(5)));
}

#[tokio::test]
async fn an_error_type_behind_a_projection_is_recognised() {
    #[cached(cache = CACHE, key = "projected")]
    async fn load<S: Source + Sync>(source: &S) -> Result<u32, S::Error> {
        source.get()
    }

    assert_eq!(load(&Fixed(5)).await, Ok(5));
    assert_eq!(load(&Fixed(6)).await, Ok(5), "what is stored is the `Ok` value");
}

#[tokio::test]
async fn an_error_that_borrows_is_not_handed_to_waiters() {
    #[cached(cache = CACHE)]
    async fn check<'a>(word: &'a str, bad: &str) -> Result<u32, &'a str> {
        if word == bad { Err(word) } else { Ok(1) }
    }

    let word = "a".to_owned();
    assert_eq!(check(&word, "a").await, Err("a"));
    assert_eq!(check(&word, "b").await, Ok(1));
}
