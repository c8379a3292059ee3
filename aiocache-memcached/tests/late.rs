//! Writes that are late, and what comes after them.

mod support;

use std::time::{Duration, Instant};

use aiocache_core::testing::{Direction, Fault, MemcachedServer, Missed, in_time, undisturbed, while_awake};
use aiocache_core::{Backend, ErrorKind};
use aiocache_memcached::MemcachedBackend;
use support::{backend, bytes, get, proxy, scaled, server};
use tokio::task::{block_in_place, spawn};
use tokio::time::sleep;

/// For how many deadlines the keys of a late write are held.
const LATER: u32 = 10;

fn within(url: impl Into<String>, deadline: Duration) -> MemcachedBackend {
    let builder = MemcachedBackend::builder().server(url).deadline(deadline);
    builder.build().expect("good options")
}

/// Puts something new under the key, or nothing; what has to be there then.
async fn replace(memcached: &MemcachedBackend, round: usize) -> aiocache_core::Result<Option<bytes::Bytes>> {
    let new = bytes(format!("new {round}"));
    match round % 3 {
        0 => memcached.delete("key").await.map(|_| None),
        1 => memcached
            .write("key", new.clone(), None)
            .await
            .map(|()| Some(new)),
        _ => {
            let pairs = vec![("other", bytes("1")), ("key", new.clone())];
            memcached.write_many(pairs, None).await.map(|()| Some(new))
        }
    }
}

/// The server has the late write in one connection's buffer and the one after it in another's, and two threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_write_never_lands_after_a_later_one_that_was_acknowledged() {
    let mut server = server();
    let memcached = within(server.url(), Duration::from_millis(100));
    let (mut acknowledged, mut round) = (0, 0);
    let wanted = scaled(12, 200);
    while acknowledged < wanted {
        round += 1;
        assert!(round < 20 * wanted, "{acknowledged} acknowledged");
        // All connections are there.
        let four = tokio::join!(
            get(&memcached, "a"),
            get(&memcached, "b"),
            get(&memcached, "c"),
            get(&memcached, "d")
        );
        if four.0.is_err() || four.1.is_err() || four.2.is_err() || four.3.is_err() {
            continue;
        }
        block_in_place(|| server.pause()).expect("the server obeys");
        let old = memcached.write("key", bytes("old"), None).await;
        assert_eq!(old.expect_err("paused").kind(), ErrorKind::Timeout);
        let new = spawn({
            let memcached = memcached.clone();
            async move { replace(&memcached, round).await }
        });
        sleep(Duration::from_millis(20)).await;
        block_in_place(|| server.resume()).expect("the server obeys");
        let Ok(new) = new.await.expect("no panic") else {
            continue;
        };
        acknowledged += 1;
        for _ in 0..5 {
            let there = get(&backend(&server), "key").await.expect("read");
            assert_eq!(there, new, "round {round}");
            sleep(Duration::from_millis(1)).await;
        }
    }
    println!("P27: {acknowledged} acknowledged after a late one in {round} rounds, overwritten 0");
}

