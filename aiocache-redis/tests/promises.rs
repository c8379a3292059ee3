//! The promises of `docs/reliability.md` that are about one server, each with its fault and its load. A run with
//! `AIOCACHE_STRESS=1` has the full load, and takes minutes.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use aiocache_core::testing::{Direction, Fault, Missed, in_time, in_time_beyond, undisturbed, while_awake};
use aiocache_core::{Backend, ErrorKind, Policy, Want};
use aiocache_redis::{RedisBackend, RedisCache};
use support::{bytes, get, next, proxy, scaled, server, server_with, url};
use tokio::task::JoinSet;
use tokio::time::{Instant as Clock, interval, sleep, timeout};

const DEADLINE: Duration = Duration::from_millis(250);

fn impatient(url: String) -> RedisBackend {
    let builder = RedisBackend::builder(url).deadline(DEADLINE);
    builder.build().expect("good options")
}

/// P1: never another key's value, with reads dropped at any point and answers 1 ms late.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_gets_the_value_of_another_key() {
    let server = server();
    let (proxy, url) = proxy(&server).await;
    // Longer than any machine stands still: an error would be no answer.
    let redis = RedisBackend::builder(url)
        .deadline(Duration::from_secs(20))
        .build();
    let redis = redis.expect("good options");
    proxy.set(Fault::Delay {
        to_server: Duration::ZERO,
        to_client: Duration::from_millis(1),
    });
    let rounds = scaled(300, 3000);
    let mut tasks = Vec::new();
    for task in 0..64_u64 {
        let (redis, key) = (redis.clone(), format!("key-{task}"));
        redis.write(&key, bytes(&key), None).await.expect("written");
        tasks.push(tokio::spawn(async move {
            let mut state = 0x9e37_79b9_7f4a_7c15 ^ (task + 1);
            let (mut right, mut dropped, mut wrong) = (0, 0, 0);
            for round in 0..rounds {
                // Half of them around the time that an answer takes.
                let longest = if round % 2 == 0 { 4_000 } else { 60_000 };
                let patience = Duration::from_micros(500 + next(&mut state) % longest);
                match timeout(patience, get(&redis, &key)).await {
                    Ok(value) if value.as_ref().expect("no error") == &Some(bytes(&key)) => right += 1,
                    Ok(_) => wrong += 1,
                    Err(_) => dropped += 1,
                }
            }
            (right, dropped, wrong)
        }));
    }
    let (mut right, mut dropped, mut wrong) = (0, 0, 0);
    for task in tasks {
        let seen = task.await.expect("no panic");
        (right, dropped, wrong) = (right + seen.0, dropped + seen.1, wrong + seen.2);
    }
    let connections = proxy.connections();
    println!("P1: right {right}, dropped {dropped}, wrong {wrong}, connections {connections}");
    assert!(dropped > 500, "{dropped}");
    assert_eq!((right + dropped, wrong), (64 * rounds, 0));
    assert_eq!(connections, 1);
}

/// P4: what was acknowledged is there, over a server that is killed at any point and keeps a log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acknowledged_write_is_there() {
    let mut server = server_with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let redis = RedisBackend::builder(url(&server))
        .max_value_bytes(1000)
        .build()
        .expect("good options");
    let count = scaled(10_000, 100_000);
    let workers = 50;
    let tasks: Vec<_> = (0..workers)
        .map(|worker| {
            let redis = redis.clone();
            tokio::spawn(async move {
                let (mut acknowledged, mut failed, mut refused) = (Vec::new(), 0, 0);
                for number in (worker..count).step_by(workers) {
                    let key = format!("key-{number}");
                    match redis.write(&key, bytes(&key), None).await {
                        Ok(()) => acknowledged.push(key),
                        Err(error) => {
                            assert!(error.is_transient(), "{error}");
                            failed += 1;
                            // Else one worker spends its numbers on a store that is away for a moment.
                            sleep(Duration::from_millis(5)).await;
                            continue;
                        }
                    }
                    if number % 10 == 0 {
                        let key = acknowledged.last().expect("just pushed");
                        let large = redis.write(key, bytes(vec![b'x'; 1001]), None).await;
                        assert_eq!(large.expect_err("too large").kind(), ErrorKind::ValueTooLarge);
                        refused += 1;
                    }
                }
                (acknowledged, failed, refused)
            })
        })
        .collect();
    let mut kills = 0;
    while tasks.iter().any(|task| !task.is_finished()) && kills < scaled(3, 20) {
        sleep(Duration::from_millis(150)).await;
        tokio::task::block_in_place(|| {
            server.kill().expect("the server obeys");
            server.restart().expect("the server obeys");
        });
        kills += 1;
    }
    let (mut acknowledged, mut failed, mut refused) = (Vec::new(), 0, 0);
    for task in tasks {
        let seen = task.await.expect("no panic");
        acknowledged.extend(seen.0);
        (failed, refused) = (failed + seen.1, refused + seen.2);
    }
    let mut missing = 0;
    for keys in acknowledged.chunks(1000) {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let same = |index: usize, raw: &[u8]| raw == keys[index].as_bytes();
        let found = redis.read_many(&keys, Want::VALUE, |index, entry| same(index, entry.raw));
        missing += found
            .await
            .expect("read")
            .iter()
            .filter(|found| **found != Some(true))
            .count();
    }
    println!(
        "P4: acknowledged {}, failed {failed}, too large {refused}, kill -9 {kills}, missing {missing}",
        acknowledged.len()
    );
    assert_eq!(acknowledged.len() + failed, count);
    assert!(kills > 0 && acknowledged.len() >= count / 2);
    assert_eq!(missing, 0);
}

