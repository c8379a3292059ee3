//! Times to live on a real server, which counts in seconds.

mod support;

use std::time::Duration;

use aiocache_core::{Backend, ErrorKind, Remaining, Want};
use aiocache_memcached::MemcachedCache;
use support::{backend, bytes, get, server};
use tokio::time::sleep;

const DAY: Duration = Duration::from_secs(86_400);
/// January 2038, the last date that memcached knows, as it is from this year on at the latest.
const FAR: Duration = Duration::from_secs(86_400 * 365 * 12);

#[tokio::test]
async fn every_duration_is_accepted_and_never_becomes_for_ever() {
    let server = server();
    let memcached = backend(&server);
    let second = Duration::from_secs(1);
    for (ttl, seconds) in [
        (Duration::from_nanos(1), second),
        (Duration::from_millis(1), second),
        (Duration::from_millis(900), second),
        (second, second),
        (Duration::from_millis(1001), 2 * second),
        (30 * DAY, 30 * DAY),
        (30 * DAY + second, 30 * DAY + second),
        (3650 * DAY, 3650 * DAY),
        (Duration::MAX, Duration::MAX),
    ] {
        let check = async |how: &str| match memcached.ttl("key").await.expect("ttl") {
            Remaining::For(left) if seconds == Duration::MAX => {
                assert!(left > 365 * DAY && left < FAR, "{how}: {left:?}")
            }
            // The server's seconds are not this test's.
            Remaining::For(left) => assert!(
                left <= seconds + second && left + 2 * second >= seconds,
                "{how} for {ttl:?}: {left:?}"
            ),
            Remaining::Missing => assert!(seconds == second, "{how} for {ttl:?}: gone early"),
            Remaining::Never => panic!("{how} for {ttl:?}: for ever"),
        };
        memcached
            .write("key", bytes("1"), Some(ttl))
            .await
            .expect("written");
        check("write").await;
        memcached.write("key", bytes("1"), None).await.expect("written");
        assert_eq!(memcached.ttl("key").await.expect("ttl"), Remaining::Never);
        assert!(memcached.expire("key", Some(ttl)).await.expect("expires"));
        check("expire").await;
        memcached
            .write_many(vec![("key", bytes("1"))], Some(ttl))
            .await
            .expect("written");
        check("write_many").await;
        memcached.delete("key").await.expect("deleted");
        memcached.increment("key", -1, Some(ttl)).await.expect("counted");
        check("increment").await;
        memcached.delete("key").await.expect("deleted");
        memcached.add("key", bytes("1"), Some(ttl)).await.expect("added");
        check("add").await;
        memcached.write("key", bytes("1"), None).await.expect("written");
        let version = memcached.read("key", Want::VERSION, |entry| entry.version).await;
        let version = version.expect("read").flatten().expect("a version");
        let set = memcached
            .compare_and_set("key", bytes("2"), Some(ttl), &version)
            .await;
        assert!(set.expect("compared"));
        check("compare_and_set").await;
    }
}

#[tokio::test]
async fn a_value_is_gone_after_its_ttl_and_at_most_two_seconds_early() {
    let server = server();
    let memcached = backend(&server);
    for ttl in [1, 900, 1000].map(Duration::from_millis) {
        memcached
            .write("short", bytes("1"), Some(ttl))
            .await
            .expect("written");
        memcached
            // A second of which the server's clock may pass over.
            .write("long", bytes("1"), Some(ttl + Duration::from_secs(4)))
            .await
            .expect("written");
        sleep(Duration::from_millis(1500)).await;
        assert_eq!(get(&memcached, "short").await.expect("read"), None, "{ttl:?}");
        assert_eq!(
            get(&memcached, "long").await.expect("read"),
            Some(bytes("1")),
            "{ttl:?}"
        );
    }
}

#[tokio::test]
async fn a_cache_refuses_fractions_and_zero() {
    let server = server();
    let cache = MemcachedCache::builder(backend(&server)).namespace("n").build();
    for ttl in [
        Duration::ZERO,
        Duration::from_millis(900),
        Duration::from_millis(1500),
    ] {
        let error = cache.with_ttl(ttl).set("key", "1").await.expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidTtl, "{ttl:?}");
    }
    assert_eq!(cache.get::<String>("key").await.expect("read"), None);
    cache
        .with_ttl(Duration::from_secs(2))
        .set("key", "1")
        .await
        .expect("written");
}

#[tokio::test]
async fn a_busy_counter_below_zero_still_ends() {
    let server = server();
    let memcached = backend(&server);
    memcached
        .increment("busy", -1_000_000, Some(Duration::from_secs(3)))
        .await
        .expect("counted");
    let start = std::time::Instant::now();
    let mut counted = 0;
    // Over each second that passes, a compare-and-set that carries the ttl over is under way.
    while memcached.increment("busy", 1, Some(DAY)).await.expect("counted") < -500_000 {
        counted += 1;
        assert!(
            start.elapsed() < Duration::from_secs(6),
            "{counted} increments kept it alive"
        );
    }
    println!("ended after {:?} and {counted} increments", start.elapsed());
    // Two seconds early at most.
    assert!(start.elapsed() > Duration::from_millis(900));
}