async fn fails_in_time(
    write: impl Future<Output = aiocache_core::Result<()>>,
    deadline: Duration,
) -> Result<aiocache_core::Error, Missed> {
    let start = Instant::now();
    let error = write.await.expect_err("the server stands still");
    in_time("a write", start.elapsed(), 3 * deadline)?;
    assert!(
        matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Unavailable),
        "{error}"
    );
    Ok(error)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_late_write_is_open_others_of_its_key_fail_in_time_and_all_is_well_after_it() {
    undisturbed(async || {
        let mut server = server();
        let deadline = Duration::from_millis(150);
        let memcached = within(server.url(), deadline);
        memcached.write("key", bytes("1"), None).await.expect("written");
        block_in_place(|| server.pause()).expect("the server obeys");
        let write = |key, value| memcached.write(key, bytes(value), None);
        let error = fails_in_time(write("key", "late"), deadline).await?;
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        for _ in 0..2 {
            let error = fails_in_time(write("key", "new"), deadline).await?;
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
            assert!(
                error.to_string().contains("an earlier write of the key"),
                "{error}"
            );
        }
        fails_in_time(write("other", "2"), deadline).await?;
        block_in_place(|| server.resume()).expect("the server obeys");
        let back = Instant::now();
        while write("key", "new").await.is_err() {}
        while write("other", "2").await.is_err() {}
        in_time("being written again", back.elapsed(), 5 * deadline)?;
        assert_eq!(get(&memcached, "key").await.expect("read"), Some(bytes("new")));
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_went_dark_holds_its_key_for_a_while_and_nothing_else() {
    undisturbed(async || {
        let server = server();
        let (proxy, url) = proxy(&server).await;
        let deadline = Duration::from_millis(80);
        let builder = MemcachedBackend::builder().server(url).pool_size(2);
        let memcached = builder.deadline(deadline).build().expect("good options");
        memcached.write("key", bytes("1"), None).await.expect("written");
        proxy.set_live(Fault::BlackHole(Direction::Both));
        let late = Instant::now();
        let write = |key, value| memcached.write(key, bytes(value), None);
        let error = write("key", "late").await.expect_err("dark");
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        // The other connections are dark too, and are left at the first command of each.
        while get(&memcached, "key").await.is_err() {}
        while write("other", "2").await.is_err() {}
        let error = write("key", "new").await.err();
        while_awake("it is held", error.is_some(), deadline * LATER / 2)?;
        let kind = error.map(|error| error.kind());
        assert_eq!(kind, Some(ErrorKind::Unavailable));
        while write("key", "new").await.is_err() {}
        let held = late.elapsed();
        assert!(held >= deadline * LATER, "{held:?}");
        in_time("letting the key go", held, 2 * deadline * (LATER + 1))?;
        assert_eq!(get(&memcached, "key").await.expect("read"), Some(bytes("new")));
        Ok(())
    })
    .await;
}

/// How many connections the server has beside the one that asks.
async fn clients(server: &MemcachedServer) -> usize {
    let direct = MemcachedBackend::builder().server(server.url()).pool_size(1);
    let direct = direct.build().expect("good options");
    let aiocache_core::Reply::Map(statistics) = direct.raw(&[b"stats"]).await.expect("asked") else {
        panic!("no map")
    };
    let count = statistics
        .iter()
        .find(|(name, _)| name.as_str() == Some("curr_connections"))
        .and_then(|(_, count)| count.as_str()?.parse::<usize>().ok());
    count.expect("a number") - 1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_writes_keep_no_more_connections_than_there_are_others() {
    undisturbed(async || {
        let server = server();
        let (proxy, url) = proxy(&server).await;
        let deadline = Duration::from_millis(100);
        let builder = MemcachedBackend::builder().server(url).pool_size(1);
        let memcached = builder.deadline(deadline).build().expect("good options");
        for key in ["0", "1", "2", "3"] {
            memcached.ping().await.expect("a new connection");
            proxy.set_live(Fault::BlackHole(Direction::Both));
            let error = memcached.write(key, bytes("late"), None).await;
            assert_eq!(error.expect_err("dark").kind(), ErrorKind::Timeout);
        }
        memcached.ping().await.expect("a new connection");
        // What was closed is closed at the server too.
        proxy.set(Fault::Pass);
        let start = Instant::now();
        while clients(&server).await > 2 {
            in_time("closing them", start.elapsed(), deadline * 3)?;
            sleep(Duration::from_millis(5)).await;
        }
        let error = memcached.write("3", bytes("new"), None).await;
        // It is held for so long, although its connection is closed.
        while_awake("it is held", error.is_err(), deadline * LATER / 2)?;
        let error = error.expect_err("held").to_string();
        assert!(error.contains("an earlier write of the key"), "{error}");
        Ok(())
    })
    .await;
}
