//! Times to live on a real server.

mod support;

use std::time::Duration;

use aiocache_core::testing::{undisturbed, while_awake};
use aiocache_core::{Backend, Remaining};
use support::{backend, bytes, get, server};
use tokio::time::sleep;

#[tokio::test]
async fn every_duration_is_accepted_and_never_becomes_for_ever() {
    let server = server();
    let redis = backend(&server);
    let year = Duration::from_secs(31_557_600);
    for ttl in [Duration::from_millis(1500), 10 * year, 1000 * year, Duration::MAX] {
        let longest = ttl.min(1000 * year);
        let check = async |how: &str| match redis.ttl("key").await.expect("ttl") {
            Remaining::For(left) => assert!(
                left <= longest && left + Duration::from_secs(1) > longest,
                "{how} for {ttl:?}: {left:?}"
            ),
            other => panic!("{how} for {ttl:?}: {other:?}"),
        };
        redis.write("key", bytes("1"), Some(ttl)).await.expect("written");
        check("write").await;
        redis.write("key", bytes("1"), None).await.expect("written");
        assert_eq!(redis.ttl("key").await.expect("ttl"), Remaining::Never);
        assert!(redis.expire("key", Some(ttl)).await.expect("expires"));
        check("expire").await;
        redis
            .write_many(vec![("key", bytes("1"))], Some(ttl))
            .await
            .expect("written");
        check("write_many").await;
        redis.delete("key").await.expect("deleted");
        redis.increment("key", 1, Some(ttl)).await.expect("counted");
        check("increment").await;
        redis.delete("key").await.expect("deleted");
        redis.add("key", bytes("1"), Some(ttl)).await.expect("added");
        check("add").await;
    }
}

#[tokio::test]
async fn a_value_lives_for_its_ttl_to_the_millisecond() {
    undisturbed(async || {
        let server = server();
        let redis = backend(&server);
        redis
            .write("tiny", bytes("1"), Some(Duration::from_nanos(1)))
            .await
            .expect("written");
        redis
            .write("short", bytes("1"), Some(Duration::from_millis(400)))
            .await
            .expect("written");
        sleep(Duration::from_millis(100)).await;
        assert_eq!(get(&redis, "tiny").await.expect("read"), None);
        let there = get(&redis, "short").await.expect("read") == Some(bytes("1"));
        while_awake("100 ms of 400 have passed", there, Duration::from_millis(250))?;
        sleep(Duration::from_millis(350)).await;
        assert_eq!(get(&redis, "short").await.expect("read"), None);
        assert!(!redis.exists("short").await.expect("exists"));
        assert!(
            redis
                .add("short", bytes("2"), None)
                .await
                .expect("an expired key is absent")
        );
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn expire_tells_whether_the_key_was_there() {
    let server = server();
    let redis = backend(&server);
    let minute = Some(Duration::from_secs(60));
    assert!(!redis.expire("missing", minute).await.expect("expire"));
    assert!(!redis.expire("missing", None).await.expect("expire"));
    assert_eq!(redis.ttl("missing").await.expect("ttl"), Remaining::Missing);
    redis.write("key", bytes("1"), None).await.expect("written");
    // PERSIST alone says 0 here.
    assert!(redis.expire("key", None).await.expect("expire"));
    assert!(redis.expire("key", minute).await.expect("expire"));
    assert!(redis.expire("key", None).await.expect("expire"));
    assert_eq!(redis.ttl("key").await.expect("ttl"), Remaining::Never);
}

#[tokio::test]
async fn a_counter_takes_the_ttl_only_when_it_is_created() {
    let server = server();
    let redis = backend(&server);
    redis.increment("ever", 1, None).await.expect("counted");
    redis
        .increment("ever", 1, Some(Duration::from_secs(60)))
        .await
        .expect("counted");
    assert_eq!(redis.ttl("ever").await.expect("ttl"), Remaining::Never);
    redis
        .increment("short", 1, Some(Duration::from_secs(1)))
        .await
        .expect("counted");
    redis
        .increment("short", 1, Some(Duration::from_secs(60)))
        .await
        .expect("counted");
    sleep(Duration::from_millis(1100)).await;
    assert_eq!(redis.ttl("short").await.expect("ttl"), Remaining::Missing);
}