/// P7: a server that is down or dark costs a read its deadline and no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_server_costs_at_most_the_deadline() {
    undisturbed(async || {
        let mut server = server();
        let (proxy, through) = proxy(&server).await;
        let (direct, dark) = (impatient(url(&server)), impatient(through));
        for redis in [&direct, &dark] {
            redis.write("key", bytes("1"), None).await.expect("written");
        }
        let lasting = Duration::from_secs(scaled(2, 30) as u64);

        proxy.set(Fault::BlackHole(Direction::Both));
        let (reads, worst_dark) = read_for(&dark, lasting).await;
        println!("P7: black hole for {lasting:?}: {reads} reads, slowest {worst_dark:?}");
        server.kill().expect("the server obeys");
        let (reads, worst_down) = read_for(&direct, lasting).await;
        println!("P7: server down for {lasting:?}: {reads} reads, slowest {worst_down:?}");
        for worst in [worst_dark, worst_down] {
            in_time_beyond("a read", worst, DEADLINE, Duration::from_millis(300))?;
        }
        Ok(())
    })
    .await;
}

/// P7 of a cache: its functions go on, and once the breaker is open they do not wait for the store any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_goes_on_without_its_store() {
    undisturbed(async || {
        let mut server = server();
        let cache: RedisCache = RedisCache::builder(impatient(url(&server)))
            .namespace("ns")
            .build();
        let runs = AtomicUsize::new(0);
        let load = async || Ok::<_, aiocache_core::Error>(runs.fetch_add(1, Relaxed));
        let call = async || {
            let start = Instant::now();
            let loaded = cache.get_or_load("key", &Policy::new(), load).await;
            loaded.expect("the function runs");
            start.elapsed()
        };
        call().await;
        server.pause().expect("the server obeys");
        let calls = scaled(300, 3000);
        let mut took = Vec::new();
        for _ in 0..calls {
            took.push(call().await);
            sleep(Duration::from_millis(2)).await;
        }
        let longer = |than: Duration| took.iter().filter(|took| **took > than).count();
        // Whoever waits for the store does so for its deadline; a busy machine costs a millisecond now and then.
        let (waited, noticed) = (longer(DEADLINE / 2), longer(Duration::from_millis(1)));
        let mut later = took.split_off(10);
        // Reading and then storing wait for the deadline each, until the breaker opens.
        let slowest = took.iter().max().expect("some");
        in_time_beyond("a call", *slowest, 2 * DEADLINE, 2 * Duration::from_millis(300))?;
        assert!(waited < 10, "{waited} waited for the store");
        println!(
            "P7: {calls} calls without a store: {} runs, {waited} waited for it, {noticed} over 1 ms; {}",
            runs.load(Relaxed),
            none_waited(&mut later)?
        );
        assert_eq!(runs.load(Relaxed), 1 + calls);
        server.resume().expect("the server obeys");
        let start = Instant::now();
        while cache.get::<usize>("key").await.is_err() {
            assert!(start.elapsed() < Duration::from_secs(5), "never back");
            sleep(Duration::from_millis(5)).await;
        }
        println!("P7: asked again {:?} after the store was back", start.elapsed());
        Ok(())
    })
    .await;
}

