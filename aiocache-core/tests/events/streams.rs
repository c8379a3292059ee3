//! Streams by themselves: what is lost, how they end, and the ways to take from one.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use aiocache_core::{Event, EventKind, SimpleMemoryCache};
use futures_core::Stream;

use super::{kinds, names};

#[tokio::test]
async fn a_stream_that_is_not_read_loses_the_oldest_and_counts_them() {
    let cache = SimpleMemoryCache::new();
    let mut events = cache.events();
    for _ in 0..1_500 {
        cache.get::<i32>("k").await.unwrap();
    }
    assert_eq!(events.lost(), 0, "known only when one is taken");
    assert_eq!(kinds(&mut events).len(), 1_024);
    assert_eq!(events.lost(), 476);
}

#[tokio::test]
async fn a_stream_ends_with_its_cache() {
    let cache = SimpleMemoryCache::new();
    let (mut events, derived) = (cache.events(), cache.with_namespace("n"));
    cache.get::<i32>("k").await.unwrap();
    drop(cache);
    derived.get::<i32>("k").await.unwrap();
    drop(derived);
    let mut told = 0;
    while events.next().await.is_some() {
        told += 1;
    }
    assert_eq!(told, 2);
}

#[tokio::test]
async fn a_stream_hears_what_comes_after_it_began_and_another_may_end() {
    let cache = SimpleMemoryCache::new();
    cache.get::<i32>("k").await.unwrap();
    let (mut first, second) = (cache.events(), cache.events());
    cache.get::<i32>("k").await.unwrap();
    drop(second);
    cache.get::<i32>("k").await.unwrap();
    assert_eq!(names(&mut first), ["miss", "miss"]);
}

#[tokio::test]
async fn an_event_prints_without_its_key() {
    let cache = SimpleMemoryCache::new();
    let mut events = cache.events();
    cache.get::<i32>("a secret").await.unwrap();
    let printed = format!("{:?}", events.next_now().expect("a miss"));
    assert!(
        printed.contains("Miss") && !printed.contains("secret"),
        "{printed}"
    );
}

#[tokio::test]
async fn a_stream_is_one_for_those_who_combine_them() {
    fn next<S: Stream<Item = Arc<Event<'static>>> + Unpin>(
        stream: &mut S,
    ) -> impl Future<Output = Option<EventKind>> {
        std::future::poll_fn(|cx| {
            Pin::new(&mut *stream)
                .poll_next(cx)
                .map(|event| Some(event?.kind))
        })
    }

    let cache = SimpleMemoryCache::new();
    let mut events = cache.events();
    assert!(
        pin!(next(&mut events))
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    let listener = tokio::spawn(async move {
        let first = next(&mut events).await;
        (first, next(&mut events).await, next(&mut events).await)
    });
    tokio::task::yield_now().await;
    cache.get::<u32>("k").await.unwrap();
    drop(cache);
    assert_eq!(listener.await.unwrap(), (Some(EventKind::Miss), None, None));
}

/// The stream waits in one way and is asked in another, in turns.
#[tokio::test]
async fn no_event_is_lost_between_the_ways_to_take_them() {
    let cache = SimpleMemoryCache::new();
    let mut events = cache.events();
    assert!(events.next_now().is_none());
    assert!(tokio::time::timeout(Duration::ZERO, events.next()).await.is_err());
    for n in 0..1100 {
        cache.get::<u32>(n.to_string()).await.unwrap();
    }
    let first = events.next_now().expect("one of those that were kept");
    assert_eq!((events.lost(), first.key()), (76, Some("76")));
    assert_eq!(events.next().await.expect("there").key(), Some("77"));
}
