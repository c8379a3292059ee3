//! A ttl is kept by the memory store to the nanosecond, by whichever command it was given.

use std::time::Duration;

use aiocache_core::{ErrorKind, Remaining, SimpleMemoryCache, Ttl};
use tokio::time::advance;

const NANOSECOND: Duration = Duration::from_nanos(1);
const DAY: Duration = Duration::from_secs(86_400);

/// memcached, which has its own test, reads more than 30 days as a date.
const TTLS: [Duration; 6] = [
    Duration::from_millis(1),
    Duration::from_millis(900),
    Duration::from_secs(1),
    DAY.saturating_mul(30),
    DAY.saturating_mul(30).saturating_add(Duration::from_secs(1)),
    DAY.saturating_mul(3653),
];

const COMMANDS: [&str; 5] = ["set", "add", "multi_set", "increment", "expire"];

/// Gives `key` what the handle's ttl is, by one of the commands.
async fn give(cache: &SimpleMemoryCache, command: &str, key: &str) -> aiocache_core::Result<()> {
    match command {
        "set" => cache.set(key, &1_i64).await,
        "add" => cache.add(key, &1_i64).await,
        "multi_set" => cache.multi_set([(key, &1_i64)]).await,
        "increment" => cache.increment(key, 1).await.map(drop),
        _ => {
            cache.with_ttl(Ttl::Never).set(key, &1_i64).await?;
            cache.expire(key, Ttl::Default).await.map(drop)
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_is_there_for_its_ttl_and_not_a_nanosecond_longer() {
    let cache = SimpleMemoryCache::new();
    let (mut early, mut late) = (0, 0);
    for ttl in TTLS {
        for command in COMMANDS {
            let key = format!("{command} {ttl:?}");
            give(&cache.with_ttl(ttl), command, &key).await.expect("kept");
            assert_eq!(cache.ttl(&key).await.expect("told"), Remaining::For(ttl), "{key}");
            advance(ttl - NANOSECOND).await;
            early += usize::from(cache.get::<i64>(&key).await.expect("read") != Some(1));
            advance(NANOSECOND).await;
            late += usize::from(cache.exists(&key).await.expect("asked"));
        }
    }
    println!(
        "P5: {} ttls, gone early {early}, there too long {late}",
        TTLS.len() * COMMANDS.len()
    );
    assert_eq!((early, late), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_zero_is_refused_and_takes_a_ttl_away_by_expire_alone() {
    let cache = SimpleMemoryCache::new();
    let zero = cache.with_ttl(Duration::ZERO);
    for command in &COMMANDS[..4] {
        let error = give(&zero, command, command).await.expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidTtl, "{command}");
        assert!(
            !cache.exists(*command).await.expect("asked"),
            "{command} wrote it"
        );
    }
    cache.with_ttl(DAY).set("key", &1_i64).await.expect("written");
    assert!(cache.expire("key", Duration::ZERO).await.expect("there"));
    assert_eq!(cache.ttl("key").await.expect("told"), Remaining::Never);
}