/// P7 with the breaker open: no call waits for the store, not even while it is tried, and it is used soon after it is
/// back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_breaker_costs_no_caller_anything() {
    undisturbed(async || {
        let server = server();
        let (proxy, url) = proxy(&server).await;
        let cache: RedisCache = RedisCache::builder(impatient(url)).namespace("ns").build();
        cache.set("key", &1).await.expect("written");
        proxy.set(Fault::BlackHole(Direction::Both));
        // Opens it, and lets the commands that were on their way run into their deadlines.
        let opening = (0..8).map(|_| {
            let cache = cache.clone();
            async move { cache.get::<u32>("key").await }
        });
        for answer in opening.collect::<JoinSet<_>>().join_all().await {
            answer.expect_err("nobody answers");
        }
        let calls = scaled(1500, 15_000);
        let mut took = Vec::with_capacity(calls);
        for _ in 0..calls {
            let start = Instant::now();
            let error = cache.get::<u32>("key").await.expect_err("refused");
            took.push(start.elapsed());
            assert_eq!(error.kind(), ErrorKind::Unavailable);
            sleep(Duration::from_millis(1)).await;
        }
        println!(
            "P7: {calls} calls with the breaker open: {}",
            none_waited(&mut took)?
        );
        proxy.set(Fault::Pass);
        proxy.cut();
        let start = Instant::now();
        while cache.get::<u32>("key").await.is_err() {
            assert!(start.elapsed() < Duration::from_secs(1), "not used again");
            sleep(Duration::from_millis(5)).await;
        }
        println!("P7: used again {:?} after the store was back", start.elapsed());
        Ok(())
    })
    .await;
}

/// Tells how long calls took that do not ask the store. Whoever waited for it would have waited for the deadline; what
/// is shorter is a busy machine.
fn none_waited(took: &mut [Duration]) -> Result<String, Missed> {
    took.sort_unstable();
    let at = |part: usize| took[(took.len() - 1) * part / 1000];
    let told = format!("median {:?}, 99 % {:?}, slowest {:?}", at(500), at(990), at(1000));
    in_time("99 % of the calls", at(990), Duration::from_millis(5))?;
    in_time("the slowest call", at(1000), DEADLINE / 4)?;
    Ok(told)
}

/// Reads, every 5 ms a new one, none of which may succeed; how many there were and how long the slowest took.
async fn read_for(redis: &RedisBackend, lasting: Duration) -> (usize, Duration) {
    let start = Instant::now();
    let mut ticks = interval(Duration::from_millis(5));
    let mut reads = Vec::new();
    while start.elapsed() < lasting {
        ticks.tick().await;
        let redis = redis.clone();
        reads.push(tokio::spawn(async move {
            let begin = Instant::now();
            let error = get(&redis, "key").await.expect_err("nobody answers");
            assert!(error.is_transient(), "{error}");
            begin.elapsed()
        }));
    }
    let count = reads.len();
    let mut worst = Duration::ZERO;
    for read in reads {
        worst = worst.max(read.await.expect("no panic"));
    }
    (count, worst)
}

/// P8: a connection that went dark is left, while new ones work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dark_connection_is_left_within_three_deadlines() {
    undisturbed(async || {
        let server = server();
        let (proxy, url) = proxy(&server).await;
        let redis = impatient(url);
        redis.write("key", bytes("1"), None).await.expect("written");
        let rounds = scaled(3, 20);
        let (mut reads, mut errors, mut slowest) = (0, 0, Duration::ZERO);
        for _ in 0..rounds {
            proxy.set_live(Fault::BlackHole(Direction::Both));
            let dark = Clock::now();
            let mut ticks = interval(Duration::from_millis(10));
            let mut tasks = Vec::new();
            while dark.elapsed() < 4 * DEADLINE {
                ticks.tick().await;
                let redis = redis.clone();
                tasks.push(tokio::spawn(
                    async move { (get(&redis, "key").await, Clock::now()) },
                ));
            }
            let mut back = None;
            for task in tasks {
                let (answer, at) = task.await.expect("no panic");
                reads += 1;
                match answer {
                    Ok(value) => {
                        assert_eq!(value, Some(bytes("1")));
                        back.get_or_insert(at - dark);
                    }
                    Err(_) => errors += 1,
                }
            }
            slowest = slowest.max(back.expect("it works again"));
        }
        println!("P8: {rounds} times dark: {reads} reads, {errors} errors, back after {slowest:?} at most");
        in_time("a new connection", slowest, 3 * DEADLINE)?;
        // One deadline's reads at 10 ms each, and some for the time that a new connection takes.
        while_awake(
            &format!("{errors} errors in {rounds} rounds"),
            errors <= rounds * 40,
            Duration::from_millis(100),
        )
    })
    .await;
}
